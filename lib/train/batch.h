/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether a batch is one that a model can learn from. */
#pragma once

#include <vatt/trainer.h>

typedef struct {
  size_t samples, captions; /* captions: items of text to a sample */
} VattBatchSize;

/* Whether clips of a modality are read part by part. */
static inline gboolean
vatt_batch_reads (const VattBatch *batch, guint modality)
{
  return batch->read && modality != VATT_TEXT && !batch->clip[modality];
}

/* modalities: bits 1 << modality, those that the objective needs. size is of
 * use with TRUE only; FALSE with VATT_ERROR_SHAPE, or what vatt_check_clip
 * says. */
gboolean vatt_batch_check (const VattBatch *batch, VattModel *model,
    guint modalities, VattBatchSize *size, GError **error);
