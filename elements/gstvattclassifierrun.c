/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One embedding in, one result out. Each source (pad of the encoder) is a
 * stream of its own: its scores are smoothed by themselves, and its labels
 * never overlap. */
#include "gstvattclipmeta.h"
#include "gstvatterror.h"
#include "gstvattanalytics.h"
#include "gstvattclassifierprivate.h"
#include "gstvattlead.h"
#include "gstvattmeta.h"

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_classifier_debug);
#define GST_CAT_DEFAULT gst_vatt_classifier_debug

/* What has been seen of one source. */
typedef struct {
  GstVattLabels *labels;   /* owned */
  GstClockTime last;       /* timestamp of the window before, or NONE */
  GstClockTime end;        /* of the label before, or NONE */
  GstClockTime window_end; /* of the window before */
  GstBuffer *text;         /* what was sent for it, or NULL; owned */
  gint shown;              /* class of the window before; -1: none */
  gint posted;             /* class of the last message; -2: no message yet */
  GstClockTime posted_at;
  guint64 used; /* number of its last window, among those of all */
} Stream;

#define NEVER_POSTED (-2)

/* Longer than a live picture could be held up and still be one. */
#define LONGEST_SILENCE (3600 * GST_SECOND)

/* Streams come and go with the encoder's pads, and nobody tells when one will
 * not come again: this many are remembered. */
#define MAX_STREAMS 1024

static void
stream_free (gpointer data)
{
  Stream *stream = data;
  g_clear_pointer (&stream->labels, gst_vatt_labels_free);
  gst_clear_buffer (&stream->text);
  g_free (stream);
}

GHashTable *
gst_vatt_classifier_new_streams (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, stream_free);
}

/* What comes has nothing to do with what was. */
void
gst_vatt_classifier_reset_streams (GstVattClassifier *self)
{
  g_hash_table_remove_all (self->streams);
}

static void
forget_oldest (GHashTable *streams)
{
  GHashTableIter iter;
  gpointer source, stream, oldest = NULL;
  guint64 used = G_MAXUINT64;
  g_hash_table_iter_init (&iter, streams);
  while (g_hash_table_iter_next (&iter, &source, &stream)) {
    if (((Stream *)stream)->used >= used)
      continue;
    used = ((Stream *)stream)->used;
    oldest = source;
  }
  g_hash_table_remove (streams, oldest);
}

static Stream *
get_stream (GstVattClassifier *self, const char *source)
{
  Stream *stream = g_hash_table_lookup (self->streams, source);
  if (stream) {
    stream->used = ++self->uses;
    return stream;
  }
  if (g_hash_table_size (self->streams) >= MAX_STREAMS)
    forget_oldest (self->streams);
  stream = g_new0 (Stream, 1);
  stream->used = ++self->uses;
  stream->labels = gst_vatt_labels_new (self->n_classes);
  stream->last = stream->end = GST_CLOCK_TIME_NONE;
  stream->shown = -1;
  stream->posted = NEVER_POSTED;
  g_hash_table_insert (self->streams, g_strdup (source), stream);
  return stream;
}

/* Takes @error; one is told for a stream. */
GstFlowReturn
gst_vatt_classifier_fail (GstVattClassifier *self, GError *error)
{
  if (!self->failed)
    gst_vatt_error_post (GST_ELEMENT (self), error);
  self->failed = TRUE;
  g_error_free (error);
  return GST_FLOW_ERROR;
}

static gboolean
sends_text (GstVattClassifier *self)
{
  return self->form == GST_VATT_LABEL_FORM_TEXT ||
         self->form == GST_VATT_LABEL_FORM_MARKUP;
}

/* ---- time ---- */

/* Whether labels are stamped with the end of their windows. */
gboolean
gst_vatt_classifier_is_ahead (GstVattClassifier *self, gboolean live)
{
  GST_OBJECT_LOCK (self);
  GstVattShow show = self->settings.show;
  GST_OBJECT_UNLOCK (self);
  return show == GST_VATT_SHOW_NEXT || (show == GST_VATT_SHOW_AUTO && live);
}

/* From the timestamp of a window to its end. Where no tokeniser tells, windows
 * last as long as the first one; @duration is NONE where none is at hand. */
static GstClockTime
get_lead (GstVattClassifier *self, GstClockTime duration)
{
  if (GST_CLOCK_TIME_IS_VALID (self->lead) ||
      gst_vatt_lead_ask (self->sinkpad, &self->lead))
    return self->lead;
  if (GST_CLOCK_TIME_IS_VALID (duration))
    return self->lead = duration;
  return GST_CLOCK_TIME_IS_VALID (self->hop) ? self->hop : 0;
}

/* By how much the label of a window is later than it. */
static GstClockTime
get_shift (GstVattClassifier *self, GstClockTime duration)
{
  gboolean ahead = self->form != GST_VATT_LABEL_FORM_EMBEDDING &&
                   gst_vatt_classifier_is_ahead (self, self->live);
  GST_OBJECT_LOCK (self);
  gboolean before = self->shifts;
  self->shifts = ahead;
  GST_OBJECT_UNLOCK (self);
  /* The answer to LATENCY queries depends on it. */
  if (before != ahead && self->live)
    gst_element_post_message (
        GST_ELEMENT (self), gst_message_new_latency (GST_OBJECT (self)));
  return ahead ? get_lead (self, duration) : 0;
}

/* A label lasts until the next one. */
static void
set_label_time (GstVattClassifier *self, Stream *stream,
    const GstVattLabelResult *result, GstClockTime *start,
    GstClockTime *duration)
{
  *start = result->timestamp + get_shift (self, result->duration);
  stream->window_end = result->timestamp;
  if (GST_CLOCK_TIME_IS_VALID (result->duration))
    stream->window_end += result->duration;
  *duration =
      GST_CLOCK_TIME_IS_VALID (self->hop) ? self->hop : result->duration;
  GstClockTime end =
      GST_CLOCK_TIME_IS_VALID (*duration) ? *start + *duration : *start;
  if (GST_CLOCK_TIME_IS_VALID (stream->end) && *start < stream->end) {
    *start = MIN (stream->end, end);
    if (GST_CLOCK_TIME_IS_VALID (*duration))
      *duration = end - *start;
  }
  stream->end = end;
}

/* Whether a window does not follow the one before. */
static gboolean
breaks (GstVattClassifier *self, const Stream *stream, GstBuffer *buffer)
{
  GstClockTime time = GST_BUFFER_PTS (buffer), last = stream->last;
  if (GST_BUFFER_IS_DISCONT (buffer) || !GST_CLOCK_TIME_IS_VALID (last))
    return TRUE;
  return time < last || (GST_CLOCK_TIME_IS_VALID (self->hop) &&
                            time - last > self->hop + self->hop / 2);
}

static void
begin_anew (Stream *stream, GstClockTime time)
{
  gst_vatt_labels_reset (stream->labels);
  if (GST_CLOCK_TIME_IS_VALID (stream->last) && time < stream->last)
    stream->end = GST_CLOCK_TIME_NONE;
}

/* ---- one window ---- */

static void
set_times (
    GstVattClassifier *self, GstBuffer *buffer, GstVattLabelResult *result)
{
  const GstVattMeta *meta = gst_buffer_get_vatt_meta (buffer);
  result->timestamp = GST_BUFFER_PTS (buffer);
  result->duration = GST_BUFFER_DURATION (buffer);
  result->window = meta ? meta->window : GST_BUFFER_OFFSET (buffer);
  result->source = meta && meta->source ? meta->source : "";
  result->gap = meta ? meta->gap : 0;
  result->utc = meta ? meta->utc : GST_CLOCK_TIME_NONE;
  result->stream_time = gst_segment_to_stream_time (
      &self->segment, GST_FORMAT_TIME, result->timestamp);
  result->running_time = gst_segment_to_running_time (
      &self->segment, GST_FORMAT_TIME, result->timestamp);
}

static VattScoring
get_scoring (GstVattClassifier *self, GstVattActivation activation)
{
  if (activation == GST_VATT_ACTIVATION_AUTO)
    return vatt_config_is_multi_label (vatt_model_get_config (self->model))
               ? VATT_SCORING_SIGMOID
               : VATT_SCORING_SOFTMAX;
  return activation == GST_VATT_ACTIVATION_SIGMOID ? VATT_SCORING_SIGMOID
                                                   : VATT_SCORING_SOFTMAX;
}

static gboolean
compute_scores (GstVattClassifier *self, GstBuffer *buffer,
    const GstVattClassifierSettings *settings, GError **error)
{
  gsize expected = self->dim * sizeof (float);
  gsize size = gst_buffer_get_size (buffer);
  if (size != expected) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "a buffer has %" G_GSIZE_FORMAT " bytes, but %u values take "
        "%" G_GSIZE_FORMAT,
        size, self->dim, expected);
    return FALSE;
  }
  gst_buffer_extract (buffer, 0, self->features, size);
  if (!vatt_session_run_features (
          self->session, self->features, 1, self->dim, error))
    return FALSE;
  vatt_scores_compute (
      vatt_session_get_output (self->session, VATT_OUTPUT_LOGITS, NULL),
      self->n_classes, get_scoring (self, settings->activation),
      settings->temperature, self->scores);
  return TRUE;
}

/* A label that is stamped with the end of its window must not be waited for:
 * until the next one comes nobody has to expect any, however long that is. */
static void
send_no_text_until_next (GstVattClassifier *self, GstClockTime from)
{
  if (self->shifts && self->live)
    gst_pad_push_event (
        self->srcpad, gst_event_new_gap (from, LONGEST_SILENCE));
}

/* Behind the segment event. */
void
gst_vatt_classifier_say_nothing_yet (GstVattClassifier *self)
{
  if (self->terminal.active || !self->negotiated || !sends_text (self) ||
      !self->live)
    return;
  get_shift (self, GST_CLOCK_TIME_NONE);
  send_no_text_until_next (self, self->segment.start);
}

/* Takes @buffer. Text needs something to be said; where there is nothing, a
 * GAP keeps whoever waits for it going. */
static GstFlowReturn
send_result (GstVattClassifier *self, Stream *stream,
    const GstVattLabelResult *result, GstBuffer *buffer)
{
  GstClockTime start, duration;
  set_label_time (self, stream, result, &start, &duration);
  gboolean text = sends_text (self);
  gst_clear_buffer (&stream->text);
  if (text && result->n_labels == 0) {
    gst_buffer_unref (buffer);
    gst_pad_push_event (self->srcpad, gst_event_new_gap (start, duration));
    send_no_text_until_next (self, stream->end);
    return GST_FLOW_OK;
  }
  if (self->form == GST_VATT_LABEL_FORM_EMBEDDING) {
    buffer = gst_buffer_make_writable (buffer);
  } else {
    g_autoptr (GstBuffer) embedding = buffer;
    buffer = gst_vatt_label_result_to_buffer (result, self->form);
    GST_BUFFER_PTS (buffer) = start;
    GST_BUFFER_DURATION (buffer) = duration;
    GST_BUFFER_OFFSET (buffer) = result->window;
    GST_BUFFER_OFFSET_END (buffer) = result->window + 1;
    if (GST_BUFFER_IS_DISCONT (embedding))
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    gst_vatt_clip_meta_add (buffer, gst_vatt_clip_meta_get (embedding));
  }
  gst_vatt_label_result_add_meta (result, buffer);
  gst_vatt_analytics_add_labels (buffer, result);
  if (text)
    stream->text = gst_buffer_ref (buffer);
  GstFlowReturn flow = gst_pad_push (self->srcpad, buffer);
  if (text && flow == GST_FLOW_OK)
    send_no_text_until_next (self, stream->end);
  return flow;
}

static void
post_result (GstVattClassifier *self, Stream *stream,
    const GstVattClassifierSettings *settings, const GstVattLabelResult *result)
{
  gint shown = result->n_labels ? result->labels[0].class_id : -1;
  GstClockTime now = GST_CLOCK_TIME_IS_VALID (result->running_time)
                         ? result->running_time
                         : result->timestamp;
  gboolean first = stream->posted == NEVER_POSTED || now < stream->posted_at;
  if (!settings->post_messages ||
      (settings->message_on == GST_VATT_MESSAGE_ON_CHANGE &&
          shown == stream->posted) ||
      (!first && now - stream->posted_at < settings->interval))
    return;
  stream->posted = shown;
  stream->posted_at = now;
  gst_element_post_message (GST_ELEMENT (self),
      gst_vatt_label_result_to_message (result, GST_OBJECT (self)));
  GST_OBJECT_LOCK (self);
  self->stats.messages++;
  GST_OBJECT_UNLOCK (self);
}

static void
count_result (
    GstVattClassifier *self, Stream *stream, const GstVattLabelResult *result)
{
  gint shown = result->n_labels ? result->labels[0].class_id : -1;
  GST_OBJECT_LOCK (self);
  self->stats.windows++;
  self->stats.labelled += result->n_labels > 0;
  self->stats.changes += shown != stream->shown;
  self->stats.last = result->processing_time;
  self->stats.total += result->processing_time;
  GST_OBJECT_UNLOCK (self);
  stream->shown = shown;
}

/* Takes @buffer. */
static GstFlowReturn
classify (GstVattClassifier *self, GstBuffer *buffer)
{
  GstClockTime before = gst_util_get_timestamp ();
  GError *error = NULL;
  GstVattLabelResult result = { .modality = vatt_modality_name (self->modality),
    .model_id = vatt_model_get_id (self->model),
    .names = (const char *const *)self->names,
    .labels = self->top };
  set_times (self, buffer, &result);
  /* It may point into the buffer, which is handed on. */
  g_autofree char *source = g_strdup (result.source);
  result.source = source;
  if (GST_CLOCK_TIME_IS_VALID (result.stream_time))
    gst_object_sync_values (GST_OBJECT (self), result.stream_time);
  GST_OBJECT_LOCK (self);
  GstVattClassifierSettings settings = self->settings;
  GST_OBJECT_UNLOCK (self);
  if (!compute_scores (self, buffer, &settings, &error)) {
    gst_buffer_unref (buffer);
    return gst_vatt_classifier_fail (self, error);
  }
  result.task = get_scoring (self, settings.activation) == VATT_SCORING_SIGMOID
                    ? "multi-label"
                    : "single-label";
  Stream *stream = get_stream (self, source);
  if (breaks (self, stream, buffer))
    begin_anew (stream, result.timestamp);
  stream->last = result.timestamp;
  result.n_labels = gst_vatt_labels_update (
      stream->labels, self->scores, &settings.labels, self->top);
  result.processing_time = gst_util_get_timestamp () - before;
  count_result (self, stream, &result);
  GstFlowReturn flow = GST_FLOW_OK;
  if (self->terminal.active)
    gst_buffer_unref (buffer);
  else
    flow = send_result (self, stream, &result, buffer);
  if (flow == GST_FLOW_OK)
    post_result (self, stream, &settings, &result);
  return flow;
}

GstFlowReturn
gst_vatt_classifier_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstVattClassifier *self = GST_VATT_CLASSIFIER (parent);
  g_autoptr (GstBuffer) owned = buffer;
  GError *error = NULL;
  if (self->failed)
    return GST_FLOW_ERROR;
  if (!self->session)
    return GST_FLOW_NOT_NEGOTIATED;
  if ((!self->negotiated || gst_pad_check_reconfigure (self->srcpad)) &&
      !gst_vatt_classifier_negotiate (self, &error)) {
    if (!GST_PAD_IS_FLUSHING (self->srcpad))
      return gst_vatt_classifier_fail (self, error);
    g_clear_error (&error);
    return GST_FLOW_FLUSHING;
  }
  if (!GST_BUFFER_PTS_IS_VALID (buffer))
    return gst_vatt_classifier_fail (
        self, g_error_new (VATT_ERROR, VATT_ERROR_MEDIA,
                  "an embedding has no timestamp"));
  GstFlowReturn flow = classify (self, g_steal_pointer (&owned));
  if (flow == GST_FLOW_OK)
    gst_vatt_terminal_wait_playing (&self->terminal);
  return flow;
}

/* Where windows overlap, the last one plays on when its label has ended with
 * the hop: the label comes once more for the rest. */
static void
send_rest (GstVattClassifier *self, Stream *stream)
{
  GstClockTime end = stream->window_end;
  if (GST_CLOCK_TIME_IS_VALID (self->segment.stop))
    end = MIN (end, self->segment.stop);
  if (!stream->text || !GST_CLOCK_TIME_IS_VALID (stream->end) ||
      end <= stream->end)
    return;
  GstBuffer *buffer = gst_buffer_copy (stream->text);
  GST_BUFFER_PTS (buffer) = stream->end;
  GST_BUFFER_DURATION (buffer) = end - stream->end;
  gst_clear_buffer (&stream->text);
  gst_pad_push (self->srcpad, buffer);
}

/* No more windows will come. */
void
gst_vatt_classifier_drain (GstVattClassifier *self)
{
  GHashTableIter iter;
  gpointer stream;
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, &stream))
    send_rest (self, stream);
}

/* Nothing was computed for a while. Takes @event. */
gboolean
gst_vatt_classifier_gap (GstVattClassifier *self, GstEvent *event)
{
  GstClockTime start, duration;
  gst_event_parse_gap (event, &start, &duration);
  gst_event_unref (event);
  GHashTableIter iter;
  gpointer stream;
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, &stream))
    gst_vatt_labels_reset (((Stream *)stream)->labels);
  if (self->terminal.active)
    return TRUE;
  return gst_pad_push_event (self->srcpad,
      gst_event_new_gap (
          start + get_shift (self, GST_CLOCK_TIME_NONE), duration));
}
