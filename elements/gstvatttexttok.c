/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One caption in, one buffer of word ids out. */

/**
 * SECTION:element-vatttexttok
 * @title: vatttexttok
 * @short_description: turns captions into word ids for a VATT model
 *
 * Every caption becomes one buffer with its timestamp and duration. Words are
 * looked up in the vocabulary of the model behind this element, or in the
 * file named by #GstVattTextTok:vocabulary. Punctuation and markup are
 * dropped; what is longer than the model's sentences is cut. A caption without
 * words becomes a GAP event.
 *
 * The source pad may be left unlinked: the element then is the pipeline's sink
 * and posts an element message named `vatt-tokens` for each caption, with these
 * fields:
 *
 * * #guint64 `timestamp`, `stream-time`, `running-time`, `duration`: of the
 *   caption, ns
 * * #guint64 `window`: its number since the start or the last flush
 * * #gchararray `modality`
 * * #guint `tokens`: how many were made
 * * #guint64 `gap`: how much of the caption no data covered, ns
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 filesrc location=captions.srt ! subparse ! vatttexttok !
 * vattencoder ! fakesink silent=false -v
 * ]|
 */
#include "gstvatttexttok.h"

#include "gstvattcaps.h"
#include "gstvattclipmeta.h"
#include "gstvatterror.h"
#include "gstvattmeta.h"
#include "gstvattmodels.h"
#include "gstvatttokenout.h"

#include <string.h>
#include <vatt/words.h>

GST_DEBUG_CATEGORY_STATIC (vatt_text_tok_debug);
#define GST_CAT_DEFAULT vatt_text_tok_debug

enum {
  PROP_VOCABULARY = 1,
};

struct _GstVattTextTok {
  GstElement parent;

  GstPad *sinkpad;       /* the element's */
  GstPad *srcpad;        /* the element's */
  char *vocabulary_file; /* object lock; owned */

  /* The streaming thread's. */
  GstVattTokenOut out;
  VattVocabulary *own;         /* owned; from the file */
  VattModel *model;            /* a reference; whose vocabulary is used */
  const VattVocabulary *words; /* one of the two */
  GstSegment segment;
  gboolean markup;
  gboolean failed; /* an error has been posted for this stream */
  guint64 counter;
};

G_DEFINE_TYPE_WITH_CODE (GstVattTextTok, gst_vatt_text_tok, GST_TYPE_ELEMENT,
    G_IMPLEMENT_INTERFACE (GST_TYPE_PRESET, NULL))
GST_ELEMENT_REGISTER_DEFINE (
    vatttexttok, "vatttexttok", GST_RANK_NONE, GST_TYPE_VATT_TEXT_TOK)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("text/x-raw, format = (string) { utf8, pango-markup }"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_VATT_TEXT_TOKENS_CAPS));

/* Takes @error. */
static GstFlowReturn
text_tok_fail (GstVattTextTok *self, GError *error)
{
  if (!self->failed)
    gst_vatt_error_post (GST_ELEMENT (self), error);
  self->failed = TRUE;
  g_error_free (error);
  return GST_FLOW_ERROR;
}

static void
forget_vocabulary (GstVattTextTok *self)
{
  self->words = NULL;
  g_clear_pointer (&self->own, vatt_vocabulary_free);
  g_clear_object (&self->model);
}

static gboolean
find_vocabulary (GstVattTextTok *self, GError **error)
{
  forget_vocabulary (self);
  GST_OBJECT_LOCK (self);
  g_autofree char *path = g_strdup (self->vocabulary_file);
  GST_OBJECT_UNLOCK (self);
  if (path) {
    self->own = vatt_vocabulary_new_from_file (path, error);
    self->words = self->own;
    return self->words != NULL;
  }
  if (self->out.model_id)
    self->model = gst_vatt_models_find (self->out.model_id);
  self->words = self->model ? vatt_model_get_vocabulary (self->model) : NULL;
  if (!self->words)
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "the model behind %s has no vocabulary: name a file with the "
        "property \"vocabulary\"",
        GST_ELEMENT_NAME (self));
  return self->words != NULL;
}

static gboolean
negotiate (GstVattTextTok *self, GError **error)
{
  GstVattTokenOutParams params = { 0 };
  return gst_vatt_token_out_negotiate (&self->out, &params, error) &&
         find_vocabulary (self, error);
}

static void
collect_text (GMarkupParseContext *context, const char *text, gsize length,
    gpointer user_data, GError **error)
{
  g_string_append_len (user_data, text, (gssize)length);
}

/* Broken markup: what stands between angle brackets is left out. */
static void
strip_brackets (const char *text, gsize length, GString *plain)
{
  gboolean inside = FALSE;
  g_string_truncate (plain, 0);
  for (gsize i = 0; i < length; i++) {
    if (text[i] == '<')
      inside = memchr (text + i, '>', length - i) != NULL;
    if (!inside)
      g_string_append_c (plain, text[i]);
    else if (text[i] == '>')
      inside = FALSE;
  }
}

static void
strip_markup (const char *text, gsize length, GString *plain)
{
  static const GMarkupParser parser = { .text = collect_text };
  g_autoptr (GMarkupParseContext) context =
      g_markup_parse_context_new (&parser, G_MARKUP_DEFAULT_FLAGS, plain, NULL);
  if (!g_markup_parse_context_parse (context, "<t>", -1, NULL) ||
      !g_markup_parse_context_parse (context, text, (gssize)length, NULL) ||
      !g_markup_parse_context_parse (context, "</t>", -1, NULL) ||
      !g_markup_parse_context_end_parse (context, NULL))
    strip_brackets (text, length, plain);
}

/* Returns: words in the caption, or -1 with @error set */
static gssize
tokenize (
    GstVattTextTok *self, GstBuffer *buffer, VattClip *clip, GError **error)
{
  GstMapInfo map;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "a caption of %" G_GSIZE_FORMAT " bytes cannot be read",
        gst_buffer_get_size (buffer));
    return -1;
  }
  const char *text = (const char *)map.data;
  gsize length = text ? strnlen (text, map.size) : 0;
  gint32 *ids = vatt_clip_writable_ids (clip);
  guint max_words = self->out.front_end.words;
  gsize n_words;
  if (self->markup) {
    g_autoptr (GString) plain = g_string_new (NULL);
    strip_markup (text ? text : "", length, plain);
    n_words = vatt_words_tokenize (
        self->words, plain->str, (gssize)plain->len, max_words, ids);
  } else {
    n_words = vatt_words_tokenize (
        self->words, text ? text : "", (gssize)length, max_words, ids);
  }
  gst_buffer_unmap (buffer, &map);
  return (gssize)MIN (n_words, G_MAXSSIZE);
}

static GstBuffer *
make_buffer (GstVattTextTok *self, VattClip *clip, GstBuffer *caption)
{
  GstBuffer *buffer =
      gst_vatt_clip_pool_wrap (self->out.pool, clip, self->out.front_end.words);
  GstVattMeta *from = gst_buffer_get_vatt_meta (caption);
  GstVattMeta *meta = gst_buffer_add_vatt_meta (buffer, self->counter,
      GST_BUFFER_PTS (caption), GST_BUFFER_DURATION (caption));
  const GstStructure *source = gst_vatt_clip_meta_get (caption);
  if (from)
    gst_vatt_meta_set_label (meta, from->label);
  else if (source)
    gst_vatt_meta_set_label (meta, gst_structure_get_string (source, "label"));
  gst_vatt_clip_meta_add (buffer, source);
  GST_BUFFER_PTS (buffer) = GST_BUFFER_PTS (caption);
  GST_BUFFER_DURATION (buffer) = GST_BUFFER_DURATION (caption);
  GST_BUFFER_OFFSET (buffer) = self->counter;
  GST_BUFFER_OFFSET_END (buffer) = ++self->counter;
  if (GST_BUFFER_IS_DISCONT (caption))
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  return buffer;
}

static GstFlowReturn
send_caption (GstVattTextTok *self, GstBuffer *caption)
{
  GError *error = NULL;
  VattClip *clip = gst_vatt_clip_pool_acquire (self->out.pool, &error);
  if (!clip)
    return text_tok_fail (self, error);
  gssize n_words = tokenize (self, caption, clip, &error);
  if (n_words <= 0) {
    vatt_clip_free (clip);
    if (error)
      return text_tok_fail (self, error);
    gst_vatt_token_out_push_gap (
        &self->out, GST_BUFFER_PTS (caption), GST_BUFFER_DURATION (caption));
    return GST_FLOW_OK;
  }
  GST_LOG_OBJECT (self,
      "caption %" G_GUINT64_FORMAT " at %" GST_TIME_FORMAT ": %" G_GSSIZE_FORMAT
      " words",
      self->counter, GST_TIME_ARGS (GST_BUFFER_PTS (caption)), n_words);
  return gst_vatt_token_out_push (
      &self->out, &self->segment, make_buffer (self, clip, caption));
}

static GstFlowReturn
text_tok_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstVattTextTok *self = GST_VATT_TEXT_TOK (parent);
  g_autoptr (GstBuffer) owned = buffer;
  GError *error = NULL;
  if (self->failed)
    return GST_FLOW_ERROR;
  if ((!self->out.negotiated || gst_pad_check_reconfigure (self->srcpad)) &&
      !negotiate (self, &error)) {
    if (GST_PAD_IS_FLUSHING (self->srcpad)) {
      g_clear_error (&error);
      return GST_FLOW_FLUSHING;
    }
    return text_tok_fail (self, error);
  }
  if (!GST_BUFFER_PTS_IS_VALID (buffer))
    return text_tok_fail (self,
        g_error_new (VATT_ERROR, VATT_ERROR_MEDIA,
            "caption %" G_GUINT64_FORMAT " has no timestamp", self->counter));
  guint64 start = GST_BUFFER_PTS (buffer), stop = GST_CLOCK_TIME_NONE;
  /* subparse gives a cue that ends before it begins a negative duration. */
  if (GST_BUFFER_DURATION_IS_VALID (buffer) &&
      GST_BUFFER_DURATION (buffer) > G_MAXINT64) {
    owned = buffer = gst_buffer_make_writable (buffer);
    GST_BUFFER_DURATION (buffer) = GST_CLOCK_TIME_NONE;
  }
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    stop = start + GST_BUFFER_DURATION (buffer);
  if (!gst_segment_clip (
          &self->segment, GST_FORMAT_TIME, start, stop, NULL, NULL))
    return GST_FLOW_OK;
  return send_caption (self, buffer);
}

static gboolean
handle_caps (GstVattTextTok *self, GstCaps *caps)
{
  GError *error = NULL;
  const char *format =
      gst_structure_get_string (gst_caps_get_structure (caps, 0), "format");
  self->markup = g_strcmp0 (format, "pango-markup") == 0;
  if (self->out.negotiated || negotiate (self, &error))
    return TRUE;
  /* While it is flushing nobody answers, which is no error. */
  if (GST_PAD_IS_FLUSHING (self->srcpad))
    g_clear_error (&error);
  else
    text_tok_fail (self, error);
  return FALSE;
}

static gboolean
text_tok_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstVattTextTok *self = GST_VATT_TEXT_TOK (parent);
  GstCaps *caps;
  gboolean done, reset_time;
  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    gst_event_parse_caps (event, &caps);
    done = handle_caps (self, caps);
    gst_event_unref (event);
    return done;
  case GST_EVENT_SEGMENT:
    gst_event_copy_segment (event, &self->segment);
    if (self->segment.format == GST_FORMAT_TIME)
      break;
    text_tok_fail (
        self, g_error_new (VATT_ERROR, VATT_ERROR_MEDIA,
                  "captions are not timed: their segment is in %s, not in time",
                  gst_format_get_name (self->segment.format)));
    gst_event_unref (event);
    return FALSE;
  case GST_EVENT_EOS:
    return gst_vatt_token_out_push_event (&self->out, event);
  case GST_EVENT_FLUSH_START:
    gst_vatt_terminal_set_flushing (&self->out.terminal, TRUE);
    break;
  case GST_EVENT_FLUSH_STOP:
    gst_vatt_terminal_set_flushing (&self->out.terminal, FALSE);
    self->counter = 0;
    self->failed = FALSE;
    gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
    gst_event_parse_flush_stop (event, &reset_time);
    gst_vatt_terminal_flushed (
        &self->out.terminal, GST_ELEMENT (self), reset_time);
    break;
  default:
    break;
  }
  return gst_pad_event_default (pad, parent, event);
}

static GstStateChangeReturn
text_tok_change_state (GstElement *element, GstStateChange transition)
{
  GstVattTextTok *self = GST_VATT_TEXT_TOK (element);
  gst_vatt_token_out_change_state (&self->out, transition);
  GstStateChangeReturn result =
      GST_ELEMENT_CLASS (gst_vatt_text_tok_parent_class)
          ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    gst_vatt_token_out_clear (&self->out);
    forget_vocabulary (self);
    gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
    self->counter = 0;
    self->failed = FALSE;
  }
  return result;
}

static gboolean
text_tok_send_event (GstElement *element, GstEvent *event)
{
  GstVattTextTok *self = GST_VATT_TEXT_TOK (element);
  if (gst_vatt_terminal_takes_event (&self->out.terminal, event))
    return gst_pad_send_event (self->srcpad, event);
  return GST_ELEMENT_CLASS (gst_vatt_text_tok_parent_class)
      ->send_event (element, event);
}

static void
text_tok_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstVattTextTok *self = GST_VATT_TEXT_TOK (object);
  if (id != PROP_VOCABULARY) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK (self);
  g_free (self->vocabulary_file);
  self->vocabulary_file = g_value_dup_string (value);
  GST_OBJECT_UNLOCK (self);
}

static void
text_tok_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstVattTextTok *self = GST_VATT_TEXT_TOK (object);
  if (id != PROP_VOCABULARY) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK (self);
  g_value_set_string (value, self->vocabulary_file);
  GST_OBJECT_UNLOCK (self);
}

static void
text_tok_finalize (GObject *object)
{
  GstVattTextTok *self = GST_VATT_TEXT_TOK (object);
  gst_vatt_token_out_clear (&self->out);
  gst_vatt_terminal_clear (&self->out.terminal);
  forget_vocabulary (self);
  g_free (self->vocabulary_file);
  G_OBJECT_CLASS (gst_vatt_text_tok_parent_class)->finalize (object);
}

static void
gst_vatt_text_tok_init (GstVattTextTok *self)
{
  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (self->sinkpad, text_tok_chain);
  gst_pad_set_event_function (self->sinkpad, text_tok_sink_event);
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);
  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_use_fixed_caps (self->srcpad);
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  gst_vatt_terminal_init (&self->out.terminal);
  self->out.element = GST_ELEMENT (self);
  self->out.srcpad = self->srcpad;
  self->out.modality = VATT_TEXT;
  self->out.category = vatt_text_tok_debug;
}

static void
gst_vatt_text_tok_class_init (GstVattTextTokClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  object_class->set_property = text_tok_set_property;
  object_class->get_property = text_tok_get_property;
  object_class->finalize = text_tok_finalize;
  g_object_class_install_property (object_class, PROP_VOCABULARY,
      g_param_spec_string ("vocabulary", "Vocabulary",
          "File with one word a line (unset = the vocabulary in the model)",
          NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  element_class->change_state = GST_DEBUG_FUNCPTR (text_tok_change_state);
  element_class->send_event = GST_DEBUG_FUNCPTR (text_tok_send_event);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "VATT text tokeniser",
      "Filter/Analyzer/Text", "Turns captions into word ids for a VATT model",
      "The vatt developers <vatt@example.org>");
  GST_DEBUG_CATEGORY_INIT (
      vatt_text_tok_debug, "vatttexttok", 0, "captions into words");
}
