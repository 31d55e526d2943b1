/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A folder for the files of one test program, removed at its end. */
#pragma once

#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <unistd.h>

/* Writes a file in place, without waiting for the disk: not cut to nothing
 * first, because ext4 brings a file that was to the disk when it is closed. */
static inline void
tempdir_write (const char *path, gconstpointer data, gsize size)
{
  int file = g_open (path, O_WRONLY | O_CREAT, 0666);
  g_assert_cmpint (file, >=, 0);
  g_assert_cmpint (write (file, data, size), ==, size);
  g_assert_cmpint (ftruncate (file, (off_t)size), ==, 0);
  g_assert_cmpint (close (file), ==, 0);
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
