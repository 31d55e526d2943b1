/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A buffer of samples in which places and streams are mixed: samples go in as
 * they come, and are drawn at random, in batches.
 *
 * |[<!-- language="C" -->
 * g_autoptr (VattReservoir) reservoir = vatt_reservoir_new (
 *     model, 1 << VATT_VIDEO | 1 << VATT_TEXT, 1, 256, seed, &error);
 * VattBatch batch;
 * while (next_sample (&sample)) {
 *   if (!vatt_reservoir_add (reservoir, &sample, &error))
 *     return FALSE;
 *   if (vatt_reservoir_get_fill (reservoir) == 256 &&
 *       (!vatt_reservoir_draw (reservoir, 64, &batch, &error) ||
 *           !vatt_trainer_step (trainer, &batch, &losses, NULL, &error)))
 *     return FALSE;
 * }
 * ]| */
#pragma once

#include <vatt/trainer.h>

G_BEGIN_DECLS

/**
 * VattSample:
 * @clip: (array fixed-size=3): one item of each modality, of text one to as
 *   many as the reservoir takes captions; %NULL where the sample has none
 * @labels: (nullable): (classes), from 0 to 1, for classifiers; else %NULL
 * @stream: which stream it is from
 * @time: where in that stream it begins, nanoseconds
 *
 * A sample to learn from. Owns nothing.
 */
typedef struct {
  const VattClip *clip[VATT_N_MODALITIES];
  const float *labels;
  guint64 stream;
  gint64 time;
} VattSample;

/**
 * VattReservoir:
 *
 * Samples that wait to be learnt from. One thread at a time.
 *
 * Memory for all samples is set aside when the first one that has a modality
 * tells how large they are; memory for a batch, when the first batch is drawn.
 * Neither grows, and batches of the size of the one before are drawn without
 * any allocation.
 */
typedef struct _VattReservoir VattReservoir;

#define VATT_TYPE_RESERVOIR (vatt_reservoir_get_type ())
VATT_API GType vatt_reservoir_get_type (void);

/**
 * vatt_reservoir_new:
 * @model: what shall learn from the samples
 * @modalities: bits 1 << #VattModality, those that are learnt from. Of several
 *   a sample may lack some, but not all.
 * @captions: texts of a sample in a batch; at least 1
 * @capacity: how many samples it holds; at least 1
 * @seed: of the choice of samples
 * @error: return location for a #GError: %VATT_ERROR_CONFIG for numbers that
 *   cannot be, %VATT_ERROR_UNSUPPORTED where @model does not read a modality
 *
 * Makes an empty reservoir.
 *
 * Returns: (transfer full) (nullable): the reservoir, or %NULL with @error set
 */
VATT_API VattReservoir *vatt_reservoir_new (VattModel *model, guint modalities,
    guint captions, guint capacity, guint64 seed, GError **error);

/**
 * vatt_reservoir_set_drop_rate:
 * @reservoir: a reservoir
 * @drop_rate: share of the tokens of video and sound that batches leave out,
 *   from 0 to below 1
 *
 * DropToken as the authors' code has it: samples keep all of their tokens while
 * they wait, and of each batch a random choice stays, the same for all of its
 * samples. Which ones depends on the seed and on how many samples were drawn
 * before. The paper's own, a choice for each sample, is
 * vatt_clip_drop_tokens() of each before it goes in; samples that lack tokens
 * are then not taken.
 */
VATT_API void vatt_reservoir_set_drop_rate (
    VattReservoir *reservoir, double drop_rate);

/**
 * vatt_reservoir_set_half:
 * @reservoir: a reservoir that has not had any sample
 * @half: whether to keep values of video and sound in half precision
 *
 * Half of the memory, for values that are off by up to 1/2048 of themselves:
 * less than pictures of 8 bits are. A sample with values beyond 65504 is not
 * taken then.
 */
VATT_API void vatt_reservoir_set_half (VattReservoir *reservoir, gboolean half);

/**
 * vatt_reservoir_add: (skip)
 * @reservoir: a reservoir
 * @sample: what to copy; modalities that are not learnt from are passed over
 * @error: return location for a #GError: %VATT_ERROR_SHAPE for a sample that
 *   does not fit the model, the samples before it, or what the objective
 *   needs, and where the reservoir is full; %VATT_ERROR_MEMORY
 *
 * Takes a sample in. All have the same grid and number of tokens; which tokens
 * of the grid they have may differ. A sample with fewer texts than @captions
 * has them again, in turn: all samples have as many in a batch, where those
 * that are the same count as one (see #VattBatch).
 *
 * Returns: %FALSE with @error set, and nothing was taken in
 */
VATT_API gboolean vatt_reservoir_add (
    VattReservoir *reservoir, const VattSample *sample, GError **error);

/**
 * vatt_reservoir_draw: (skip)
 * @reservoir: a reservoir
 * @samples: how many to take; at least 1
 * @batch: (out caller-allocates): the batch; it points into memory of the
 *   reservoir, which the next call of this function uses again
 * @error: return location for a #GError: %VATT_ERROR_SHAPE where fewer samples
 *   are there, %VATT_ERROR_MEMORY
 *
 * Takes samples out, each with the same probability. Which ones depends on the
 * seed, on how many were drawn before and on the order of what went in, and on
 * nothing else. What samples lack is zeros in the batch, and 0 in
 * @batch->valid.
 *
 * Returns: %FALSE with @error set, and nothing was taken out
 */
VATT_API gboolean vatt_reservoir_draw (
    VattReservoir *reservoir, guint samples, VattBatch *batch, GError **error);

/**
 * vatt_reservoir_draw_parts: (skip)
 * @reservoir: a reservoir
 * @samples: how many to take; at least 1
 * @batch: (out caller-allocates): the batch; it points into memory of the
 *   reservoir, and is good until the next call of this function, of
 *   vatt_reservoir_draw(), or of vatt_reservoir_add()
 * @error: return location for a #GError: %VATT_ERROR_SHAPE where fewer samples
 *   are there, %VATT_ERROR_MEMORY
 *
 * As vatt_reservoir_draw(), the same samples and tokens, for a trainer with a
 * micro-batch: video and sound stay where they are, to be read part by part
 * (#VattBatch.read), so that no memory is needed but for one part.
 *
 * Returns: %FALSE with @error set, and nothing was taken out
 */
VATT_API gboolean vatt_reservoir_draw_parts (
    VattReservoir *reservoir, guint samples, VattBatch *batch, GError **error);

/**
 * vatt_reservoir_get_fill:
 * @reservoir: a reservoir
 *
 * Returns: how many samples it holds
 */
VATT_API guint vatt_reservoir_get_fill (VattReservoir *reservoir);

/**
 * vatt_reservoir_get_capacity:
 * @reservoir: a reservoir
 *
 * Returns: how many samples it can hold
 */
VATT_API guint vatt_reservoir_get_capacity (VattReservoir *reservoir);

/**
 * vatt_reservoir_get_drawn:
 * @reservoir: a reservoir
 *
 * Returns: how many samples were drawn from it, since it was new
 */
VATT_API guint64 vatt_reservoir_get_drawn (VattReservoir *reservoir);

/**
 * vatt_reservoir_get_origin:
 * @reservoir: a reservoir
 * @index: of a sample in the batch that was drawn last
 * @time: (out) (optional): where in its stream it began, nanoseconds
 *
 * Returns: which stream the sample is from
 */
VATT_API guint64 vatt_reservoir_get_origin (
    VattReservoir *reservoir, guint index, gint64 *time);

/**
 * vatt_reservoir_get_bytes:
 * @reservoir: a reservoir
 *
 * Returns: bytes that it has set aside for samples and for a batch
 */
VATT_API gsize vatt_reservoir_get_bytes (VattReservoir *reservoir);

/**
 * vatt_reservoir_ref:
 * @reservoir: a reservoir
 *
 * Returns: (transfer full): @reservoir, with one more reference
 */
VATT_API VattReservoir *vatt_reservoir_ref (VattReservoir *reservoir);

/**
 * vatt_reservoir_free:
 * @reservoir: (transfer full) (nullable): a reservoir
 *
 * Releases a reference; the last one frees @reservoir, and the batch drawn last
 * with it.
 */
VATT_API void vatt_reservoir_free (VattReservoir *reservoir);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattReservoir, vatt_reservoir_free)

G_END_DECLS
