/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The step of the optimiser. */
#include "descent.h"

#include "attributes.h"
#include "ops.h"

#include <math.h>

enum {
  VECTORS,
  MATRICES,
};

static const struct {
  VattClipClass clip;
  guint kind;
} groups[VATT_N_LEARNING_GROUPS] = {
  [VATT_GROUP_TOWER_MATRICES] = { VATT_CLIP_TOWERS, MATRICES },
  [VATT_GROUP_TOWER_VECTORS] = { VATT_CLIP_TOWERS, VECTORS },
  [VATT_GROUP_HEAD_MATRICES] = { VATT_CLIP_HEADS, MATRICES },
  [VATT_GROUP_HEAD_VECTORS] = { VATT_CLIP_HEADS, VECTORS },
};

/* Part of one of the store's arenas, as a tensor. */
static VattTensor *
stretch (VattPlan *plan, const VattStore *store, VattTrainerTensor arena,
    size_t begin, size_t end)
{
  const size_t shape[] = { end - begin };
  VattTensor *tensor =
      vatt_plan_input (plan, "state", VATT_DTYPE_F32, 1, shape);
  if (!tensor)
    return NULL;
  vatt_store_place (store, tensor, arena, begin);
  return tensor;
}

static void
measure (VattDescent *descent, const VattStore *store, VattClipClass clip)
{
  VattPlan *plan = descent->lengths.plan;
  const VattSumsquares settings = { .clean = descent->clean };
  guint first = clip == VATT_CLIP_TOWERS ? VATT_GROUP_TOWER_MATRICES
                                         : VATT_GROUP_HEAD_MATRICES;
  VattTensor *gradient = stretch (plan, store, VATT_TRAINER_GRADIENT,
      store->begin[first], store->begin[first + 2]);
  descent->squares[clip] = vatt_plan_apply (
      plan, &vatt_op_sumsquares, &settings, sizeof settings, &gradient, 1);
  vatt_plan_output (plan, descent->squares[clip], "square of a length");
}

static void
change (VattDescent *descent, const VattStore *store,
    const VattTrainerParams *params, VattGroup group)
{
  static const size_t settings_shape[] = { 2 };
  VattPlan *plan = descent->stage.plan;
  size_t begin = store->begin[group], end = store->begin[group + 1];
  VattClipClass clip = groups[group].clip;
  const VattUpdate update = { .beta1 = params->beta1,
    .beta2 = params->beta2,
    .eps = params->epsilon,
    .momentum = params->momentum,
    .clip = clip == VATT_CLIP_TOWERS ? params->clip : params->head_clip,
    .clean = descent->clean };
  VattTensor *in[VATT_MAX_INPUTS];
  guint n = 0;
  for (guint a = 0; a < VATT_N_ARENAS; a++)
    if (store->arena[a])
      in[n++] = stretch (plan, store, (VattTrainerTensor)a, begin, end);
  VattTensor *settings =
      vatt_plan_input (plan, "settings", VATT_DTYPE_F32, 1, settings_shape);
  if (settings)
    settings->data = descent->settings[groups[group].kind];
  in[n++] = settings;
  in[n++] = descent->measured[clip];
  vatt_plan_apply (plan,
      params->optimiser == VATT_OPTIMISER_ADAM ? &vatt_op_adam
                                               : &vatt_op_momentum,
      &update, sizeof update, in, n);
}

static gboolean
build_clear (VattDescent *descent, const VattStore *store, GError **error)
{
  VattPlan *plan = vatt_stage_begin (&descent->clear, FALSE);
  size_t end = store->begin[VATT_N_LEARNING_GROUPS];
  vatt_plan_clear (plan, stretch (plan, store, VATT_TRAINER_GRADIENT, 0, end),
      &vatt_op_zero);
  return vatt_stage_finish (&descent->clear, store, error);
}

gboolean
vatt_descent_build (VattDescent *descent, const VattStore *store,
    const VattTrainerParams *params, gboolean clean, GError **error)
{
  static const size_t one[] = { 1 };
  descent->clean = clean;
  if (!build_clear (descent, store, error))
    return FALSE;
  vatt_stage_begin (&descent->lengths, FALSE);
  for (guint clip = 0; clip < VATT_N_CLIPS; clip++)
    measure (descent, store, (VattClipClass)clip);
  if (!vatt_stage_finish (&descent->lengths, store, error))
    return FALSE;
  VattPlan *plan = vatt_stage_begin (&descent->stage, FALSE);
  for (guint clip = 0; clip < VATT_N_CLIPS; clip++)
    descent->measured[clip] =
        vatt_plan_input (plan, "square of a length", VATT_DTYPE_F32, 1, one);
  for (guint group = 0; group < VATT_N_LEARNING_GROUPS; group++)
    if (!params->freeze_towers || groups[group].clip == VATT_CLIP_HEADS)
      change (descent, store, params, (VattGroup)group);
  return vatt_stage_finish (&descent->stage, store, error);
}

gboolean
vatt_descent_clear (VattDescent *descent, GError **error)
{
  return vatt_stage_run (&descent->clear, VATT_PHASE_FORWARD, NULL, error);
}

/* Adam's correction for moments that began as 0. */
static double
correction (const VattTrainerParams *params, guint64 step)
{
  double t = (double)step + 1.0;
  return params->optimiser == VATT_OPTIMISER_ADAM
             ? sqrt (1.0 - pow (params->beta2, t)) /
                   (1.0 - pow (params->beta1, t))
             : 1.0;
}

/* Lengths, and whether the update can be made of these gradients: one that is
 * no number would be in every parameter for good. */
static gboolean
find_lengths (VattDescent *descent, guint64 step, GError **error)
{
  static const char *const names[] = {
    [VATT_CLIP_TOWERS] = "towers", [VATT_CLIP_HEADS] = "heads"
  };
  if (!vatt_stage_run (&descent->lengths, VATT_PHASE_FORWARD, NULL, error))
    return FALSE;
  for (guint clip = 0; clip < VATT_N_CLIPS; clip++) {
    const VattTensor *squares = descent->squares[clip];
    descent->measured[clip]->data = squares->data;
    if (descent->clean || isfinite (vatt_tensor_f32 (squares)[0]))
      continue;
    g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
        "step %" G_GUINT64_FORMAT
        ": the gradient of the %s has a length of %g, expected a finite number",
        step, names[clip], vatt_descent_norm (descent, (VattClipClass)clip));
    return FALSE;
  }
  return TRUE;
}

gboolean
vatt_descent_run (VattDescent *descent, const VattTrainerParams *params,
    guint64 step, GError **error)
{
  double rate = vatt_schedule_get_rate (&params->schedule, step);
  for (guint kind = VECTORS; kind <= MATRICES; kind++) {
    descent->settings[kind][0] = (float)(rate * correction (params, step));
    descent->settings[kind][1] = kind == MATRICES ? (float)params->decay : 0.0f;
  }
  return find_lengths (descent, step, error) &&
         vatt_stage_run (&descent->stage, VATT_PHASE_FORWARD, NULL, error);
}

double
vatt_descent_norm (const VattDescent *descent, VattClipClass which)
{
  return sqrt ((double)vatt_tensor_f32 (descent->squares[which])[0]);
}

/* An arena, whose parts the update's tensors are. */
static VattTensor
arena_of (const VattStore *store, VattTrainerTensor which)
{
  VattTensor tensor = { .dtype = VATT_DTYPE_F32,
    .stored = VATT_DTYPE_F32,
    .rank = 1,
    .shape = { vatt_store_count (store, which) } };
  vatt_store_place (store, &tensor, which, 0);
  return tensor;
}

gboolean
vatt_descent_fetch (VattDescent *descent, VattStore *store,
    VattTrainerTensor which, GError **error)
{
  const VattStage *stage = &descent->stage;
  guint bit = 1u << which;
  if (!store->arena[which] || !(store->stale & bit))
    return TRUE;
  VattTensor tensor = arena_of (store, which);
  gboolean done =
      vatt_device_iface (stage->device)->fetch (stage->program, &tensor, error);
  if (done)
    store->stale &= ~bit;
  return done;
}

gboolean
vatt_descent_send (VattDescent *descent, const VattStore *store, GError **error)
{
  const VattStage *stage = &descent->stage;
  for (guint a = 0; a < VATT_N_ARENAS; a++) {
    if (!store->arena[a] || a == VATT_TRAINER_GRADIENT)
      continue;
    const VattTensor tensor = arena_of (store, (VattTrainerTensor)a);
    if (!vatt_device_iface (stage->device)
             ->send (stage->program, &tensor, error))
      return FALSE;
  }
  return TRUE;
}
