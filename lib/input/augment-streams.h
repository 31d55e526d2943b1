/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which numbers of a clip's key are for what. */
#pragma once

enum {
  VATT_AUGMENT_SINGLE, /* one for each thing that is drawn once */
  VATT_AUGMENT_BOX,    /* four for each try */
  VATT_AUGMENT_NOISE,  /* one for each sample */
  VATT_AUGMENT_SEED,   /* one, for the rest */
};
