/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Properties of the video tokeniser. */
#include "gstvattvideotokprivate.h"

#define DEFAULT_ASPECT GST_VATT_ASPECT_CROP_CENTER

enum {
  PROP_FRAMES = 1,
  PROP_WIDTH,
  PROP_HEIGHT,
  PROP_FPS,
  PROP_ASPECT,
  PROP_CROP_BOX,
};

void
gst_vatt_video_tok_default_settings (GstVattVideoTokSettings *settings)
{
  *settings = (GstVattVideoTokSettings){ .fps_d = 1, .aspect = DEFAULT_ASPECT };
}

/* Which part of pictures is used; settings that were checked. */
GstVattPictureCrop
gst_vatt_video_tok_get_crop (GstVattVideoTok *self)
{
  GST_OBJECT_LOCK (self);
  GstVattPictureCrop crop = { .aspect = self->settings.aspect };
  const gint *box = self->settings.box;
  if (self->settings.n_box == G_N_ELEMENTS (self->settings.box))
    crop.box = (VattAugmentBox){ (guint)box[0], (guint)box[1], (guint)box[2],
      (guint)box[3] };
  GST_OBJECT_UNLOCK (self);
  return crop;
}

static gboolean
check_box (GstVattVideoTok *self, GError **error)
{
  GST_OBJECT_LOCK (self);
  GstVattVideoTokSettings settings = self->settings;
  GST_OBJECT_UNLOCK (self);
  const gint *box = settings.box;
  if (settings.n_box == 0 || (settings.n_box == G_N_ELEMENTS (settings.box) &&
                                 box[2] > 0 && box[3] > 0))
    return TRUE;
  if (settings.n_box != G_N_ELEMENTS (settings.box))
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "crop-box has %u numbers, expected left, top, width and height, or none",
        settings.n_box);
  else
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "crop-box is %d x %d pixels, expected 1 or more of each", box[2],
        box[3]);
  return FALSE;
}

/* Properties that are set come before what the model says. */
gboolean
gst_vatt_video_tok_override (
    GstVattWindow *window, VattFrontEnd *front_end, GError **error)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (window);
  GST_OBJECT_LOCK (self);
  guint size[3] = { self->settings.frames ? self->settings.frames
                                          : front_end->frames,
    self->settings.height ? self->settings.height : front_end->height,
    self->settings.width ? self->settings.width : front_end->width };
  if (self->settings.fps_n > 0) {
    front_end->rate_n = (guint)self->settings.fps_n;
    front_end->rate_d = (guint)self->settings.fps_d;
  }
  GST_OBJECT_UNLOCK (self);
  if (!check_box (self, error))
    return FALSE;
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

/* What is too much is counted only. */
static void
set_box (GstVattVideoTokSettings *settings, const GValue *value)
{
  settings->n_box = gst_value_array_get_size (value);
  for (guint i = 0; i < MIN (settings->n_box, G_N_ELEMENTS (settings->box));
       i++)
    settings->box[i] = g_value_get_int (gst_value_array_get_value (value, i));
}

static void
get_box (const GstVattVideoTokSettings *settings, GValue *value)
{
  g_auto (GValue) number = G_VALUE_INIT;
  g_value_init (&number, G_TYPE_INT);
  for (guint i = 0; i < MIN (settings->n_box, G_N_ELEMENTS (settings->box));
       i++) {
    g_value_set_int (&number, settings->box[i]);
    gst_value_array_append_value (value, &number);
  }
}

static void
video_tok_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstVattVideoTok *self = GST_VATT_VIDEO_TOK (object);
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_FRAMES:
    self->settings.frames = g_value_get_uint (value);
    break;
  case PROP_WIDTH:
    self->settings.width = g_value_get_uint (value);
    break;
  case PROP_HEIGHT:
    self->settings.height = g_value_get_uint (value);
    break;
  case PROP_FPS:
    self->settings.fps_n = gst_value_get_fraction_numerator (value);
    self->settings.fps_d = gst_value_get_fraction_denominator (value);
    break;
  case PROP_ASPECT:
    self->settings.aspect = (GstVattAspect)g_value_get_enum (value);
    break;
  case PROP_CROP_BOX:
    set_box (&self->settings, value);
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
    g_value_set_uint (value, self->settings.frames);
    break;
  case PROP_WIDTH:
    g_value_set_uint (value, self->settings.width);
    break;
  case PROP_HEIGHT:
    g_value_set_uint (value, self->settings.height);
    break;
  case PROP_FPS:
    gst_value_set_fraction (value, self->settings.fps_n, self->settings.fps_d);
    break;
  case PROP_ASPECT:
    g_value_set_enum (value, (gint)self->settings.aspect);
    break;
  case PROP_CROP_BOX:
    get_box (&self->settings, value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

#define FLAGS                                                                  \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)

void
gst_vatt_video_tok_install_properties (GObjectClass *object_class)
{
  object_class->set_property = video_tok_set_property;
  object_class->get_property = video_tok_get_property;
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
  g_object_class_install_property (object_class, PROP_CROP_BOX,
      gst_param_spec_array ("crop-box", "Crop box",
          "Left, top, width and height of the part of the pictures that is used, "
          "in their pixels (empty = as the model says)",
          g_param_spec_int ("number", "Number", "Pixels", 0, G_MAXINT, 0,
              G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS),
          FLAGS));
}
