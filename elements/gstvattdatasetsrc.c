/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element: pads on request, states, events. Its threads are the feed's,
 * which decode, and one for each pad, which sends. */

/**
 * SECTION:element-vattdatasetsrc
 * @title: vattdatasetsrc
 * @short_description: plays the clips of a data set, epoch after epoch
 *
 * Reads a manifest (docs/formats.md): which part of which file, with a label
 * or a text. Gives the clips one after the other, decoded, on as many of its
 * pads `video`, `audio` and `text` as are asked for. What nobody asks for is
 * not decoded.
 *
 * #GstVattDatasetSrc:epochs and #GstVattDatasetSrc:shuffle say how often and in
 * which order, a function of #GstVattDatasetSrc:seed and the epoch alone.
 * #GstVattDatasetSrc:rank of #GstVattDatasetSrc:world-size processes take
 * turns. Clips are decoded ahead by #GstVattDatasetSrc:decoders threads, up to
 * #GstVattDatasetSrc:prefetch clips; what fits #GstVattDatasetSrc:cache-bytes
 * is kept decoded for later epochs.
 *
 * Each clip is a segment from 0 to its duration; running time goes on from clip
 * to clip, the same on all pads, and stream time is the place in the file. A
 * pad whose modality the clip has nothing of gets a GAP event. Behind the
 * segment event comes a sticky custom event `vatt-clip`, and every buffer has a
 * #GstCustomMeta `GstVattClipMeta`; both have these fields:
 *
 * * #guint64 `clip`: its number in the run, from the beginning of epoch 0
 * * #guint64 `epoch`
 * * #guint `row`: its number in the split, in the order of the file
 * * #guint `line`: of the manifest
 * * #gchararray `name`, `split`, `label`, `id`: as in the manifest; the last
 *   two only if they are set there
 * * #gint `class-id`: the number of the label, or -1
 * * #guint64 `start`, `duration`: of the clip in its file, ns
 * * #guint64 `running-time`: of its beginning, ns
 *
 * A clip that cannot be read is left out with a warning and an element message
 * `vatt-skipped`, which has the first of these fields and a #gchararray
 * `reason`. The end of an epoch, when all pads have passed it, is an element
 * message `vatt-epoch` with #guint64 `epoch` and `clips`. If all clips of an
 * epoch fail it is an error.
 *
 * A run that was ended goes on where #GstVattDatasetSrc:start-at is what
 * #GstVattDatasetSrc:clips-done was, or one more than the `clip` of the last
 * clip that was made use of. Unless that is set, a vatttrainsink downstream
 * that goes on from a checkpoint is asked for it, by the query `vatt-resume`,
 * whose #gchararray `data-set` is a digest of the clips and their order and
 * whose #GStrv `labels` are the names of the classes, by number.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 vattdatasetsrc manifest=set/manifest.tsv split=train
 * shuffle=true name=s  s.video ! queue ! vattvideotok ! vattencoder name=e !
 * fakesink  s.audio ! queue ! vattaudiotok ! e.
 * ]|
 */
#include "gstvattclipmeta.h"
#include "gstvattdatasetsrcprivate.h"
#include "gstvatterror.h"

#include <string.h>
#include <vatt/model.h>

GST_DEBUG_CATEGORY (gst_vatt_dataset_debug);
#define GST_CAT_DEFAULT gst_vatt_dataset_debug

G_DEFINE_TYPE_WITH_CODE (GstVattDatasetSrc, gst_vatt_dataset_src,
    GST_TYPE_ELEMENT, G_IMPLEMENT_INTERFACE (GST_TYPE_PRESET, NULL))
GST_ELEMENT_REGISTER_DEFINE (
    vattdatasetsrc, "vattdatasetsrc", GST_RANK_NONE, GST_TYPE_VATT_DATASET_SRC)

static GstStaticPadTemplate templates[VATT_N_MODALITIES] = {
  [VATT_VIDEO] = GST_STATIC_PAD_TEMPLATE (
      "video", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS ("video/x-raw")),
  [VATT_AUDIO] = GST_STATIC_PAD_TEMPLATE (
      "audio", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS ("audio/x-raw")),
  [VATT_TEXT] = GST_STATIC_PAD_TEMPLATE ("text", GST_PAD_SRC, GST_PAD_REQUEST,
      GST_STATIC_CAPS ("text/x-raw, format = (string) utf8")),
};

/* ---- what the feed tells ---- */

static void
tell_skipped (
    gpointer user_data, const GstStructure *fields, const GError *error)
{
  GstElement *element = user_data;
  GstStructure *structure = gst_structure_copy (fields);
  gst_structure_set_name (structure, "vatt-skipped");
  g_autofree char *reason = g_utf8_make_valid (error->message, -1);
  gst_structure_set (structure, "reason", G_TYPE_STRING, reason, NULL);
  gst_vatt_error_post_warning (element, error);
  gst_element_post_message (
      element, gst_message_new_element (GST_OBJECT (element), structure));
}

static void
tell_epoch (gpointer user_data, guint64 epoch, guint64 clips)
{
  GstElement *element = user_data;
  gst_element_post_message (
      element, gst_message_new_element (GST_OBJECT (element),
                   gst_structure_new ("vatt-epoch", "epoch", G_TYPE_UINT64,
                       epoch, "clips", G_TYPE_UINT64, clips, NULL)));
}

/* ---- states ---- */

static VattManifest *
read_manifest (const GstVattDatasetSettings *settings, GError **error)
{
  g_auto (GStrv) labels = NULL;
  if (!settings->manifest) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "no manifest is set: name a file with the property \"manifest\"");
    return NULL;
  }
  if (settings->labels_file) {
    labels = vatt_labels_read (settings->labels_file, error);
    if (!labels)
      return NULL;
  }
  VattManifestParams params = { .split = settings->split,
    .label_column = settings->label_column,
    .text_column = settings->text_column,
    .audio_column = settings->audio_column,
    .labels = (const char *const *)labels };
  return vatt_manifest_read (settings->manifest, &params, error);
}

static GstVattFeed *
make_feed (GstVattDatasetSrc *self, const GstVattDatasetSettings *settings,
    GError **error)
{
  if (settings->rank >= settings->world_size) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "found rank %u, expected less than the world-size %u", settings->rank,
        settings->world_size);
    return NULL;
  }
  g_autoptr (VattManifest) manifest = read_manifest (settings, error);
  if (!manifest || !gst_vatt_dataset_check_caps (settings, error))
    return NULL;
  GstVattFeedParams params = { .manifest = manifest,
    .order = { .shuffle = settings->shuffle,
        .seed = settings->seed,
        .rank = settings->rank,
        .world_size = settings->world_size,
        .remainder = settings->drop_remainder ? VATT_REMAINDER_DROP
                                              : VATT_REMAINDER_KEEP },
    .epochs = settings->epochs,
    .clip = { .text_source = settings->text_source,
        .still_duration = settings->still_duration,
        .max_bytes = settings->max_clip_bytes },
    .decoders = settings->decoders,
    .prefetch = settings->prefetch,
    .prefetch_bytes = settings->prefetch_bytes,
    .cache_bytes = settings->cache_bytes,
    .listener = { tell_skipped, tell_epoch, self } };
  for (guint i = 0; i < VATT_N_MODALITIES; i++) {
    params.clip.wanted[i] = self->pads[i] != NULL;
    params.clip.caps[i] = settings->caps[i];
  }
  params.start_at = gst_vatt_dataset_src_find_start (self, settings, &params);
  return gst_vatt_feed_new (&params, error);
}

static gboolean
start (GstVattDatasetSrc *self)
{
  g_autoptr (GError) error = NULL;
  GstVattDatasetSettings settings;
  GST_OBJECT_LOCK (self);
  settings = self->settings;
  settings.manifest = g_strdup (settings.manifest);
  settings.split = g_strdup (settings.split);
  settings.label_column = g_strdup (settings.label_column);
  settings.text_column = g_strdup (settings.text_column);
  settings.audio_column = g_strdup (settings.audio_column);
  settings.labels_file = g_strdup (settings.labels_file);
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    if (settings.caps[i])
      gst_caps_ref (settings.caps[i]);
  GST_OBJECT_UNLOCK (self);
  GstVattFeed *feed = make_feed (self, &settings, &error);
  gst_vatt_dataset_src_clear_settings (&settings);
  if (!feed) {
    gst_vatt_error_post (GST_ELEMENT (self), error);
    return FALSE;
  }
  self->seqnum = gst_util_seqnum_next ();
  self->group_id = gst_util_group_id_next ();
  GST_OBJECT_LOCK (self);
  self->feed = feed;
  self->failed = FALSE;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static void
start_tasks (GstVattDatasetSrc *self)
{
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    if (self->pads[i])
      gst_pad_start_task (
          self->pads[i]->pad, gst_vatt_dataset_pad_loop, self->pads[i], NULL);
}

/* When pads are not active any more. */
static void
stop (GstVattDatasetSrc *self)
{
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    if (self->pads[i]) {
      gst_pad_stop_task (self->pads[i]->pad);
      gst_vatt_dataset_pad_reset (self->pads[i]);
      self->pads[i]->greeted = FALSE;
    }
  GST_OBJECT_LOCK (self);
  GstVattFeed *feed = self->feed;
  self->feed = NULL;
  self->done = gst_vatt_feed_get_done (feed);
  self->skipped = gst_vatt_feed_get_skipped (feed);
  GST_OBJECT_UNLOCK (self);
  gst_vatt_feed_free (feed);
}

static GstStateChangeReturn
dataset_src_change_state (GstElement *element, GstStateChange transition)
{
  GstVattDatasetSrc *self = GST_VATT_DATASET_SRC (element);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY && self->feed)
    gst_vatt_feed_stop (self->feed);
  GstStateChangeReturn result =
      GST_ELEMENT_CLASS (gst_vatt_dataset_src_parent_class)
          ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    if (result == GST_STATE_CHANGE_FAILURE) {
      stop (self);
    } else {
      gst_vatt_feed_start (self->feed);
      start_tasks (self);
    }
  }
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY && self->feed)
    stop (self);
  return result;
}

/* ---- events ---- */

static gboolean
push_everywhere (GstVattDatasetSrc *self, GstEvent *event)
{
  gboolean done = TRUE;
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    if (self->pads[i])
      done &= gst_pad_push_event (self->pads[i]->pad, gst_event_ref (event));
  return done;
}

static void
start_flush (GstVattDatasetSrc *self, GstEvent *event)
{
  gst_vatt_feed_set_flushing (self->feed, TRUE);
  push_everywhere (self, event);
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    if (self->pads[i])
      gst_pad_pause_task (self->pads[i]->pad);
}

/* The clip that was being sent comes once more, from its beginning. */
static void
stop_flush (GstVattDatasetSrc *self, GstEvent *event)
{
  gboolean reset_time, present[VATT_N_MODALITIES];
  gst_event_parse_flush_stop (event, &reset_time);
  push_everywhere (self, event);
  for (guint i = 0; i < VATT_N_MODALITIES; i++) {
    present[i] = self->pads[i] != NULL;
    if (self->pads[i])
      gst_vatt_dataset_pad_reset (self->pads[i]);
  }
  gst_vatt_feed_rewind (self->feed, present, reset_time);
  gst_vatt_feed_set_flushing (self->feed, FALSE);
  start_tasks (self);
}

/* From the application; the end of the stream comes behind what is being
 * sent. */
static gboolean
dataset_src_send_event (GstElement *element, GstEvent *event)
{
  GstVattDatasetSrc *self = GST_VATT_DATASET_SRC (element);
  gboolean done = self->feed && GST_EVENT_IS_DOWNSTREAM (event);
  if (done && GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_START)
    start_flush (self, event);
  else if (done && GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
    stop_flush (self, event);
  else if (done && GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    gst_vatt_feed_end (self->feed);
  else if (done)
    done = push_everywhere (self, event);
  gst_event_unref (event);
  return done;
}

/* There is no going back in a run. */
static gboolean
dataset_src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  gboolean done = GST_EVENT_TYPE (event) != GST_EVENT_SEEK;
  gst_event_unref (event);
  return done;
}

static gboolean
dataset_src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstFormat format;
  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_LATENCY:
    gst_query_set_latency (query, FALSE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  case GST_QUERY_SEEKING:
    gst_query_parse_seeking (query, &format, NULL, NULL, NULL);
    gst_query_set_seeking (query, format, FALSE, 0, -1);
    return TRUE;
  default:
    return gst_pad_query_default (pad, parent, query);
  }
}

/* ---- pads ---- */

static GstPad *
dataset_src_request_new_pad (GstElement *element, GstPadTemplate *template,
    const char *name, const GstCaps *caps)
{
  GstVattDatasetSrc *self = GST_VATT_DATASET_SRC (element);
  guint modality = 0;
  while (strcmp (vatt_modality_name ((VattModality)modality),
             GST_PAD_TEMPLATE_NAME_TEMPLATE (template)) != 0)
    modality++;
  if (self->pads[modality] || self->feed) {
    GST_WARNING_OBJECT (self, "no pad %s: %s",
        GST_PAD_TEMPLATE_NAME_TEMPLATE (template),
        self->feed ? "pads are given in NULL and READY only"
                   : "there is one already");
    return NULL;
  }
  GstVattDatasetPad *out = g_new0 (GstVattDatasetPad, 1);
  out->modality = (VattModality)modality;
  out->pad = gst_pad_new_from_template (
      template, GST_PAD_TEMPLATE_NAME_TEMPLATE (template));
  gst_pad_set_element_private (out->pad, out);
  gst_pad_set_event_function (out->pad, dataset_src_event);
  gst_pad_set_query_function (out->pad, dataset_src_query);
  GST_OBJECT_LOCK (self);
  self->pads[modality] = out;
  GST_OBJECT_UNLOCK (self);
  gst_element_add_pad (element, out->pad);
  return out->pad;
}

/* Also while it runs: the others go on. */
static void
dataset_src_release_pad (GstElement *element, GstPad *pad)
{
  GstVattDatasetSrc *self = GST_VATT_DATASET_SRC (element);
  GstVattDatasetPad *out = gst_pad_get_element_private (pad);
  if (self->feed)
    gst_vatt_feed_leave (self->feed, out->modality);
  gst_pad_set_active (pad, FALSE);
  gst_pad_stop_task (pad);
  GST_OBJECT_LOCK (self);
  self->pads[out->modality] = NULL;
  GST_OBJECT_UNLOCK (self);
  gst_vatt_dataset_pad_reset (out);
  gst_element_remove_pad (element, pad);
  g_free (out);
}

/* ---- the class ---- */

static void
dataset_src_finalize (GObject *object)
{
  GstVattDatasetSrc *self = GST_VATT_DATASET_SRC (object);
  gst_vatt_dataset_src_clear_settings (&self->settings);
  G_OBJECT_CLASS (gst_vatt_dataset_src_parent_class)->finalize (object);
}

static void
gst_vatt_dataset_src_init (GstVattDatasetSrc *self)
{
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
  gst_vatt_dataset_src_init_settings (&self->settings);
}

static void
gst_vatt_dataset_src_class_init (GstVattDatasetSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  object_class->finalize = dataset_src_finalize;
  gst_vatt_dataset_src_install_properties (object_class);
  element_class->change_state = GST_DEBUG_FUNCPTR (dataset_src_change_state);
  element_class->send_event = GST_DEBUG_FUNCPTR (dataset_src_send_event);
  element_class->request_new_pad =
      GST_DEBUG_FUNCPTR (dataset_src_request_new_pad);
  element_class->release_pad = GST_DEBUG_FUNCPTR (dataset_src_release_pad);
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    gst_element_class_add_static_pad_template (element_class, &templates[i]);
  gst_element_class_set_static_metadata (element_class, "VATT data set",
      "Source/Video/Audio", "Plays the clips of a data set, epoch after epoch",
      "The vatt developers <vatt@example.org>");
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_TEXT_SOURCE, 0);
  GST_DEBUG_CATEGORY_INIT (
      gst_vatt_dataset_debug, "vattdatasetsrc", 0, "clips of data sets");
}
