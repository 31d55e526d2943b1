/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the tensors of a plan lie in the activation arena. */
#pragma once

#include "tensor.h"

/* Sets the offsets of all activations, whose lives are known: those that meet
 * share nothing. bytes: what the arena has to have. Fails with
 * VATT_ERROR_MEMORY, only on overflow. */
gboolean vatt_layout_tensors (
    const GPtrArray *tensors, size_t *bytes, GError **error);
