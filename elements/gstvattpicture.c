/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GstVideoConverter does the work; this file decides which part of a picture
 * is used. Scaling is bilinear with two taps and half-pixel centres, as in the
 * published front end. Interlaced pictures are taken as they are woven. */
#include "gstvattpicture.h"

#include <string.h>

static const GEnumValue aspect_values[] = {
  { GST_VATT_ASPECT_CROP_CENTER, "Largest central part", "crop-center" },
  { GST_VATT_ASPECT_LETTERBOX, "Whole picture with black bars", "letterbox" },
  { GST_VATT_ASPECT_STRETCH, "Whole picture out of shape", "stretch" },
  { 0, NULL, NULL },
};

GType
gst_vatt_aspect_get_type (void)
{
  static gsize type = 0;
  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstVattAspect", aspect_values));
  return type;
}

/* Where the wanted part lies in a source, and where it goes. */
typedef struct {
  gint x, y, width, height;
  gint out_x, out_y, out_width, out_height;
} Rect;

struct _GstVattPictureConverter {
  VattFrontEnd front_end;
  GstVattPictureCrop wanted;
  gboolean augmented;
  VattAugmentParams params; /* if it is augmented */
  VattAugmentDraw draw;     /* the same */
  GstVideoInfo in;
  GstVideoInfo out;
  gint crop[4];              /* region @engine was made for */
  GstVideoConverter *engine; /* owned; made with the first picture */
};

static void
crop_to_shape (gint width, gint height, double shape, Rect *rect)
{
  if ((double)width > shape * (double)height) {
    rect->width = CLAMP ((gint)(shape * (double)height + 0.5), 1, width);
    rect->x = (width - rect->width) / 2;
  } else {
    rect->height = CLAMP ((gint)((double)width / shape + 0.5), 1, height);
    rect->y = (height - rect->height) / 2;
  }
}

static void
bars_to_shape (gint width, gint height, double shape, Rect *rect)
{
  double own = (double)width / (double)height;
  gint out_width = rect->out_width, out_height = rect->out_height;
  if (own > shape) {
    rect->out_height =
        CLAMP ((gint)(out_height * shape / own + 0.5), 1, out_height);
    rect->out_y = (out_height - rect->out_height) / 2;
  } else {
    rect->out_width =
        CLAMP ((gint)(out_width * own / shape + 0.5), 1, out_width);
    rect->out_x = (out_width - rect->out_width) / 2;
  }
}

/* The box of the element or of the model. */
static void
box_rect (const GstVattPictureConverter *self, gint crop_width,
    gint crop_height, Rect *rect)
{
  const VattAugmentBox *own = &self->wanted.box;
  const double *box = self->front_end.box;
  if (own->width > 0) {
    rect->x = (gint)own->x;
    rect->y = (gint)own->y;
    rect->width = (gint)own->width;
    rect->height = (gint)own->height;
    return;
  }
  rect->x = CLAMP ((gint)(box[0] * crop_width + 0.5), 0, crop_width - 1);
  rect->y = CLAMP ((gint)(box[1] * crop_height + 0.5), 0, crop_height - 1);
  rect->width =
      CLAMP ((gint)(box[2] * crop_width + 0.5), 1, crop_width - rect->x);
  rect->height =
      CLAMP ((gint)(box[3] * crop_height + 0.5), 1, crop_height - rect->y);
}

/* Where in the used region of a source, of this size, the wanted part lies. A
 * random box may have any shape, so all of the region is there to choose from,
 * unless there is a box. Pixels of the source may be oblong. */
static void
find_rect (const GstVattPictureConverter *self, gint crop_width,
    gint crop_height, Rect *rect)
{
  const VattFrontEnd *fe = &self->front_end;
  *rect = (Rect){
    .width = crop_width,
    .height = crop_height,
    .out_width = (gint)fe->width,
    .out_height = (gint)fe->height,
  };
  if (self->wanted.box.width > 0 || (fe->box[2] > 0 && fe->box[3] > 0)) {
    box_rect (self, crop_width, crop_height, rect);
    return;
  }
  if (self->augmented && self->params.area_min < 1.0)
    return;
  gint par_n = GST_VIDEO_INFO_PAR_N (&self->in);
  gint par_d = GST_VIDEO_INFO_PAR_D (&self->in);
  double pixel = par_n > 0 && par_d > 0 ? (double)par_n / par_d : 1.0;
  /* The model's shape, counted in source pixels. */
  double shape = (double)fe->width / fe->height / pixel;
  if (self->wanted.aspect == GST_VATT_ASPECT_CROP_CENTER)
    crop_to_shape (crop_width, crop_height, shape, rect);
  else if (self->wanted.aspect == GST_VATT_ASPECT_LETTERBOX)
    bars_to_shape (crop_width, crop_height, shape, rect);
}

static gboolean
check_box (
    const GstVattPictureConverter *self, const gint crop[4], GError **error)
{
  const VattAugmentBox *box = &self->wanted.box;
  if ((guint64)box->x + box->width <= (guint64)crop[2] &&
      (guint64)box->y + box->height <= (guint64)crop[3])
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
      "crop-box is %u x %u pixels from column %u, row %u, expected a part of "
      "pictures of %d x %d",
      box->width, box->height, box->x, box->y, crop[2], crop[3]);
  return FALSE;
}

GstVattPictureConverter *
gst_vatt_picture_converter_new (const GstVideoInfo *info,
    const VattFrontEnd *front_end, const GstVattPictureCrop *crop)
{
  GstVattPictureConverter *self = g_new0 (GstVattPictureConverter, 1);
  self->front_end = *front_end;
  self->wanted = *crop;
  self->in = *info;
  /* Woven fields are scaled as one picture. */
  GST_VIDEO_INFO_INTERLACE_MODE (&self->in) =
      GST_VIDEO_INTERLACE_MODE_PROGRESSIVE;
  gst_video_info_set_format (
      &self->out, GST_VIDEO_FORMAT_RGB, front_end->width, front_end->height);
  GST_VIDEO_INFO_FPS_N (&self->out) = GST_VIDEO_INFO_FPS_N (info);
  GST_VIDEO_INFO_FPS_D (&self->out) = GST_VIDEO_INFO_FPS_D (info);
  return self;
}

/*
 * gst_vatt_picture_converter_augment:
 * @self: a converter that has not run
 * @params: checked values
 * @draw: of a clip
 *
 * Has it take the part of pictures that is drawn for one clip.
 */
void
gst_vatt_picture_converter_augment (GstVattPictureConverter *self,
    const VattAugmentParams *params, const VattAugmentDraw *draw)
{
  self->augmented = TRUE;
  self->params = *params;
  self->draw = *draw;
}

void
gst_vatt_picture_converter_free (GstVattPictureConverter *self)
{
  g_clear_pointer (&self->engine, gst_video_converter_free);
  g_free (self);
}

const GstVideoInfo *
gst_vatt_picture_converter_get_output (const GstVattPictureConverter *self)
{
  return &self->out;
}

static void
augment_rect (const GstVattPictureConverter *self, gint crop_width,
    gint crop_height, Rect *rect)
{
  VattAugmentBox box = { (guint)rect->x, (guint)rect->y, (guint)rect->width,
    (guint)rect->height };
  vatt_augment_box (
      &self->params, &self->draw, (guint)crop_width, (guint)crop_height, &box);
  rect->x = (gint)box.x;
  rect->y = (gint)box.y;
  rect->width = (gint)box.width;
  rect->height = (gint)box.height;
}

static void
make_engine (GstVattPictureConverter *self, const gint crop[4])
{
  Rect rect;
  find_rect (self, crop[2], crop[3], &rect);
  if (self->augmented)
    augment_rect (self, crop[2], crop[3], &rect);
  GstStructure *config = gst_structure_new ("vatt-picture",
      GST_VIDEO_CONVERTER_OPT_SRC_X, G_TYPE_INT, crop[0] + rect.x,
      GST_VIDEO_CONVERTER_OPT_SRC_Y, G_TYPE_INT, crop[1] + rect.y,
      GST_VIDEO_CONVERTER_OPT_SRC_WIDTH, G_TYPE_INT, rect.width,
      GST_VIDEO_CONVERTER_OPT_SRC_HEIGHT, G_TYPE_INT, rect.height,
      GST_VIDEO_CONVERTER_OPT_DEST_X, G_TYPE_INT, rect.out_x,
      GST_VIDEO_CONVERTER_OPT_DEST_Y, G_TYPE_INT, rect.out_y,
      GST_VIDEO_CONVERTER_OPT_DEST_WIDTH, G_TYPE_INT, rect.out_width,
      GST_VIDEO_CONVERTER_OPT_DEST_HEIGHT, G_TYPE_INT, rect.out_height,
      GST_VIDEO_CONVERTER_OPT_FILL_BORDER, G_TYPE_BOOLEAN, TRUE,
      GST_VIDEO_CONVERTER_OPT_BORDER_ARGB, G_TYPE_UINT, 0xff000000u,
      GST_VIDEO_CONVERTER_OPT_RESAMPLER_METHOD, GST_TYPE_VIDEO_RESAMPLER_METHOD,
      GST_VIDEO_RESAMPLER_METHOD_LINEAR, GST_VIDEO_CONVERTER_OPT_RESAMPLER_TAPS,
      G_TYPE_UINT, 2u, GST_VIDEO_CONVERTER_OPT_DITHER_METHOD,
      GST_TYPE_VIDEO_DITHER_METHOD, GST_VIDEO_DITHER_NONE, NULL);
  self->engine = gst_video_converter_new (&self->in, &self->out, config);
  memcpy (self->crop, crop, sizeof self->crop);
}

/*
 * gst_vatt_picture_converter_run:
 * @self: a converter
 * @source: a picture as the input caps say
 * @out: a writable buffer of the output's size
 * @error: return location
 */
gboolean
gst_vatt_picture_converter_run (GstVattPictureConverter *self,
    GstBuffer *source, GstBuffer *out, GError **error)
{
  gint crop[4] = { 0, 0, GST_VIDEO_INFO_WIDTH (&self->in),
    GST_VIDEO_INFO_HEIGHT (&self->in) };
  const GstVideoCropMeta *meta = gst_buffer_get_video_crop_meta (source);
  if (meta && meta->width > 0 && meta->height > 0 &&
      meta->x + meta->width <= (guint)crop[2] &&
      meta->y + meta->height <= (guint)crop[3]) {
    crop[0] = (gint)meta->x;
    crop[1] = (gint)meta->y;
    crop[2] = (gint)meta->width;
    crop[3] = (gint)meta->height;
  }
  if (!self->engine || memcmp (crop, self->crop, sizeof crop) != 0) {
    if (!check_box (self, crop, error))
      return FALSE;
    g_clear_pointer (&self->engine, gst_video_converter_free);
    make_engine (self, crop);
  }
  GstVideoFrame in_frame, out_frame;
  if (!self->engine ||
      !gst_video_frame_map (&in_frame, &self->in, source, GST_MAP_READ)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "a picture of %" G_GSIZE_FORMAT " bytes is not the %d x %d %s its "
        "caps promise",
        gst_buffer_get_size (source), GST_VIDEO_INFO_WIDTH (&self->in),
        GST_VIDEO_INFO_HEIGHT (&self->in),
        gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (&self->in)));
    return FALSE;
  }
  gboolean mapped =
      gst_video_frame_map (&out_frame, &self->out, out, GST_MAP_WRITE);
  if (mapped) {
    gst_video_converter_frame (self->engine, &in_frame, &out_frame);
    gst_video_frame_unmap (&out_frame);
  } else {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "no memory for a picture of %u x %u", self->front_end.width,
        self->front_end.height);
  }
  gst_video_frame_unmap (&in_frame);
  return mapped;
}
