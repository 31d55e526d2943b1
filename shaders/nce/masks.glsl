/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bits of Params.masked, as lib/ops/nce.c has them. */
const uint MASKED = 1;
const uint MASKED_X = 2;
const uint MASKED_ITEMS = 4;
