/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A folder for the files of one test program, removed at its end. */
#pragma once

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>

/* Writes a file without waiting for the disk: a new one, since ext4 flushes
 * one that was cut to nothing as soon as it is closed. */
static inline void
tempdir_write (const char *path, gconstpointer data, gsize size)
{
  g_remove (path);
  FILE *file = g_fopen (path, "w");
  g_assert_nonnull (file);
  g_assert_cmpuint (fwrite (data, 1, size, file), ==, size);
  g_assert_cmpint (fclose (file), ==, 0);
}

/* Removes a folder and the files in it. */
static inline void
tempdir_remove (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_remove (path);
  }
  g_rmdir (folder);
}

/* Number of files in a folder. */
static inline guint
tempdir_count (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}
