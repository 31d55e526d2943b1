/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Numbers are written with nine digits, enough to read back the same float,
 * and with a point whatever the locale. */
#include "gstvattresult.h"

#include "gstvattjson.h"

#include <math.h>

static const char *const form_names[] = {
  [GST_VATT_FORM_EMBEDDING] = "application/x-vatt-embedding",
  [GST_VATT_FORM_TENSORS] = "other/tensors",
  [GST_VATT_FORM_TEXT] = "text/x-raw",
  [GST_VATT_FORM_JSON] = "application/x-json",
};

/* As the caps field `space` has it. */
static const char *const space_names[] = {
  [GST_VATT_SPACE_NONE] = "modality",
  [GST_VATT_SPACE_VA] = "va",
  [GST_VATT_SPACE_VT] = "vt",
};

static const GEnumValue space_values[] = {
  { GST_VATT_SPACE_NONE, "The tower's own summary of the clip", "none" },
  { GST_VATT_SPACE_VA, "The space that video and audio share", "va" },
  { GST_VATT_SPACE_VT, "The space that video and text share", "vt" },
  { 0, NULL, NULL },
};

GType
gst_vatt_space_get_type (void)
{
  static gsize type = 0;
  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstVattSpace", space_values));
  return type;
}

/* The first form downstream names; the native one if it takes anything. */
gboolean
gst_vatt_form_choose (const GstCaps *allowed, GstVattForm *form)
{
  *form = GST_VATT_FORM_EMBEDDING;
  if (gst_caps_is_any (allowed))
    return TRUE;
  for (guint i = 0; i < gst_caps_get_size (allowed); i++) {
    const GstStructure *structure = gst_caps_get_structure (allowed, i);
    for (guint f = 0; f < G_N_ELEMENTS (form_names); f++)
      if (gst_structure_has_name (structure, form_names[f])) {
        *form = (GstVattForm)f;
        return TRUE;
      }
  }
  return FALSE;
}

/* Returns: (transfer full): fixed caps */
GstCaps *
gst_vatt_form_caps (GstVattForm form, const GstVattResultKind *kind)
{
  GstCaps *caps = gst_caps_new_empty_simple (form_names[form]);
  g_autofree char *dimensions = g_strdup_printf ("%u:1", kind->dim);
  if (form == GST_VATT_FORM_EMBEDDING)
    gst_caps_set_simple (caps, "modality", G_TYPE_STRING,
        vatt_modality_name (kind->modality), "space", G_TYPE_STRING,
        space_names[kind->space], "format", G_TYPE_STRING, "F32LE", "dim",
        G_TYPE_INT, (gint)kind->dim, "vectors", G_TYPE_INT, 1, "normalized",
        G_TYPE_BOOLEAN, kind->normalized, "model-id", G_TYPE_STRING,
        kind->model_id, "framerate", GST_TYPE_FRACTION, kind->rate_n,
        kind->rate_d, NULL);
  else if (form == GST_VATT_FORM_TENSORS)
    gst_caps_set_simple (caps, "format", G_TYPE_STRING, "static", "num_tensors",
        G_TYPE_INT, 1, "types", G_TYPE_STRING, "float32", "dimensions",
        G_TYPE_STRING, dimensions, "framerate", GST_TYPE_FRACTION, kind->rate_n,
        kind->rate_d, NULL);
  else if (form == GST_VATT_FORM_TEXT)
    gst_caps_set_simple (caps, "format", G_TYPE_STRING, "utf8", NULL);
  return caps;
}

/* Takes the norm and, where the kind says so, divides by it. */
void
gst_vatt_result_measure (GstVattResult *result)
{
  double sum = 0;
  for (guint i = 0; i < result->kind.dim; i++)
    sum += (double)result->values[i] * (double)result->values[i];
  result->norm = sqrt (sum);
  if (!result->kind.normalized || result->norm <= 0)
    return;
  float scale = (float)(1.0 / result->norm);
  for (guint i = 0; i < result->kind.dim; i++)
    result->values[i] *= scale;
}

static void
append_values (
    GString *text, const GstVattResult *result, const char *separator)
{
  for (guint i = 0; i < result->kind.dim; i++) {
    if (i > 0)
      g_string_append (text, separator);
    gst_vatt_json_append_number (text, "%.9g", (double)result->values[i]);
  }
}

/* start, end (seconds), modality, values; separated by tabs. */
static GString *
to_text (const GstVattResult *result)
{
  GString *text = g_string_sized_new (64 + 16 * (gsize)result->kind.dim);
  GstClockTime end = result->timestamp;
  if (GST_CLOCK_TIME_IS_VALID (result->duration))
    end += result->duration;
  gst_vatt_json_append_number (
      text, "%.6f", (double)result->timestamp / GST_SECOND);
  g_string_append_c (text, '\t');
  gst_vatt_json_append_number (text, "%.6f", (double)end / GST_SECOND);
  g_string_append_printf (
      text, "\t%s\t", vatt_modality_name (result->kind.modality));
  append_values (text, result, "\t");
  g_string_append_c (text, '\n');
  return text;
}

/* Which clip of a data set it is of. */
static void
append_clip (GString *text, const GstStructure *clip)
{
  guint64 number, epoch;
  guint row;
  const char *name = clip ? gst_structure_get_string (clip, "name") : NULL;
  if (!name ||
      !gst_structure_get (clip, "clip", G_TYPE_UINT64, &number, "epoch",
          G_TYPE_UINT64, &epoch, "row", G_TYPE_UINT, &row, NULL))
    return;
  g_string_append_printf (text,
      ",\"clip\":%" G_GUINT64_FORMAT ",\"epoch\":%" G_GUINT64_FORMAT
      ",\"row\":%u",
      number, epoch, row);
  gst_vatt_json_append_string (text, "name", name);
}

static GString *
to_json (const GstVattResult *result)
{
  GString *text = g_string_sized_new (512 + 16 * (gsize)result->kind.dim);
  g_string_append_printf (
      text, "{\"window\":%" G_GUINT64_FORMAT, result->window);
  gst_vatt_json_append_time (text, "timestamp", result->timestamp);
  gst_vatt_json_append_time (text, "stream-time", result->stream_time);
  gst_vatt_json_append_time (text, "running-time", result->running_time);
  gst_vatt_json_append_time (text, "duration", result->duration);
  gst_vatt_json_append_time (text, "gap", result->gap);
  if (GST_CLOCK_TIME_IS_VALID (result->utc))
    gst_vatt_json_append_time (text, "utc", result->utc);
  gst_vatt_json_append_string (
      text, "modality", vatt_modality_name (result->kind.modality));
  gst_vatt_json_append_string (text, "space", space_names[result->kind.space]);
  gst_vatt_json_append_string (text, "model-id", result->kind.model_id);
  gst_vatt_json_append_string (text, "source", result->source);
  if (result->label)
    gst_vatt_json_append_string (text, "label", result->label);
  append_clip (text, result->clip);
  gst_vatt_json_append_time (text, "processing-time", result->processing_time);
  g_string_append_printf (text, ",\"tokens\":%u", result->tokens);
  g_string_append_printf (text, ",\"dim\":%u,\"norm\":", result->kind.dim);
  gst_vatt_json_append_number (text, "%.9g", result->norm);
  g_string_append (text, ",\"embedding\":[");
  append_values (text, result, ",");
  g_string_append (text, "]}\n");
  return text;
}

static GstBuffer *
wrap_text (GString *text)
{
  gsize length = text->len;
  return gst_buffer_new_wrapped (g_string_free (text, FALSE), length);
}

/*
 * gst_vatt_result_to_buffer:
 * @result: a measured result
 * @form: what to write
 *
 * Returns: (transfer full): a buffer without times
 */
GstBuffer *
gst_vatt_result_to_buffer (const GstVattResult *result, GstVattForm form)
{
  gsize size = result->kind.dim * sizeof (float);
  if (form == GST_VATT_FORM_TEXT)
    return wrap_text (to_text (result));
  if (form == GST_VATT_FORM_JSON)
    return wrap_text (to_json (result));
  return gst_buffer_new_wrapped (g_memdup2 (result->values, size), size);
}

/* Returns: (transfer full): the element message `vatt-embedding` */
GstMessage *
gst_vatt_result_to_message (const GstVattResult *result, GstObject *source)
{
  GstStructure *structure = gst_structure_new ("vatt-embedding", "timestamp",
      G_TYPE_UINT64, result->timestamp, "stream-time", G_TYPE_UINT64,
      result->stream_time, "running-time", G_TYPE_UINT64, result->running_time,
      "duration", G_TYPE_UINT64, result->duration, "gap", G_TYPE_UINT64,
      result->gap, "window", G_TYPE_UINT64, result->window, "modality",
      G_TYPE_STRING, vatt_modality_name (result->kind.modality), "space",
      G_TYPE_STRING, space_names[result->kind.space], "norm", G_TYPE_DOUBLE,
      result->norm, "dim", G_TYPE_INT, (gint)result->kind.dim, "tokens",
      G_TYPE_UINT, result->tokens, "model-id", G_TYPE_STRING,
      result->kind.model_id, "processing-time", G_TYPE_UINT64,
      result->processing_time, "source", G_TYPE_STRING, result->source, NULL);
  if (GST_CLOCK_TIME_IS_VALID (result->utc))
    gst_structure_set (structure, "utc", G_TYPE_UINT64, result->utc, NULL);
  if (result->label)
    gst_structure_set (structure, "label", G_TYPE_STRING, result->label, NULL);
  static const char *const of_clip[] = { "clip", "epoch", "row", "name" };
  for (guint i = 0; result->clip && i < G_N_ELEMENTS (of_clip); i++)
    if (gst_structure_has_field (result->clip, of_clip[i]))
      gst_structure_set_value (structure, of_clip[i],
          gst_structure_get_value (result->clip, of_clip[i]));
  GValue array = G_VALUE_INIT;
  gst_value_array_init (&array, result->kind.dim);
  for (guint i = 0; i < result->kind.dim; i++) {
    GValue value = G_VALUE_INIT;
    g_value_init (&value, G_TYPE_FLOAT);
    g_value_set_float (&value, result->values[i]);
    gst_value_array_append_and_take_value (&array, &value);
  }
  gst_structure_take_value (structure, "embedding", &array);
  return gst_message_new_element (source, structure);
}
