/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Plans on devices. */
#include "stage.h"

VattPlan *
vatt_stage_begin (VattStage *stage, gboolean learns)
{
  vatt_stage_clear (stage);
  stage->plan = vatt_plan_new ();
  stage->plan->learns = learns;
  return stage->plan;
}

gboolean
vatt_stage_finish (VattStage *stage, const VattStore *store, GError **error)
{
  gboolean sealed = vatt_plan_seal (stage->plan, error);
  if (sealed) {
    vatt_store_bind (store, stage->plan);
    stage->program = vatt_device_iface (stage->device)
                         ->prepare (vatt_device_object (stage->device),
                             stage->plan, NULL, error);
  }
  if (!stage->program)
    vatt_stage_clear (stage);
  else if (stage->profiled)
    vatt_stage_profile (stage);
  return stage->program != NULL;
}

gboolean
vatt_stage_run (VattStage *stage, VattPhase phase, GCancellable *cancellable,
    GError **error)
{
  return vatt_device_iface (stage->device)
      ->run (stage->program, phase, stage->seconds, cancellable, error);
}

void
vatt_stage_profile (VattStage *stage)
{
  stage->profiled = TRUE;
  if (stage->program && !stage->seconds)
    stage->seconds = g_new0 (double, stage->plan->nodes->len);
}

size_t
vatt_stage_bytes (const VattStage *stage)
{
  return stage->plan ? stage->plan->activation_bytes : 0;
}

void
vatt_stage_clear (VattStage *stage)
{
  if (stage->program)
    vatt_device_iface (stage->device)->release (stage->program);
  stage->program = NULL;
  g_clear_pointer (&stage->seconds, g_free);
  g_clear_pointer (&stage->plan, vatt_plan_free);
}
