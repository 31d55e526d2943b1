/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is done to a clip of training: ranges, and numbers drawn from them. How
 * it is done is in augment-apply.c.
 *
 * A clip has a key, which follows from seed, epoch, clip and window by two
 * blocks of Philox. Each number is one of that key, at a place of its own, so
 * that one setting more or less leaves all other numbers as they were. */
#include <math.h>
#include <string.h>

#include <vatt/augment.h>

#include "augment-streams.h"
#include "rng.h"

#define TRIES 100u

/* Where in the stream of single numbers each is. */
enum {
  FLIP,
  COLOUR,
  BRIGHTNESS,
  SATURATION,
  CONTRAST,
  HUE,
  GAIN,
  SHIFT_X,
  SHIFT_Y,
  FRACTION,
  FLIP_VERTICAL,
  REVERSE,
  PLACE,
};

/* Of one try of a box; they come four by four. */
enum {
  ASPECT,
  HEIGHT,
  PLACE_X,
  PLACE_Y,
};

static const struct {
  const char *name;
  gsize offset;
  double least, most;
} fields[] = {
#define FIELD(name, field, least, most)                                        \
  {                                                                            \
    name, G_STRUCT_OFFSET (VattAugmentParams, field), least, most              \
  }
  FIELD ("area-min", area_min, 0.001, 1.0),
  FIELD ("area-max", area_max, 0.001, 1.0),
  FIELD ("aspect-min", aspect_min, 0.01, 100.0),
  FIELD ("aspect-max", aspect_max, 0.01, 100.0),
  FIELD ("shift", shift, 0.0, 32768.0),
  FIELD ("flip", flip, 0.0, 1.0),
  FIELD ("flip-vertical", flip_vertical, 0.0, 1.0),
  FIELD ("reverse", reverse, 0.0, 1.0),
  FIELD ("colour", colour, 0.0, 1.0),
  FIELD ("brightness", brightness, 0.0, 1.0),
  FIELD ("saturation", saturation, 0.0, 1.0),
  FIELD ("contrast", contrast, 0.0, 1.0),
  FIELD ("hue", hue, 0.0, 0.5),
  FIELD ("place", place, 0.0, 1.0),
  FIELD ("gain", gain, 0.0, 10.0),
  FIELD ("noise", noise, 0.0, 1.0),
#undef FIELD
};

void
vatt_augment_params_init (VattAugmentParams *params, VattAugmentPreset preset)
{
  g_return_if_fail (params != NULL);
  *params = (VattAugmentParams){
    .area_min = 1.0,
    .area_max = 1.0,
    .aspect_min = 0.5,
    .aspect_max = 2.0,
  };
  switch (preset) {
  case VATT_AUGMENT_NONE:
    break;
  case VATT_AUGMENT_LIGHT:
    params->shift = 6.0;
    params->flip = 0.5;
    params->colour = 1.0;
    params->brightness = params->contrast = 0.1;
    params->gain = 0.5;
    break;
  case VATT_AUGMENT_PAPER:
    params->area_min = 0.08;
    params->flip = 0.5;
    params->colour = 0.8;
    params->brightness = 32.0 / 255.0;
    params->saturation = params->contrast = 0.4;
    params->hue = 0.2;
    break;
  }
}

/* Whether the value may be that of fields[i]; written so that NaN may not. */
static gboolean
check_value (guint i, double value, GError **error)
{
  if (value >= fields[i].least && value <= fields[i].most)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
      "augmentation: %s is %g, expected %g to %g", fields[i].name, value,
      fields[i].least, fields[i].most);
  return FALSE;
}

gboolean
vatt_augment_params_set (
    VattAugmentParams *params, const char *name, double value, GError **error)
{
  g_return_val_if_fail (params != NULL && name != NULL, FALSE);
  g_autoptr (GString) known = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    g_string_append_printf (known, i == 0 ? "%s" : ", %s", fields[i].name);
    if (strcmp (name, fields[i].name) != 0)
      continue;
    if (!check_value (i, value, error))
      return FALSE;
    G_STRUCT_MEMBER (double, params, fields[i].offset) = value;
    return TRUE;
  }
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
      "augmentation: there is no setting '%s', expected one of %s", name,
      known->str);
  return FALSE;
}

static gboolean
check_order (const char *what, double least, double most, GError **error)
{
  if (least <= most)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
      "augmentation: %s-min is %g and %s-max %g, expected no more", what, least,
      what, most);
  return FALSE;
}

gboolean
vatt_augment_params_check (const VattAugmentParams *params, GError **error)
{
  g_return_val_if_fail (params != NULL, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    double value = G_STRUCT_MEMBER (double, params, fields[i].offset);
    if (!check_value (i, value, error))
      return FALSE;
  }
  return check_order ("area", params->area_min, params->area_max, error) &&
         check_order ("aspect", params->aspect_min, params->aspect_max, error);
}

static gboolean
has_colours (const VattAugmentParams *params)
{
  return params->colour > 0.0 &&
         (params->brightness > 0.0 || params->saturation > 0.0 ||
             params->contrast > 0.0 || params->hue > 0.0);
}

gboolean
vatt_augment_params_affect (
    const VattAugmentParams *params, VattModality modality)
{
  g_return_val_if_fail (params != NULL, FALSE);
  switch (modality) {
  case VATT_VIDEO:
    return params->area_min < 1.0 || params->shift >= 1.0 ||
           params->flip > 0.0 || params->flip_vertical > 0.0 ||
           params->reverse > 0.0 || has_colours (params);
  case VATT_AUDIO:
    return params->reverse > 0.0 || params->place > 0.0 || params->gain > 0.0 ||
           params->noise > 0.0;
  default:
    return FALSE;
  }
}

static guint64
clip_key (const VattAugmentKey *key)
{
  /* Other uses of the seed, such as DropToken, have streams that count clips:
   * few come so far. */
  guint64 epoch = vatt_rng_key (key->seed, G_MAXUINT64, key->epoch);
  return vatt_rng_key (epoch, key->clip, key->window);
}

/* Uniform in (0, 1). */
static double
number (guint64 key, guint place)
{
  return (double)vatt_rng_uniform (key, VATT_AUGMENT_SINGLE, place);
}

/* Uniform about the middle. */
static float
around (guint64 key, guint place, double middle, double most)
{
  return (float)(middle + most * (2.0 * number (key, place) - 1.0));
}

void
vatt_augment_draw (const VattAugmentParams *params, const VattAugmentKey *key,
    VattAugmentDraw *draw)
{
  g_return_if_fail (params != NULL && key != NULL && draw != NULL);
  guint64 own = clip_key (key);
  *draw = (VattAugmentDraw){
    .key = own,
    .flip = number (own, FLIP) < params->flip,
    .flip_vertical = number (own, FLIP_VERTICAL) < params->flip_vertical,
    .reverse = number (own, REVERSE) < params->reverse,
    .colour = has_colours (params) && number (own, COLOUR) < params->colour,
    .brightness = around (own, BRIGHTNESS, 0.0, params->brightness),
    .saturation = around (own, SATURATION, 1.0, params->saturation),
    .contrast = around (own, CONTRAST, 1.0, params->contrast),
    .hue = around (own, HUE, 0.0, params->hue),
    .place = (float)(number (own, PLACE) * params->place),
    .gain = expf (around (own, GAIN, 0.0, params->gain)),
    .noise = (float)params->noise,
  };
}

double
vatt_augment_fraction (const VattAugmentKey *key)
{
  g_return_val_if_fail (key != NULL, 0.0);
  return number (clip_key (key), FRACTION);
}

guint64
vatt_augment_seed (const VattAugmentKey *key)
{
  g_return_val_if_fail (key != NULL, 0);
  return vatt_rng_key (clip_key (key), VATT_AUGMENT_SEED, 0);
}

/* 0 to n, from 32 random bits. */
static guint
up_to (guint32 bits, guint n)
{
  return (guint)((guint64)bits * ((guint64)n + 1) >> 32);
}

/* A box in a region of this size; FALSE if it does not fit. */
static gboolean
try_box (const VattAugmentParams *params, const guint32 bits[4], guint width,
    guint height, VattAugmentBox *box)
{
  double area = (double)width * height;
  double aspect =
      params->aspect_min +
      (params->aspect_max - params->aspect_min) * (bits[ASPECT] * 0x1p-32);
  double least = round (sqrt (params->area_min * area / aspect));
  double most = round (sqrt (params->area_max * area / aspect));
  /* Rounded, the width may be that of the region. */
  most = MIN (most, MIN ((double)height, floor ((width + 0.5) / aspect)));
  least = MIN (least, most);
  box->height = (guint)least + up_to (bits[HEIGHT], (guint)(most - least));
  box->width = (guint)round (box->height * aspect);
  double own = (double)box->width * box->height;
  if (box->width == 0 || box->width > width || own < params->area_min * area ||
      own > params->area_max * area)
    return FALSE;
  box->x = up_to (bits[PLACE_X], width - box->width);
  box->y = up_to (bits[PLACE_Y], height - box->height);
  return TRUE;
}

/* Of a length, a part that begins at start and is moved by up to shift. */
static guint
move (guint64 key, guint place, guint start, guint part, guint length,
    guint shift)
{
  guint32 bits = vatt_rng_u32 (key, VATT_AUGMENT_SINGLE, place);
  gint64 to = (gint64)start + up_to (bits, 2 * shift) - shift;
  return (guint)CLAMP (to, 0, (gint64)(length - part));
}

void
vatt_augment_box (const VattAugmentParams *params, const VattAugmentDraw *draw,
    guint width, guint height, VattAugmentBox *box)
{
  g_return_if_fail (params != NULL && draw != NULL && box != NULL);
  g_return_if_fail (
      box->width > 0 && box->width <= width && box->x <= width - box->width);
  g_return_if_fail (box->height > 0 && box->height <= height &&
                    box->y <= height - box->height);
  for (guint try = 0; params->area_min < 1.0 && try < TRIES; try++) {
    guint32 bits[4];
    VattAugmentBox part;
    vatt_rng_u32x4 (draw->key, try, VATT_AUGMENT_BOX, bits);
    if (!try_box (params, bits, box->width, box->height, &part))
      continue;
    *box = (VattAugmentBox){ box->x + part.x, box->y + part.y, part.width,
      part.height };
    break;
  }
  guint shift = (guint)params->shift;
  box->x = move (draw->key, SHIFT_X, box->x, box->width, width, shift);
  box->y = move (draw->key, SHIFT_Y, box->y, box->height, height, shift);
}
