/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Batches out of a reservoir. Of n samples that are there, place
 * floor (r n / 2^32) is drawn, where r is random number i of the seed, i counts
 * the samples ever drawn; the last sample takes its place. Of a batch that is
 * read in parts the sample drawn takes the last one's place in turn. */
#include "reservoir.h"

#include "narrow.h"
#include "rng.h"

#include <string.h>

#define IN_PARTS (1u << VATT_VIDEO | 1u << VATT_AUDIO)

/* ---- clips ---- */

/* Where no sample has had the modality yet, any grid will do: that of the
 * model. */
static VattClip *
make_clip (VattReservoir *self, guint modality, guint samples, GError **error)
{
  const VattFrontEnd *front = vatt_reservoir_front (self, modality);
  const VattReservoirShape *shape = &self->shape[modality];
  guint items;
  if (__builtin_mul_overflow (
          samples, vatt_reservoir_items (self, modality), &items)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "reservoir: %u samples of %u texts are more than a batch can hold",
        samples, self->captions);
    return NULL;
  }
  if (shape->dropped)
    return vatt_clip_new_dropped ((VattModality)modality, items, shape->grid,
        front->token_size, shape->tokens, error);
  return vatt_clip_new ((VattModality)modality, items,
      shape->tokens ? shape->grid : front->grid, front->token_size, error);
}

/* A clip for so many samples, unless there is one. */
static gboolean
open_clip (VattReservoir *self, guint modality, guint samples, GError **error)
{
  VattClip **clip = &self->clip[modality];
  if (*clip && vatt_clip_batch (*clip) ==
                   samples * vatt_reservoir_items (self, modality))
    return TRUE;
  g_clear_pointer (clip, vatt_clip_free);
  *clip = make_clip (self, modality, samples, error);
  return *clip != NULL;
}

static gboolean
drops_of_batches (const VattReservoir *self, guint modality)
{
  return self->drop_rate > 0.0 && modality != VATT_TEXT &&
         !self->shape[modality].dropped;
}

/* Makes a clip ready to be filled, whatever the batch before left out. */
static void
refill (VattReservoir *self, guint modality)
{
  if (modality != VATT_TEXT && !self->shape[modality].dropped)
    vatt_clip_reset (self->clip[modality]);
}

/* Every modality has a choice of its own, which all parts share. */
static void
drop_tokens (VattReservoir *self, guint modality)
{
  VattClip *clip = self->clip[modality];
  if (!drops_of_batches (self, modality))
    return;
  guint keep = vatt_drop_rate_keep (vatt_clip_tokens (clip), self->drop_rate);
  guint64 stream = vatt_rng_stream ("tokens of a batch") + modality;
  guint64 key = vatt_rng_key (self->seed, stream, self->drawn);
  /* Of 1 to all of them it cannot fail. */
  vatt_clip_drop_tokens (clip, keep, key, 0, NULL);
}

/* Copies a row into a clip as sample number `at`. */
static void
gather (VattReservoir *self, guint modality, guint row, guint at)
{
  VattClip *clip = self->clip[modality];
  const guint8 *from = vatt_reservoir_row (self, modality, row);
  gsize values = vatt_reservoir_values (self, modality);
  gsize kept = self->column[VATT_COLUMN_KEPT + modality].size;
  if (modality == VATT_TEXT)
    memcpy (vatt_clip_writable_ids (clip) + at * values, from,
        values * sizeof (gint32));
  else if (self->half)
    vatt_widen_f16 (vatt_clip_writable_values (clip) + at * values,
        (const guint16 *)from, values);
  else
    memcpy (vatt_clip_writable_values (clip) + at * values, from,
        values * sizeof (float));
  if (kept)
    memcpy ((guint8 *)vatt_clip_writable_kept (clip) + at * kept,
        vatt_reservoir_row (self, VATT_COLUMN_KEPT + modality, row), kept);
}

/* ---- batches ---- */

/* Memory for a batch, unless there is some of that size. */
static gboolean
make_batch (VattReservoir *self, guint samples, guint in_parts, GError **error)
{
  if (self->batch == samples && !self->stale && self->in_parts == in_parts)
    return TRUE;
  vatt_reservoir_drop_batch (self);
  for (guint c = VATT_COLUMN_VALID; c < VATT_N_COLUMNS; c++)
    if (self->column[c].size &&
        !(self->column[c].drawn =
                vatt_reservoir_allocate (self->column[c].size, samples, error)))
      return FALSE;
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (vatt_reservoir_learns (self, m) && !(in_parts & (1u << m)) &&
        !open_clip (self, m, samples, error))
      return FALSE;
  self->batch = samples;
  self->in_parts = in_parts;
  return TRUE;
}

static void
swap (guint8 *a, guint8 *b, gsize size)
{
  guint8 some[4096];
  for (gsize done = 0; done < size; done += sizeof some) {
    gsize n = MIN (sizeof some, size - done);
    memcpy (some, a + done, n);
    memcpy (a + done, b + done, n);
    memcpy (b + done, some, n);
  }
}

/* The sample of row `from` leaves column c, whose last takes that row. */
static void
close_gap (VattReservoir *self, guint c, guint from, gboolean keep)
{
  guint last = self->fill - 1;
  guint8 *gap = vatt_reservoir_row (self, c, from);
  guint8 *end = vatt_reservoir_row (self, c, last);
  if (from == last)
    return;
  if (keep)
    swap (gap, end, self->column[c].size);
  else
    memcpy (gap, end, self->column[c].size);
}

/* Moves a sample from its row to a place in the batch. */
static void
take_out (VattReservoir *self, guint from, guint to)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    gboolean in_part = (self->in_parts & (1u << m)) != 0;
    if (!self->column[m].size)
      continue;
    if (!in_part)
      gather (self, m, from, to);
    close_gap (self, m, from, in_part);
    if (self->column[VATT_COLUMN_KEPT + m].size)
      close_gap (self, VATT_COLUMN_KEPT + m, from, in_part);
  }
  for (guint c = VATT_COLUMN_VALID; c < VATT_N_COLUMNS; c++) {
    gsize size = self->column[c].size;
    if (!size)
      continue;
    memcpy (self->column[c].drawn + to * size,
        vatt_reservoir_row (self, c, from), size);
    close_gap (self, c, from, FALSE);
  }
  self->fill--;
}

/* VattBatch.read */
static const VattClip *
read_part (gpointer user_data, VattModality modality, guint first,
    guint samples, GError **error)
{
  VattReservoir *self = user_data;
  g_return_val_if_fail (self->in_parts & (1u << modality), NULL);
  g_return_val_if_fail (samples > 0 && first < self->batch, NULL);
  g_return_val_if_fail (samples <= self->batch - first, NULL);
  if (!open_clip (self, modality, samples, error))
    return NULL;
  refill (self, modality);
  for (guint i = 0; i < samples && self->column[modality].size; i++)
    gather (self, modality, self->end - 1 - (first + i), i);
  drop_tokens (self, modality);
  return self->clip[modality];
}

static void
describe_batch (VattReservoir *self, VattBatch *batch)
{
  *batch =
      (VattBatch){ .labels =
                       (const float *)self->column[VATT_COLUMN_LABELS].drawn };
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    if (!(self->in_parts & (1u << m)))
      batch->clip[m] = self->clip[m];
    batch->valid[m] = (const float *)self->column[VATT_COLUMN_VALID + m].drawn;
  }
  if (self->in_parts) {
    batch->read = read_part;
    batch->read_data = self;
    batch->samples = self->batch;
  }
}

static gboolean
draw (VattReservoir *self, guint samples, guint in_parts, VattBatch *batch,
    GError **error)
{
  if (samples > self->fill) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "a batch of %u samples cannot be drawn from a reservoir of %u", samples,
        self->fill);
    return FALSE;
  }
  if (!make_batch (self, samples, in_parts, error))
    return FALSE;
  guint whole = self->modalities & ~in_parts;
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (whole & (1u << m))
      refill (self, m);
  guint64 stream = vatt_rng_stream ("reservoir");
  self->end = self->fill;
  for (guint i = 0; i < samples; i++) {
    guint64 r = vatt_rng_u32 (self->seed, stream, self->drawn++);
    take_out (self, (guint)(r * self->fill >> 32), i);
  }
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (whole & (1u << m))
      drop_tokens (self, m);
  describe_batch (self, batch);
  return TRUE;
}

gboolean
vatt_reservoir_draw (
    VattReservoir *reservoir, guint samples, VattBatch *batch, GError **error)
{
  g_return_val_if_fail (reservoir != NULL && batch != NULL, FALSE);
  g_return_val_if_fail (samples > 0, FALSE);
  return draw (reservoir, samples, 0, batch, error);
}

gboolean
vatt_reservoir_draw_parts (
    VattReservoir *reservoir, guint samples, VattBatch *batch, GError **error)
{
  g_return_val_if_fail (reservoir != NULL && batch != NULL, FALSE);
  g_return_val_if_fail (samples > 0, FALSE);
  return draw (
      reservoir, samples, IN_PARTS & reservoir->modalities, batch, error);
}
