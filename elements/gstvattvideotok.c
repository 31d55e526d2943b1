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
 * #GstVattWindow:hop from the start of the segment, whatever data come. Gaps up
 * to #GstVattWindow:max-gap are filled by repeating a picture and marked by the
 * DISCONT flag and the `gap` of the meta. What is missing by more than half is
 * not sent, but a GAP event is, as for a stream that is played backwards.
 *
 * Clips of training may be changed at random: #GstVattWindow:augment,
 * #GstVattWindow:augment-settings, #GstVattWindow:start-jitter;
 * docs/elements.md has the settings. #GstVattVideoTok:crop-box names the part
 * of the pictures that is used in their own pixels. What is random is a
 * function of #GstVattWindow:seed and of the #guint64 `epoch` and the #guint
 * `row` or #guint64 `clip` of a custom event `vatt-clip`; without it each
 * segment is a clip.
 *
 * The source pad may be left unlinked: the element then is the pipeline's sink
 * and posts an element message named `vatt-tokens` for each window, with these
 * fields:
 *
 * * #guint64 `timestamp`, `stream-time`, `running-time`, `duration`: of the
 *   window, ns
 * * #guint64 `window`: its number since the start or the last flush
 * * #gchararray `modality`
 * * #guint `tokens`: how many were made
 * * #guint64 `gap`: how much of the window no data covered, ns
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=200 ! vattvideotok ! vattencoder !
 * fakesink silent=false -v
 * ]|
 */
#include "gstvattvideotokprivate.h"

#include "gstvattcaps.h"

GST_DEBUG_CATEGORY_STATIC (vatt_video_tok_debug);
#define GST_CAT_DEFAULT vatt_video_tok_debug

/* What a source that can choose should make: 8 bits, little to convert. */
#define CHEAP_FORMATS                                                          \
  "{ I420, YV12, NV12, NV21, Y42B, YUY2, UYVY, Y444, RGB, BGR, RGBx, BGRx, "   \
  "RGBA, BGRA, GRAY8 }"

/* Frames of GPUs and decoders that lie in memory row by row, as their other
 * layouts do not: names of the DRM formats without a modifier. */
#if GST_CHECK_VERSION(1, 24, 0)
#define DMA_CAPS                                                               \
  GST_VIDEO_DMA_DRM_CAPS_MAKE ", drm-format = (string) { NV12, NV21, YU12, "   \
                              "YV12, YU16, YU24, YUYV, UYVY, R8, AR24, AB24, " \
                              "XR24, XB24, RG24, BG24 }; "
#else
#define DMA_CAPS ""
#endif

G_DEFINE_TYPE (GstVattVideoTok, gst_vatt_video_tok, GST_TYPE_VATT_WINDOW)
GST_ELEMENT_REGISTER_DEFINE (
    vattvideotok, "vattvideotok", GST_RANK_NONE, GST_TYPE_VATT_VIDEO_TOK)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (
        GST_VIDEO_CAPS_MAKE (CHEAP_FORMATS) "; " DMA_CAPS GST_VIDEO_CAPS_MAKE (
            GST_VIDEO_FORMATS_ALL)));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_VATT_VIDEO_TOKENS_CAPS));

/* Whether every window has pictures of its own. */
static gboolean
is_augmented (GstVattVideoTok *self)
{
  return vatt_augment_params_affect (
      gst_vatt_window_get_augmentation (GST_VATT_WINDOW (self)), VATT_VIDEO);
}

/* Shows the newest picture to window @ahead from the next, if that wants it up
 * to @until. */
static gboolean
show_newest (GstVattVideoTok *self, guint64 ahead, GstClockTimeDiff until,
    GError **error)
{
  GstVattWindow *window = GST_VATT_WINDOW (self);
  const GstVattQueuedPicture *newest =
      gst_vatt_picture_queue_newest (&self->pictures);
  if (!gst_vatt_window_wants (window, ahead, newest->from, until))
    return TRUE;
  const GstVattPictureShowing showing = {
    .info = &self->newest_info,
    .front_end = &self->front_end,
    .crop = &self->crop,
    .augment = gst_vatt_window_get_augmentation (window),
    .key = gst_vatt_window_get_key (window, ahead),
  };
  return gst_vatt_picture_views_show (&self->views,
      gst_vatt_window_get_number (window) + ahead, &showing, newest, error);
}

/* The newest picture learns where its instants end, is shown to all windows
 * that want it, and is not kept. */
static gboolean
show_newest_to_all (
    GstVattVideoTok *self, GstClockTimeDiff until, GError **error)
{
  guint64 n = gst_vatt_window_get_ahead (GST_VATT_WINDOW (self), until);
  for (guint64 ahead = 0; ahead < n; ahead++)
    if (!show_newest (self, ahead, until, error))
      return FALSE;
  gst_vatt_picture_queue_retire_newest (&self->pictures);
  return TRUE;
}

/* The newest picture learns where its instants end, and is converted or
 * forgotten. */
static gboolean
settle_newest (GstVattVideoTok *self, GstClockTimeDiff until, GError **error)
{
  GstVattQueuedPicture *newest =
      gst_vatt_picture_queue_newest (&self->pictures);
  if (!newest || newest->converted)
    return TRUE;
  if (is_augmented (self))
    return show_newest_to_all (self, until, error);
  if (gst_vatt_window_has_instant (GST_VATT_WINDOW (self), newest->from, until))
    return gst_vatt_queued_picture_convert (newest, self->converter, error);
  gst_vatt_picture_queue_retire_newest (&self->pictures);
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
  GstVattQueuedPicture *newest =
      gst_vatt_picture_queue_newest (&self->pictures);
  GstClockTimeDiff from =
      (GstClockTimeDiff)gst_vatt_window_get_origin (window) - 1;
  if (newest) {
    if (time <= newest->time)
      return TRUE;
    from = (GstClockTimeDiff)(newest->time + (time - newest->time) / 2);
    if (!settle_newest (self, from, error))
      return FALSE;
  }
  gst_vatt_picture_queue_append (&self->pictures, buffer, time, from);
  self->newest_info = self->info;
  gst_vatt_window_set_data_end (window, end);
  return TRUE;
}

/* Says where the picture lies in time. One that comes while the one before
 * should still be seen ends that; one that comes late by more than jitter
 * leaves a hole. A camera in the dark makes fewer pictures than its caps say:
 * unless a loss is announced, the distance of the two before counts as well. */
static void
place_picture (GstVattVideoTok *self, GstBuffer *buffer, GstClockTime start,
    GstClockTime duration, gboolean known)
{
  GstVattWindow *window = GST_VATT_WINDOW (self);
  const GstVattQueuedPicture *newest =
      gst_vatt_picture_queue_newest (&self->pictures);
  GstClockTime end = gst_vatt_window_get_data_end (window);
  GstClockTime before = newest ? newest->time : start;
  gboolean announced =
      GST_BUFFER_IS_DISCONT (buffer) || gst_vatt_window_saw_gap (window);
  GstClockTime usual = announced ? duration : MAX (duration, self->interval);
  if (newest && start > newest->time && start < end)
    gst_vatt_window_set_data_end (window, end = start);
  /* Where nobody says how long a picture lasts, it may last a window. */
  GstClockTime slack = known ? 0 : gst_vatt_front_end_span (&self->front_end);
  GstVattPlace place = gst_vatt_window_place (window, start, slack);
  if (place == GST_VATT_PLACE_START)
    self->interval = 0;
  else if (start > before)
    self->interval = start - before;
  if (place == GST_VATT_PLACE_GAP && known &&
      start - before > usual + usual / 2)
    gst_vatt_window_add_hole (window, MAX (end, before + usual), start);
  gst_vatt_window_set_open_ended (window, !known);
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
  place_picture (self, buffer, start, duration, known);
  if (!keep_picture (self, buffer, start, MAX (stop, start + 1), &error))
    return gst_vatt_window_fail (window, error);
  return gst_vatt_window_emit (window, start + 1);
}

/* The last picture of a stream counts for a window at most: a single one is one
 * clip, however long it is to be looked at. */
static gboolean
video_tok_finish (GstVattWindow *window, GError **error)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (window);
  const GstVattQueuedPicture *newest =
      gst_vatt_picture_queue_newest (&self->pictures);
  GstClockTime end = gst_vatt_window_get_data_end (window);
  if (newest)
    gst_vatt_window_set_data_end (window,
        MIN (end, newest->time + gst_vatt_front_end_span (&self->front_end)));
  return TRUE;
}

/* What the next window sees: as there is no time without a picture, it has been
 * shown some.
 *
 * Returns: %NULL with @error set where the last of them is not to be had */
static GstVattPictureView *
complete_view (GstVattVideoTok *self, GstClockTime start, GError **error)
{
  GstClockTime last = gst_vatt_front_end_instant (
      &self->front_end, start, self->front_end.frames - 1);
  if (!show_newest (self, 0, (GstClockTimeDiff)last, error))
    return NULL;
  GstVattPictureView *view = gst_vatt_picture_views_get (
      &self->views, gst_vatt_window_get_number (GST_VATT_WINDOW (self)));
  g_assert (view);
  return view;
}

static gboolean
video_tok_write (
    GstVattWindow *window, GstClockTime start, VattClip *clip, GError **error)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (window);
  const VattFrontEnd *fe = &self->front_end;
  const GstVattPictureQueue *pictures = &self->pictures;
  GstVattPictureConverter *converter = self->converter;
  const VattAugmentDraw *draw = NULL;
  if (is_augmented (self)) {
    const GstVattPictureView *view = complete_view (self, start, error);
    if (!view)
      return FALSE;
    pictures = &view->pictures;
    converter = view->converter;
    draw = &view->draw;
  }
  GList *link = pictures->pictures.head;
  for (guint i = 0; i < fe->frames; i++) {
    GstClockTimeDiff time = (GstClockTimeDiff)gst_vatt_front_end_instant (
        &self->front_end, start, i);
    while (
        link->next && ((GstVattQueuedPicture *)link->next->data)->from < time)
      link = link->next;
    if (!gst_vatt_queued_picture_write (
            link->data, converter, fe, draw, clip, i, error))
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
  gst_vatt_picture_queue_forget (&self->pictures, start);
  gst_vatt_picture_views_forget (
      &self->views, gst_vatt_window_get_number (window));
}

static void
video_tok_reset (GstVattWindow *window)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (window);
  gst_vatt_picture_queue_clear (&self->pictures);
  gst_vatt_picture_views_clear (&self->views);
}

/* Everything that has the old size. */
static void
drop_converter (GstVattVideoTok *self)
{
  g_clear_pointer (&self->converter, gst_vatt_picture_converter_free);
  gst_vatt_picture_queue_drop_spare (&self->pictures);
  gst_vatt_picture_views_drop_spare (&self->views);
}

static void
make_converter (GstVattVideoTok *self)
{
  self->crop = gst_vatt_video_tok_get_crop (self);
  g_clear_pointer (&self->converter, gst_vatt_picture_converter_free);
  self->converter = gst_vatt_picture_converter_new (
      &self->info, &self->front_end, &self->crop);
}

/* Mapped, linear DMABuf frames are pictures like any other. */
static gboolean
info_from_caps (GstVideoInfo *info, const GstCaps *caps)
{
#if GST_CHECK_VERSION(1, 24, 0)
  GstVideoInfoDmaDrm drm;
  if (gst_video_is_dma_drm_caps (caps))
    return gst_video_info_dma_drm_from_caps (&drm, caps) &&
           gst_video_info_dma_drm_to_video_info (&drm, info);
#endif
  return gst_video_info_from_caps (info, caps);
}

static gboolean
video_tok_set_input (GstVattWindow *window, GstCaps *caps, GError **error)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (window);
  GstVideoInfo info;
  if (!info_from_caps (&info, caps)) {
    g_autofree char *text = gst_caps_to_string (caps);
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "caps %s do not describe pictures", text);
    return FALSE;
  }
  /* The newest picture is still in the old format. */
  GstVattQueuedPicture *newest =
      gst_vatt_picture_queue_newest (&self->pictures);
  if (newest && !is_augmented (self) &&
      !gst_vatt_queued_picture_convert (newest, self->converter, error))
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
  GST_INFO_OBJECT (self, "%u pictures in a window", front_end->frames);
  gst_vatt_window_set_reach (window,
      gst_vatt_front_end_instant (&self->front_end, 0, front_end->frames - 1) +
          1);
  if (GST_VIDEO_INFO_FORMAT (&self->info) != GST_VIDEO_FORMAT_UNKNOWN)
    make_converter (self);
  return TRUE;
}

static void
video_tok_propose_allocation (GstVattWindow *window, GstQuery *query)
{
  gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  gst_query_add_allocation_meta (query, GST_VIDEO_CROP_META_API_TYPE, NULL);
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
  gst_vatt_picture_queue_init (&self->pictures);
  gst_vatt_picture_views_init (&self->views);
  gst_vatt_video_tok_default_settings (&self->settings);
}

static void
gst_vatt_video_tok_class_init (GstVattVideoTokClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstVattWindowClass *window_class = GST_VATT_WINDOW_CLASS (klass);
  object_class->finalize = video_tok_finalize;
  gst_vatt_video_tok_install_properties (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "VATT video tokeniser",
      "Filter/Analyzer/Video",
      "Cuts windows of video into tokens for a VATT model",
      "The vatt developers <vatt@example.org>");

  window_class->modality = VATT_VIDEO;
  window_class->override = gst_vatt_video_tok_override;
  window_class->set_input = video_tok_set_input;
  window_class->set_front_end = video_tok_set_front_end;
  window_class->take = video_tok_take;
  window_class->finish = video_tok_finish;
  window_class->write = video_tok_write;
  window_class->forget = video_tok_forget;
  window_class->reset = video_tok_reset;
  window_class->propose_allocation = video_tok_propose_allocation;

  gst_type_mark_as_plugin_api (GST_TYPE_VATT_ASPECT, 0);
  GST_DEBUG_CATEGORY_INIT (vatt_video_tok_debug, "vattvideotok", 0,
      "pictures chosen, scaled and cut");
}
