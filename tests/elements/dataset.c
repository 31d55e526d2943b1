/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dataset.h"

#include <string.h>

#define TIMEOUT (60 * GST_SECOND)

/* ---- media ---- */

static void
put (GByteArray *bytes, guint32 value, guint size)
{
  guint8 little[4] = { (guint8)value, (guint8)(value >> 8),
    (guint8)(value >> 16), (guint8)(value >> 24) };
  g_byte_array_append (bytes, little, size);
}

/* A WAV file: sample i is i. Returns its path. */
char *
dataset_wav (const char *name, guint n_samples)
{
  g_autoptr (GByteArray) wav = g_byte_array_new ();
  g_byte_array_append (wav, (const guint8 *)"RIFF", 4);
  put (wav, 36 + 2 * n_samples, 4);
  g_byte_array_append (wav, (const guint8 *)"WAVEfmt ", 8);
  put (wav, 16, 4);
  put (wav, 1, 2); /* PCM */
  put (wav, 1, 2); /* channel */
  put (wav, RATE, 4);
  put (wav, 2 * RATE, 4);
  put (wav, 2, 2);
  put (wav, 16, 2);
  g_byte_array_append (wav, (const guint8 *)"data", 4);
  put (wav, 2 * n_samples, 4);
  for (guint i = 0; i < n_samples; i++)
    put (wav, i, 2);
  return media_write (name, wav->data, wav->len);
}

/* 2.4 s of pictures, with a key frame every 0.8 s, and 2.4 s of a tone. */
char *
dataset_webm (const char *name)
{
  g_autoptr (GByteArray) raw = g_byte_array_new ();
  for (guint i = 0; i < N_PICTURES; i++) {
    guint8 picture[SIZE * SIZE];
    memset (picture, (int)(10 * i), sizeof picture);
    g_byte_array_append (raw, picture, sizeof picture);
  }
  g_autofree char *source = media_write ("pictures.raw", raw->data, raw->len);
  g_autofree char *line = g_strdup_printf (
      "filesrc location=%s ! rawvideoparse format=gray8 width=%d height=%d "
      "framerate=%d/1 ! videoconvert ! video/x-raw,format=I420 ! "
      "vp8enc keyframe-max-dist=8 min-quantizer=2 max-quantizer=4 "
      "deadline=1000000 ! m.  "
      "audiotestsrc num-buffers=24 samplesperbuffer=800 ! "
      "audio/x-raw,rate=8000,channels=1 ! vorbisenc ! m.  webmmux name=m",
      source, SIZE, SIZE, FPS);
  return media_make (name, line);
}

/* A manifest beside the media. Returns its path. */
char *
dataset_manifest (const char *text)
{
  static guint counter;
  g_autofree char *name = g_strdup_printf ("manifest%u.tsv", counter++);
  return media_write (name, text, strlen (text));
}

/* ---- a record of what is sent ---- */

static void
clip_free (Clip *clip)
{
  gst_structure_free (clip->fields);
  g_byte_array_unref (clip->data);
  g_array_unref (clip->starts);
  g_array_unref (clip->durations);
  g_free (clip);
}

static void
begin_clip (GPtrArray *clips, GstPad *pad, const GstStructure *fields)
{
  Clip *clip = g_new0 (Clip, 1);
  g_autoptr (GstEvent) event =
      gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  g_assert_nonnull (event);
  gst_event_copy_segment (event, &clip->segment);
  clip->fields = gst_structure_copy (fields);
  clip->data = g_byte_array_new ();
  clip->starts = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  clip->durations = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  g_ptr_array_add (clips, clip);
}

static void
take_buffer (GPtrArray *clips, GstBuffer *buffer)
{
  g_assert_cmpuint (clips->len, >, 0);
  Clip *clip = clips->pdata[clips->len - 1];
  GstMapInfo map;
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_byte_array_append (clip->data, map.data, (guint)map.size);
  gst_buffer_unmap (buffer, &map);
  g_array_append_val (clip->starts, GST_BUFFER_PTS (buffer));
  g_array_append_val (clip->durations, GST_BUFFER_DURATION (buffer));
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, "GstVattClipMeta");
  g_autoptr (GstStructure) fields =
      meta ? gst_structure_copy (gst_custom_meta_get_structure (meta)) : NULL;
  if (fields)
    gst_structure_set_name (fields, gst_structure_get_name (clip->fields));
  if (!fields || !gst_structure_is_equal (fields, clip->fields))
    clip->wrong_metas++;
}

static void
take_event (Run *run, VattModality modality, GstPad *pad, GstEvent *event)
{
  GPtrArray *clips = run->clips[modality];
  GstClockTime time, duration;
  const GstStructure *structure = gst_event_get_structure (event);
  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CUSTOM_DOWNSTREAM_STICKY:
    g_assert_true (gst_structure_has_name (structure, "vatt-clip"));
    begin_clip (clips, pad, structure);
    break;
  case GST_EVENT_GAP:
    gst_event_parse_gap (event, &time, &duration);
    g_assert_cmpuint (clips->len, >, 0);
    ((Clip *)clips->pdata[clips->len - 1])->gaps += duration;
    ((Clip *)clips->pdata[clips->len - 1])->n_gaps++;
    break;
  case GST_EVENT_EOS:
    run->eos[modality]++;
    break;
  default:
    break;
  }
}

/* Named like a modality, the sinks are. */
static VattModality
modality_of (GstPad *pad)
{
  g_autoptr (GstElement) sink = gst_pad_get_parent_element (pad);
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    if (g_str_equal (
            GST_ELEMENT_NAME (sink), vatt_modality_name ((VattModality)i)))
      return (VattModality)i;
  g_assert_not_reached ();
}

static GstPadProbeReturn
record (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Run *run = data;
  VattModality modality = modality_of (pad);
  g_mutex_lock (&run->lock);
  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER)
    take_buffer (run->clips[modality], GST_PAD_PROBE_INFO_BUFFER (info));
  else
    take_event (run, modality, pad, GST_PAD_PROBE_INFO_EVENT (info));
  g_mutex_unlock (&run->lock);
  return GST_PAD_PROBE_OK;
}

/* ---- runs ---- */

/* Plays a data set: @pads is what stands behind the source, with sinks that
 * are named like modalities. */
Run *
run_new (const char *settings, const char *pads)
{
  Run *run = g_new0 (Run, 1);
  g_mutex_init (&run->lock);
  g_autofree char *line =
      g_strdup_printf ("vattdatasetsrc name=s %s %s", settings, pads);
  run->pipeline = parse_pipeline (line);
  run->source = gst_bin_get_by_name (GST_BIN (run->pipeline), "s");
  run->skipped =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_structure_free);
  run->epochs =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_structure_free);
  for (guint i = 0; i < VATT_N_MODALITIES; i++) {
    run->clips[i] = g_ptr_array_new_with_free_func ((GDestroyNotify)clip_free);
    g_autoptr (GstElement) sink = gst_bin_get_by_name (
        GST_BIN (run->pipeline), vatt_modality_name ((VattModality)i));
    g_autoptr (GstPad) pad =
        sink ? gst_element_get_static_pad (sink, "sink") : NULL;
    if (pad)
      gst_pad_add_probe (pad,
          GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
          record, run, NULL);
  }
  gst_element_set_state (run->pipeline, GST_STATE_PLAYING);
  return run;
}

/* Returns: whether it ends the run */
static gboolean
take_message (Run *run, GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);
  g_autoptr (GError) error = NULL;
  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_WARNING:
    gst_message_parse_warning (message, &error, NULL);
    if (!run->warning)
      run->warning = g_strdup (error->message);
    run->warnings++;
    return FALSE;
  case GST_MESSAGE_ERROR:
    gst_message_parse_error (message, &error, NULL);
    if (!run->error)
      run->error = g_strdup (error->message);
    run->errors++;
    return TRUE;
  case GST_MESSAGE_ELEMENT:
    if (gst_structure_has_name (structure, "vatt-skipped"))
      g_ptr_array_add (run->skipped, gst_structure_copy (structure));
    else if (gst_structure_has_name (structure, "vatt-epoch"))
      g_ptr_array_add (run->epochs, gst_structure_copy (structure));
    return FALSE;
  default:
    return GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
  }
}

/* Until the end or the first error. */
void
run_wait_eos (Run *run)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (run->pipeline);
  gboolean over = FALSE;
  while (!over) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop (bus, TIMEOUT);
    if (!message)
      g_test_message ("the pipeline hangs");
    g_assert_nonnull (message);
    over = take_message (run, message);
  }
}

/* Until a pad has begun its @n'th clip. */
void
run_wait_clips (Run *run, VattModality modality, guint n)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;
  guint found = 0;
  while (found < n) {
    g_mutex_lock (&run->lock);
    found = run->clips[modality]->len;
    g_mutex_unlock (&run->lock);
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    g_usleep (1000);
  }
}

Run *
run_all (const char *settings, const char *pads)
{
  Run *run = run_new (settings, pads);
  run_wait_eos (run);
  return run;
}

guint64
run_stat (Run *run, const char *field)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 value = 0;
  guint small;
  g_object_get (run->source, "stats", &stats, NULL);
  if (gst_structure_get_uint (stats, field, &small))
    return small;
  g_assert_true (gst_structure_get_uint64 (stats, field, &value));
  return value;
}

void
run_free (Run *run)
{
  gst_element_set_state (run->pipeline, GST_STATE_NULL);
  gst_object_unref (run->source);
  gst_object_unref (run->pipeline);
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    g_ptr_array_unref (run->clips[i]);
  g_ptr_array_unref (run->skipped);
  g_ptr_array_unref (run->epochs);
  g_free (run->warning);
  g_free (run->error);
  g_mutex_clear (&run->lock);
  g_free (run);
}

/* ---- questions ---- */

const Clip *
run_clip (Run *run, VattModality modality, guint index)
{
  g_assert_cmpuint (index, <, run->clips[modality]->len);
  return run->clips[modality]->pdata[index];
}

guint64
clip_number (const Clip *clip, const char *field)
{
  guint64 value;
  guint small;
  gint sign;
  if (gst_structure_get_uint (clip->fields, field, &small))
    return small;
  if (gst_structure_get_int (clip->fields, field, &sign))
    return (guint64)sign;
  g_assert_true (gst_structure_get_uint64 (clip->fields, field, &value));
  return value;
}

const char *
clip_string (const Clip *clip, const char *field)
{
  return gst_structure_get_string (clip->fields, field);
}

/* The samples of @clip are @n from @first on, with times that follow. */
void
check_samples (const Clip *clip, guint first, guint n)
{
  g_assert_cmpuint (clip->data->len, ==, 2 * n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (
        clip->data->data[2 * i] | clip->data->data[2 * i + 1] << 8, ==,
        first + i);
  GstClockTime next = 0;
  for (guint i = 0; i < clip->starts->len; i++) {
    GstClockTime start = g_array_index (clip->starts, GstClockTime, i);
    g_assert_cmpint (ABS (GST_CLOCK_DIFF (next, start)), <=, 2);
    next = start + g_array_index (clip->durations, GstClockTime, i);
  }
}
