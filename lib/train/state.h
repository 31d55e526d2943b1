/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a checkpoint holds besides a model, on its way to and from a file:
 * tensors, and notes, which are a key file. Numbers are little-endian, as in
 * all of safetensors; big-endian machines are not supported. */
#pragma once

#include "store.h"

#include <vatt/reservoir.h>
#include <vatt/trainer.h>

/* On the way to a file. Tensors stay where they are. */
typedef struct {
  GArray *tensors;   /* VattTensorInfo */
  GPtrArray *memory; /* of their names and shapes */
  GKeyFile *notes;
} VattStateOut;

/* On the way from a file, which outlives it. */
typedef struct {
  VattTensorFile *file;
  const char *path; /* for errors */
  GKeyFile *notes;
} VattStateIn;

void vatt_state_out_init (VattStateOut *state);
void vatt_state_out_clear (VattStateOut *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VattStateOut, vatt_state_out_clear)

/* name and shape are copied; data need to stay. */
void vatt_state_add (
    VattStateOut *state, const char *name, const VattTensorInfo *tensor);

/* FALSE with VATT_ERROR_WEIGHTS where the key is missing, or no such number. */
gboolean vatt_state_get_number (const VattStateIn *state, const char *group,
    const char *key, guint64 *number, GError **error);
/* The tensor of that type and shape, else NULL with VATT_ERROR_WEIGHTS. */
const VattTensorInfo *vatt_state_get_tensor (const VattStateIn *state,
    const char *name, const VattTensorInfo *like, GError **error);
/* FALSE with VATT_ERROR_CONFIG: the checkpoint has one, the training the
 * other. */
gboolean vatt_state_differs (const VattStateIn *state, const char *what,
    const char *found, const char *expected, GError **error);

/* ---- settings ---- */

void vatt_settings_note (const VattTrainerParams *params, GKeyFile *notes);
/* FALSE with VATT_ERROR_CONFIG, which names the first that is another. */
gboolean vatt_settings_check (
    const VattTrainerParams *params, const VattStateIn *state, GError **error);

/* ---- trainers ---- */

/* What is in a trainer that is held; all of it belongs to the trainer. */
typedef struct {
  VattModel *model; /* where it began */
  const VattTrainerParams *params;
  VattStore *store;
  guint64 *step, *bad, *idle;
} VattTrainerParts;

/* Whether a step has learnt something, or the model that it began with was
 * trained. */
gboolean vatt_trainer_parts_are_trained (const VattTrainerParts *parts);

/* In trainer.c. Between the two no step runs, and the host's values are the
 * device's. */
gboolean vatt_trainer_hold (
    VattTrainer *trainer, VattTrainerParts *parts, GError **error);
/* What has been put into the store, to the device. */
gboolean vatt_trainer_send (VattTrainer *trainer, GError **error);
void vatt_trainer_release (VattTrainer *trainer);

/* The tensors of a model, with their own names and in its order, then what the
 * optimiser remembers. FALSE with VATT_ERROR_WEIGHTS where a number is not
 * finite. */
gboolean vatt_trainer_state_note (
    const VattTrainerParts *parts, VattStateOut *state, GError **error);
/* Whether a state can be taken, and taking it. */
gboolean vatt_trainer_state_check (
    const VattTrainerParts *parts, const VattStateIn *state, GError **error);
void vatt_trainer_state_take (
    const VattTrainerParts *parts, const VattStateIn *state);

/* ---- reservoirs ---- */

void vatt_reservoir_state_note (
    const VattReservoir *reservoir, VattStateOut *state);
/* What the state holds, as a reservoir with the settings of `like`. */
VattReservoir *vatt_reservoir_state_read (
    const VattReservoir *like, const VattStateIn *state, GError **error);
/* Takes the samples of another one with the same settings, which is then good
 * for nothing but to be freed. The batch drawn last stays. */
void vatt_reservoir_take (VattReservoir *reservoir, VattReservoir *from);
