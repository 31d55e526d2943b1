/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Augmentation: clips of training are changed at random, all pictures of a
 * clip alike. What is done to a clip is a function of the seed, the epoch and
 * the clip's number: a run that is taken up again sees the same clips.
 *
 * |[<!-- language="C" -->
 * VattAugmentParams params;
 * vatt_augment_params_init (&params, VATT_AUGMENT_PAPER);
 * const VattAugmentKey key = { .seed = 1, .epoch = 3, .clip = 17 };
 * VattAugmentDraw draw;
 * vatt_augment_draw (&params, &key, &draw);
 *
 * VattAugmentBox box = { 0, 0, width, height };    // the whole picture
 * vatt_augment_box (&params, &draw, width, height, &box);
 * g_autoptr (VattResize) resize =
 *     vatt_resize_new (box.width, box.height, 224, 224, &error);
 * for (guint t = 0; t < 32; t++) {
 *   const guint8 *part = frame[t] + box.y * stride + 3 * box.x;
 *   vatt_resize_u8 (resize, part, stride, small, 3 * 224);
 *   vatt_augment_fill_frame_u8 (
 *       &draw, clip, 0, t, small, 3 * 224, patch, 224, 224, &error);
 * }
 * ]| */
#pragma once

#include <vatt/clip.h>

G_BEGIN_DECLS

/**
 * VattAugmentPreset:
 * @VATT_AUGMENT_NONE: nothing is changed
 * @VATT_AUGMENT_LIGHT: for small sets and models, where what matters has a
 *   fixed place: pictures mirrored with chance 1/2, the box moved by up to 6
 *   pixels, brightness and contrast by up to 0.1; sound louder or softer by up
 *   to e^0.5
 * @VATT_AUGMENT_PAPER: that of the published training: a random box of 8 to
 *   100 % of the picture, 1:2 to 2:1 in shape; mirrored with chance 1/2;
 *   colours with chance 0.8: brightness by up to 32/255, saturation and
 *   contrast times 0.6 to 1.4, hue by up to 0.2 turns; sound as it is
 *
 * Ready-made #VattAugmentParams.
 */
typedef enum {
  VATT_AUGMENT_NONE,
  VATT_AUGMENT_LIGHT,
  VATT_AUGMENT_PAPER,
} VattAugmentPreset;

/**
 * VattAugmentParams:
 * @area_min: least area of the random box, as part of the region's, 0.001 to 1;
 *   where it is 1 there is no random box
 * @area_max: its greatest area, up to 1
 * @aspect_min: its least width over height, in pixels; 0.01 to 100
 * @aspect_max: its greatest
 * @shift: by how many pixels a box is moved at most, along either axis, 0 to
 *   32768; what is not whole is cut off
 * @flip: chance of a mirrored clip, left to right
 * @flip_vertical: chance of one that is mirrored top to bottom
 * @reverse: chance of a clip that runs backwards, pictures and sound
 * @colour: chance of changed colours
 * @brightness: most that is added or taken, of colours in [0, 1], up to 1
 * @saturation: most by which the factor of the saturation differs from 1, up to
 * 1
 * @contrast: most by which the factor of the contrast differs from 1, up to 1
 * @hue: most by which the hue is turned, in turns, up to 0.5
 * @place: how much of the silence behind sound that is shorter than its window
 *   may come before it, from 0 to 1
 * @gain: most of |ln factor| of sound, up to 10
 * @noise: standard deviation of the noise that is added to sound, as part
 *   of its greatest absolute value, up to 1
 *
 * What may be done to a clip. Numbers are uniform between their bounds.
 */
typedef struct {
  double area_min, area_max;
  double aspect_min, aspect_max;
  double shift;
  double flip, flip_vertical;
  double reverse;
  double colour;
  double brightness;
  double saturation;
  double contrast;
  double hue;
  double place;
  double gain;
  double noise;
} VattAugmentParams;

/**
 * VattAugmentKey:
 * @seed: of the training
 * @epoch: how often all clips have been seen before
 * @clip: number of the clip, the same in each epoch
 * @window: of the clip, where it is cut into several
 *
 * What the random numbers of a clip are a function of. Pictures and sound of
 * one clip have one key.
 */
typedef struct {
  guint64 seed;
  guint64 epoch;
  guint64 clip;
  guint64 window;
} VattAugmentKey;

/**
 * VattAugmentDraw:
 * @key: for what is drawn later: boxes and noise
 * @flip: whether pictures are mirrored, left to right
 * @flip_vertical: whether they are, top to bottom
 * @reverse: whether the clip runs backwards
 * @colour: whether colours are changed
 * @brightness: added to colours in [0, 1]
 * @saturation: factor
 * @contrast: factor
 * @hue: turns
 * @place: part of the silence behind sound that comes before it
 * @gain: factor of sound
 * @noise: standard deviation of the noise, of the greatest absolute value
 *
 * What is done to one clip.
 */
typedef struct {
  guint64 key;
  gboolean flip, flip_vertical;
  gboolean reverse;
  gboolean colour;
  float brightness;
  float saturation;
  float contrast;
  float hue;
  float place;
  float gain;
  float noise;
} VattAugmentDraw;

/**
 * VattAugmentBox:
 * @x: first column
 * @y: first row
 * @width: columns
 * @height: rows
 *
 * Part of a picture, in pixels.
 */
typedef struct {
  guint x, y, width, height;
} VattAugmentBox;

/**
 * vatt_augment_params_init:
 * @params: (out caller-allocates): what to fill
 * @preset: which
 *
 * Fills in ready-made values.
 */
VATT_API void vatt_augment_params_init (
    VattAugmentParams *params, VattAugmentPreset preset);

/**
 * vatt_augment_params_set:
 * @params: what to change
 * @name: a field, with dashes: "area-min"
 * @value: its new value
 * @error: return location for a #GError: %VATT_ERROR_CONFIG
 *
 * Sets a field by its name. Its value is checked alone; see
 * vatt_augment_params_check() for all of them.
 *
 * Returns: %FALSE with @error set if there is no such field, or @value is not
 *   in its range
 */
VATT_API gboolean vatt_augment_params_set (
    VattAugmentParams *params, const char *name, double value, GError **error);

/**
 * vatt_augment_params_check:
 * @params: values from outside
 * @error: return location for a #GError: %VATT_ERROR_CONFIG
 *
 * Returns: %FALSE with @error set if a value is out of its range, or a least
 *   one above its greatest
 */
VATT_API gboolean vatt_augment_params_check (
    const VattAugmentParams *params, GError **error);

/**
 * vatt_augment_params_affect:
 * @params: checked values
 * @modality: pictures or sound
 *
 * Returns: whether clips of @modality may be changed at all
 */
VATT_API gboolean vatt_augment_params_affect (
    const VattAugmentParams *params, VattModality modality);

/**
 * vatt_augment_draw:
 * @params: checked values
 * @key: which clip
 * @draw: (out caller-allocates): what to do to it
 *
 * Draws all that does not depend on the size of pictures. What is drawn of one
 * field does not depend on the others.
 */
VATT_API void vatt_augment_draw (const VattAugmentParams *params,
    const VattAugmentKey *key, VattAugmentDraw *draw);

/**
 * vatt_augment_box:
 * @params: checked values
 * @draw: of the clip
 * @width: columns of its pictures
 * @height: their rows
 * @box: the region of the pictures that is used, not empty and within them;
 *   becomes what is to be scaled to the model's size
 *
 * Draws the box: the shape is uniform between its bounds, then the height
 * between those that the area and the region allow, then the place. Of a
 * hundred tries one may fit; else it is the whole region. Then it is moved,
 * where @params say so, within the picture. The same for all pictures of a clip
 * of one size.
 */
VATT_API void vatt_augment_box (const VattAugmentParams *params,
    const VattAugmentDraw *draw, guint width, guint height,
    VattAugmentBox *box);

/**
 * vatt_augment_fraction:
 * @key: which clip
 *
 * A number for where in a longer recording the clip begins, between 0 and 1,
 * neither of which occurs.
 *
 * Returns: the number
 */
VATT_API double vatt_augment_fraction (const VattAugmentKey *key);

/**
 * vatt_augment_seed:
 * @key: which clip
 *
 * A seed of the clip's own, for what else is random, such as
 * vatt_clip_drop_tokens(). No number drawn here depends on it.
 *
 * Returns: the seed
 */
VATT_API guint64 vatt_augment_seed (const VattAugmentKey *key);

/**
 * vatt_augment_fill_frame_u8: (skip)
 * @draw: what to do
 * @clip: a video clip
 * @item: the item, below the clip's batch
 * @frame: number of the frame in its window
 * @rgb: the frame, (height, width, 3), of the model's size
 * @stride: bytes from row to row of @rgb
 * @patch: (array fixed-size=3): patch sides: frames, rows, columns
 * @height: rows of the frame
 * @width: columns of the frame
 * @error: return location for a #GError: %VATT_ERROR_SHAPE
 *
 * Is vatt_clip_fill_frame_u8() to [-1, 1] of a frame that is mirrored and whose
 * colours are changed as @draw says, and that stands as far from the end of the
 * clip's patches as @frame from their beginning where it says so. The mean
 * colour that contrast is about leaves out what fills no patch. Allocates
 * nothing.
 *
 * Returns: whether the sizes fit the clip
 */
VATT_API gboolean vatt_augment_fill_frame_u8 (const VattAugmentDraw *draw,
    VattClip *clip, guint item, guint frame, const guint8 *rgb, gsize stride,
    const guint patch[3], guint height, guint width, GError **error);

/**
 * vatt_augment_video: (skip)
 * @draw: what to do
 * @rgb: the pictures of a clip, (frames, height, width, 3), in [-1, 1]
 * @frames: number of pictures
 * @height: rows of a picture, not 0
 * @width: columns of a picture, not 0
 *
 * Turns pictures around, mirrors them and changes colours in place, before
 * vatt_clip_fill_video(). Allocates nothing.
 */
VATT_API void vatt_augment_video (const VattAugmentDraw *draw, float *rgb,
    guint frames, guint height, guint width);

/**
 * vatt_augment_place: (skip)
 * @draw: what to do
 * @samples: mono samples of a window
 * @n_samples: number of samples
 * @n_sound: how many of them, from the first, the clip has; silence follows
 *
 * Moves a clip that is shorter than its window to another place in it. Before
 * vatt_augment_wave(). Allocates nothing.
 */
VATT_API void vatt_augment_place (const VattAugmentDraw *draw, float *samples,
    gsize n_samples, gsize n_sound);

/**
 * vatt_augment_wave: (skip)
 * @draw: what to do
 * @samples: mono samples
 * @n_samples: number of samples
 *
 * Turns sound around, makes it louder or softer and adds noise, in place,
 * before a spectrogram is computed or vatt_clip_fill_wave() is called.
 * Allocates nothing.
 */
VATT_API void vatt_augment_wave (
    const VattAugmentDraw *draw, float *samples, gsize n_samples);

G_END_DECLS
