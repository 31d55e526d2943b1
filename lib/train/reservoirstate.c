/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A reservoir in a checkpoint: each column a tensor, all else in the notes. */
#include "reservoir.h"
#include "state.h"

#include "check.h"
#include "damaged.h"
#include "tensorfile-private.h"

#include <string.h>

#define GROUP "reservoir"
#define PREFIX VATT_TENSOR_TRAINING "reservoir/"

static const char *const names[VATT_N_COLUMNS] = {
  [VATT_COLUMN_VALUES + VATT_VIDEO] = PREFIX "video",
  [VATT_COLUMN_VALUES + VATT_AUDIO] = PREFIX "audio",
  [VATT_COLUMN_VALUES + VATT_TEXT] = PREFIX "text",
  [VATT_COLUMN_KEPT + VATT_VIDEO] = PREFIX "video.kept",
  [VATT_COLUMN_KEPT + VATT_AUDIO] = PREFIX "audio.kept",
  [VATT_COLUMN_VALID + VATT_VIDEO] = PREFIX "video.valid",
  [VATT_COLUMN_VALID + VATT_AUDIO] = PREFIX "audio.valid",
  [VATT_COLUMN_VALID + VATT_TEXT] = PREFIX "text.valid",
  [VATT_COLUMN_LABELS] = PREFIX "labels",
  [VATT_COLUMN_STREAM] = PREFIX "stream",
  [VATT_COLUMN_TIME] = PREFIX "time",
};

/* A column as a tensor without name; shape has room for 4. All elements have 4
 * bytes, so that they are aligned wherever the tensors before them end: those
 * of 64 bits are two, and halves are in pairs. */
static VattTensorInfo
describe (const VattReservoir *self, guint index, guint64 *shape)
{
  const VattColumn *column = &self->column[index];
  VattTensorInfo info = { .rank = 2,
    .shape = shape,
    .size = column->size * self->fill,
    .data = column->held };
  gboolean real = index == VATT_COLUMN_LABELS ||
                  (index >= VATT_COLUMN_VALID && index < VATT_COLUMN_LABELS) ||
                  (index < VATT_COLUMN_KEPT && index != VATT_TEXT);
  info.dtype = real ? VATT_DTYPE_F32 : VATT_DTYPE_I32;
  shape[0] = self->fill;
  shape[1] = column->size / 4;
  if (index < VATT_TEXT && self->half) {
    info.dtype = VATT_DTYPE_I32;
  } else if (index < VATT_COLUMN_KEPT) {
    info.rank = 4;
    shape[1] = index == VATT_TEXT ? self->captions : 1;
    shape[2] = self->shape[index].tokens;
    shape[3] = column->size / 4 / shape[1] / shape[2];
  }
  return info;
}

static void
note_shape (const VattReservoir *self, guint modality, GKeyFile *notes)
{
  const VattReservoirShape *shape = &self->shape[modality];
  if (!shape->tokens)
    return;
  g_autofree char *text = g_strdup_printf ("%u;%u;%u;%u;%u", shape->grid[0],
      shape->grid[1], shape->grid[2], shape->tokens, shape->dropped);
  g_key_file_set_value (
      notes, GROUP, vatt_modality_name ((VattModality)modality), text);
}

void
vatt_reservoir_state_note (const VattReservoir *self, VattStateOut *state)
{
  GKeyFile *notes = state->notes;
  for (guint c = 0; c < VATT_N_COLUMNS; c++) {
    guint64 shape[4];
    if (!self->column[c].size)
      continue;
    VattTensorInfo info = describe (self, c, shape);
    vatt_state_add (state, names[c], &info);
  }
  g_key_file_set_uint64 (notes, GROUP, "modalities", self->modalities);
  g_key_file_set_uint64 (notes, GROUP, "captions", self->captions);
  g_key_file_set_uint64 (notes, GROUP, "capacity", self->capacity);
  g_key_file_set_uint64 (notes, GROUP, "seed", self->seed);
  g_key_file_set_uint64 (notes, GROUP, "fill", self->fill);
  g_key_file_set_uint64 (notes, GROUP, "drawn", self->drawn);
  if (self->half)
    g_key_file_set_value (notes, GROUP, "half", "1");
  char rate[G_ASCII_DTOSTR_BUF_SIZE];
  if (self->drop_rate > 0.0)
    g_key_file_set_value (notes, GROUP, "drop-rate",
        g_ascii_dtostr (rate, sizeof rate, self->drop_rate));
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    note_shape (self, m, notes);
}

/* ---- from a file ---- */

static gboolean
check_settings (
    const VattReservoir *like, const VattStateIn *state, GError **error)
{
  const struct {
    const char *key;
    guint64 expected;
  } settings[] = {
    { "modalities", like->modalities },
    { "captions", like->captions },
    { "capacity", like->capacity },
    { "seed", like->seed },
  };
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    guint64 found;
    if (!vatt_state_get_number (state, GROUP, settings[i].key, &found, error))
      return FALSE;
    if (found == settings[i].expected)
      continue;
    g_autofree char *what =
        g_strdup_printf ("reservoir's setting '%s'", settings[i].key);
    g_autofree char *is = g_strdup_printf ("%" G_GUINT64_FORMAT, found);
    g_autofree char *should =
        g_strdup_printf ("%" G_GUINT64_FORMAT, settings[i].expected);
    return vatt_state_differs (state, what, is, should, error);
  }
  return TRUE;
}

/* Settings that are noted where they are not 0, as text. */
static gboolean
check_choices (
    const VattReservoir *like, const VattStateIn *state, GError **error)
{
  char rate[G_ASCII_DTOSTR_BUF_SIZE];
  const struct {
    const char *key, *expected;
  } choices[] = {
    { "drop-rate", g_ascii_dtostr (rate, sizeof rate, like->drop_rate) },
    { "half", like->half ? "1" : "0" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++) {
    const char *key = choices[i].key;
    g_autofree char *found =
        g_key_file_get_value (state->notes, GROUP, key, NULL);
    g_autofree char *what = g_strdup_printf ("reservoir's setting '%s'", key);
    const char *is = found ? found : "0";
    if (strcmp (is, choices[i].expected) != 0)
      return vatt_state_differs (state, what, is, choices[i].expected, error);
  }
  return TRUE;
}

/* Five numbers: grid, tokens, whether some were dropped. */
static gboolean
parse_shape (const char *text, gboolean may_drop, VattReservoirShape *shape)
{
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);
  static const guint64 most[] = { G_MAXUINT16, G_MAXUINT16, G_MAXUINT16,
    G_MAXINT32, TRUE };
  guint64 number[G_N_ELEMENTS (most)];
  if (g_strv_length (parts) != G_N_ELEMENTS (number))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (number); i++)
    if (!g_ascii_string_to_unsigned (
            parts[i], 10, i < 4, most[i], &number[i], NULL))
      return FALSE;
  for (guint i = 0; i < 3; i++)
    shape->grid[i] = (guint)number[i];
  shape->tokens = (guint)number[3];
  shape->dropped = number[4] == 1;
  guint64 all = number[0] * number[1] * number[2];
  return all <= G_MAXINT32 && (shape->dropped ? may_drop && shape->tokens <= all
                                              : shape->tokens == all);
}

static gboolean
read_shape (VattReservoir *self, guint modality, const VattStateIn *state,
    GError **error)
{
  const char *name = vatt_modality_name ((VattModality)modality);
  VattReservoirShape shape;
  g_autofree char *text =
      g_key_file_get_value (state->notes, GROUP, name, NULL);
  if (!text)
    return TRUE;
  if (!(self->modalities & (1u << modality)) ||
      !parse_shape (text, modality != VATT_TEXT, &shape))
    return vatt_damaged (state->path, error,
        "'%s' of section [" GROUP "] is '%s', expected the grid, tokens and "
        "whether some were dropped of a modality that is learnt from",
        name, text);
  return vatt_reservoir_open_modality (
      self, (VattModality)modality, &shape, error);
}

/* Where in the grid tokens are: towers trust it. */
static gboolean
check_kept (const VattReservoir *self, guint modality, const VattStateIn *state,
    GError **error)
{
  const VattReservoirShape *shape = &self->shape[modality];
  gsize all = (gsize)shape->grid[0] * shape->grid[1] * shape->grid[2];
  const gint32 *kept =
      (const gint32 *)self->column[VATT_COLUMN_KEPT + modality].held;
  for (gsize i = 0; i < (gsize)self->fill * shape->tokens; i++)
    if (kept[i] < 0 || (gsize)kept[i] >= all)
      return vatt_damaged (state->path, error,
          "value %zu of '%s' is %d, expected 0 to %zu", i,
          names[VATT_COLUMN_KEPT + modality], kept[i], all - 1);
  return TRUE;
}

static gboolean
read_columns (VattReservoir *self, const VattStateIn *state, GError **error)
{
  for (guint c = 0; c < VATT_N_COLUMNS; c++) {
    guint64 shape[4];
    if (!self->column[c].size)
      continue;
    VattTensorInfo like = describe (self, c, shape);
    const VattTensorInfo *found =
        vatt_state_get_tensor (state, names[c], &like, error);
    if (!found)
      return FALSE;
    if (found->size)
      memcpy (self->column[c].held, found->data, found->size);
  }
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (self->shape[m].dropped && !check_kept (self, m, state, error))
      return FALSE;
  return TRUE;
}

VattReservoir *
vatt_reservoir_state_read (
    const VattReservoir *like, const VattStateIn *state, GError **error)
{
  guint64 fill;
  if (!check_settings (like, state, error) ||
      !check_choices (like, state, error) ||
      !vatt_state_get_number (state, GROUP, "fill", &fill, error))
    return NULL;
  if (fill > like->capacity) {
    vatt_damaged (state->path, error,
        "its reservoir holds %" G_GUINT64_FORMAT
        " samples, expected at most %u",
        fill, like->capacity);
    return NULL;
  }
  g_autoptr (VattReservoir) self = vatt_reservoir_new (like->model,
      like->modalities, like->captions, like->capacity, like->seed, error);
  if (self)
    self->half = like->half;
  if (!self ||
      !vatt_state_get_number (state, GROUP, "drawn", &self->drawn, error))
    return NULL;
  self->fill = (guint)fill;
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (!read_shape (self, m, state, error))
      return NULL;
  return read_columns (self, state, error) ? g_steal_pointer (&self) : NULL;
}

void
vatt_reservoir_take (VattReservoir *self, VattReservoir *from)
{
  for (guint c = 0; c < VATT_N_COLUMNS; c++) {
    VattColumn column = self->column[c];
    self->column[c].size = from->column[c].size;
    self->column[c].held = from->column[c].held;
    from->column[c].size = column.size;
    from->column[c].held = column.held;
  }
  memcpy (self->shape, from->shape, sizeof self->shape);
  self->fill = from->fill;
  self->drawn = from->drawn;
  self->stale = TRUE;
  from->fill = 0;
}
