/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bilinear scaling, in the order of operations of TensorFlow's CPU kernel, so
 * that the cast to 8 bits falls alike. Per axis, in float:
 *   s = (j + 1/2) (in / out) - 1/2,  low = max (floor s, 0),
 *   high = min (ceil s, in - 1),  f = s - floor s;
 * with a, b two rows, r(row) = row[low] + (row[high] - row[low]) fx, the result
 * is r(a) + (r(b) - r(a)) fy. */
#include <math.h>

#include <vatt/resize.h>

#define CHANNELS 3
#define MAX_SIDE 32768u

typedef struct {
  guint low;
  guint high;
  float fraction;
} Tap;

struct _VattResize {
  guint width;
  guint height;
  guint out_width;
  guint out_height;
  Tap *columns;    /* (out_width); low and high count values, not pixels */
  Tap *rows;       /* (out_height) */
  float *lines[2]; /* (out_width, 3), scratch: input rows scaled in width */
};

static guint
scaled_side (guint side, guint other, guint size)
{
  guint64 scaled = (guint64)side * size / other;
  return (guint)MIN (MAX (scaled, size), G_MAXUINT);
}

void
vatt_resize_shortest (
    guint width, guint height, guint size, guint *out_width, guint *out_height)
{
  g_return_if_fail (width > 0 && height > 0);
  g_return_if_fail (out_width != NULL && out_height != NULL);
  *out_width = scaled_side (width, height, size);
  *out_height = scaled_side (height, width, size);
}

guint
vatt_crop_central (guint length, guint size)
{
  g_return_val_if_fail (size <= length, 0);
  return (length - size) / 2;
}

void
vatt_crop_three (guint length, guint size, guint offsets[3])
{
  g_return_if_fail (size <= length && offsets != NULL);
  guint middle = length / 2 - size / 2;
  /* An odd length is half a pixel more: on to the even neighbour. */
  if (length % 2 != 0 && middle % 2 != 0)
    middle++;
  offsets[0] = 0;
  offsets[1] = middle;
  offsets[2] = length - size;
}

/* Fills taps (out), positions in units of step. */
static void
fill_taps (Tap *taps, guint in, guint out, guint step)
{
  float scale = (float)in / (float)out;
  for (guint j = 0; j < out; j++) {
    float s = ((float)j + 0.5f) * scale - 0.5f;
    float low = floorf (s);
    float high = ceilf (s);
    taps[j] = (Tap){
      .low = step * (low > 0.0f ? MIN ((guint)low, in - 1) : 0),
      .high = step * (high > 0.0f ? MIN ((guint)high, in - 1) : 0),
      .fraction = s - low,
    };
  }
}

VattResize *
vatt_resize_new (guint width, guint height, guint out_width, guint out_height,
    GError **error)
{
  if (MIN (MIN (width, height), MIN (out_width, out_height)) == 0 ||
      MAX (MAX (width, height), MAX (out_width, out_height)) > MAX_SIDE) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "scaling %ux%u to %ux%u pixels, expected sides of 1 to %u", width,
        height, out_width, out_height, MAX_SIDE);
    return NULL;
  }
  g_autoptr (VattResize) resize = g_new0 (VattResize, 1);
  resize->width = width;
  resize->height = height;
  resize->out_width = out_width;
  resize->out_height = out_height;
  resize->columns = g_try_new (Tap, out_width);
  resize->rows = g_try_new (Tap, out_height);
  for (guint i = 0; i < G_N_ELEMENTS (resize->lines); i++)
    resize->lines[i] = g_try_new (float, (gsize)out_width *CHANNELS);
  if (resize->columns == NULL || resize->rows == NULL ||
      resize->lines[0] == NULL || resize->lines[1] == NULL) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "no memory to scale to %ux%u pixels", out_width, out_height);
    return NULL;
  }
  fill_taps (resize->columns, width, out_width, CHANNELS);
  fill_taps (resize->rows, height, out_height, 1);
  return g_steal_pointer (&resize);
}

static inline float
interpolate (float low, float high, float fraction)
{
  return low + (high - low) * fraction;
}

static void
scale_row_u8 (const VattResize *resize, const guint8 *in, float *line)
{
  for (guint x = 0; x < resize->out_width; x++) {
    const Tap *tap = &resize->columns[x];
    for (guint c = 0; c < CHANNELS; c++) {
      line[x * CHANNELS + c] =
          interpolate (in[tap->low + c], in[tap->high + c], tap->fraction);
    }
  }
}

static void
scale_row_float (const VattResize *resize, const float *in, float *line)
{
  for (guint x = 0; x < resize->out_width; x++) {
    const Tap *tap = &resize->columns[x];
    for (guint c = 0; c < CHANNELS; c++) {
      line[x * CHANNELS + c] =
          interpolate (in[tap->low + c], in[tap->high + c], tap->fraction);
    }
  }
}

void
vatt_resize_u8 (VattResize *resize, const guint8 *in, gsize stride, guint8 *out,
    gsize out_stride)
{
  g_return_if_fail (resize != NULL && in != NULL && out != NULL);
  gsize n = (gsize)resize->out_width * CHANNELS;
  for (guint y = 0; y < resize->out_height; y++) {
    const Tap *tap = &resize->rows[y];
    const float *a = resize->lines[0];
    const float *b = resize->lines[1];
    guint8 *row = out + y * out_stride;
    scale_row_u8 (resize, in + tap->low * stride, resize->lines[0]);
    scale_row_u8 (resize, in + tap->high * stride, resize->lines[1]);
    for (gsize i = 0; i < n; i++)
      row[i] = (guint8)interpolate (a[i], b[i], tap->fraction);
  }
}

void
vatt_resize_float (VattResize *resize, const float *in, float *out)
{
  g_return_if_fail (resize != NULL && in != NULL && out != NULL);
  gsize n = (gsize)resize->out_width * CHANNELS;
  gsize stride = (gsize)resize->width * CHANNELS;
  for (guint y = 0; y < resize->out_height; y++) {
    const Tap *tap = &resize->rows[y];
    const float *a = resize->lines[0];
    const float *b = resize->lines[1];
    float *row = out + y * n;
    scale_row_float (resize, in + tap->low * stride, resize->lines[0]);
    scale_row_float (resize, in + tap->high * stride, resize->lines[1]);
    for (gsize i = 0; i < n; i++)
      row[i] = interpolate (a[i], b[i], tap->fraction);
  }
}

void
vatt_resize_free (VattResize *resize)
{
  if (resize == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (resize->lines); i++)
    g_free (resize->lines[i]);
  g_free (resize->rows);
  g_free (resize->columns);
  g_free (resize);
}
