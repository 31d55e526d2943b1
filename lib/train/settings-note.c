/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The settings of a training as text, and whether they are those of another.
 * micro_batch is none of them: it may have to change with the memory there
 * is. */
#include "state.h"

#include "damaged.h"

#define GROUP "settings"

typedef enum {
  REAL,
  WHOLE, /* guint64 */
  SMALL, /* guint or gboolean */
} Kind;

static const char *const optimisers[] = { "adam", "momentum" };
static const char *const schedules[] = { "constant", "half-cosine",
  "quarter-cosine", "stepwise" };
static const char *const forms[] = { "asymmetric", "symmetric", "literal" };

#define FIELD(member) G_STRUCT_OFFSET (VattTrainerParams, member)

/* As many as count: further ones are beside the first. */
static const struct {
  const char *name;
  Kind kind;
  glong offset;
  guint count;
  const char *const *names; /* of an enumeration's values */
} fields[] = {
  { "optimiser", SMALL, FIELD (optimiser), 1, optimisers },
  { "beta1", REAL, FIELD (beta1), 1 },
  { "beta2", REAL, FIELD (beta2), 1 },
  { "epsilon", REAL, FIELD (epsilon), 1 },
  { "momentum", REAL, FIELD (momentum), 1 },
  { "decay", REAL, FIELD (decay), 1 },
  { "clip", REAL, FIELD (clip), 1 },
  { "head-clip", REAL, FIELD (head_clip), 1 },
  { "schedule", SMALL, FIELD (schedule.kind), 1, schedules },
  { "rate", REAL, FIELD (schedule.rate), 1 },
  { "end", REAL, FIELD (schedule.end), 1 },
  { "warmup", WHOLE, FIELD (schedule.warmup), 1 },
  { "steps", WHOLE, FIELD (schedule.steps), 1 },
  { "boundaries", SMALL, FIELD (schedule.n_boundaries), 1 },
  { "boundary", WHOLE, FIELD (schedule.boundary), VATT_SCHEDULE_BOUNDARIES },
  { "factor", REAL, FIELD (schedule.factor), VATT_SCHEDULE_BOUNDARIES },
  { "form", SMALL, FIELD (form), 1, forms },
  { "temperature", REAL, FIELD (temperature), 1 },
  { "weight", REAL, FIELD (weight), VATT_N_PAIRS },
  { "smoothing", REAL, FIELD (smoothing), 1 },
  { "mixup", REAL, FIELD (mixup), 1 },
  { "dropout", REAL, FIELD (dropout), 1 },
  { "head-dropout", REAL, FIELD (head_dropout), 1 },
  { "freeze-towers", SMALL, FIELD (freeze_towers), 1 },
  { "seed", WHOLE, FIELD (seed), 1 },
  { "loss-limit", REAL, FIELD (loss_limit), 1 },
  { "patience", SMALL, FIELD (patience), 1 },
};

/* As few digits as read back the same number. */
static void
append_real (GString *text, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd (number, sizeof number, "%.15g", value);
  if (g_ascii_strtod (number, NULL) != value)
    g_ascii_dtostr (number, sizeof number, value);
  g_string_append (text, number);
}

static void
append (GString *text, const char *place, guint field, guint index)
{
  if (fields[field].kind == REAL)
    append_real (text, ((const double *)place)[index]);
  else if (fields[field].kind == WHOLE)
    g_string_append_printf (
        text, "%" G_GUINT64_FORMAT, ((const guint64 *)place)[index]);
  else if (fields[field].names)
    g_string_append (text, fields[field].names[((const guint *)place)[index]]);
  else
    g_string_append_printf (text, "%u", ((const guint *)place)[index]);
}

static char *
text_of (const VattTrainerParams *params, guint field)
{
  const char *place = (const char *)params + fields[field].offset;
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < fields[field].count; i++) {
    if (i)
      g_string_append_c (text, ';');
    append (text, place, field, i);
  }
  return g_string_free (text, FALSE);
}

void
vatt_settings_note (const VattTrainerParams *params, GKeyFile *notes)
{
  for (guint f = 0; f < G_N_ELEMENTS (fields); f++) {
    g_autofree char *text = text_of (params, f);
    g_key_file_set_value (notes, GROUP, fields[f].name, text);
  }
}

gboolean
vatt_settings_check (
    const VattTrainerParams *params, const VattStateIn *state, GError **error)
{
  for (guint f = 0; f < G_N_ELEMENTS (fields); f++) {
    g_autofree char *expected = text_of (params, f);
    g_autofree char *found =
        g_key_file_get_value (state->notes, GROUP, fields[f].name, NULL);
    if (!found)
      return vatt_damaged (state->path, error,
          "no '%s' in section [" GROUP "] of its notes", fields[f].name);
    g_autofree char *what = g_strdup_printf ("setting '%s'", fields[f].name);
    if (g_strcmp0 (found, expected) != 0)
      return vatt_state_differs (state, what, found, expected, error);
  }
  return TRUE;
}
