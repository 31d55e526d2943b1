/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * uridecodebin, and behind the first stream of every modality
 * queue ! tokeniser ! vattencoder ! appsink. Streams that nobody wants end in
 * a fakesink. Windows are collected by the streaming threads, one array for
 * each stream; the main thread waits for the end or an error. */
#include "media.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <string.h>

typedef struct {
  const VattMediaParams *params;
  GstElement *pipeline;                       /* owned */
  GMutex lock;                                /* guards all below */
  VattMediaStream *stream[VATT_N_MODALITIES]; /* owned; NULL: none yet */
  GstClockTime reached;                       /* end of the latest window */
  guint windows;
  GString *notes;
  GError *error; /* the first one of a streaming thread */
} Media;

static const struct {
  const char *media_type, *tokeniser;
} kinds[] = {
  [VATT_VIDEO] = { "video/x-raw", "vattvideotok" },
  [VATT_AUDIO] = { "audio/x-raw", "vattaudiotok" },
  [VATT_TEXT] = { "text/x-raw", "vatttexttok" },
};

void
vatt_media_stream_free (VattMediaStream *stream)
{
  if (!stream)
    return;
  g_array_unref (stream->start);
  g_array_unref (stream->end);
  g_array_unref (stream->values);
  g_free (stream);
}

static VattMediaStream *
stream_new (VattModality modality)
{
  VattMediaStream *stream = g_new0 (VattMediaStream, 1);
  stream->modality = modality;
  stream->start = g_array_new (FALSE, FALSE, sizeof (double));
  stream->end = g_array_new (FALSE, FALSE, sizeof (double));
  stream->values = g_array_new (FALSE, FALSE, sizeof (float));
  return stream;
}

gboolean
vatt_media_start (GError **error)
{
  if (!gst_init_check (NULL, NULL, error))
    return FALSE;
  static const char *const needed[] = { "uridecodebin", "queue", "appsink",
    "fakesink", "vattvideotok", "vattaudiotok", "vatttexttok", "vattencoder" };
  for (guint i = 0; i < G_N_ELEMENTS (needed); i++) {
    g_autoptr (GstElementFactory) factory =
        gst_element_factory_find (needed[i]);
    if (!factory) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
          "GStreamer has no element '%s'; is its plugin in "
          "GST_PLUGIN_PATH_1_0?",
          needed[i]);
      return FALSE;
    }
  }
  return TRUE;
}

/* ---- windows: the streaming threads ---- */

static void
take (Media *media, VattMediaStream *stream, GstSample *sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  const GstSegment *segment = gst_sample_get_segment (sample);
  GstMapInfo map;
  if (!buffer || !gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    g_mutex_lock (&media->lock);
    if (!media->error)
      g_set_error (&media->error, VATT_ERROR, VATT_ERROR_MEDIA,
          "a window of %s cannot be read",
          vatt_modality_name (stream->modality));
    g_mutex_unlock (&media->lock);
    return;
  }
  guint64 start = gst_segment_to_stream_time (
      segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  guint64 end = start;
  if (GST_CLOCK_TIME_IS_VALID (start) && GST_BUFFER_DURATION_IS_VALID (buffer))
    end = start + GST_BUFFER_DURATION (buffer);
  double seconds[2] = { (double)start / GST_SECOND, (double)end / GST_SECOND };
  g_mutex_lock (&media->lock);
  guint width = (guint)(map.size / sizeof (float));
  if (stream->width == 0)
    stream->width = width;
  if (width == stream->width && width > 0 && GST_CLOCK_TIME_IS_VALID (start)) {
    g_array_append_val (stream->start, seconds[0]);
    g_array_append_val (stream->end, seconds[1]);
    g_array_append_vals (stream->values, map.data, width);
    media->windows++;
    media->reached = MAX (media->reached, end);
  } else if (!media->error)
    g_set_error (&media->error, VATT_ERROR, VATT_ERROR_MEDIA,
        "a window of %s without a time, or of %u numbers, expected %u",
        vatt_modality_name (stream->modality), width, stream->width);
  g_mutex_unlock (&media->lock);
  gst_buffer_unmap (buffer, &map);
}

static GstFlowReturn
on_sample (GstAppSink *sink, gpointer user_data)
{
  Media *media = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  if (!sample)
    return GST_FLOW_EOS;
  const char *name = g_object_get_data (G_OBJECT (sink), "modality");
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (strcmp (vatt_modality_name ((VattModality)m), name) == 0)
      take (media, media->stream[m], sample);
  return GST_FLOW_OK;
}

/* ---- the pipeline ---- */

static GstElement *
add (Media *media, const char *factory)
{
  GstElement *element = gst_element_factory_make (factory, NULL);
  gst_bin_add (GST_BIN (media->pipeline), element);
  return element;
}

/* One that takes no part in the pipeline's changes of state until it is
 * released: a tokeniser that reaches PAUSED before it is linked takes itself
 * for the end of the pipeline. */
static GstElement *
add_held (Media *media, const char *factory)
{
  GstElement *element = gst_element_factory_make (factory, NULL);
  gst_element_set_locked_state (element, TRUE);
  gst_bin_add (GST_BIN (media->pipeline), element);
  return element;
}

static gboolean
release (GstElement *element)
{
  gst_element_set_locked_state (element, FALSE);
  return gst_element_sync_state_with_parent (element);
}

/* Sinks do not wait for each other before they begin: there may be no
 * sentence for minutes. */
static void
ignore (Media *media, GstPad *pad)
{
  GstElement *sink = add (media, "fakesink");
  g_object_set (sink, "sync", FALSE, "async", FALSE, NULL);
  g_autoptr (GstPad) end = gst_element_get_static_pad (sink, "sink");
  gst_element_sync_state_with_parent (sink);
  gst_pad_link (pad, end);
}

static gboolean
embed_stream (Media *media, GstPad *pad, VattModality modality)
{
  const VattMediaParams *params = media->params;
  GstElement *queue = add_held (media, "queue");
  GstElement *tokeniser = add_held (media, kinds[modality].tokeniser);
  GstElement *encoder = add_held (media, "vattencoder");
  GstElement *sink = add_held (media, "appsink");
  gst_util_set_object_arg (G_OBJECT (encoder), "space", params->space);
  gst_util_set_object_arg (G_OBJECT (encoder), "weights", params->weights);
  g_object_set (encoder, "model", params->model_file, "threads",
      params->threads, "device", params->device, "post-messages", FALSE, NULL);
  if (modality != VATT_TEXT)
    g_object_set (
        tokeniser, "hop", (guint64)(params->hop * GST_SECOND + 0.5), NULL);
  GstAppSinkCallbacks callbacks = { .new_sample = on_sample };
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), &callbacks, media, NULL);
  g_object_set_data (
      G_OBJECT (sink), "modality", (gpointer)vatt_modality_name (modality));
  g_autoptr (GstCaps) caps =
      gst_caps_new_empty_simple ("application/x-vatt-embedding");
  g_object_set (sink, "sync", FALSE, "async", FALSE, "caps", caps, NULL);
  GstElement *chain[] = { queue, tokeniser, encoder, sink };
  if (!gst_element_link_many (queue, tokeniser, encoder, sink, NULL))
    return FALSE;
  for (guint i = G_N_ELEMENTS (chain); i-- > 0;)
    if (!release (chain[i]))
      return FALSE;
  g_autoptr (GstPad) begin = gst_element_get_static_pad (queue, "sink");
  return gst_pad_link (pad, begin) == GST_PAD_LINK_OK;
}

/* Why a stream is not embedded, or NULL. */
static const char *
reason_against (const Media *media, VattModality modality)
{
  const VattMediaParams *params = media->params;
  VattConfig *config = vatt_model_get_config (params->model);
  if (vatt_config_get_front_end (config, modality)->input == VATT_INPUT_NONE)
    return "the model has no tower for it";
  if (!vatt_config_get_output_width (config, modality, params->output))
    return "the model does not project it to this space";
  if (modality == VATT_TEXT && !vatt_model_get_vocabulary (params->model))
    return "the model has no vocabulary";
  return media->stream[modality] ? "only the first such stream is used" : NULL;
}

static void
on_pad_added (GstElement *decoder, GstPad *pad, gpointer user_data)
{
  Media *media = user_data;
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  if (!caps)
    caps = gst_pad_query_caps (pad, NULL);
  const GstStructure *structure =
      gst_caps_get_size (caps) ? gst_caps_get_structure (caps, 0) : NULL;
  for (guint m = 0; structure && m < VATT_N_MODALITIES; m++) {
    VattModality modality = (VattModality)m;
    if (!gst_structure_has_name (structure, kinds[m].media_type))
      continue;
    if (!media->params->modality[m])
      break;
    const char *reason = reason_against (media, modality);
    g_mutex_lock (&media->lock);
    if (reason)
      g_string_append_printf (media->notes, "%s is left out: %s\n",
          vatt_modality_name (modality), reason);
    else
      media->stream[m] = stream_new (modality);
    g_mutex_unlock (&media->lock);
    if (reason)
      break;
    if (!embed_stream (media, pad, modality))
      GST_ELEMENT_ERROR (media->pipeline, CORE, NEGOTIATION,
          ("The stream of %s cannot be connected.",
              vatt_modality_name (modality)),
          (NULL));
    return;
  }
  ignore (media, pad);
}

/* ---- the main thread ---- */

static void
show_progress (Media *media, const char *path)
{
  gint64 duration = 0;
  gst_element_query_duration (media->pipeline, GST_FORMAT_TIME, &duration);
  g_mutex_lock (&media->lock);
  double reached = (double)media->reached, total = (double)duration;
  guint windows = media->windows;
  g_mutex_unlock (&media->lock);
  if (total > 0)
    g_printerr ("\r%s: %3.0f %%, %u windows ", path,
        MIN (100, 100 * reached / total), windows);
  else
    g_printerr ("\r%s: %u windows ", path, windows);
}

/* TRUE at the end of the file. */
static gboolean
wait (Media *media, const char *path, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (media->pipeline);
  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
        bus, 200 * GST_MSECOND, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
    if (media->params->progress)
      show_progress (media, path);
    if (!message)
      continue;
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
      return TRUE;
    g_autoptr (GError) reason = NULL;
    gst_message_parse_error (message, &reason, NULL);
    g_strdelimit (reason->message, "\n", ' ');
    g_propagate_error (error, g_steal_pointer (&reason));
    return FALSE;
  }
}

/* A file whose name looks like a URI is still a file. */
static GFile *
find (const char *path)
{
  return g_file_test (path, G_FILE_TEST_EXISTS)
             ? g_file_new_for_path (path)
             : g_file_new_for_commandline_arg (path);
}

static gboolean
run (Media *media, const char *path, GError **error)
{
  g_autoptr (GFile) file = find (path);
  g_autofree char *uri = g_file_get_uri (file);
  GstElement *decoder = add (media, "uridecodebin");
  g_object_set (decoder, "uri", uri, NULL);
  g_signal_connect (decoder, "pad-added", G_CALLBACK (on_pad_added), media);
  gst_element_set_state (media->pipeline, GST_STATE_PLAYING);
  gboolean done = wait (media, path, error);
  if (media->params->progress)
    g_printerr ("\r\033[K");
  gst_element_set_state (media->pipeline, GST_STATE_NULL);
  if (done && media->error) {
    g_propagate_error (error, g_steal_pointer (&media->error));
    return FALSE;
  }
  return done;
}

static GPtrArray *
collect (Media *media, GError **error)
{
  g_autoptr (GPtrArray) streams =
      g_ptr_array_new_with_free_func ((GDestroyNotify)vatt_media_stream_free);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (media->stream[m] && media->stream[m]->start->len)
      g_ptr_array_add (streams, g_steal_pointer (&media->stream[m]));
  if (streams->len)
    return g_steal_pointer (&streams);
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
      "nothing in it that the model can embed");
  return NULL;
}

GPtrArray *
vatt_media_embed (const char *path, const VattMediaParams *params, char **notes,
    GError **error)
{
  Media media = { .params = params,
    .pipeline = gst_object_ref_sink (gst_pipeline_new (NULL)),
    .notes = g_string_new (NULL) };
  g_mutex_init (&media.lock);
  GPtrArray *streams =
      run (&media, path, error) ? collect (&media, error) : NULL;
  gst_object_unref (media.pipeline);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    vatt_media_stream_free (media.stream[m]);
  g_clear_error (&media.error);
  g_mutex_clear (&media.lock);
  *notes = g_string_free (media.notes, FALSE);
  return streams;
}
