/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every window wants a picture at each of its instants; the nearest in time is
 * taken. A picture is converted once, and only when some window wants it.
 * Between the picture before, this one and the one behind lie two midpoints:
 * the instants between these are this picture's. */

/**
 * SECTION:element-vattvideotok
 * @title: vattvideotok
 * @short_description: cuts video into tokens for a VATT model
 *
 * Takes video of any format, size and frame rate, resamples it in time by
 * timestamps, crops and scales it to the size the model was trained with and
 * cuts windows of it into patches. The front end (size, frames, rate, box,
 * scaling, patches) is learnt from the encoder behind it by caps; without one
 * that of the shipped model is used. Properties that are not 0 override it.
 *
 * A window covers [start, start + span); its buffer carries the start as
 * timestamp and the span as duration. Windows follow each other every
 * #GstVattWindow:hop, beginning with the segment. Gaps up to
 * #GstVattWindow:max-gap are filled by repeating a picture, longer ones end
 * the window, and the next one begins behind the gap with the DISCONT flag.
 * Of a stream that is played backwards no windows are made.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=200 ! vattvideotok ! vattencoder !
 * fakesink silent=false -v
 * ]|
 */
#include "gstvattvideotok.h"

#include "gstvattcaps.h"
#include "gstvattpicture.h"

#include <vatt/resize.h>

GST_DEBUG_CATEGORY_STATIC (vatt_video_tok_debug);
#define GST_CAT_DEFAULT vatt_video_tok_debug

/* What a source that can choose should make: 8 bits, little to convert. */
#define CHEAP_FORMATS                                                          \
  "{ I420, YV12, NV12, NV21, Y42B, YUY2, UYVY, Y444, RGB, BGR, RGBx, BGRx, "   \
  "RGBA, BGRA, GRAY8 }"

#define DEFAULT_ASPECT GST_VATT_ASPECT_CROP_CENTER

enum {
  PROP_FRAMES = 1,
  PROP_WIDTH,
  PROP_HEIGHT,
  PROP_FPS,
  PROP_ASPECT,
};

typedef struct {
  GstClockTimeDiff from; /* serves the instants behind this */
  GstClockTime time;
  GstBuffer *raw; /* owned; until converted or superseded */
  GstBuffer *rgb; /* owned; once converted */
} Picture;

struct _GstVattVideoTok {
  GstVattWindow parent;

  /* Object lock. */
  guint frames, width, height; /* 0: the model's */
  gint fps_n, fps_d;           /* 0/1: the model's */
  GstVattAspect aspect;

  /* The streaming thread's. */
  GstVideoInfo info;
  VattFrontEnd front_end;
  GstVattPictureConverter *converter; /* owned; NULL before input caps */
  GQueue pictures;                    /* of Picture, by time */
  GQueue spare;                       /* of GstBuffer: RGB not in use */
};

G_DEFINE_TYPE (GstVattVideoTok, gst_vatt_video_tok, GST_TYPE_VATT_WINDOW)
GST_ELEMENT_REGISTER_DEFINE (
    vattvideotok, "vattvideotok", GST_RANK_NONE, GST_TYPE_VATT_VIDEO_TOK)

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE (
            CHEAP_FORMATS) "; " GST_VIDEO_CAPS_MAKE (GST_VIDEO_FORMATS_ALL)));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_VATT_VIDEO_TOKENS_CAPS));

static void
picture_free (GstVattVideoTok *self, Picture *picture)
{
  gst_clear_buffer (&picture->raw);
  if (picture->rgb)
    g_queue_push_head (&self->spare, g_steal_pointer (&picture->rgb));
  g_free (picture);
}

static gboolean
picture_convert (GstVattVideoTok *self, Picture *picture, GError **error)
{
  if (picture->rgb)
    return TRUE;
  GstBuffer *rgb = g_queue_pop_head (&self->spare);
  if (!rgb)
    rgb = gst_buffer_new_allocate (NULL,
        GST_VIDEO_INFO_SIZE (
            gst_vatt_picture_converter_get_output (self->converter)),
        NULL);
  picture->rgb = rgb;
  gboolean done = gst_vatt_picture_converter_run (
      self->converter, picture->raw, rgb, error);
  gst_clear_buffer (&picture->raw);
  return done;
}

/* The newest picture learns where its instants end, and is converted or
 * forgotten. */
static gboolean
settle_newest (GstVattVideoTok *self, GstClockTimeDiff until, GError **error)
{
  Picture *newest = g_queue_peek_tail (&self->pictures);
  if (!newest || newest->rgb)
    return TRUE;
  if (gst_vatt_window_has_instant (GST_VATT_WINDOW (self), newest->from, until))
    return picture_convert (self, newest, error);
  picture_free (self, g_queue_pop_tail (&self->pictures));
  return TRUE;
}

static gboolean
frame_duration (
    GstVattVideoTok *self, GstBuffer *buffer, GstClockTime *duration)
{
  gint n = GST_VIDEO_INFO_FPS_N (&self->info);
  gint d = GST_VIDEO_INFO_FPS_D (&self->info);
  *duration = GST_BUFFER_DURATION (buffer);
  if (GST_CLOCK_TIME_IS_VALID (*duration) && *duration > 0)
    return TRUE;
  if (n > 0 && d > 0) {
    *duration = gst_util_uint64_scale_int (GST_SECOND, d, n);
    return TRUE;
  }
  *duration = gst_vatt_front_end_instant (&self->front_end, 0, 1);
  return FALSE;
}

/* Times without a timestamp follow from the picture before. */
static gboolean
frame_time (GstVattVideoTok *self, GstBuffer *buffer, GstClockTime *time,
    GError **error)
{
  GstVattWindow *window = GST_VATT_WINDOW (self);
  *time = GST_BUFFER_PTS (buffer);
  if (GST_CLOCK_TIME_IS_VALID (*time))
    return TRUE;
  gboolean first =
      !GST_CLOCK_TIME_IS_VALID (gst_vatt_window_get_origin (window));
  if (!first && GST_VIDEO_INFO_FPS_N (&self->info) == 0 &&
      !GST_BUFFER_DURATION_IS_VALID (buffer)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "pictures have neither timestamps, durations nor a frame rate");
    return FALSE;
  }
  *time = first ? gst_vatt_window_get_segment (window)->start
                : gst_vatt_window_get_data_end (window);
  return TRUE;
}

/* Adds a picture; one that is not newer than the last is left out. */
static gboolean
keep_picture (GstVattVideoTok *self, GstBuffer *buffer, GstClockTime time,
    GstClockTime end, GError **error)
{
  GstVattWindow *window = GST_VATT_WINDOW (self);
  Picture *newest = g_queue_peek_tail (&self->pictures);
  GstClockTimeDiff from =
      (GstClockTimeDiff)gst_vatt_window_get_origin (window) - 1;
  if (newest) {
    if (time <= newest->time)
      return TRUE;
    from = (GstClockTimeDiff)(newest->time + (time - newest->time) / 2);
    if (!settle_newest (self, from, error))
      return FALSE;
  }
  Picture *picture = g_new0 (Picture, 1);
  picture->from = from;
  picture->time = time;
  picture->raw = gst_buffer_ref (buffer);
  g_queue_push_tail (&self->pictures, picture);
  gst_vatt_window_set_data_end (window, end);
  return TRUE;
}

static GstFlowReturn
video_tok_take (GstVattWindow *window, GstBuffer *buffer)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (window);
  GError *error = NULL;
  GstClockTime time, duration;
  gboolean known = frame_duration (self, buffer, &duration);
  if (!frame_time (self, buffer, &time, &error))
    return gst_vatt_window_fail (window, error);
  guint64 start, stop;
  if (!gst_segment_clip (gst_vatt_window_get_segment (window), GST_FORMAT_TIME,
          time, known ? time + duration : time, &start, &stop))
    return GST_FLOW_OK;
  /* Where nobody says how long a picture lasts, it may last a window. */
  GstClockTime slack = known ? 0 : gst_vatt_front_end_span (&self->front_end);
  gst_vatt_window_place (window, start, slack);
  if (!keep_picture (self, buffer, start, MAX (stop, start + 1), &error))
    return gst_vatt_window_fail (window, error);
  return gst_vatt_window_emit (window, start + 1);
}

static gboolean
video_tok_write (
    GstVattWindow *window, GstClockTime start, VattClip *clip, GError **error)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (window);
  const VattFrontEnd *fe = &self->front_end;
  const GstVideoInfo *out =
      gst_vatt_picture_converter_get_output (self->converter);
  GList *link = self->pictures.head;
  for (guint i = 0; i < fe->frames; i++) {
    GstClockTimeDiff time = (GstClockTimeDiff)gst_vatt_front_end_instant (
        &self->front_end, start, i);
    while (link->next && ((Picture *)link->next->data)->from < time)
      link = link->next;
    Picture *picture = link->data;
    if (!picture_convert (self, picture, error))
      return FALSE;
    GstMapInfo map;
    if (!gst_buffer_map (picture->rgb, &map, GST_MAP_READ)) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
          "cannot map a picture of %u x %u", fe->width, fe->height);
      return FALSE;
    }
    gboolean filled = vatt_clip_fill_frame_u8 (clip, 0, i, map.data,
        (gsize)GST_VIDEO_INFO_PLANE_STRIDE (out, 0), fe->patch, fe->height,
        fe->width, VATT_SCALE_SYMMETRIC, VATT_OFFSET_SYMMETRIC, error);
    gst_buffer_unmap (picture->rgb, &map);
    if (!filled)
      return FALSE;
  }
  if (fe->scaling == VATT_SCALING_CLIP)
    return vatt_clip_standardize (clip, 0, fe->patch, error);
  return TRUE;
}

static void
video_tok_forget (GstVattWindow *window, GstClockTime start)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (window);
  GList *head;
  while ((head = self->pictures.head) && head->next &&
         ((Picture *)head->next->data)->from < (GstClockTimeDiff)start)
    picture_free (self, g_queue_pop_head (&self->pictures));
}

static void
video_tok_reset (GstVattWindow *window)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (window);
  Picture *picture;
  while ((picture = g_queue_pop_head (&self->pictures)))
    picture_free (self, picture);
}

/* Everything that has the old size. */
static void
drop_converter (GstVattVideoTok *self)
{
  g_clear_pointer (&self->converter, gst_vatt_picture_converter_free);
  g_queue_clear_full (&self->spare, (GDestroyNotify)gst_buffer_unref);
}

static void
make_converter (GstVattVideoTok *self)
{
  GST_OBJECT_LOCK (self);
  GstVattAspect aspect = self->aspect;
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&self->converter, gst_vatt_picture_converter_free);
  self->converter =
      gst_vatt_picture_converter_new (&self->info, &self->front_end, aspect);
}

static gboolean
video_tok_set_input (GstVattWindow *window, GstCaps *caps, GError **error)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (window);
  GstVideoInfo info;
  if (!gst_video_info_from_caps (&info, caps)) {
    g_autofree char *text = gst_caps_to_string (caps);
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "caps %s do not describe pictures", text);
    return FALSE;
  }
  /* The newest picture is still in the old format. */
  Picture *newest = g_queue_peek_tail (&self->pictures);
  if (newest && !picture_convert (self, newest, error))
    return FALSE;
  GST_DEBUG_OBJECT (self, "pictures are %" GST_PTR_FORMAT, caps);
  self->info = info;
  make_converter (self);
  return TRUE;
}

static gboolean
video_tok_set_front_end (
    GstVattWindow *window, const VattFrontEnd *front_end, GError **error)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (window);
  drop_converter (self);
  self->front_end = *front_end;
  GST_INFO_OBJECT (self, "windows of %u pictures of %u x %u", front_end->frames,
      front_end->width, front_end->height);
  gst_vatt_window_set_reach (window,
      gst_vatt_front_end_instant (&self->front_end, 0, front_end->frames - 1) +
          1);
  if (GST_VIDEO_INFO_FORMAT (&self->info) != GST_VIDEO_FORMAT_UNKNOWN)
    make_converter (self);
  return TRUE;
}

/* Properties that are set come before what the model says. */
static gboolean
video_tok_override (
    GstVattWindow *window, VattFrontEnd *front_end, GError **error)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (window);
  GST_OBJECT_LOCK (self);
  guint size[3] = { self->frames ? self->frames : front_end->frames,
    self->height ? self->height : front_end->height,
    self->width ? self->width : front_end->width };
  if (self->fps_n > 0) {
    front_end->rate_n = (guint)self->fps_n;
    front_end->rate_d = (guint)self->fps_d;
  }
  GST_OBJECT_UNLOCK (self);
  for (guint i = 0; i < 3; i++) {
    front_end->grid[i] = size[i] / front_end->patch[i];
    if (front_end->grid[i] == 0) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "%u frames of %u x %u (width x height) do not fill one patch of "
          "%u x %u x %u (frames, rows, columns)",
          size[0], size[2], size[1], front_end->patch[0], front_end->patch[1],
          front_end->patch[2]);
      return FALSE;
    }
  }
  front_end->frames = size[0];
  front_end->height = size[1];
  front_end->width = size[2];
  return TRUE;
}

static void
video_tok_propose_allocation (GstVattWindow *window, GstQuery *query)
{
  gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  gst_query_add_allocation_meta (query, GST_VIDEO_CROP_META_API_TYPE, NULL);
}

static void
video_tok_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (object);
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_FRAMES:
    self->frames = g_value_get_uint (value);
    break;
  case PROP_WIDTH:
    self->width = g_value_get_uint (value);
    break;
  case PROP_HEIGHT:
    self->height = g_value_get_uint (value);
    break;
  case PROP_FPS:
    self->fps_n = gst_value_get_fraction_numerator (value);
    self->fps_d = gst_value_get_fraction_denominator (value);
    break;
  case PROP_ASPECT:
    self->aspect = (GstVattAspect)g_value_get_enum (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
video_tok_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (object);
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_FRAMES:
    g_value_set_uint (value, self->frames);
    break;
  case PROP_WIDTH:
    g_value_set_uint (value, self->width);
    break;
  case PROP_HEIGHT:
    g_value_set_uint (value, self->height);
    break;
  case PROP_FPS:
    gst_value_set_fraction (value, self->fps_n, self->fps_d);
    break;
  case PROP_ASPECT:
    g_value_set_enum (value, (gint)self->aspect);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
video_tok_finalize (GObject *object)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (object);
  video_tok_reset (GST_VATT_WINDOW (self));
  drop_converter (self);
  G_OBJECT_CLASS (gst_vatt_video_tok_parent_class)->finalize (object);
}

static void
gst_vatt_video_tok_init (GstVattVideoTok *self)
{
  gst_video_info_init (&self->info);
  g_queue_init (&self->pictures);
  g_queue_init (&self->spare);
  self->fps_d = 1;
  self->aspect = DEFAULT_ASPECT;
}

#define FLAGS                                                                  \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)

static void
install_properties (GObjectClass *object_class)
{
  g_object_class_install_property (object_class, PROP_FRAMES,
      g_param_spec_uint ("frames", "Frames",
          "Pictures in a window (0 = as the model says)", 0, 4096, 0, FLAGS));
  g_object_class_install_property (object_class, PROP_WIDTH,
      g_param_spec_uint ("width", "Width",
          "Columns of a picture (0 = as the model says)", 0, 4096, 0, FLAGS));
  g_object_class_install_property (object_class, PROP_HEIGHT,
      g_param_spec_uint ("height", "Height",
          "Rows of a picture (0 = as the model says)", 0, 4096, 0, FLAGS));
  g_object_class_install_property (object_class, PROP_FPS,
      gst_param_spec_fraction ("fps", "Pictures per second",
          "Pictures per second inside a window (0/1 = as the model says)", 0, 1,
          1000, 1, 0, 1, FLAGS));
  g_object_class_install_property (object_class, PROP_ASPECT,
      g_param_spec_enum ("aspect", "Aspect",
          "How pictures of another shape are brought to the model's, unless "
          "the model reads a box of its own",
          GST_TYPE_VATT_ASPECT, DEFAULT_ASPECT, FLAGS));
}

static void
gst_vatt_video_tok_class_init (GstVattVideoTokClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstVattWindowClass *window_class = GST_VATT_WINDOW_CLASS (klass);
  object_class->set_property = video_tok_set_property;
  object_class->get_property = video_tok_get_property;
  object_class->finalize = video_tok_finalize;
  install_properties (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "VATT video tokeniser",
      "Filter/Analyzer/Video",
      "Cuts windows of video into tokens for a VATT model",
      "The vatt developers <vatt@example.org>");

  window_class->modality = VATT_VIDEO;
  window_class->override = video_tok_override;
  window_class->set_input = video_tok_set_input;
  window_class->set_front_end = video_tok_set_front_end;
  window_class->take = video_tok_take;
  window_class->write = video_tok_write;
  window_class->forget = video_tok_forget;
  window_class->reset = video_tok_reset;
  window_class->propose_allocation = video_tok_propose_allocation;

  gst_type_mark_as_plugin_api (GST_TYPE_VATT_ASPECT, 0);
  GST_DEBUG_CATEGORY_INIT (vatt_video_tok_debug, "vattvideotok", 0,
      "pictures chosen, scaled and cut");
}
