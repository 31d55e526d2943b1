/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Values of properties. Those of the trainer are the task's until they are
 * set. */
#include "gstvatttrainrows.h"

#include <vatt/error.h>

#include <string.h>

/* ---- single values ---- */

static gpointer
place_of (const GstVattTrainSettings *settings, const GstVattTrainRow *row)
{
  return (char *)settings + row->offset;
}

static void
write_value (const GstVattTrainRow *row, gpointer place, const GValue *value)
{
  switch (row->kind) {
  case GST_VATT_ROW_STRING:
    g_free (*(char **)place);
    *(char **)place = g_value_dup_string (value);
    return;
  case GST_VATT_ROW_UINT:
    *(guint *)place = g_value_get_uint (value);
    return;
  case GST_VATT_ROW_UINT64:
    *(guint64 *)place = g_value_get_uint64 (value);
    return;
  case GST_VATT_ROW_DOUBLE:
    *(double *)place = g_value_get_double (value);
    return;
  case GST_VATT_ROW_BOOLEAN:
    *(gboolean *)place = g_value_get_boolean (value);
    return;
  case GST_VATT_ROW_ENUM:
    *(gint *)place = g_value_get_enum (value);
    return;
  }
}

static void
read_value (const GstVattTrainRow *row, gconstpointer place, GValue *value)
{
  switch (row->kind) {
  case GST_VATT_ROW_STRING:
    g_value_set_string (value, *(char *const *)place);
    return;
  case GST_VATT_ROW_UINT:
    g_value_set_uint (value, *(const guint *)place);
    return;
  case GST_VATT_ROW_UINT64:
    g_value_set_uint64 (value, *(const guint64 *)place);
    return;
  case GST_VATT_ROW_DOUBLE:
    g_value_set_double (value, *(const double *)place);
    return;
  case GST_VATT_ROW_BOOLEAN:
    g_value_set_boolean (value, *(const gboolean *)place);
    return;
  case GST_VATT_ROW_ENUM:
    g_value_set_enum (value, *(const gint *)place);
    return;
  }
}

/* ---- the trainer's ---- */

static gsize
size_of (GstVattRowKind kind)
{
  return kind == GST_VATT_ROW_DOUBLE || kind == GST_VATT_ROW_UINT64 ? 8 : 4;
}

static gboolean
is_given (const GstVattTrainSettings *settings, gsize offset)
{
  for (guint i = 0; gst_vatt_train_row_is_trainers (i); i++)
    if (gst_vatt_train_rows[i].offset == offset)
      return (settings->given & (G_GUINT64_CONSTANT (1) << i)) != 0;
  return FALSE;
}

/* The task's, and what was set instead. */
static void
merge_params (const GstVattTrainSettings *settings, VattTrainerParams *params)
{
  VattTrainerParams whole;
  vatt_trainer_params_init (&whole, (VattTask)settings->task);
  double share = (double)whole.schedule.warmup / (double)whole.schedule.steps;
  for (guint i = 0; gst_vatt_train_row_is_trainers (i); i++)
    if (settings->given & (G_GUINT64_CONSTANT (1) << i)) {
      gsize offset = gst_vatt_train_rows[i].offset -
                     offsetof (GstVattTrainSettings, params);
      memcpy ((char *)&whole + offset, (const char *)&settings->params + offset,
          size_of (gst_vatt_train_rows[i].kind));
    }
  if (!is_given (
          settings, offsetof (GstVattTrainSettings, params.schedule.warmup)))
    whole.schedule.warmup =
        (guint64)(share * (double)whole.schedule.steps + 0.5);
  *params = whole;
}

/* Reads numbers with commas between. */
static gboolean
read_list (const char *name, const char *text, guint *n, double *values,
    GError **error)
{
  g_auto (GStrv) words = g_strsplit (text ? text : "", ",", -1);
  guint count = g_strv_length (words);
  if (count > VATT_SCHEDULE_BOUNDARIES) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "%s are %u numbers, expected up to %d", name, count,
        VATT_SCHEDULE_BOUNDARIES);
    return FALSE;
  }
  for (guint i = 0; i < count; i++) {
    char *end = NULL;
    g_strstrip (words[i]);
    values[i] = g_ascii_strtod (words[i], &end);
    if (end == words[i] || *end != '\0' || !(values[i] >= 0)) {
      g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
          "%s have '%s', expected a number from 0 on", name, words[i]);
      return FALSE;
    }
  }
  *n = count;
  return TRUE;
}

static gboolean
read_stages (const GstVattTrainSettings *settings, VattSchedule *schedule,
    GError **error)
{
  double boundaries[VATT_SCHEDULE_BOUNDARIES];
  guint n_factors;
  if (!read_list ("boundaries", settings->boundaries, &schedule->n_boundaries,
          boundaries, error) ||
      !read_list (
          "factors", settings->factors, &n_factors, schedule->factor, error))
    return FALSE;
  if (n_factors != schedule->n_boundaries) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "found %u factors for %u boundaries, expected one for each", n_factors,
        schedule->n_boundaries);
    return FALSE;
  }
  for (guint i = 0; i < n_factors; i++) {
    schedule->boundary[i] = (guint64)boundaries[i];
    if (i > 0 && schedule->boundary[i] <= schedule->boundary[i - 1]) {
      g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
          "boundaries are '%s', expected each to be behind the one before",
          settings->boundaries);
      return FALSE;
    }
  }
  return TRUE;
}

/*
 * gst_vatt_train_settings_get_params:
 * @settings: settings
 * @params: (out caller-allocates): those of the trainer
 * @error: return location
 *
 * Returns: %FALSE if they do not go together
 */
gboolean
gst_vatt_train_settings_get_params (const GstVattTrainSettings *settings,
    VattTrainerParams *params, GError **error)
{
  merge_params (settings, params);
  if (!read_stages (settings, &params->schedule, error))
    return FALSE;
  if (params->schedule.warmup < params->schedule.steps)
    return TRUE;
  g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
      "warmup-steps is %" G_GUINT64_FORMAT
      ", expected less than the steps, %" G_GUINT64_FORMAT,
      params->schedule.warmup, params->schedule.steps);
  return FALSE;
}

/* ---- all of them ---- */

/* Returns: whether property number @index, from 0, is one of these */
gboolean
gst_vatt_train_settings_set (
    GstVattTrainSettings *settings, guint index, const GValue *value)
{
  if (index >= gst_vatt_n_train_rows)
    return FALSE;
  write_value (&gst_vatt_train_rows[index],
      place_of (settings, &gst_vatt_train_rows[index]), value);
  if (gst_vatt_train_row_is_trainers (index))
    settings->given |= G_GUINT64_CONSTANT (1) << index;
  return TRUE;
}

gboolean
gst_vatt_train_settings_get (
    const GstVattTrainSettings *settings, guint index, GValue *value)
{
  if (index >= gst_vatt_n_train_rows)
    return FALSE;
  GstVattTrainSettings whole = *settings;
  merge_params (settings, &whole.params);
  read_value (&gst_vatt_train_rows[index],
      place_of (&whole, &gst_vatt_train_rows[index]), value);
  return TRUE;
}

void
gst_vatt_train_settings_init (GstVattTrainSettings *settings)
{
  *settings = (GstVattTrainSettings){ .given = 0 };
  for (guint i = 0; i < gst_vatt_n_train_rows; i++) {
    const GstVattTrainRow *row = &gst_vatt_train_rows[i];
    gpointer place = place_of (settings, row);
    if (gst_vatt_train_row_is_trainers (i))
      continue;
    if (row->kind == GST_VATT_ROW_STRING)
      *(char **)place = g_strdup (row->text);
    else if (row->kind == GST_VATT_ROW_UINT64)
      *(guint64 *)place = (guint64)row->initial;
    else
      *(guint *)place = (guint)row->initial;
  }
}

void
gst_vatt_train_settings_copy (
    const GstVattTrainSettings *from, GstVattTrainSettings *to)
{
  *to = *from;
  for (guint i = 0; i < gst_vatt_n_train_rows; i++)
    if (gst_vatt_train_rows[i].kind == GST_VATT_ROW_STRING) {
      char **text = place_of (to, &gst_vatt_train_rows[i]);
      *text = g_strdup (*text);
    }
}

void
gst_vatt_train_settings_clear (GstVattTrainSettings *settings)
{
  for (guint i = 0; i < gst_vatt_n_train_rows; i++)
    if (gst_vatt_train_rows[i].kind == GST_VATT_ROW_STRING)
      g_clear_pointer (
          (char **)place_of (settings, &gst_vatt_train_rows[i]), g_free);
}

static GParamSpec *
make_spec (const GstVattTrainRow *row, const GstVattTrainSettings *initial)
{
  gconstpointer place = place_of (initial, row);
  const char *name = row->name, *nick = row->nick;
  g_autofree char *blurb =
      row->any_state ? g_strdup (row->blurb)
                     : g_strconcat (row->blurb, "; to be set in NULL", NULL);
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_NAME | G_PARAM_STATIC_NICK |
      (row->any_state ? (GParamFlags)GST_PARAM_MUTABLE_PLAYING : 0);
  switch (row->kind) {
  case GST_VATT_ROW_STRING:
    return g_param_spec_string (name, nick, blurb, row->text, flags);
  case GST_VATT_ROW_UINT:
    return g_param_spec_uint (name, nick, blurb, (guint)row->least,
        row->most > 0 ? (guint)row->most : G_MAXUINT, *(const guint *)place,
        flags);
  case GST_VATT_ROW_UINT64:
    return g_param_spec_uint64 (name, nick, blurb, (guint64)row->least,
        row->most > 0 ? (guint64)row->most : G_MAXUINT64,
        *(const guint64 *)place, flags);
  case GST_VATT_ROW_DOUBLE:
    return g_param_spec_double (name, nick, blurb, row->least,
        row->most > 0 ? row->most : (double)G_MAXFLOAT, *(const double *)place,
        flags);
  case GST_VATT_ROW_BOOLEAN:
    return g_param_spec_boolean (
        name, nick, blurb, *(const gboolean *)place, flags);
  case GST_VATT_ROW_ENUM:
    break;
  }
  gst_type_mark_as_plugin_api (row->type (), 0);
  return g_param_spec_enum (
      name, nick, blurb, row->type (), *(const gint *)place, flags);
}

/* Defaults that are shown are those of pre-training. */
void
gst_vatt_train_settings_install (GObjectClass *klass, guint first)
{
  g_auto (GstVattTrainSettings) initial;
  gst_vatt_train_settings_init (&initial);
  merge_params (&initial, &initial.params);
  for (guint i = 0; i < gst_vatt_n_train_rows; i++)
    g_object_class_install_property (
        klass, first + i, make_spec (&gst_vatt_train_rows[i], &initial));
}
