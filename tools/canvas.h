/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A small picture: lines, letters of 5 x 7 pixels, PNG. */
#pragma once

#include <glib.h>

typedef struct {
  guint width, height;
  guint8 *rgb; /* owned */
} Canvas;

typedef struct {
  guint8 r, g, b;
} Colour;

#define CANVAS_LETTER_WIDTH 6 /* with the gap behind it */
#define CANVAS_LETTER_HEIGHT 7

/* White. */
void canvas_init (Canvas *canvas, guint width, guint height);
void canvas_clear (Canvas *canvas);
/* Both ends belong to it; what lies outside is not drawn. */
void canvas_line (
    Canvas *canvas, double x0, double y0, double x1, double y1, Colour colour);
/* Digits, small letters and - . / : + _; others are blank. */
void canvas_text (
    Canvas *canvas, gint x, gint y, const char *text, Colour colour);
gboolean canvas_write_png (
    const Canvas *canvas, const char *path, GError **error);
