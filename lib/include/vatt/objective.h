/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a trainer makes small. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * VattNceForm:
 * @VATT_NCE_ASYMMETRIC: both directions in one denominator, where the positive
 *   pair is counted twice; the authors' code and all their results
 * @VATT_NCE_SYMMETRIC: one loss for each direction, added
 * @VATT_NCE_LITERAL: as the paper's formula reads: the positive pair, and all
 *   pairs of the batch that do not match
 *
 * Forms of noise-contrastive estimation. With several captions to a clip each
 * is the multiple-instance one (MIL-NCE).
 */
typedef enum {
  VATT_NCE_ASYMMETRIC,
  VATT_NCE_SYMMETRIC,
  VATT_NCE_LITERAL,
} VattNceForm;

G_END_DECLS
