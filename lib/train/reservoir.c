/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Samples in; reservoirdraw.c has batches out. */
#include "reservoir.h"

#include "model-private.h"
#include "narrow.h"
#include "size.h"

#include <string.h>

G_DEFINE_BOXED_TYPE (
    VattReservoir, vatt_reservoir, vatt_reservoir_ref, vatt_reservoir_free)

/* ---- memory ---- */

/* Zeros, which take no memory until they are touched. */
guint8 *
vatt_reservoir_allocate (gsize size, gsize rows, GError **error)
{
  guint8 *memory = g_try_malloc0_n (rows, size);
  if (!memory)
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "reservoir: no memory for %zu samples of %zu bytes", rows, size);
  return memory;
}

static gboolean
open_column (VattReservoir *self, guint index, gsize size, GError **error)
{
  VattColumn *column = &self->column[index];
  column->held = vatt_reservoir_allocate (size, self->capacity, error);
  column->size = column->held ? size : 0;
  return column->held != NULL;
}

static void
close_column (VattReservoir *self, guint index)
{
  g_clear_pointer (&self->column[index].held, g_free);
  self->column[index].size = 0;
}

void
vatt_reservoir_drop_batch (VattReservoir *self)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    g_clear_pointer (&self->clip[m], vatt_clip_free);
  for (guint c = VATT_COLUMN_VALID; c < VATT_N_COLUMNS; c++)
    g_clear_pointer (&self->column[c].drawn, g_free);
  self->batch = 0;
  self->stale = FALSE;
}

const VattFrontEnd *
vatt_reservoir_front (const VattReservoir *self, guint modality)
{
  return vatt_config_get_front_end (
      vatt_model_get_config (self->model), (VattModality)modality);
}

gboolean
vatt_reservoir_open_modality (VattReservoir *self, VattModality modality,
    const VattReservoirShape *shape, GError **error)
{
  gsize size = vatt_reservoir_items (self, modality);
  if (!vatt_size_multiply (size, shape->tokens, &size) ||
      !vatt_size_multiply (
          size, vatt_reservoir_front (self, modality)->token_size, &size) ||
      !vatt_size_multiply (
          size, vatt_reservoir_value_size (self, modality), &size)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "reservoir: a sample's %s has more bytes than memory addresses",
        vatt_modality_name (modality));
    return FALSE;
  }
  /* Rows of halves are whole words, as all others. */
  size = (size + 3) / 4 * 4;
  if (!open_column (self, VATT_COLUMN_VALUES + modality, size, error))
    return FALSE;
  if (shape->dropped && !open_column (self, VATT_COLUMN_KEPT + modality,
                            shape->tokens * sizeof (gint32), error)) {
    close_column (self, VATT_COLUMN_VALUES + modality);
    return FALSE;
  }
  self->shape[modality] = *shape;
  gint32 *kept = (gint32 *)self->column[VATT_COLUMN_KEPT + modality].held;
  for (gsize i = 0; kept && i < (gsize)self->fill * shape->tokens; i++)
    kept[i] = (gint32)(i % shape->tokens);
  /* The batch that was drawn last stays until the next. */
  self->stale = TRUE;
  return TRUE;
}

/* ---- making ---- */

static gboolean
check_settings (VattModel *model, guint modalities, guint captions,
    guint capacity, GError **error)
{
  if (modalities == 0 || modalities >= 1u << VATT_N_MODALITIES ||
      captions == 0 || capacity == 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "reservoir: modalities %u, %u captions, room for %u samples, expected "
        "1 to %u, 1 or more, 1 or more",
        modalities, captions, capacity, (1u << VATT_N_MODALITIES) - 1);
    return FALSE;
  }
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (modalities & (1u << m) &&
        vatt_config_get_front_end (
            vatt_model_get_config (model), (VattModality)m)
                ->input == VATT_INPUT_NONE) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
          "reservoir: model '%s' reads no %s", vatt_model_get_origin (model),
          vatt_modality_name ((VattModality)m));
      return FALSE;
    }
  return TRUE;
}

static gboolean
open_columns (VattReservoir *self, GError **error)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (vatt_reservoir_learns (self, m) && vatt_reservoir_may_lack (self) &&
        !open_column (self, VATT_COLUMN_VALID + m, sizeof (float), error))
      return FALSE;
  return (!self->classes || open_column (self, VATT_COLUMN_LABELS,
                                self->classes * sizeof (float), error)) &&
         open_column (self, VATT_COLUMN_STREAM, sizeof (guint64), error) &&
         open_column (self, VATT_COLUMN_TIME, sizeof (gint64), error);
}

VattReservoir *
vatt_reservoir_new (VattModel *model, guint modalities, guint captions,
    guint capacity, guint64 seed, GError **error)
{
  g_return_val_if_fail (VATT_IS_MODEL (model), NULL);
  if (!check_settings (model, modalities, captions, capacity, error))
    return NULL;
  const VattHeadSpec *head = &vatt_model_get_config (model)->head;
  g_autoptr (VattReservoir) self = g_new0 (VattReservoir, 1);
  g_atomic_ref_count_init (&self->refs);
  /* What samples have to be; the parameters may go. */
  self->model = vatt_model_declare (
      vatt_model_get_config (model), vatt_model_get_origin (model), error);
  self->modalities = modalities;
  self->captions = captions;
  self->capacity = capacity;
  self->seed = seed;
  self->classes = head->kind == VATT_HEAD_CLASSIFIER ? head->classes : 0;
  if (!self->model || !open_columns (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

VattReservoir *
vatt_reservoir_ref (VattReservoir *reservoir)
{
  g_return_val_if_fail (reservoir != NULL, NULL);
  g_atomic_ref_count_inc (&reservoir->refs);
  return reservoir;
}

void
vatt_reservoir_set_drop_rate (VattReservoir *reservoir, double drop_rate)
{
  g_return_if_fail (reservoir != NULL);
  g_return_if_fail (drop_rate >= 0.0 && drop_rate < 1.0);
  reservoir->drop_rate = drop_rate;
}

void
vatt_reservoir_set_half (VattReservoir *reservoir, gboolean half)
{
  g_return_if_fail (reservoir != NULL);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    g_return_if_fail (reservoir->shape[m].tokens == 0);
  reservoir->half = half;
}

void
vatt_reservoir_free (VattReservoir *reservoir)
{
  if (reservoir == NULL || !g_atomic_ref_count_dec (&reservoir->refs))
    return;
  vatt_reservoir_drop_batch (reservoir);
  for (guint c = 0; c < VATT_N_COLUMNS; c++)
    close_column (reservoir, c);
  g_clear_object (&reservoir->model);
  g_free (reservoir);
}

/* ---- in ---- */

/* Fewer texts than there is room for are there again, in turn. */
static void
put_texts (VattReservoir *self, const VattClip *clip)
{
  guint8 *row = vatt_reservoir_row (self, VATT_TEXT, self->fill);
  gsize size = self->column[VATT_TEXT].size / self->captions;
  for (guint i = 0; i < self->captions; i++)
    memcpy (row + i * size,
        (const guint8 *)vatt_clip_ids (clip) +
            i % vatt_clip_batch (clip) * size,
        size);
}

static void
put_clip (VattReservoir *self, guint modality, const VattClip *clip)
{
  guint8 *row = vatt_reservoir_row (self, modality, self->fill);
  gsize values = vatt_reservoir_values (self, modality);
  if (!clip)
    memset (row, 0, self->column[modality].size);
  else if (modality == VATT_TEXT)
    put_texts (self, clip);
  else if (self->half)
    vatt_narrow_f16 ((guint16 *)row, vatt_clip_values (clip), values);
  else
    memcpy (row, vatt_clip_values (clip), values * sizeof (float));
}

/* Places that the towers know, also where a sample has no such modality. */
static void
put_kept (VattReservoir *self, guint modality, const VattClip *clip)
{
  gint32 *kept = (gint32 *)vatt_reservoir_row (
      self, VATT_COLUMN_KEPT + modality, self->fill);
  for (guint t = 0; t < self->shape[modality].tokens; t++)
    kept[t] = clip ? vatt_clip_kept (clip)[t] : (gint32)t;
}

static void
put_sample (VattReservoir *self, const VattSample *sample)
{
  guint row = self->fill;
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    float valid = sample->clip[m] ? 1.0f : 0.0f;
    if (!vatt_reservoir_learns (self, m))
      continue;
    if (self->column[VATT_COLUMN_VALUES + m].size)
      put_clip (self, m, sample->clip[m]);
    if (self->column[VATT_COLUMN_KEPT + m].size)
      put_kept (self, m, sample->clip[m]);
    if (vatt_reservoir_may_lack (self))
      memcpy (vatt_reservoir_row (self, VATT_COLUMN_VALID + m, row), &valid,
          sizeof valid);
  }
  if (self->classes)
    memcpy (vatt_reservoir_row (self, VATT_COLUMN_LABELS, row), sample->labels,
        self->column[VATT_COLUMN_LABELS].size);
  memcpy (vatt_reservoir_row (self, VATT_COLUMN_STREAM, row), &sample->stream,
      sizeof sample->stream);
  memcpy (vatt_reservoir_row (self, VATT_COLUMN_TIME, row), &sample->time,
      sizeof sample->time);
  self->fill++;
}

/* Columns for what no sample has had before: all of them, or none. */
static gboolean
open_modalities (VattReservoir *self, const VattSample *sample, GError **error)
{
  guint opened = 0;
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    if (!vatt_reservoir_learns (self, m) || !sample->clip[m] ||
        self->shape[m].tokens)
      continue;
    VattReservoirShape shape = vatt_reservoir_shape_of (sample->clip[m]);
    if (vatt_reservoir_open_modality (self, (VattModality)m, &shape, error)) {
      opened |= 1u << m;
      continue;
    }
    for (guint o = 0; o < m; o++)
      if (opened & (1u << o)) {
        close_column (self, VATT_COLUMN_VALUES + o);
        close_column (self, VATT_COLUMN_KEPT + o);
        self->shape[o] = (VattReservoirShape){ .tokens = 0 };
      }
    return FALSE;
  }
  return TRUE;
}

gboolean
vatt_reservoir_add (
    VattReservoir *reservoir, const VattSample *sample, GError **error)
{
  g_return_val_if_fail (reservoir != NULL && sample != NULL, FALSE);
  if (!vatt_reservoir_check_sample (reservoir, sample, error)) {
    g_prefix_error (error,
        "sample of stream %" G_GUINT64_FORMAT " at %" G_GINT64_FORMAT " ns: ",
        sample->stream, sample->time);
    return FALSE;
  }
  if (!open_modalities (reservoir, sample, error))
    return FALSE;
  put_sample (reservoir, sample);
  return TRUE;
}

/* ---- what there is ---- */

guint
vatt_reservoir_get_fill (VattReservoir *reservoir)
{
  g_return_val_if_fail (reservoir != NULL, 0);
  return reservoir->fill;
}

guint
vatt_reservoir_get_capacity (VattReservoir *reservoir)
{
  g_return_val_if_fail (reservoir != NULL, 0);
  return reservoir->capacity;
}

guint64
vatt_reservoir_get_drawn (VattReservoir *reservoir)
{
  g_return_val_if_fail (reservoir != NULL, 0);
  return reservoir->drawn;
}

guint64
vatt_reservoir_get_origin (VattReservoir *reservoir, guint index, gint64 *time)
{
  g_return_val_if_fail (reservoir != NULL && index < reservoir->batch, 0);
  const VattColumn *column = reservoir->column;
  if (time)
    *time = ((const gint64 *)column[VATT_COLUMN_TIME].drawn)[index];
  return ((const guint64 *)column[VATT_COLUMN_STREAM].drawn)[index];
}

gsize
vatt_reservoir_get_bytes (VattReservoir *reservoir)
{
  g_return_val_if_fail (reservoir != NULL, 0);
  gsize bytes = 0;
  for (guint c = 0; c < VATT_N_COLUMNS; c++) {
    const VattColumn *column = &reservoir->column[c];
    bytes += column->size * reservoir->capacity;
    bytes += column->drawn ? column->size * reservoir->batch : 0;
  }
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (reservoir->clip[m])
      bytes += vatt_clip_batch (reservoir->clip[m]) /
               vatt_reservoir_items (reservoir, m) *
               (vatt_reservoir_values (reservoir, m) * sizeof (float) +
                   reservoir->column[VATT_COLUMN_KEPT + m].size);
  return bytes;
}
