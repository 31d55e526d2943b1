/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tables of numbers for NumPy: `numpy.load (path)` reads them. */
#pragma once

#include <vatt/error.h>

G_BEGIN_DECLS

/**
 * vatt_npy_write: (skip)
 * @path: (type filename): where the file shall be
 * @data: (array): rows · columns numbers, row after row
 * @rows: number of rows
 * @columns: numbers in a row
 * @error: return location for a #GError
 *
 * Writes a two-dimensional array of float32 in NumPy's format, version 1.0.
 * It appears whole or not at all; after a failure an old file at @path is as
 * it was.
 *
 * Returns: whether the file was written
 */
VATT_API gboolean vatt_npy_write (const char *path, const float *data,
    gsize rows, gsize columns, GError **error);

G_END_DECLS
