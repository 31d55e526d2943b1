/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Scaling and crops against the published code's pictures, to the last bit.
 * Pictures are (frames, height, width, 3). */
#include "numbers.h"

#include <vatt/clip.h>
#include <vatt/resize.h>

#include <math.h>
#include <string.h>

/* Into rows with something behind them, which must stay. */
static double
scale_picture (VattResize *resize, const guint8 *in, const guint64 *in_shape,
    const guint8 *expected, const guint64 *out_shape)
{
  gsize in_row = in_shape[2] * 3, in_stride = in_row + 5;
  gsize out_row = out_shape[2] * 3, out_stride = out_row + 2;
  g_autofree guint8 *padded = g_malloc (in_shape[1] * in_stride);
  g_autofree guint8 *out = g_malloc (out_shape[1] * out_stride);
  memset (out, 0xee, out_shape[1] * out_stride);
  for (gsize y = 0; y < in_shape[1]; y++)
    memcpy (padded + y * in_stride, in + y * in_row, in_row);
  vatt_resize_u8 (resize, padded, in_stride, out, out_stride);
  double most = 0.0;
  for (gsize y = 0; y < out_shape[1]; y++) {
    const guint8 *row = out + y * out_stride;
    most = fmax (
        most, largest_difference_u8 (row, expected + y * out_row, out_row));
    g_assert_cmphex (row[out_row], ==, 0xee);
    g_assert_cmphex (row[out_row + 1], ==, 0xee);
  }
  return most;
}

/* The float form, cut off, is the 8-bit form. */
static double
scale_picture_float (VattResize *resize, const guint8 *in, gsize n_in,
    const guint8 *expected, gsize n_out)
{
  g_autofree float *values = g_new (float, n_in);
  g_autofree float *out = g_new (float, n_out);
  g_autofree guint8 *cut = g_new (guint8, n_out);
  for (gsize i = 0; i < n_in; i++)
    values[i] = in[i];
  vatt_resize_float (resize, values, out);
  for (gsize i = 0; i < n_out; i++)
    cut[i] = (guint8)out[i];
  return largest_difference_u8 (cut, expected, n_out);
}

static void
check_shortest (
    VattTensorFile *file, const VattTensorInfo *info, guint size, Worst *worst)
{
  const VattTensorInfo *frames =
      find_input (file, "frames", VATT_DTYPE_U8, 4, info->name);
  if (!frames || !has_type (info, VATT_DTYPE_U8, 4))
    return;
  const guint64 *in = frames->shape, *out = info->shape;
  guint width, height;
  vatt_resize_shortest ((guint)in[2], (guint)in[1], size, &width, &height);
  if (out[0] != in[0] || out[1] != height || out[2] != width || in[3] != 3 ||
      out[3] != 3) {
    fail ("%s does not have %" G_GUINT64_FORMAT " pictures of %ux%u pixels",
        info->name, in[0], width, height);
    return;
  }
  g_autoptr (GError) error = NULL;
  g_autoptr (VattResize) resize =
      vatt_resize_new ((guint)in[2], (guint)in[1], width, height, &error);
  g_assert_no_error (error);
  gsize n_in = in[1] * in[2] * 3, n_out = out[1] * out[2] * 3;
  double most = 0.0;
  for (gsize t = 0; t < in[0]; t++) {
    const guint8 *picture = (const guint8 *)frames->data + t * n_in;
    const guint8 *expected = (const guint8 *)info->data + t * n_out;
    most = fmax (most, scale_picture (resize, picture, in, expected, out));
    most = fmax (
        most, scale_picture_float (resize, picture, n_in, expected, n_out));
  }
  record_within (worst, info->name, most, 0.0);
}

/* Crops of one picture after the other, by crop first: one, or three along
 * the longer side, which begin at 0 of the shorter one. */
static guint8 *
cut_crops (const VattTensorInfo *source, guint size, gboolean three)
{
  guint height = (guint)source->shape[1], width = (guint)source->shape[2];
  guint longer[3] = { 0 };
  if (three)
    vatt_crop_three (MAX (width, height), size, longer);
  gsize row = (gsize)size * 3;
  guint8 *crops =
      g_malloc ((three ? 3 : 1) * source->shape[0] * size * row + 1);
  guint8 *out = crops;
  for (guint c = 0; c < (three ? 3 : 1); c++) {
    guint x = width >= height ? longer[c] : 0;
    guint y = width >= height ? 0 : longer[c];
    if (!three) {
      x = vatt_crop_central (width, size);
      y = vatt_crop_central (height, size);
    }
    for (gsize t = 0; t < source->shape[0]; t++)
      for (gsize r = y; r < y + size; r++, out += row)
        memcpy (out,
            (const guint8 *)source->data + ((t * height + r) * width + x) * 3,
            row);
  }
  return crops;
}

/* Crops are cut from scaled pictures; of several, from one of them. */
static void
check_crops (VattTensorFile *file, const VattTensorInfo *info, guint size,
    gboolean three, Worst *worst)
{
  if (!has_type (info, VATT_DTYPE_U8, 4))
    return;
  double least = INFINITY;
  for (gsize i = 0; i < vatt_tensor_file_get_n_tensors (file); i++) {
    const VattTensorInfo *source = vatt_tensor_file_get_tensor (file, i);
    if (!g_str_has_prefix (source->name, "resize_smallest_") ||
        source->rank != 4 || MIN (source->shape[1], source->shape[2]) < size ||
        info->shape[0] != (three ? 3 : 1) * source->shape[0] ||
        info->shape[1] != size || info->shape[2] != size ||
        info->shape[3] != 3 || source->shape[3] != 3)
      continue;
    g_autofree guint8 *found = cut_crops (source, size, three);
    least = fmin (least, largest_difference_u8 (found, info->data, info->size));
  }
  if (isinf (least))
    fail ("%s: no scaled pictures to cut it from", info->name);
  else
    record_within (worst, info->name, least, 0.0);
}

static double
scaling_difference (const VattTensorInfo *source, const float *expected)
{
  guint frames = (guint)source->shape[0], height = (guint)source->shape[1],
        width = (guint)source->shape[2];
  const guint grid[3] = { frames, 1, 1 }, patch[3] = { 1, height, width };
  gsize picture = (gsize)height * width * 3, n = frames * picture;
  g_autoptr (GError) error = NULL;
  g_autoptr (VattClip) clip =
      vatt_clip_new (VATT_VIDEO, 1, grid, (guint)picture, &error);
  g_assert_no_error (error);
  for (guint t = 0; t < frames; t++)
    g_assert_true (vatt_clip_fill_frame_u8 (clip, 0, t,
        (const guint8 *)source->data + t * picture, (gsize)width * 3, patch,
        height, width, VATT_SCALE_SYMMETRIC, VATT_OFFSET_SYMMETRIC, NULL));
  const float *found = vatt_clip_values (clip);
  if (memcmp (found, expected, n * sizeof (float)) == 0)
    return 0.0;
  /* Zeros of either sign are no further apart than this. */
  return fmax (1e-45, largest_difference (found, expected, n));
}

/* [-1, 1], of pictures of the same sizes. */
static void
check_normalised (
    VattTensorFile *file, const VattTensorInfo *info, Worst *worst)
{
  if (!has_type (info, VATT_DTYPE_F32, 4))
    return;
  g_autofree float *expected = copy_floats (info);
  double least = INFINITY;
  gboolean any = FALSE;
  for (gsize i = 0; i < vatt_tensor_file_get_n_tensors (file); i++) {
    const VattTensorInfo *source = vatt_tensor_file_get_tensor (file, i);
    if (source->dtype != VATT_DTYPE_U8 || source->rank != 4 ||
        source->shape[3] != 3 || info->size == 0 ||
        memcmp (source->shape, info->shape, 4 * sizeof *info->shape) != 0)
      continue;
    least = fmin (least, scaling_difference (source, expected));
    any = TRUE;
  }
  if (!any)
    fail ("%s: no pictures of its sizes", info->name);
  else
    record_within (worst, info->name, least, 0.0);
}

gboolean
check_resize (VattTensorFile *file, const VattTensorInfo *info, Worst *worst)
{
  guint size;
  if (number_after (info->name, "resize_smallest_", &size))
    check_shortest (file, info, size, worst);
  else if (number_after (info->name, "central_crop_", &size))
    check_crops (file, info, size, FALSE, worst);
  else if (number_after (info->name, "multi_crop_", &size))
    check_crops (file, info, size, TRUE, worst);
  else if (g_str_equal (info->name, "normalised"))
    check_normalised (file, info, worst);
  else
    return g_str_equal (info->name, "frames");
  return TRUE;
}
