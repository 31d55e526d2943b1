/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Models of any size, to be as slow or as heavy as a test wants. */
#pragma once

#include <glib.h>

typedef struct {
  gint frames, size; /* of the pictures */
  gint layers, width;
} ModelShape;

char *sized_model (const char *name, const ModelShape *shape);
