/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pictures to the size a video tower reads, by TensorFlow's rules. Pictures are
 * RGB, interleaved: (height, width, 3).
 *
 * |[<!-- language="C" -->
 * guint w, h;
 * vatt_resize_shortest (1920, 1080, 224, &w, &h);           // 398 x 224
 * g_autoptr (VattResize) resize =
 *     vatt_resize_new (1920, 1080, w, h, &error);
 * vatt_resize_u8 (resize, frame, frame_stride, small, 3 * w);
 * const guint8 *view = small + 3 * vatt_crop_central (w, 224); // 224 x 224
 * ]| */
#pragma once

#include <vatt/error.h>

G_BEGIN_DECLS

/**
 * VATT_SCALE_SYMMETRIC: (value 0.00784313725490196)
 *
 * With #VATT_OFFSET_SYMMETRIC maps 8 bits to [-1, 1]: x * scale + offset.
 */
#define VATT_SCALE_SYMMETRIC 0.00784313725490196f /* 2 / 255 */

/**
 * VATT_OFFSET_SYMMETRIC: (value -1.0)
 *
 * See #VATT_SCALE_SYMMETRIC.
 */
#define VATT_OFFSET_SYMMETRIC (-1.0f)

/**
 * VattResize: (skip)
 *
 * Bilinear scaling between two fixed sizes: half-pixel centres, no
 * antialiasing. One thread at a time: it carries scratch memory.
 */
typedef struct _VattResize VattResize;

/**
 * vatt_resize_shortest:
 * @width: width of a picture, pixels, not 0
 * @height: its height, pixels, not 0
 * @size: what its shorter side is to become, pixels
 * @out_width: (out): the new width: max (@size, floor (@width @size / @height))
 * @out_height: (out): the new height, alike
 *
 * Sizes beyond 32 bits become %G_MAXUINT, which vatt_resize_new() refuses.
 */
VATT_API void vatt_resize_shortest (
    guint width, guint height, guint size, guint *out_width, guint *out_height);

/**
 * vatt_crop_central:
 * @length: width or height of a picture, pixels
 * @size: that of the crop, pixels, at most @length
 *
 * Returns: the first pixel of the central crop: floor ((@length - @size) / 2)
 */
VATT_API guint vatt_crop_central (guint length, guint size);

/**
 * vatt_crop_three:
 * @length: longer side of a picture, pixels
 * @size: that of the crop, pixels, at most @length
 * @offsets: (out caller-allocates) (array fixed-size=3): first pixels
 *
 * Places the three crops of an evaluation: at the start, at
 * round (@length / 2 - floor (@size / 2)) with halves to the even side, and at
 * the end.
 */
VATT_API void vatt_crop_three (guint length, guint size, guint offsets[3]);

/**
 * vatt_resize_new: (skip)
 * @width: width of the pictures to read, pixels
 * @height: their height, pixels
 * @out_width: width of the pictures to write, pixels
 * @out_height: their height, pixels
 * @error: return location for a #GError: %VATT_ERROR_SHAPE, %VATT_ERROR_MEMORY
 *
 * Each side is 1 to 32768 pixels.
 *
 * Returns: (transfer full) (nullable): a scaler, or %NULL with @error set
 */
VATT_API VattResize *vatt_resize_new (guint width, guint height,
    guint out_width, guint out_height, GError **error);

/**
 * vatt_resize_u8: (skip)
 * @resize: a scaler
 * @in: the picture, (height, width, 3)
 * @stride: bytes from row to row of @in
 * @out: (out caller-allocates): the new picture, (out_height, out_width, 3);
 *   not @in
 * @out_stride: bytes from row to row of @out
 *
 * Scales 8 bits a channel; results are cut off, not rounded, as the cast in the
 * published code does. Allocates nothing.
 */
VATT_API void vatt_resize_u8 (VattResize *resize, const guint8 *in,
    gsize stride, guint8 *out, gsize out_stride);

/**
 * vatt_resize_float: (skip)
 * @resize: a scaler
 * @in: the picture, (height, width, 3), without gaps
 * @out: (out caller-allocates): the new picture, (out_height, out_width, 3),
 *   without gaps; not @in
 *
 * Scales floats of any range. Allocates nothing.
 */
VATT_API void vatt_resize_float (
    VattResize *resize, const float *in, float *out);

/**
 * vatt_resize_free: (skip)
 * @resize: (transfer full) (nullable): a scaler
 *
 * Frees @resize.
 */
VATT_API void vatt_resize_free (VattResize *resize);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattResize, vatt_resize_free)

G_END_DECLS
