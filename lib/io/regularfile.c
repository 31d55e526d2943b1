/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opening what must be a plain file, mapping it, and reading it whole. */
#include "regularfile.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vatt/error.h>

#define HUGE_PAGE (2 << 20)
#define PIECE (8 << 20) /* bytes read between two looks at a cancellable */

static void
set_error (GError **error, int code, const char *what, const char *path,
    const char *step)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code),
      "%s '%s': cannot be %s: %s", what, path, step, g_strerror (code));
}

int
vatt_regular_file_open (
    const char *what, const char *path, guint64 *size, GError **error)
{
  /* without O_NONBLOCK a pipe would be waited for */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    set_error (error, errno, what, path, "opened");
    return -1;
  }

  struct stat status;
  if (fstat (fd, &status) != 0) {
    set_error (error, errno, what, path, "examined");
    close (fd);
    return -1;
  }
  if (S_ISDIR (status.st_mode)) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_ISDIR,
        "%s '%s': is a folder, expected a file", what, path);
    close (fd);
    return -1;
  }
  if (!S_ISREG (status.st_mode)) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "%s '%s': is a pipe or a device, expected a file", what, path);
    close (fd);
    return -1;
  }
  *size = (guint64)status.st_size;
  return fd;
}

gboolean
vatt_map_descriptor (VattMap *map, int fd, guint64 size, const char *what,
    const char *path, GError **error)
{
  void *data = NULL;
  int code = size > G_MAXSSIZE ? EFBIG : 0;
  if (code == 0 && size > 0) {
    data = mmap (NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
    code = data == MAP_FAILED ? errno : 0;
  }
  if (code != 0) {
    set_error (error, code, what, path, "mapped");
    return FALSE;
  }
  map->data = data;
  map->size = (gsize)size;
  return TRUE;
}

gboolean
vatt_map_open (VattMap *map, const char *what, const char *path, GError **error)
{
  guint64 size;
  int fd = vatt_regular_file_open (what, path, &size, error);
  if (fd < 0)
    return FALSE;
  gboolean mapped = vatt_map_descriptor (map, fd, size, what, path, error);
  close (fd);
  return mapped;
}

void
vatt_map_clear (VattMap *map)
{
  if (map->data != NULL)
    munmap ((void *)map->data, map->size);
  *map = (VattMap){ 0 };
}

struct _VattReading {
  const char *what; /* not owned */
  char *path;
  int fd;
  guint8 *data; /* the map's */
  gsize size, filled;
  struct stat before; /* of the file, when it was opened */
};

VattReading *
vatt_reading_new (
    VattMap *map, const char *what, const char *path, GError **error)
{
  guint64 size;
  int fd = vatt_regular_file_open (what, path, &size, error);
  if (fd < 0)
    return NULL;
  VattReading *self = g_new0 (VattReading, 1);
  self->what = what;
  self->path = g_strdup (path);
  self->fd = fd;
  if (fstat (fd, &self->before) != 0) {
    set_error (error, errno, what, path, "examined");
    vatt_reading_free (self);
    return NULL;
  }
  size = (guint64)self->before.st_size;
  void *data = NULL;
  if (size > 0)
    data = size > G_MAXSSIZE ? MAP_FAILED
                             : mmap (NULL, (size_t)size, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "%s '%s': no memory for its %" G_GUINT64_FORMAT " bytes", what, path,
        size);
    vatt_reading_free (self);
    return NULL;
  }
  if (size >= HUGE_PAGE)
    madvise (data, (size_t)size, MADV_HUGEPAGE);
  map->data = self->data = data;
  map->size = self->size = (gsize)size;
  return self;
}

static gboolean
fail_short (const VattReading *self, gsize end, GError **error)
{
  g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
      "%s '%s': ends at byte %zu, expected %zu: it was cut short while it was "
      "read",
      self->what, self->path, self->filled, end);
  return FALSE;
}

gboolean
vatt_reading_fill (
    VattReading *self, gsize end, GCancellable *cancellable, GError **error)
{
  g_assert (end <= self->size);
  while (self->filled < end) {
    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    ssize_t n = pread (self->fd, self->data + self->filled,
        MIN (end - self->filled, PIECE), (off_t)self->filled);
    if (n == 0)
      return fail_short (self, end, error);
    if (n < 0 && errno != EINTR) {
      set_error (error, errno, self->what, self->path, "read");
      return FALSE;
    }
    self->filled += n > 0 ? (gsize)n : 0;
  }
  return TRUE;
}

gboolean
vatt_reading_finish (
    VattReading *self, gsize end, GCancellable *cancellable, GError **error)
{
  struct stat after;
  if (!vatt_reading_fill (self, end, cancellable, error))
    return FALSE;
  if (fstat (self->fd, &after) != 0) {
    set_error (error, errno, self->what, self->path, "examined");
    return FALSE;
  }
  if (after.st_size == self->before.st_size &&
      after.st_mtim.tv_sec == self->before.st_mtim.tv_sec &&
      after.st_mtim.tv_nsec == self->before.st_mtim.tv_nsec)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
      "%s '%s': was changed while it was read: %" G_GINT64_FORMAT
      " bytes before, %" G_GINT64_FORMAT " after",
      self->what, self->path, (gint64)self->before.st_size,
      (gint64)after.st_size);
  return FALSE;
}

void
vatt_reading_free (VattReading *self)
{
  close (self->fd);
  g_free (self->path);
  g_free (self);
}
