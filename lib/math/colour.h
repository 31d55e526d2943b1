/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Brightness, saturation, contrast and hue of pixels, in the order and by the
 * rules of the published front end's augmentation. Compiled once per
 * instruction set from simd-colour.c; all give the same bits. */
#pragma once

#include <stddef.h>

/* Values x stand for the colours x scale + offset in [0, 1]. */
typedef struct {
  float scale, offset;
  float brightness; /* added */
  float saturation; /* factor */
  float contrast;   /* factor */
  float hue;        /* turns added, -1 to 1 */
} VattColourChange;

/* Pixels are (n, 3), red, green, blue. Of one picture all pixels go through
 * shade, in pieces of any length, then all through turn. */
typedef struct {
  /* To colours, brightness, saturation; adds what comes out to sums. */
  void (*shade) (
      float *rgb, size_t n, const VattColourChange *change, double sums[3]);
  /* Contrast about mean, hue, to [0, 1], and back to values. */
  void (*turn) (float *rgb, size_t n, const VattColourChange *change,
      const float mean[3]);
} VattColourRows;
