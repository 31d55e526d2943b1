/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element: properties, states, events of the application. */

/**
 * SECTION:element-vatttrainsink
 * @title: vatttrainsink
 * @short_description: trains a VATT model on synchronised streams
 *
 * Pads of one number, as `video_0`, `audio_0` and `text_0`, are one stream;
 * there may be any number of streams. Windows of a stream that cover the same
 * time, by running time, and the captions nearest to them are one sample.
 * Samples of all streams are mixed in a reservoir, out of which come batches.
 *
 * Training begins with #GstVattTrainSink:model, or a
 * #GstVattTrainSink:variant's random numbers, and ends with the streams or
 * after #GstVattTrainSink:steps. Settings that are not set are those of the
 * paper for #GstVattTrainSink:task. Streams that are not live are held up while
 * a step is computed; of live ones what there is no time for is left out. One
 * of which nothing comes for #GstVattTrainSink:patience, while others have to
 * wait, is not waited for any more and has its turn when it has something.
 *
 * Unless #GstVattTrainSink:post-messages is off, element messages named
 * `vatt-training` tell of every step, not closer than
 * #GstVattTrainSink:message-interval:
 *
 * * #gchararray `event`: `step`, or `done` at the end
 * * #guint64 `step`: how many have been made; `steps`: of the whole training
 * * of the last step, if one was made since PAUSED:
 *   #gdouble `loss`, and `loss-video-audio`, `loss-video-text`,
 *   `loss-audio-text` as far as they are part of it
 * * likewise #gdouble `accuracy-video-audio` and so on: of the batch's samples,
 *   the share whose own sound, or caption, is the nearest of the batch to them
 * * likewise #gdouble `learning-rate`, `gradient-norm`, `head-gradient-norm`:
 *   before they were cut
 * * likewise #gdouble `samples-per-second`: since PAUSED, times in which
 * nothing was to be learnt included; #guint64 `processing-time` of the step, ns
 * * #guint `reservoir`: samples in it, of `reservoir-size`
 * * #guint64 `samples`: windows that made one; `incomplete`: of these, without
 *   sound or text; `alone`: left out, as nothing went with them; `unpaired`:
 *   windows and captions that went with none; `disordered`: that came behind
 *   later ones; `dropped`: there was no time for; `not-finite`: that held NaN;
 *   `unknown-labels`; `unwanted`: on pads that nobody learns from; `untimed`:
 *   without a time, or outside of the segment; `bad-steps`:
 *   whose loss was no number
 * * #guint `left-over`: with `done`, samples that did not make a batch
 *
 * Checkpoints in #GstVattTrainSink:checkpoint-dir hold everything: the same
 * line run again goes on from the newest, and comes to the same model, bit for
 * bit, as one that was never ended. A vattdatasetsrc is told where to begin; of
 * other sources what is known already is passed over. Another data set, another
 * order of it, and another batch-size, captions, caption-distance, queue-size,
 * reservoir-size, reservoir-half or drop-rate are an error. READY before the
 * end of the streams is the same as a checkpoint, but for the batch that was
 * broken off; without a folder, and behind the end, the next PAUSED begins anew
 * with what the sources send. Each is told of by a message `vatt-checkpoint`,
 * which has #guint64 `step` and #gchararray `file`.
 *
 * Encoders serve what it learns while it does: in this process by
 * `vattencoder model=trainer:NAME follow=true`, where NAME is that of the
 * trainer, which publishes its model after every
 * #GstVattTrainSink:publish-every steps and at the end; in others by
 * `model=FOLDER follow=true` and the folder of checkpoints, or by
 * #GstVattTrainSink:output.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -e vattdatasetsrc manifest=set/manifest.tsv split=train
 * epochs=20 shuffle=true name=s  vatttrainsink name=t variant=tiny-talker
 * vocabulary=words.txt batch-size=64 steps=200 learning-rate=0.001
 * progress=true output=talker.safetensors  s.video ! queue ! vattvideotok
 * tail=drop ! t.video_0  s.audio ! queue ! vattaudiotok tail=drop ! t.audio_0
 * s.text ! queue ! vatttexttok ! t.text_0
 * ]|
 */
#include "gstvatterror.h"
#include "gstvattmodels.h"
#include "gstvattpublished.h"
#include "gstvatttrainsinkprivate.h"

GST_DEBUG_CATEGORY (gst_vatt_train_debug);
#define GST_CAT_DEFAULT gst_vatt_train_debug

enum {
  PROP_MODEL_ID = 1,
  PROP_DEVICE_NAME,
  PROP_STATS,
  PROP_SETTINGS, /* the first of them */
};

G_DEFINE_TYPE_WITH_CODE (GstVattTrainSink, gst_vatt_train_sink,
    GST_TYPE_ELEMENT, G_IMPLEMENT_INTERFACE (GST_TYPE_PRESET, NULL))
GST_ELEMENT_REGISTER_DEFINE (
    vatttrainsink, "vatttrainsink", GST_RANK_NONE, GST_TYPE_VATT_TRAIN_SINK)

/* ---- states ---- */

/* Checkpoints that were passed over for an older one. */
static void
warn_of_damage (GstVattTrainSink *self)
{
  VattCheckpoints *checkpoints = self->setup.checkpoints;
  const char *const *damaged =
      checkpoints ? vatt_checkpoints_get_damaged (checkpoints) : NULL;
  for (guint i = 0; damaged && damaged[i]; i++)
    GST_ELEMENT_WARNING (self, STREAM, WRONG_TYPE,
        ("A checkpoint is damaged, an older one is taken: %s", damaged[i]),
        (NULL));
}

/* What others begin with. */
static gboolean
publish_first (GstVattTrainSink *self, GError **error)
{
  gboolean learnt = vatt_trainer_get_step (self->setup.trainer) > 0;
  g_autoptr (VattModel) model =
      learnt ? vatt_trainer_get_model (self->setup.trainer, error)
             : g_object_ref (self->setup.model);
  if (!model)
    return FALSE;
  gst_vatt_models_add (model);
  gst_vatt_published_set (GST_ELEMENT (self), model);
  return TRUE;
}

static gboolean
open_setup (GstVattTrainSink *self)
{
  g_autoptr (GError) error = NULL;
  g_auto (GstVattTrainSettings) settings;
  GstVattTrainSetup setup;
  GST_OBJECT_LOCK (self);
  gst_vatt_train_settings_copy (&self->settings, &settings);
  GST_OBJECT_UNLOCK (self);
  gboolean opened = gst_vatt_train_setup_open (&setup, &settings, &error);
  GST_OBJECT_LOCK (self);
  self->setup = setup;
  GST_OBJECT_UNLOCK (self);
  if (opened &&
      gst_vatt_train_report_open (&self->report, GST_ELEMENT (self), &settings,
          vatt_trainer_get_step (setup.trainer), &error) &&
      publish_first (self, &error)) {
    warn_of_damage (self);
    return TRUE;
  }
  gst_vatt_error_post (GST_ELEMENT (self), error);
  return FALSE;
}

static void
close_setup (GstVattTrainSink *self)
{
  gst_vatt_published_withdraw (GST_ELEMENT (self));
  gst_vatt_train_report_close (&self->report);
  GST_OBJECT_LOCK (self);
  GstVattTrainSetup setup = self->setup;
  self->setup = (GstVattTrainSetup){ .classes = 0 };
  GST_OBJECT_UNLOCK (self);
  gst_vatt_train_setup_close (&setup);
}

static gboolean
start (GstVattTrainSink *self)
{
  g_autoptr (GError) error = NULL;
  g_mutex_lock (&self->lock);
  self->stopping = self->finished = self->failed = self->playing = FALSE;
  self->announced = self->lost = FALSE;
  self->counts = (GstVattTrainCounts){ 0 };
  self->eos_seqnum = GST_SEQNUM_INVALID;
  self->cancellable = g_cancellable_new ();
  g_mutex_unlock (&self->lock);
  gst_vatt_train_sink_begin_names (self);
  if (gst_vatt_train_sink_start_streams (self, &error))
    self->thread =
        g_thread_try_new ("vatt-train", gst_vatt_train_sink_run, self, &error);
  if (self->thread)
    return TRUE;
  gst_vatt_error_post (GST_ELEMENT (self), error);
  return FALSE;
}

/* Everybody who waits here is let go. A step is broken off, unless it is to
 * come into a last checkpoint. */
static void
interrupt (GstVattTrainSink *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  if (self->cancellable && !self->setup.checkpoints)
    g_cancellable_cancel (self->cancellable);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
stop (GstVattTrainSink *self)
{
  interrupt (self);
  g_clear_pointer (&self->thread, g_thread_join);
  gst_vatt_train_sink_drop_streams (self);
  g_clear_object (&self->cancellable);
}

static void
set_playing (GstVattTrainSink *self, gboolean playing)
{
  g_mutex_lock (&self->lock);
  self->playing = playing;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static gboolean
prepare (GstVattTrainSink *self, GstStateChange transition)
{
  switch (transition) {
  case GST_STATE_CHANGE_NULL_TO_READY:
    return open_setup (self);
  case GST_STATE_CHANGE_READY_TO_PAUSED:
    return start (self);
  case GST_STATE_CHANGE_PAUSED_TO_PLAYING:
    set_playing (self, TRUE);
    return TRUE;
  case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
    set_playing (self, FALSE);
    return TRUE;
  case GST_STATE_CHANGE_PAUSED_TO_READY:
    interrupt (self);
    return TRUE;
  default:
    return TRUE;
  }
}

static GstStateChangeReturn
train_sink_change_state (GstElement *element, GstStateChange transition)
{
  GstVattTrainSink *self = GST_VATT_TRAIN_SINK (element);
  GstStateChangeReturn result = GST_STATE_CHANGE_FAILURE;
  /* Before there is a thread that may tell the end at once. */
  gst_vatt_terminal_change_state (&self->terminal, element, transition);
  if (prepare (self, transition))
    result = GST_ELEMENT_CLASS (gst_vatt_train_sink_parent_class)
                 ->change_state (element, transition);
  gboolean failed = result == GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED && failed))
    stop (self);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL ||
      (transition == GST_STATE_CHANGE_NULL_TO_READY && failed))
    close_setup (self);
  return result;
}

/* The flushes that a seek brings, pad by pad, are one. */
static void
note_seek (GstVattTrainSink *self, const GstEvent *event, gint change)
{
  if (GST_EVENT_TYPE (event) != GST_EVENT_SEEK)
    return;
  g_mutex_lock (&self->lock);
  self->seeks += (guint)change;
  g_mutex_unlock (&self->lock);
}

/* Seeks and the like go upstream on every pad; who gets one twice knows it by
 * its number. */
static gboolean
train_sink_send_event (GstElement *element, GstEvent *event)
{
  GstVattTrainSink *self = GST_VATT_TRAIN_SINK (element);
  if (!GST_EVENT_IS_UPSTREAM (event))
    return GST_ELEMENT_CLASS (gst_vatt_train_sink_parent_class)
        ->send_event (element, event);
  GList *pads = gst_vatt_train_sink_list_pads (self);
  gboolean done = FALSE;
  note_seek (self, event, 1);
  for (GList *l = pads; l; l = l->next)
    done |= gst_pad_push_event (l->data, gst_event_ref (event));
  g_list_free_full (pads, gst_object_unref);
  note_seek (self, event, -1);
  gst_vatt_train_sink_settle (self);
  gst_event_unref (event);
  return done;
}

/* Nothing is shown at its time: however late windows come, nobody else has to
 * be as late. */
static gboolean
train_sink_query (GstElement *element, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return GST_ELEMENT_CLASS (gst_vatt_train_sink_parent_class)
        ->query (element, query);
  gst_query_set_latency (query, FALSE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

/* ---- the object ---- */

/* Most settings have done their work on the way to READY. */
static void
train_sink_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstVattTrainSink *self = GST_VATT_TRAIN_SINK (object);
  GST_OBJECT_LOCK (self);
  gboolean late =
      self->setup.trainer && !(pspec->flags & GST_PARAM_MUTABLE_PLAYING);
  if (id < PROP_SETTINGS ||
      !gst_vatt_train_settings_set (&self->settings, id - PROP_SETTINGS, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
  if (late)
    GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS,
        ("The property \"%s\" was set behind NULL: that has no effect before "
         "the next time from NULL to READY.",
            pspec->name),
        (NULL));
}

/* With the object lock. */
static void
get_setup_property (GstVattTrainSink *self, guint id, GValue *value)
{
  const GstVattTrainSetup *setup = &self->setup;
  if (id == PROP_MODEL_ID)
    g_value_set_string (
        value, setup->model ? vatt_model_get_id (setup->model) : NULL);
  else
    g_value_set_string (
        value, setup->device ? vatt_device_get_name (setup->device) : NULL);
}

static void
train_sink_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstVattTrainSink *self = GST_VATT_TRAIN_SINK (object);
  if (id == PROP_STATS) {
    g_value_take_boxed (value, gst_vatt_train_report_get_stats (&self->report));
    return;
  }
  GST_OBJECT_LOCK (self);
  if (id < PROP_SETTINGS)
    get_setup_property (self, id, value);
  else if (!gst_vatt_train_settings_get (
               &self->settings, id - PROP_SETTINGS, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
train_sink_finalize (GObject *object)
{
  GstVattTrainSink *self = GST_VATT_TRAIN_SINK (object);
  gst_vatt_train_settings_clear (&self->settings);
  gst_vatt_terminal_clear (&self->terminal);
  g_ptr_array_unref (self->streams);
  g_strfreev (self->names);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (gst_vatt_train_sink_parent_class)->finalize (object);
}

static void
gst_vatt_train_sink_init (GstVattTrainSink *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->streams = g_ptr_array_new_with_free_func (gst_vatt_train_stream_free);
  self->report.element = GST_ELEMENT (self);
  gst_vatt_train_settings_init (&self->settings);
  gst_vatt_terminal_init (&self->terminal);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  g_object_class_install_property (object_class, PROP_MODEL_ID,
      g_param_spec_string ("model-id", "Model id",
          "Variant and checksum of the model that it began with", NULL, flags));
  g_object_class_install_property (object_class, PROP_DEVICE_NAME,
      g_param_spec_string (
          "device-name", "Device name", "The device in use", NULL, flags));
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Where the training stands: the fields of vatt-training messages",
          GST_TYPE_STRUCTURE, flags));
  gst_vatt_train_settings_install (object_class, PROP_SETTINGS);
}

static void
gst_vatt_train_sink_class_init (GstVattTrainSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  object_class->set_property = train_sink_set_property;
  object_class->get_property = train_sink_get_property;
  object_class->finalize = train_sink_finalize;
  install_properties (object_class);
  element_class->change_state = GST_DEBUG_FUNCPTR (train_sink_change_state);
  element_class->send_event = GST_DEBUG_FUNCPTR (train_sink_send_event);
  element_class->query = GST_DEBUG_FUNCPTR (train_sink_query);
  element_class->request_new_pad =
      GST_DEBUG_FUNCPTR (gst_vatt_train_sink_request_new_pad);
  element_class->release_pad =
      GST_DEBUG_FUNCPTR (gst_vatt_train_sink_release_pad);
  gst_vatt_train_sink_add_templates (element_class);
  gst_element_class_set_static_metadata (element_class, "VATT trainer",
      "Sink/Analyzer", "Trains a VATT model on video, sound and text",
      "The vatt developers <vatt@example.org>");
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_TRAIN_PAD, 0);
  GST_DEBUG_CATEGORY_INIT (
      gst_vatt_train_debug, "vatttrainsink", 0, "training");
}
