/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Filling a clip with one picture, from either side. */
#pragma once

#include <vatt/clip.h>

typedef enum {
  VATT_AS_IT_IS,
  VATT_MIRRORED, /* the last one comes first */
} VattPixelOrder;

/* A picture, (height, width, 3), and what is made of its values x:
 * x scale + offset. */
typedef struct {
  const guint8 *rgb;
  gsize stride; /* bytes from row to row */
  guint height, width;
  VattPixelOrder columns, rows;
  float scale, offset;
} VattFramePixels;

/* The contract of vatt_clip_fill_frame_u8(). */
gboolean vatt_clip_fill_frame (VattClip *clip, guint item, guint frame,
    const VattFramePixels *pixels, const guint patch[3], GError **error);
