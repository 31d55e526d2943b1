/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Inputs as files, for readers that take a path. */
#pragma once

#include <gio/gio.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file in memory, of which there is one per slot. */
typedef struct {
  int fd; /* 0 before the first input */
  char path[32];
} InputFile;

static inline const char *
input_file (InputFile *file, const guint8 *data, gsize size)
{
  if (file->fd == 0) {
    file->fd = memfd_create ("input", MFD_CLOEXEC);
    g_assert_cmpint (file->fd, >, 0);
    g_snprintf (file->path, sizeof file->path, "/proc/self/fd/%d", file->fd);
  }
  g_assert_cmpint (ftruncate (file->fd, 0), ==, 0);
  g_assert_cmpint (pwrite (file->fd, data, size, 0), ==, (gssize)size);
  return file->path;
}

/* A refusal has a text that says something; whoever accepts sets none. */
static inline void
input_check_error (gboolean accepted, const GError *error)
{
  g_assert_true (accepted == (error == NULL));
  g_assert_true (accepted || g_utf8_strlen (error->message, -1) > 5);
}
