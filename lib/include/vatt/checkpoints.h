/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A folder of checkpoints of one training, from which it goes on as if it had
 * never been ended. docs/formats.md has the format.
 *
 * |[<!-- language="C" -->
 * g_autoptr (GVariant) position = NULL;
 * g_autoptr (VattCheckpoints) checkpoints =
 *     vatt_checkpoints_open ("run", 3, &error);
 * if (!checkpoints || !vatt_checkpoints_restore (checkpoints, trainer,
 *                         reservoir, &position, &error) && error)
 *   return FALSE;
 * // ... learn, from the position on; then, every thousand steps
 * if (!vatt_checkpoints_save (
 *         checkpoints, trainer, reservoir, position, &error))
 *   return FALSE;
 * ]| */
#pragma once

#include <vatt/reservoir.h>
#include <vatt/trainer.h>

G_BEGIN_DECLS

/**
 * VattCheckpoints:
 *
 * A folder in which a training keeps its newest checkpoints, each one file
 * `step-NNNNNNNNNN.safetensors` that is a model like any: sessions, elements
 * and tools load it. Belongs to one thread at a time.
 *
 * The folder is locked while this exists, also against other processes; the
 * lock ends with the process, however that ends.
 */
typedef struct _VattCheckpoints VattCheckpoints;

#define VATT_TYPE_CHECKPOINTS (vatt_checkpoints_get_type ())
VATT_API GType vatt_checkpoints_get_type (void);

/**
 * vatt_checkpoints_open:
 * @folder: (type filename): where they are; made if need be
 * @keep: how many of the newest stay when one is saved or restored; at least 1
 * @error: return location for a #GError: a #GFileError,
 *   %G_FILE_ERROR_AGAIN where another training has the folder, or
 *   %VATT_ERROR_CONFIG
 *
 * Locks a folder, and removes what a killed process left of a file that it had
 * not ended.
 *
 * Returns: (transfer full) (nullable): the checkpoints, or %NULL with @error
 *   set
 */
VATT_API VattCheckpoints *vatt_checkpoints_open (
    const char *folder, guint keep, GError **error);

/**
 * vatt_checkpoints_save:
 * @checkpoints: a folder
 * @trainer: what has learnt; not within a step
 * @reservoir: (nullable): the samples that it had not learnt from yet
 * @position: (nullable): where the data stand, or whatever else is to be given
 *   back; a floating reference is taken
 * @error: return location for a #GError: a #GFileError, as where the disk is
 *   full; %VATT_ERROR_WEIGHTS where a parameter is no finite number
 *
 * Writes a checkpoint. It appears when it is whole and safe on the disk; then
 * the oldest ones beyond those to be kept are removed. After an error the old
 * ones are as they were, but for one of the same step where the error is that
 * the folder could not be brought to the disk: then the new one is in its place
 * and vatt_checkpoints_get_newest() is the one before. The tensors go to the
 * file from where they are, without being copied.
 *
 * Returns: whether it was written
 */
VATT_API gboolean vatt_checkpoints_save (VattCheckpoints *checkpoints,
    VattTrainer *trainer, VattReservoir *reservoir, GVariant *position,
    GError **error);

/**
 * vatt_checkpoints_restore:
 * @checkpoints: a folder
 * @trainer: whose state is replaced: parameters, moving statistics, what the
 *   optimiser remembers, and the number of steps
 * @reservoir: (nullable): what is filled with the samples that waited
 * @position: (out) (optional) (nullable): what was given to
 *   vatt_checkpoints_save()
 * @error: return location for a #GError: a #GFileError;
 *   %VATT_ERROR_UNSUPPORTED for a format that a later version wrote;
 *   %VATT_ERROR_CONFIG where model or settings are not those of the checkpoint
 *
 * Takes the newest checkpoint that is whole. Newer ones that are damaged are
 * renamed to end in `.damaged`, told about by a warning and listed by
 * vatt_checkpoints_get_damaged(); it is an error if none is whole. Everything
 * is checked before anything is changed.
 *
 * What @trainer does from now on is bit for bit what it would have done without
 * the interruption, if device, number of threads and
 * #VattTrainerParams.micro_batch are those from before. They may be others,
 * which is not checked: a sum is then made in another order, so that the last
 * digits differ, and what follows from them. Of threads only products of
 * matrices have that, of a device everything. What is drawn at random, and what
 * is dropped, stays the same. All other settings have to be as they were, and
 * names of classes, where both have some: one without gets those of the other.
 *
 * Returns: %TRUE; or %FALSE without an error if there is no checkpoint, or with
 *   one, and nothing has been changed
 */
VATT_API gboolean vatt_checkpoints_restore (VattCheckpoints *checkpoints,
    VattTrainer *trainer, VattReservoir *reservoir, GVariant **position,
    GError **error);

/**
 * vatt_checkpoints_get_newest:
 * @checkpoints: a folder
 *
 * Returns: (transfer none) (nullable) (type filename): the path of the
 *   checkpoint that was saved or restored last
 */
VATT_API const char *vatt_checkpoints_get_newest (VattCheckpoints *checkpoints);

/**
 * vatt_checkpoints_get_damaged:
 * @checkpoints: a folder
 *
 * Returns: (transfer none) (array zero-terminated=1): what was wrong with each
 *   checkpoint that the last vatt_checkpoints_restore() passed over, beginning
 *   with its path
 */
VATT_API const char *const *vatt_checkpoints_get_damaged (
    VattCheckpoints *checkpoints);

/**
 * vatt_checkpoints_ref:
 * @checkpoints: a folder
 *
 * Returns: (transfer full): @checkpoints, with one more reference
 */
VATT_API VattCheckpoints *vatt_checkpoints_ref (VattCheckpoints *checkpoints);

/**
 * vatt_checkpoints_free:
 * @checkpoints: (transfer full) (nullable): a folder
 *
 * Releases a reference; the last one unlocks the folder. Files stay.
 */
VATT_API void vatt_checkpoints_free (VattCheckpoints *checkpoints);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattCheckpoints, vatt_checkpoints_free)

G_END_DECLS
