/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Read, not mapped: a sector that the disk cannot read is an error, where a map
 * would end the process. */
#include "seal.h"

#include "crc32c.h"
#include "damaged.h"
#include "tensorfile-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PIECE (1 << 20)

static gboolean
read_piece (int fd, const char *path, guint64 place, void *dest, gsize size,
    GError **error)
{
  for (gsize done = 0; done < size;) {
    ssize_t n =
        pread (fd, (char *)dest + done, size - done, (off_t)(place + done));
    int code = n < 0 ? errno : 0;
    if (n > 0)
      done += (gsize)n;
    else if (n == 0 || code == EIO)
      return vatt_damaged (path, error,
          "byte %" G_GUINT64_FORMAT " cannot be read: %s", place + done,
          n ? g_strerror (code) : "it was cut short while it was read");
    else if (code != EINTR) {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code),
          "weights '%s': cannot be read: %s", path, g_strerror (code));
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
check (int fd, guint64 size, const char *path, GError **error)
{
  guint32 found = 0, expected;
  if (size < sizeof expected)
    return vatt_damaged (path, error,
        "the file holds %" G_GUINT64_FORMAT
        " bytes, expected at least the %zu of its checksum",
        size, sizeof expected);
  guint64 end = size - sizeof expected;
  g_autofree void *piece = g_malloc (PIECE);
  for (guint64 place = 0; place < end; place += PIECE) {
    gsize n = (gsize)MIN (PIECE, end - place);
    if (!read_piece (fd, path, place, piece, n, error))
      return FALSE;
    found = vatt_crc32c_extend (found, piece, n);
  }
  if (!read_piece (fd, path, end, &expected, sizeof expected, error))
    return FALSE;
  expected = GUINT32_FROM_LE (expected);
  return found == expected ||
         vatt_damaged (path, error,
             "its bytes have the checksum %08x, the file says %08x", found,
             expected);
}

gboolean
vatt_seal_map (VattMap *map, const char *path, GError **error)
{
  guint64 size;
  int fd = vatt_regular_file_open ("weights", path, &size, error);
  if (fd < 0)
    return FALSE;
  gboolean mapped = check (fd, size, path, error) &&
                    vatt_map_descriptor (map, fd, size, "weights", path, error);
  close (fd);
  return mapped;
}

gboolean
vatt_seal_expect (const VattTensorFile *file, GError **error)
{
  gsize n = vatt_tensor_file_get_n_tensors (file);
  const VattTensorInfo *last =
      n ? vatt_tensor_file_get_tensor (file, n - 1) : NULL;
  return (last && strcmp (last->name, VATT_TENSOR_SEAL) == 0 &&
             last->dtype == VATT_DTYPE_I32 && last->size == sizeof (guint32)) ||
         vatt_damaged (vatt_tensor_file_get_path (file), error,
             "its last tensor is '%s', expected '" VATT_TENSOR_SEAL
             "' (1) of I32",
             last ? last->name : "none");
}
