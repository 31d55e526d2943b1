/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Floats in 16 bits, rounded to nearest, ties to even. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The upper half of a float; a NaN stays one. */
void vatt_narrow_bf16 (uint16_t *to, const float *from, size_t n);
/* IEEE half precision; beyond 65504 infinite. */
void vatt_narrow_f16 (uint16_t *to, const float *from, size_t n);
/* The other way, exactly. */
void vatt_widen_f16 (float *to, const uint16_t *from, size_t n);
