/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Golden numbers for tests: tensors of safetensors files under
 * $VATT_SHARED_DATA/golden/numbers. Where that folder is absent the running
 * test is marked as skipped and NULL returned; a tensor that is missing from a
 * file that is there ends the test. */
#pragma once

#include <glib.h>

/* "file:tensor", such as "mel:wave"; *count is its number of values. */
float *golden_f32 (const char *name, gsize *count);
guint8 *golden_u8 (const char *name, gsize *count);

/* A whole file, such as "words.json". */
char *golden_text (const char *file, gsize *length);
