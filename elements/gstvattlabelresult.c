/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Names of classes may hold anything. A line of text has one label and must
 * stay one line; markup must stay well-formed; JSON has its own escapes. */
#include "gstvattlabelresult.h"

#include "gstvattcaps.h"
#include "gstvattjson.h"

#define META "GstVattResultMeta"

/* ---- forms ---- */

/* The first form that @allowed, in our caps, names. */
gboolean
gst_vatt_label_form_choose (const GstCaps *allowed, GstVattLabelForm *form)
{
  if (gst_caps_is_empty (allowed))
    return FALSE;
  g_autoptr (GstCaps) first = gst_caps_copy_nth (allowed, 0);
  first = gst_caps_fixate (g_steal_pointer (&first));
  const GstStructure *structure = gst_caps_get_structure (first, 0);
  const char *format = gst_structure_get_string (structure, "format");
  if (gst_structure_has_name (structure, "application/x-json"))
    *form = GST_VATT_LABEL_FORM_JSON;
  else if (gst_structure_has_name (structure, GST_VATT_EMBEDDING_MEDIA_TYPE))
    *form = GST_VATT_LABEL_FORM_EMBEDDING;
  else if (g_strcmp0 (format, "pango-markup") == 0)
    *form = GST_VATT_LABEL_FORM_MARKUP;
  else
    *form = GST_VATT_LABEL_FORM_TEXT;
  return TRUE;
}

/* Returns: (transfer full): fixed caps */
GstCaps *
gst_vatt_label_form_caps (GstVattLabelForm form, GstCaps *embedding_caps)
{
  switch (form) {
  case GST_VATT_LABEL_FORM_TEXT:
    return gst_caps_new_simple (
        "text/x-raw", "format", G_TYPE_STRING, "utf8", NULL);
  case GST_VATT_LABEL_FORM_MARKUP:
    return gst_caps_new_simple (
        "text/x-raw", "format", G_TYPE_STRING, "pango-markup", NULL);
  case GST_VATT_LABEL_FORM_JSON:
    return gst_caps_new_empty_simple ("application/x-json");
  case GST_VATT_LABEL_FORM_EMBEDDING:
    break;
  }
  return gst_caps_ref (embedding_caps);
}

/* ---- text ---- */

/* Blocks of right-to-left scripts, and what changes the direction of text. */
static gboolean
turns (gunichar symbol)
{
  static const gunichar blocks[][2] = { { 0x0590, 0x08ff }, { 0x200f, 0x200f },
    { 0x202a, 0x202e }, { 0x2066, 0x2069 }, { 0xfb1d, 0xfdff },
    { 0xfe70, 0xfefe }, { 0x10800, 0x10fff }, { 0x1e800, 0x1efff } };
  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++)
    if (symbol >= blocks[i][0] && symbol <= blocks[i][1])
      return TRUE;
  return FALSE;
}

/* On one line, without anything that moves a cursor. A name that is read from
 * right to left is isolated, so that its score stands behind it. */
static char *
one_line (const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  GString *line = g_string_new (NULL);
  gboolean isolate = FALSE;
  for (const char *c = valid; *c; c = g_utf8_next_char (c)) {
    gunichar symbol = g_utf8_get_char (c);
    gboolean breaks =
        g_unichar_iscntrl (symbol) || symbol == 0x2028 || symbol == 0x2029;
    g_string_append_unichar (line, breaks ? ' ' : symbol);
    isolate |= turns (symbol);
  }
  if (isolate) {
    g_string_prepend_unichar (line, 0x2068);
    g_string_append_unichar (line, 0x2069);
  }
  return g_string_free (line, FALSE);
}

/* A line for each label: name and score. */
static GString *
to_text (const GstVattLabelResult *result, gboolean markup)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < result->n_labels; i++) {
    const GstVattLabel *label = &result->labels[i];
    g_autofree char *line = one_line (result->names[label->class_id]);
    g_autofree char *name =
        markup ? g_markup_escape_text (line, -1) : g_steal_pointer (&line);
    gint percent = (gint)(100.0 * (double)label->score + 0.5);
    g_string_append_printf (
        text, markup ? "%s <small>%d%%</small>\n" : "%s %d%%\n", name, percent);
  }
  return text;
}

/* ---- JSON ---- */

static void
append_top (GString *text, const GstVattLabelResult *result)
{
  if (result->n_labels == 0) {
    g_string_append (text, ",\"class-id\":-1,\"label\":null,\"score\":0");
    return;
  }
  const GstVattLabel *top = &result->labels[0];
  g_string_append_printf (text, ",\"class-id\":%d", top->class_id);
  gst_vatt_json_append_string (text, "label", result->names[top->class_id]);
  g_string_append (text, ",\"score\":");
  gst_vatt_json_append_number (text, "%.9g", (double)top->score);
}

static void
append_arrays (GString *text, const GstVattLabelResult *result)
{
  g_string_append (text, ",\"class-ids\":[");
  for (guint i = 0; i < result->n_labels; i++)
    g_string_append_printf (
        text, "%s%d", i ? "," : "", result->labels[i].class_id);
  g_string_append (text, "],\"labels\":[");
  for (guint i = 0; i < result->n_labels; i++) {
    g_string_append (text, i ? "," : "");
    gst_vatt_json_append_quoted (
        text, result->names[result->labels[i].class_id]);
  }
  g_string_append (text, "],\"scores\":[");
  for (guint i = 0; i < result->n_labels; i++) {
    g_string_append (text, i ? "," : "");
    gst_vatt_json_append_number (text, "%.9g", (double)result->labels[i].score);
  }
  g_string_append_c (text, ']');
}

static GString *
to_json (const GstVattLabelResult *result)
{
  GString *text = g_string_sized_new (512);
  g_string_append_printf (
      text, "{\"window\":%" G_GUINT64_FORMAT, result->window);
  gst_vatt_json_append_time (text, "timestamp", result->timestamp);
  gst_vatt_json_append_time (text, "stream-time", result->stream_time);
  gst_vatt_json_append_time (text, "running-time", result->running_time);
  gst_vatt_json_append_time (text, "duration", result->duration);
  gst_vatt_json_append_time (text, "gap", result->gap);
  if (GST_CLOCK_TIME_IS_VALID (result->utc))
    gst_vatt_json_append_time (text, "utc", result->utc);
  gst_vatt_json_append_string (text, "modality", result->modality);
  gst_vatt_json_append_string (text, "task", result->task);
  gst_vatt_json_append_string (text, "model-id", result->model_id);
  gst_vatt_json_append_string (text, "source", result->source);
  append_top (text, result);
  append_arrays (text, result);
  gst_vatt_json_append_time (text, "processing-time", result->processing_time);
  g_string_append (text, "}\n");
  return text;
}

/*
 * gst_vatt_label_result_to_buffer:
 * @result: labels of a window
 * @form: what to write; not the embedding, which is at hand
 *
 * Returns: (transfer full): a buffer without times
 */
GstBuffer *
gst_vatt_label_result_to_buffer (
    const GstVattLabelResult *result, GstVattLabelForm form)
{
  GString *text = form == GST_VATT_LABEL_FORM_JSON
                      ? to_json (result)
                      : to_text (result, form == GST_VATT_LABEL_FORM_MARKUP);
  gsize length = text->len;
  return gst_buffer_new_wrapped (g_string_free (text, FALSE), length);
}

/* ---- structures ---- */

static void
set_arrays (GstStructure *structure, const GstVattLabelResult *result)
{
  GValue ids = G_VALUE_INIT, labels = G_VALUE_INIT, scores = G_VALUE_INIT;
  gst_value_array_init (&ids, result->n_labels);
  gst_value_array_init (&labels, result->n_labels);
  gst_value_array_init (&scores, result->n_labels);
  for (guint i = 0; i < result->n_labels; i++) {
    const GstVattLabel *label = &result->labels[i];
    GValue id = G_VALUE_INIT, name = G_VALUE_INIT, score = G_VALUE_INIT;
    g_value_init (&id, G_TYPE_INT);
    g_value_set_int (&id, label->class_id);
    gst_value_array_append_and_take_value (&ids, &id);
    g_value_init (&name, G_TYPE_STRING);
    g_value_set_string (&name, result->names[label->class_id]);
    gst_value_array_append_and_take_value (&labels, &name);
    g_value_init (&score, G_TYPE_DOUBLE);
    g_value_set_double (&score, (double)label->score);
    gst_value_array_append_and_take_value (&scores, &score);
  }
  gst_structure_take_value (structure, "class-ids", &ids);
  gst_structure_take_value (structure, "labels", &labels);
  gst_structure_take_value (structure, "scores", &scores);
}

/* The best label as scalars too: not everybody can read arrays. */
static void
set_fields (GstStructure *structure, const GstVattLabelResult *result)
{
  const GstVattLabel *top = result->n_labels ? &result->labels[0] : NULL;
  gst_structure_set (structure, "timestamp", G_TYPE_UINT64, result->timestamp,
      "stream-time", G_TYPE_UINT64, result->stream_time, "running-time",
      G_TYPE_UINT64, result->running_time, "duration", G_TYPE_UINT64,
      result->duration, "gap", G_TYPE_UINT64, result->gap, "window",
      G_TYPE_UINT64, result->window, "modality", G_TYPE_STRING,
      result->modality, "task", G_TYPE_STRING, result->task, "model-id",
      G_TYPE_STRING, result->model_id, "source", G_TYPE_STRING, result->source,
      "class-id", G_TYPE_INT, top ? top->class_id : -1, "label", G_TYPE_STRING,
      top ? result->names[top->class_id] : NULL, "score", G_TYPE_DOUBLE,
      top ? (double)top->score : 0.0, "processing-time", G_TYPE_UINT64,
      result->processing_time, NULL);
  if (GST_CLOCK_TIME_IS_VALID (result->utc))
    gst_structure_set (structure, "utc", G_TYPE_UINT64, result->utc, NULL);
  set_arrays (structure, result);
}

/* Returns: (transfer full): the element message `vatt-classification` */
GstMessage *
gst_vatt_label_result_to_message (
    const GstVattLabelResult *result, GstObject *source)
{
  GstStructure *structure = gst_structure_new_empty ("vatt-classification");
  set_fields (structure, result);
  return gst_message_new_element (source, structure);
}

/* Once for a process, when the plugin is loaded. */
void
gst_vatt_label_result_register_meta (void)
{
  static const char *tags[] = { NULL };
  if (!gst_meta_get_info (META))
    gst_meta_register_custom (META, tags, NULL, NULL, NULL);
}

/* @buffer has to be writable. */
void
gst_vatt_label_result_add_meta (
    const GstVattLabelResult *result, GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, META);
  if (meta)
    set_fields (gst_custom_meta_get_structure (meta), result);
}
