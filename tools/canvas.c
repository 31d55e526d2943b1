/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PNG by its specification (RFC 2083): chunks of length, type, data and CRC-32;
 * rows of bytes behind a filter, all of it compressed by zlib. */
#include "canvas.h"

#include <vatt/file.h>
#include <gio/gio.h>

#include <math.h>
#include <string.h>

#define CHANNELS 3
#define COLUMNS 5

/* Columns from the left; bit 0 is the top. */
static const struct {
  char letter;
  guint8 column[COLUMNS];
} font[] = {
  { '+', { 0x08, 0x08, 0x3e, 0x08, 0x08 } },
  { '-', { 0x08, 0x08, 0x08, 0x08, 0x08 } },
  { '.', { 0x00, 0x60, 0x60, 0x00, 0x00 } },
  { '/', { 0x20, 0x10, 0x08, 0x04, 0x02 } },
  { ':', { 0x00, 0x36, 0x36, 0x00, 0x00 } },
  { '_', { 0x40, 0x40, 0x40, 0x40, 0x40 } },
  { '0', { 0x3e, 0x51, 0x49, 0x45, 0x3e } },
  { '1', { 0x00, 0x42, 0x7f, 0x40, 0x00 } },
  { '2', { 0x42, 0x61, 0x51, 0x49, 0x46 } },
  { '3', { 0x21, 0x41, 0x45, 0x4b, 0x31 } },
  { '4', { 0x18, 0x14, 0x12, 0x7f, 0x10 } },
  { '5', { 0x27, 0x45, 0x45, 0x45, 0x39 } },
  { '6', { 0x3c, 0x4a, 0x49, 0x49, 0x30 } },
  { '7', { 0x01, 0x71, 0x09, 0x05, 0x03 } },
  { '8', { 0x36, 0x49, 0x49, 0x49, 0x36 } },
  { '9', { 0x06, 0x49, 0x49, 0x29, 0x1e } },
  { 'a', { 0x20, 0x54, 0x54, 0x54, 0x78 } },
  { 'b', { 0x7f, 0x48, 0x44, 0x44, 0x38 } },
  { 'c', { 0x38, 0x44, 0x44, 0x44, 0x20 } },
  { 'd', { 0x38, 0x44, 0x44, 0x48, 0x7f } },
  { 'e', { 0x38, 0x54, 0x54, 0x54, 0x18 } },
  { 'f', { 0x08, 0x7e, 0x09, 0x01, 0x02 } },
  { 'g', { 0x0c, 0x52, 0x52, 0x52, 0x3e } },
  { 'h', { 0x7f, 0x08, 0x04, 0x04, 0x78 } },
  { 'i', { 0x00, 0x44, 0x7d, 0x40, 0x00 } },
  { 'j', { 0x20, 0x40, 0x44, 0x3d, 0x00 } },
  { 'k', { 0x7f, 0x10, 0x28, 0x44, 0x00 } },
  { 'l', { 0x00, 0x41, 0x7f, 0x40, 0x00 } },
  { 'm', { 0x7c, 0x04, 0x18, 0x04, 0x78 } },
  { 'n', { 0x7c, 0x08, 0x04, 0x04, 0x78 } },
  { 'o', { 0x38, 0x44, 0x44, 0x44, 0x38 } },
  { 'p', { 0x7c, 0x14, 0x14, 0x14, 0x08 } },
  { 'q', { 0x08, 0x14, 0x14, 0x18, 0x7c } },
  { 'r', { 0x7c, 0x08, 0x04, 0x04, 0x08 } },
  { 's', { 0x48, 0x54, 0x54, 0x54, 0x20 } },
  { 't', { 0x04, 0x3f, 0x44, 0x40, 0x20 } },
  { 'u', { 0x3c, 0x40, 0x40, 0x20, 0x7c } },
  { 'v', { 0x1c, 0x20, 0x40, 0x20, 0x1c } },
  { 'w', { 0x3c, 0x40, 0x30, 0x40, 0x3c } },
  { 'x', { 0x44, 0x28, 0x10, 0x28, 0x44 } },
  { 'y', { 0x0c, 0x50, 0x50, 0x50, 0x3c } },
  { 'z', { 0x44, 0x64, 0x54, 0x4c, 0x44 } },
};

void
canvas_init (Canvas *canvas, guint width, guint height)
{
  gsize size = (gsize)width * height * CHANNELS;
  *canvas = (Canvas){ width, height, g_malloc (size) };
  memset (canvas->rgb, 0xff, size);
}

void
canvas_clear (Canvas *canvas)
{
  g_clear_pointer (&canvas->rgb, g_free);
}

static void
set_pixel (Canvas *canvas, gint x, gint y, Colour colour)
{
  if (x < 0 || y < 0 || x >= (gint)canvas->width || y >= (gint)canvas->height)
    return;
  guint8 *pixel =
      canvas->rgb + ((gsize)y * canvas->width + (gsize)x) * CHANNELS;
  pixel[0] = colour.r;
  pixel[1] = colour.g;
  pixel[2] = colour.b;
}

void
canvas_line (
    Canvas *canvas, double x0, double y0, double x1, double y1, Colour colour)
{
  guint n = (guint)ceil (fmax (fabs (x1 - x0), fabs (y1 - y0)));
  for (guint i = 0; i <= n; i++) {
    double part = n > 0 ? (double)i / n : 0.0;
    set_pixel (canvas, (gint)lround (x0 + part * (x1 - x0)),
        (gint)lround (y0 + part * (y1 - y0)), colour);
  }
}

static void
draw_letter (Canvas *canvas, gint x, gint y, char letter, Colour colour)
{
  for (guint i = 0; i < G_N_ELEMENTS (font); i++)
    for (gint c = 0; font[i].letter == letter && c < COLUMNS; c++)
      for (gint r = 0; r < CANVAS_LETTER_HEIGHT; r++)
        if (font[i].column[c] >> r & 1)
          set_pixel (canvas, x + c, y + r, colour);
}

void
canvas_text (Canvas *canvas, gint x, gint y, const char *text, Colour colour)
{
  for (; *text; text++, x += CANVAS_LETTER_WIDTH)
    draw_letter (canvas, x, y, *text, colour);
}

/* ---- PNG ---- */

static guint32
crc_of (const guint8 *data, gsize size)
{
  guint32 crc = G_MAXUINT32;
  for (gsize i = 0; i < size; i++) {
    crc ^= data[i];
    for (guint bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

static void
append_u32 (GByteArray *png, guint32 value)
{
  guint32 big = GUINT32_TO_BE (value);
  g_byte_array_append (png, (const guint8 *)&big, sizeof big);
}

static void
append_chunk (
    GByteArray *png, const char type[4], const guint8 *data, gsize size)
{
  append_u32 (png, (guint32)size);
  guint begin = png->len;
  g_byte_array_append (png, (const guint8 *)type, 4);
  g_byte_array_append (png, data, (guint)size);
  append_u32 (png, crc_of (png->data + begin, png->len - begin));
}

/* All of data, by zlib. */
static GByteArray *
compress (const GByteArray *data, GError **error)
{
  g_autoptr (GZlibCompressor) zlib =
      g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_ZLIB, 9);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  GConverterResult result;
  gsize done = 0;
  do {
    guint8 block[4096];
    gsize read, written;
    result = g_converter_convert (G_CONVERTER (zlib), data->data + done,
        data->len - done, block, sizeof block, G_CONVERTER_INPUT_AT_END, &read,
        &written, error);
    if (result == G_CONVERTER_ERROR)
      return NULL;
    done += read;
    g_byte_array_append (out, block, (guint)written);
  } while (result != G_CONVERTER_FINISHED);
  return g_steal_pointer (&out);
}

gboolean
canvas_write_png (const Canvas *canvas, const char *path, GError **error)
{
  static const guint8 signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a,
    '\n' };
  /* 8 bits, RGB, and the only methods there are. */
  static const guint8 kind[5] = { 8, 2, 0, 0, 0 }, no_filter[1] = { 0 };
  const guint row = canvas->width * CHANNELS;
  g_autoptr (GByteArray) rows = g_byte_array_new ();
  for (guint y = 0; y < canvas->height; y++) {
    g_byte_array_append (rows, no_filter, sizeof no_filter);
    g_byte_array_append (rows, canvas->rgb + (gsize)y * row, row);
  }
  g_autoptr (GByteArray) packed = compress (rows, error);
  if (!packed)
    return FALSE;
  g_autoptr (GByteArray) header = g_byte_array_new ();
  append_u32 (header, canvas->width);
  append_u32 (header, canvas->height);
  g_byte_array_append (header, kind, sizeof kind);
  g_autoptr (GByteArray) png = g_byte_array_new ();
  g_byte_array_append (png, signature, sizeof signature);
  append_chunk (png, "IHDR", header->data, header->len);
  append_chunk (png, "IDAT", packed->data, packed->len);
  append_chunk (png, "IEND", NULL, 0);
  return vatt_file_write (path, png->data, png->len, error);
}
