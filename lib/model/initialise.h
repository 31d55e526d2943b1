/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How parameters begin. */
#pragma once

#include "plan.h"

/* Fills `values`, one for each element of the parameter: a function of the
 * seed, the parameter's path and the element's index alone. */
void vatt_initialise (
    const VattParameter *parameter, guint64 seed, float *values);
