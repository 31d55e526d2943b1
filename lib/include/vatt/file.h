/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files that appear whole or not at all. */
#pragma once

#include <vatt/error.h>

G_BEGIN_DECLS

/**
 * vatt_file_write:
 * @path: (type filename): where the file shall be
 * @data: (array length=size) (element-type guint8): what it shall hold
 * @size: bytes of it
 * @error: return location for a #GError
 *
 * Writes a file. It appears when it is whole and on the disk; after a failure,
 * or if the process is killed, an old file at @path is as it was. Only where it
 * is the folder that cannot be brought to the disk, which the error says, is
 * the new file in its place.
 *
 * Returns: whether the file was written
 */
VATT_API gboolean vatt_file_write (
    const char *path, gconstpointer data, gsize size, GError **error);

G_END_DECLS
