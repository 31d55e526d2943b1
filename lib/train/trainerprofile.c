/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a trainer's steps take: time, op by op, and memory. */
#include "profile.h"
#include "trainer-private.h"

static void
list_stages (
    VattTrainer *self, VattStage *stage[VATT_N_MODALITIES + 4], guint *n)
{
  *n = 0;
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    stage[(*n)++] = &self->tower[m].stage;
  stage[(*n)++] = &self->objective.stage;
  stage[(*n)++] = &self->descent.clear;
  stage[(*n)++] = &self->descent.lengths;
  stage[(*n)++] = &self->descent.stage;
}

/**
 * vatt_trainer_start_profile:
 * @trainer: a trainer
 *
 * From the next step on, the time of every op is measured.
 */
void
vatt_trainer_start_profile (VattTrainer *trainer)
{
  g_return_if_fail (VATT_IS_TRAINER (trainer));
  VattStage *stage[VATT_N_MODALITIES + 4];
  guint n;
  list_stages (trainer, stage, &n);
  for (guint s = 0; s < n; s++)
    vatt_stage_profile (stage[s]);
}

/**
 * vatt_trainer_get_profile:
 * @trainer: a trainer
 * @n_rows: (out): how many rows
 *
 * Returns: (transfer full) (array length=n_rows): one row per op and way, to be
 *   freed by g_free(): of one run of each plan; seconds are those of all steps
 *   since vatt_trainer_start_profile()
 */
VattProfileRow *
vatt_trainer_get_profile (VattTrainer *trainer, guint *n_rows)
{
  g_return_val_if_fail (VATT_IS_TRAINER (trainer) && n_rows, NULL);
  VattStage *stage[VATT_N_MODALITIES + 4];
  guint n;
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (VattProfileRow));
  list_stages (trainer, stage, &n);
  for (guint s = 0; s < n; s++)
    if (stage[s]->plan)
      vatt_profile_add (rows, stage[s]->plan, stage[s]->seconds);
  *n_rows = rows->len;
  return (VattProfileRow *)g_array_free (rows, FALSE);
}

/**
 * vatt_trainer_get_bytes:
 * @trainer: a trainer
 *
 * Returns: bytes of parameters, gradients and what the optimiser remembers,
 *   and of the activations of the last step
 */
gsize
vatt_trainer_get_bytes (VattTrainer *trainer)
{
  g_return_val_if_fail (VATT_IS_TRAINER (trainer), 0);
  gsize bytes = vatt_store_bytes (trainer->store);
  VattStage *stage[VATT_N_MODALITIES + 4];
  guint n;
  list_stages (trainer, stage, &n);
  for (guint s = 0; s < n; s++)
    bytes += vatt_stage_bytes (stage[s]);
  return bytes;
}
