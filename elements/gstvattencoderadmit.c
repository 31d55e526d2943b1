/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which windows are computed, and what latency that means (docs/live.md).
 * Windows are seen here in upstream's thread, before they wait at their pad,
 * and again in the aggregating thread, when their turn comes. */
#include "gstvattencoderprivate.h"
#include "gstvattmeta.h"

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_encoder_debug);
#define GST_CAT_DEFAULT gst_vatt_encoder_debug

gboolean
gst_vatt_encoder_is_live (GstVattEncoder *self)
{
  return GST_CLOCK_TIME_IS_VALID (
      gst_aggregator_get_latency (GST_AGGREGATOR (self)));
}

static GstVattEncoderSettings
get_settings (GstVattEncoder *self)
{
  GST_OBJECT_LOCK (self);
  GstVattEncoderSettings settings = self->settings;
  GST_OBJECT_UNLOCK (self);
  return settings;
}

void
gst_vatt_encoder_set_times (
    GstAggregatorPad *pad, const GstBuffer *buffer, GstVattResult *times)
{
  GST_OBJECT_LOCK (pad);
  GstSegment segment = pad->segment;
  GST_OBJECT_UNLOCK (pad);
  times->timestamp = GST_BUFFER_PTS (buffer);
  times->duration = GST_BUFFER_DURATION (buffer);
  times->window = GST_BUFFER_OFFSET (buffer);
  times->stream_time = times->running_time = GST_CLOCK_TIME_NONE;
  /* Behind caps that were refused no segment need have come. */
  if (segment.format != GST_FORMAT_TIME)
    return;
  times->stream_time =
      gst_segment_to_stream_time (&segment, GST_FORMAT_TIME, times->timestamp);
  times->running_time =
      gst_segment_to_running_time (&segment, GST_FORMAT_TIME, times->timestamp);
}

/* What is behind us may hold us up: a sink that waits for its time, or one that
 * is slow. That is not what a window takes, so this clock stands meanwhile: an
 * announcement of it would let sinks wait for longer still. */
GstClockTime
gst_vatt_encoder_working_time (GstVattEncoder *self)
{
  GST_OBJECT_LOCK (self);
  GstClockTime now = GST_CLOCK_TIME_IS_VALID (self->held_from)
                         ? self->held_from
                         : gst_util_get_timestamp ();
  now -= self->held;
  GST_OBJECT_UNLOCK (self);
  return now;
}

/* Stops that clock, or lets it go on. */
void
gst_vatt_encoder_hold (GstVattEncoder *self, gboolean held)
{
  GST_OBJECT_LOCK (self);
  GstClockTime now = gst_util_get_timestamp ();
  if (GST_CLOCK_TIME_IS_VALID (self->held_from))
    self->held += now - self->held_from;
  self->held_from = held ? now : GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK (self);
}

/* Counts and reports a window that is not computed. */
void
gst_vatt_encoder_leave_out (GstVattEncoder *self, GstVattEncoderPad *pad,
    GstBuffer *buffer, GstVattLeftOut reason)
{
  GstVattResult times = { 0 };
  gst_vatt_encoder_set_times (GST_AGGREGATOR_PAD (pad), buffer, &times);
  gst_vatt_encoder_pad_leave_out (pad, buffer, reason);
  GST_OBJECT_LOCK (self);
  self->stats.left_out[reason]++;
  guint64 computed = self->stats.windows;
  guint64 dropped = gst_vatt_stats_dropped (&self->stats);
  GST_OBJECT_UNLOCK (self);
  GST_DEBUG_OBJECT (pad, "window %" G_GUINT64_FORMAT " is left out: %s",
      times.window,
      reason == GST_VATT_LEFT_OUT_LATE ? "too late" : "a newer one waits");
  GstMessage *message = gst_message_new_qos (GST_OBJECT (self),
      gst_vatt_encoder_is_live (self), times.running_time, times.stream_time,
      times.timestamp, times.duration);
  GstClockTime now = gst_element_get_current_running_time (GST_ELEMENT (self));
  gint64 jitter = GST_CLOCK_TIME_IS_VALID (now) &&
                          GST_CLOCK_TIME_IS_VALID (times.running_time)
                      ? GST_CLOCK_DIFF (times.running_time, now)
                      : 0;
  gst_message_set_qos_values (message, jitter, 1.0, 1000000);
  gst_message_set_qos_stats (message, GST_FORMAT_BUFFERS, computed, dropped);
  gst_element_post_message (GST_ELEMENT (self), message);
}

/*
 * gst_vatt_encoder_admit:
 * @pad: a sink pad
 * @info: a buffer that is about to wait there
 *
 * Upstream's thread. On a live stream, unless it is to be blocked, the window
 * that waits makes room for the one that comes.
 */
GstPadProbeReturn
gst_vatt_encoder_admit (GstPad *pad, GstPadProbeInfo *info, gpointer unused)
{
  g_autoptr (GstElement) element = gst_pad_get_parent_element (pad);
  GstVattEncoderPad *self = GST_VATT_ENCODER_PAD (pad);
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  if (!element)
    return GST_PAD_PROBE_OK;
  GstVattEncoder *encoder = GST_VATT_ENCODER (element);
  GstClockTime now = gst_vatt_encoder_working_time (encoder);
  guint waiting =
      gst_vatt_encoder_pad_arrive (self, GST_BUFFER_PTS (buffer), now);
  if (waiting < 2 ||
      get_settings (encoder).overload == GST_VATT_OVERLOAD_WAIT ||
      !gst_vatt_encoder_is_live (encoder))
    return GST_PAD_PROBE_OK;
  g_autoptr (GstBuffer) older =
      gst_aggregator_pad_pop_buffer (GST_AGGREGATOR_PAD (pad));
  if (older) {
    gst_vatt_encoder_pad_depart (self, GST_BUFFER_PTS (older), now);
    if (gst_buffer_get_size (older) > 0)
      gst_vatt_encoder_leave_out (
          encoder, self, older, GST_VATT_LEFT_OUT_OVERLOAD);
    return GST_PAD_PROBE_OK;
  }
  /* An event that nobody has handled yet is before the windows that wait:
   * they cannot be reached, so it is this one that goes. */
  if (waiting > 2) {
    gst_vatt_encoder_pad_depart (self, GST_BUFFER_PTS (buffer), now);
    gst_vatt_encoder_leave_out (
        encoder, self, buffer, GST_VATT_LEFT_OUT_OVERLOAD);
    return GST_PAD_PROBE_DROP;
  }
  return GST_PAD_PROBE_OK;
}

/* Running time of the end of a window. */
static GstClockTime
end_of (const GstVattWindowInHand *window)
{
  const GstVattMeta *meta = gst_buffer_get_vatt_meta (window->buffer);
  GstClockTime running = window->times.running_time;
  if (!GST_CLOCK_TIME_IS_VALID (running) || !meta ||
      !GST_CLOCK_TIME_IS_VALID (meta->start) ||
      !GST_CLOCK_TIME_IS_VALID (meta->span))
    return running;
  GstClockTime end = meta->start + meta->span;
  GstClockTime stamp = window->times.timestamp;
  return end > stamp ? running + (end - stamp) : running;
}

/* Whether the result of a window whose turn has come would be of no use. */
gboolean
gst_vatt_encoder_is_late (
    GstVattEncoder *self, const GstVattWindowInHand *window)
{
  GST_OBJECT_LOCK (self);
  GstVattEncoderSettings settings = self->settings;
  GstClockTime earliest = settings.qos ? self->earliest : GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK (self);
  GstClockTime running = window->times.running_time;
  if (settings.overload == GST_VATT_OVERLOAD_WAIT ||
      !GST_CLOCK_TIME_IS_VALID (running))
    return FALSE;
  if (GST_CLOCK_TIME_IS_VALID (earliest) && running < earliest)
    return TRUE;
  if (settings.max_lateness < 0 || GST_STATE (self) != GST_STATE_PLAYING)
    return FALSE;
  GstClockTime now = gst_element_get_current_running_time (GST_ELEMENT (self));
  GstClockTime latency = gst_aggregator_get_latency (GST_AGGREGATOR (self));
  GstClockTime due = end_of (window) + (GstClockTime)settings.max_lateness;
  if (GST_CLOCK_TIME_IS_VALID (latency))
    due += latency;
  return GST_CLOCK_TIME_IS_VALID (now) && now > due;
}

/* A sink behind us tells when it wants buffers from. */
void
gst_vatt_encoder_take_qos (GstVattEncoder *self, GstEvent *event)
{
  GST_OBJECT_LOCK (self);
  self->earliest = gst_vatt_qos_earliest (event);
  GST_OBJECT_UNLOCK (self);
}

/* ---- latency ---- */

/*
 * gst_vatt_encoder_announce:
 * @self: an encoder
 * @taken: from a window's arrival to its result
 *
 * Keeps the latency up to date; its change is told with a message.
 */
void
gst_vatt_encoder_announce (GstVattEncoder *self, GstClockTime taken)
{
  GST_OBJECT_LOCK (self);
  gboolean measured =
      !GST_CLOCK_TIME_IS_VALID (self->settings.processing_deadline);
  gboolean changed = gst_vatt_delay_update (&self->delay, taken) && measured;
  GstClockTime latency = self->delay.announced;
  GST_OBJECT_UNLOCK (self);
  /* Who tells last may have been overtaken: a trial's thread, or ours. */
  while (changed) {
    gst_aggregator_set_latency (GST_AGGREGATOR (self), latency, latency);
    GST_OBJECT_LOCK (self);
    changed = self->delay.announced != latency;
    latency = self->delay.announced;
    GST_OBJECT_UNLOCK (self);
  }
}

static void
announce_trial (GstElement *element, gpointer unused)
{
  GstVattEncoder *self = GST_VATT_ENCODER (element);
  GST_OBJECT_LOCK (self);
  GstClockTime taken = self->tried;
  GST_OBJECT_UNLOCK (self);
  gst_vatt_encoder_announce (self, taken);
}

/* On the engine's thread. The announcement posts a message, and an application
 * may do anything in answer: it gets another thread. */
static void
trial_done (const GstVattJob *job, gpointer user_data)
{
  g_autoptr (GstElement) element = g_weak_ref_get (user_data);
  if (!element || job->error)
    return;
  GST_INFO_OBJECT (element, "a window takes %" GST_TIME_FORMAT,
      GST_TIME_ARGS (job->computed));
  GstVattEncoder *self = GST_VATT_ENCODER (element);
  GST_OBJECT_LOCK (self);
  self->tried = MAX (self->tried, job->computed);
  GST_OBJECT_UNLOCK (self);
  gst_element_call_async (element, announce_trial, NULL, NULL);
}

static void
free_weak_ref (gpointer ref)
{
  g_weak_ref_clear (ref);
  g_free (ref);
}

static void
end_trial (GstVattEncoder *self, guint modality)
{
  if (self->trials[modality])
    gst_vatt_engine_cancel (self->engine, self->trials[modality]);
  g_clear_pointer (&self->trials[modality], gst_vatt_job_unref);
}

/* Has an empty clip computed, so that the latency is known, and plans exist,
 * before the first window is complete: one for each modality. Text is short and
 * seldom. */
void
gst_vatt_encoder_try (GstVattEncoder *self, GstVattEncoderPad *pad)
{
  GST_OBJECT_LOCK (self);
  g_autoptr (GstVattEngine) engine =
      self->engine ? g_object_ref (self->engine) : NULL;
  GST_OBJECT_UNLOCK (self);
  guint modality = gst_vatt_encoder_pad_get_modality (pad);
  if (!engine || modality == VATT_TEXT || !gst_vatt_encoder_is_live (self))
    return;
  g_autoptr (GstVattJob) job = gst_vatt_encoder_pad_make_trial (pad, NULL);
  if (!job)
    return;
  GWeakRef *ref = g_new (GWeakRef, 1);
  g_weak_ref_init (ref, self);
  job->done = trial_done;
  job->user_data = ref;
  job->user_data_free = free_weak_ref;
  end_trial (self, modality);
  self->trials[modality] = gst_vatt_job_ref (job);
  gst_vatt_engine_submit (engine, job);
}

void
gst_vatt_encoder_end_trials (GstVattEncoder *self)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    end_trial (self, m);
}

/*
 * gst_vatt_encoder_relax:
 * @pad: a sink pad
 * @info: a query on its way back from upstream
 *
 * How long upstream can keep data does not limit an encoder, whose streams do
 * not wait for each other: without this, streams of unlike latency would count
 * as impossible to bring together.
 */
GstPadProbeReturn
gst_vatt_encoder_relax (GstPad *pad, GstPadProbeInfo *info, gpointer unused)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);
  gboolean live;
  GstClockTime min;
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return GST_PAD_PROBE_OK;
  gst_query_parse_latency (query, &live, &min, NULL);
  gst_query_set_latency (query, live, min, GST_CLOCK_TIME_NONE);
  return GST_PAD_PROBE_OK;
}

/* A live stream does not wait for others: as soon as any pad has a window the
 * time has come, whichever it is. */
GstClockTime
gst_vatt_encoder_get_next_time (GstAggregator *aggregator)
{
  GstClockTime time = GST_CLOCK_TIME_NONE;
  GST_OBJECT_LOCK (aggregator);
  for (GList *l = GST_ELEMENT (aggregator)->sinkpads; l; l = l->next)
    if (gst_aggregator_pad_has_buffer (l->data))
      time = 0;
  GST_OBJECT_UNLOCK (aggregator);
  return time;
}
