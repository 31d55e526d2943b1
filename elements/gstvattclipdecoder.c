/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstvattclipdecoder.h"

#include "gstvattmediareader.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <vatt/captions.h>

struct _GstVattClipDecoder {
  GstVattClipSettings settings;
  GstVattMediaReader *reader;       /* owned */
  GstVattMediaReader *audio_reader; /* of sound in files of its own; owned */
  VattCaptions *captions;           /* of that file; owned, may be NULL */
  char *captions_path;              /* owned */
};

static const GEnumValue text_source_values[] = {
  { GST_VATT_TEXT_SOURCE_AUTO,
      "Captions that the manifest names, else its text, else captions beside "
      "the file",
      "auto" },
  { GST_VATT_TEXT_SOURCE_MANIFEST,
      "The text of the manifest, one caption as long as the clip", "manifest" },
  { GST_VATT_TEXT_SOURCE_CAPTIONS,
      "Captions that the manifest names, else those beside the file",
      "captions" },
  { 0, NULL, NULL },
};

GType
gst_vatt_text_source_get_type (void)
{
  static gsize type = 0;
  if (g_once_init_enter (&type))
    g_once_init_leave (&type,
        g_enum_register_static ("GstVattTextSource", text_source_values));
  return type;
}

/* ---- pictures and sound ---- */

/* Pipes and devices may never end, and folders are a mistake. */
static gboolean
check_file (const char *path, GError **error)
{
  GStatBuf status;
  if (g_stat (path, &status) != 0) {
    int code = errno;
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code),
        "cannot be opened: %s", g_strerror (code));
    return FALSE;
  }
  if (!S_ISREG (status.st_mode)) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "found a folder, pipe or device, expected a file");
    return FALSE;
  }
  return TRUE;
}

/* Reads a part of a file, if anything of it is wanted. */
static gboolean
read_file (GstVattClipDecoder *self, GstVattMediaReader *reader,
    GstVattSpan *span, GstVattMedia *media, GError **error)
{
  if (!span->wanted[VATT_VIDEO] && !span->wanted[VATT_AUDIO])
    return TRUE;
  span->max_bytes = self->settings.max_bytes;
  return check_file (span->path, error) &&
         gst_vatt_media_reader_read (reader, span, media, error);
}

static gboolean
read_media (GstVattClipDecoder *self, const VattManifestRow *row,
    GstVattMedia *media, GError **error)
{
  const gboolean *wanted = self->settings.wanted;
  gboolean apart = row->audio && wanted[VATT_AUDIO];
  GstVattSpan own = { .path = row->path,
    .start = row->start,
    .end = row->end,
    .wanted = { [VATT_VIDEO] = wanted[VATT_VIDEO],
        [VATT_AUDIO] = wanted[VATT_AUDIO] && !apart } };
  GstVattSpan sound = { .path = row->audio,
    .start = row->start,
    .end = row->end,
    .wanted = { [VATT_AUDIO] = apart } };
  if (!read_file (self, self->reader, &own, media, error))
    return FALSE;
  if (read_file (self, self->audio_reader, &sound, media, error))
    return TRUE;
  g_autofree char *shown = g_filename_display_name (row->audio);
  g_prefix_error (error, "its sound '%s': ", shown);
  return FALSE;
}

/* ---- text ---- */

/* Returns: (transfer full) (nullable): the path of captions beside @path */
static char *
find_side_file (const char *path)
{
  static const char *const endings[] = { ".vtt", ".srt" };
  const char *name = strrchr (path, '/');
  const char *dot = strrchr (name ? name : path, '.');
  g_autofree char *stem =
      dot ? g_strndup (path, (gsize)(dot - path)) : g_strdup (path);
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++) {
    g_autofree char *side = g_strconcat (stem, endings[i], NULL);
    if (g_file_test (side, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&side);
  }
  return NULL;
}

/* Returns: (nullable): what the manifest says of @row, if that is to be used */
static const char *
own_text (const GstVattClipDecoder *self, const VattManifestRow *row)
{
  switch (self->settings.text_source) {
  case GST_VATT_TEXT_SOURCE_MANIFEST:
    return row->text;
  case GST_VATT_TEXT_SOURCE_AUTO:
    return row->captions ? NULL : row->text;
  case GST_VATT_TEXT_SOURCE_CAPTIONS:
    break;
  }
  return NULL;
}

/* Returns: (transfer full) (nullable): captions to read for @row */
static char *
find_captions (const GstVattClipDecoder *self, const VattManifestRow *row)
{
  if (self->settings.text_source == GST_VATT_TEXT_SOURCE_MANIFEST ||
      own_text (self, row))
    return NULL;
  return row->captions ? g_strdup (row->captions) : find_side_file (row->path);
}

/* The captions of one file serve all clips that follow from it. */
static gboolean
load_captions (GstVattClipDecoder *self, const char *path, GError **error)
{
  if (g_strcmp0 (path, self->captions_path) == 0)
    return TRUE;
  g_clear_pointer (&self->captions, vatt_captions_free);
  g_clear_pointer (&self->captions_path, g_free);
  self->captions = vatt_captions_read (path, error);
  if (!self->captions)
    return FALSE;
  self->captions_path = g_strdup (path);
  return TRUE;
}

static void
add_caption (GstVattMedia *media, const char *text, GstClockTime start,
    GstClockTime duration)
{
  gsize length = strlen (text);
  GstBuffer *buffer = gst_buffer_new_wrapped (g_strdup (text), length);
  GST_BUFFER_PTS (buffer) = start;
  GST_BUFFER_DURATION (buffer) = duration;
  gst_vatt_media_take_buffer (media, VATT_TEXT, buffer);
}

/* Those of the captions that reach into the clip. */
static void
add_captions (const VattCaptions *captions, const VattManifestRow *row,
    GstVattMedia *media)
{
  GstClockTime end = row->end ? row->end : GST_CLOCK_TIME_NONE;
  for (guint i = 0; i < vatt_captions_get_n (captions); i++) {
    const VattCaption *caption = vatt_captions_get (captions, i);
    GstClockTime from = MAX (caption->start, row->start);
    GstClockTime to = MIN (caption->end, end);
    if (from < to)
      add_caption (media, caption->text, from - row->start, to - from);
  }
}

static gboolean
read_captions (GstVattClipDecoder *self, const VattManifestRow *row,
    GstVattMedia *media, GError **error)
{
  g_autofree char *path = find_captions (self, row);
  if (!path)
    return TRUE;
  if (!load_captions (self, path, error))
    return FALSE;
  add_captions (self->captions, row, media);
  return TRUE;
}

static void
set_duration (
    GstVattClipDecoder *self, const VattManifestRow *row, GstVattMedia *media)
{
  media->duration =
      row->end ? row->end - row->start : gst_vatt_media_end (media);
  if (media->duration == 0)
    media->duration = self->settings.still_duration;
}

/*
 * gst_vatt_clip_decoder_decode:
 * @decoder: a decoder
 * @row: the clip to make
 * @error: return location for a #GError, which does not name the clip
 *
 * Returns: (transfer full) (nullable): the clip, or %NULL with @error set
 */
GstVattMedia *
gst_vatt_clip_decoder_decode (
    GstVattClipDecoder *self, const VattManifestRow *row, GError **error)
{
  g_autoptr (GstVattMedia) media = gst_vatt_media_new ();
  gboolean texts = self->settings.wanted[VATT_TEXT];
  if (!read_media (self, row, media, error))
    return NULL;
  if (texts) {
    g_autoptr (GstCaps) caps = gst_caps_new_simple (
        "text/x-raw", "format", G_TYPE_STRING, "utf8", NULL);
    gst_vatt_media_add_caps (media, VATT_TEXT, caps);
    if (!read_captions (self, row, media, error))
      return NULL;
  }
  set_duration (self, row, media);
  const char *text = texts ? own_text (self, row) : NULL;
  if (text)
    add_caption (media, text, 0, media->duration);
  return g_steal_pointer (&media);
}

GstVattClipDecoder *
gst_vatt_clip_decoder_new (const GstVattClipSettings *settings)
{
  GstVattClipDecoder *self = g_new0 (GstVattClipDecoder, 1);
  self->settings = *settings;
  self->reader = gst_vatt_media_reader_new (settings->caps);
  self->audio_reader = gst_vatt_media_reader_new (settings->caps);
  return self;
}

/* From any thread: what is being decoded fails, and so does all that follows.
 */
void
gst_vatt_clip_decoder_cancel (GstVattClipDecoder *self)
{
  gst_vatt_media_reader_cancel (self->reader);
  gst_vatt_media_reader_cancel (self->audio_reader);
}

void
gst_vatt_clip_decoder_free (GstVattClipDecoder *self)
{
  gst_vatt_media_reader_free (self->reader);
  gst_vatt_media_reader_free (self->audio_reader);
  g_clear_pointer (&self->captions, vatt_captions_free);
  g_free (self->captions_path);
  g_free (self);
}
