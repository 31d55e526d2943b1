/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element: its pads, states, events and queries. */

/**
 * SECTION:element-vattclassifier
 * @title: vattclassifier
 * @short_description: turns embeddings into labels
 *
 * Runs the classifier of a fine-tuned model on what the encoder sends. The
 * model is the encoder's: caps name it. Embeddings from elsewhere need
 * #GstVattClassifier:model.
 *
 * What the source pad sends follows from what is behind it; of several forms
 * the first it names:
 *
 * * `text/x-raw, format=utf8`: a line `name 93%` for each label;
 * * `text/x-raw, format=pango-markup`: the same for `textoverlay`;
 * * `application/x-json`: an object and a line feed, with the fields of the
 *   message below; `label` is null where no class reaches the threshold;
 * * `application/x-vatt-embedding`: what came in.
 *
 * Text is sent where there is a label; a GAP event stands for a window
 * without one. Every buffer carries a #GstCustomMeta named
 * `GstVattResultMeta` with the fields of the message, and, where GStreamer has
 * them (1.24), a classification among its analytics relations.
 *
 * A label is stamped with the start of its window and lasts until the next
 * one's. On live streams, or with `show=next`, it is stamped with the end of
 * the window and stays during the next, so that the picture need not wait a
 * window for its label; the latency is less by as much.
 *
 * Scores go from 0 to 1. They may be joined over time
 * (#GstVattClassifier:smoothing); the label that is shown stays until another
 * has more by #GstVattClassifier:hysteresis. Neither outlives a flush, a gap
 * or a discontinuity. Each source pad of the encoder's is a stream of its own.
 *
 * For each window, or each time another label is shown
 * (#GstVattClassifier:message-on), an element message named
 * `vatt-classification` is posted with these fields:
 *
 * * #guint64 `timestamp`, `stream-time`, `running-time`, `duration`: of the
 *   window, ns; `gap`: how much of it no data cover
 * * #guint64 `utc`: its time of day, ns since 1970, where the media carry it
 * * #guint64 `window`: its number since the start or the last flush
 * * #gchararray `modality`, `task` (single-label or multi-label), `model-id`,
 *   `source` (name of the encoder's pad)
 * * #gint `class-id`, #gchararray `label`, #gdouble `score`: of the label that
 *   is shown; -1, none and 0 if no class reaches
 *   #GstVattClassifier:threshold
 * * #GstValueArray of #gint `class-ids`, of #gchararray `labels` and of
 *   #gdouble `scores`: the same of up to #GstVattClassifier:top-k classes, the
 *   shown one first, then from the highest score down
 * * #guint64 `processing-time`: what the classifier took, ns
 *
 * The source pad may be left unlinked: the element then is the pipeline's
 * sink.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -m filesrc location=clip.webm ! decodebin ! vattvideotok !
 * vattencoder model=classifier.safetensors ! vattclassifier top-k=3
 * ]|
 */
#include "gstvattclassifierprivate.h"

#include "gstvattcaps.h"
#include "gstvatterror.h"
#include "gstvattfits.h"
#include "gstvattlead.h"

GST_DEBUG_CATEGORY (gst_vatt_classifier_debug);
#define GST_CAT_DEFAULT gst_vatt_classifier_debug

G_DEFINE_TYPE_WITH_CODE (GstVattClassifier, gst_vatt_classifier,
    GST_TYPE_ELEMENT, G_IMPLEMENT_INTERFACE (GST_TYPE_PRESET, NULL))
GST_ELEMENT_REGISTER_DEFINE (
    vattclassifier, "vattclassifier", GST_RANK_NONE, GST_TYPE_VATT_CLASSIFIER)

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (GST_VATT_EMBEDDING_MEDIA_TYPE
            ", modality = (string) { video, audio, text }, "
            "space = (string) modality, format = (string) F32LE, "
            "dim = (int) [ 1, MAX ], vectors = (int) 1"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_VATT_LABEL_CAPS));

/* ---- events and queries ---- */

static gboolean
handle_caps (GstVattClassifier *self, GstCaps *caps)
{
  GError *error = NULL;
  gboolean taken =
      !self->failed && gst_vatt_classifier_set_caps (self, caps, &error);
  if (taken && gst_vatt_classifier_negotiate (self, &error))
    return TRUE;
  /* While it is flushing nobody answers, which is no error. */
  if (taken && GST_PAD_IS_FLUSHING (self->srcpad))
    g_clear_error (&error);
  else if (error)
    gst_vatt_classifier_fail (self, error);
  return FALSE;
}

/* Scores of another segment do not continue those of this one. */
static gboolean
handle_segment (GstVattClassifier *self, GstEvent *event)
{
  GstSegment before = self->segment;
  gst_event_copy_segment (event, &self->segment);
  if (self->segment.format != GST_FORMAT_TIME) {
    gst_vatt_classifier_fail (self,
        g_error_new (VATT_ERROR, VATT_ERROR_MEDIA,
            "embeddings are not timed: their segment is in %s, not in time",
            gst_format_get_name (self->segment.format)));
    return FALSE;
  }
  before.position = self->segment.position;
  if (!gst_segment_is_equal (&before, &self->segment))
    gst_vatt_classifier_reset_streams (self);
  return TRUE;
}

static void
reset (GstVattClassifier *self)
{
  gst_vatt_classifier_reset_streams (self);
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  self->failed = FALSE;
}

static gboolean
classifier_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstVattClassifier *self = GST_VATT_CLASSIFIER (parent);
  GstCaps *caps;
  gboolean done;
  gboolean reset_time;
  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    gst_event_parse_caps (event, &caps);
    done = handle_caps (self, caps);
    gst_event_unref (event);
    return done;
  case GST_EVENT_SEGMENT:
    if (!handle_segment (self, event)) {
      gst_event_unref (event);
      return FALSE;
    }
    done = gst_pad_event_default (pad, parent, event);
    gst_vatt_classifier_say_nothing_yet (self);
    return done || self->terminal.active;
  case GST_EVENT_GAP:
    return gst_vatt_classifier_gap (self, event);
  case GST_EVENT_FLUSH_START:
    gst_vatt_terminal_set_flushing (&self->terminal, TRUE);
    break;
  case GST_EVENT_FLUSH_STOP:
    reset (self);
    gst_vatt_terminal_set_flushing (&self->terminal, FALSE);
    gst_event_parse_flush_stop (event, &reset_time);
    gst_vatt_terminal_flushed (&self->terminal, GST_ELEMENT (self), reset_time);
    break;
  case GST_EVENT_SEGMENT_DONE:
    gst_vatt_classifier_drain (self);
    break;
  case GST_EVENT_EOS:
    gst_vatt_classifier_drain (self);
    gst_vatt_terminal_post_eos (
        &self->terminal, GST_ELEMENT (self), gst_event_get_seqnum (event));
    break;
  default:
    break;
  }
  done = gst_pad_event_default (pad, parent, event);
  return done || self->terminal.active;
}

/* Whether @query asks about embeddings that we could not go on with. */
static gboolean
refuses (GstVattClassifier *self, GstQuery *query)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstCaps) caps = gst_vatt_fits_parse (query);
  if (!caps || gst_vatt_classifier_check_caps (self, caps, &error))
    return FALSE;
  gst_vatt_fits_refuse (query, error);
  return TRUE;
}

/* Embeddings that do not fit are let in, to be refused in words. */
static gboolean
classifier_sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstCaps *caps;
  if (refuses (GST_VATT_CLASSIFIER (parent), query))
    return TRUE;
  if (GST_QUERY_TYPE (query) != GST_QUERY_ACCEPT_CAPS)
    return gst_pad_query_default (pad, parent, query);
  gst_query_parse_accept_caps (query, &caps);
  gst_query_set_accept_caps_result (
      query, !gst_caps_is_any (caps) && gst_caps_get_size (caps) > 0 &&
                 gst_structure_has_name (gst_caps_get_structure (caps, 0),
                     GST_VATT_EMBEDDING_MEDIA_TYPE));
  return TRUE;
}

/* Embeddings are handed on with their own times. Before caps, what may be
 * behind us tells. */
static gboolean
sends_embeddings (GstVattClassifier *self)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (self->srcpad);
  if (!caps)
    caps = gst_pad_get_allowed_caps (self->srcpad);
  return caps && gst_caps_get_size (caps) > 0 &&
         gst_structure_has_name (
             gst_caps_get_structure (caps, 0), GST_VATT_EMBEDDING_MEDIA_TYPE);
}

/* A label that is stamped with the end of its window is early by as much. */
static gboolean
answer_latency (GstVattClassifier *self, GstQuery *query)
{
  gboolean live;
  GstClockTime min, max, lead;
  if (!gst_pad_peer_query (self->sinkpad, query))
    return FALSE;
  gst_query_parse_latency (query, &live, &min, &max);
  if (!live || !gst_vatt_classifier_is_ahead (self, live) ||
      sends_embeddings (self) || !gst_vatt_lead_ask (self->sinkpad, &lead))
    return TRUE;
  lead = MIN (lead, min);
  gst_query_set_latency (query, live, min - lead,
      GST_CLOCK_TIME_IS_VALID (max) ? max - lead : max);
  return TRUE;
}

static gboolean
classifier_src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    return answer_latency (GST_VATT_CLASSIFIER (parent), query);
  return gst_pad_query_default (pad, parent, query);
}

/* Without a link there is no pad from which an application's seek would come;
 * hand it to our own. A window that is held until PLAYING is let go first, as
 * the encoder waits for us before it seeks. */
static gboolean
classifier_send_event (GstElement *element, GstEvent *event)
{
  GstVattClassifier *self = GST_VATT_CLASSIFIER (element);
  if (!gst_vatt_terminal_takes_event (&self->terminal, event))
    return GST_ELEMENT_CLASS (gst_vatt_classifier_parent_class)
        ->send_event (element, event);
  GstSeekFlags flags = GST_SEEK_FLAG_NONE;
  if (GST_EVENT_TYPE (event) == GST_EVENT_SEEK)
    gst_event_parse_seek (event, NULL, NULL, &flags, NULL, NULL, NULL, NULL);
  if (flags & GST_SEEK_FLAG_FLUSH)
    gst_vatt_terminal_set_flushing (&self->terminal, TRUE);
  gboolean done = gst_pad_send_event (self->srcpad, event);
  if (flags & GST_SEEK_FLAG_FLUSH)
    gst_vatt_terminal_set_flushing (&self->terminal, FALSE);
  return done;
}

/* ---- states ---- */

static gboolean
open_files (GstVattClassifier *self)
{
  g_autoptr (GError) error = NULL;
  if (gst_vatt_classifier_open (self, &error))
    return TRUE;
  gst_vatt_error_post (GST_ELEMENT (self), error);
  gst_vatt_classifier_close (self);
  return FALSE;
}

static GstStateChangeReturn
classifier_change_state (GstElement *element, GstStateChange transition)
{
  GstVattClassifier *self = GST_VATT_CLASSIFIER (element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !open_files (self))
    return GST_STATE_CHANGE_FAILURE;
  gst_vatt_terminal_change_state (&self->terminal, element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    GST_OBJECT_LOCK (self);
    self->stats = (GstVattClassifierStats){ 0 };
    self->shifts = FALSE;
    GST_OBJECT_UNLOCK (self);
  }
  GstStateChangeReturn result =
      GST_ELEMENT_CLASS (gst_vatt_classifier_parent_class)
          ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    reset (self);
    gst_vatt_classifier_forget_caps (self);
  } else if (transition == GST_STATE_CHANGE_READY_TO_NULL) {
    gst_vatt_classifier_close (self);
  }
  return result;
}

static void
classifier_finalize (GObject *object)
{
  GstVattClassifier *self = GST_VATT_CLASSIFIER (object);
  gst_vatt_classifier_forget_caps (self);
  gst_vatt_classifier_close (self);
  g_hash_table_unref (self->streams);
  g_free (self->model_path);
  g_free (self->labels_path);
  gst_vatt_terminal_clear (&self->terminal);
  G_OBJECT_CLASS (gst_vatt_classifier_parent_class)->finalize (object);
}

static void
gst_vatt_classifier_init (GstVattClassifier *self)
{
  gst_vatt_classifier_init_settings (self);
  self->streams = gst_vatt_classifier_new_streams ();
  self->hop = self->lead = GST_CLOCK_TIME_NONE;
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  gst_vatt_terminal_init (&self->terminal);
  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (self->sinkpad, gst_vatt_classifier_chain);
  gst_pad_set_event_function (self->sinkpad, classifier_sink_event);
  gst_pad_set_query_function (self->sinkpad, classifier_sink_query);
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);
  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_query_function (self->srcpad, classifier_src_query);
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);
}

static void
gst_vatt_classifier_class_init (GstVattClassifierClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  object_class->finalize = classifier_finalize;
  gst_vatt_classifier_install_properties (object_class);
  element_class->change_state = GST_DEBUG_FUNCPTR (classifier_change_state);
  element_class->send_event = GST_DEBUG_FUNCPTR (classifier_send_event);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "VATT classifier",
      "Filter/Analyzer/Metadata",
      "Turns embeddings of video, sound and text into labels",
      "The vatt developers <vatt@example.org>");
  GST_DEBUG_CATEGORY_INIT (
      gst_vatt_classifier_debug, "vattclassifier", 0, "VATT classifier");
}
