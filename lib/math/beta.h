/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Numbers of the beta distribution, which mixup draws its weights from. */
#pragma once

#include <stdint.h>

/* Beta (a, b), a and b above 0: a function of (seed, stream, index) as in
 * rng.h. From 0 to 1, both of which rounding may give for small a or b. */
double vatt_rng_beta (
    uint64_t seed, uint64_t stream, uint64_t index, double a, double b);
