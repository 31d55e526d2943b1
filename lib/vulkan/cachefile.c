/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The driver's own data behind a header of ours: a driver may crash on data
 * that are not its own, so everything that names it must agree, and the sum of
 * the data too. */
#include "cachefile.h"

#include <errno.h>
#include <string.h>

#define MAGIC "vattvkp1"
#define MOST (64 << 20)
#define SUM_BYTES 32 /* SHA-256 */

typedef struct {
  char magic[8];
  guint32 vendor, device, driver_version, api_version;
  guint8 cache_uuid[VK_UUID_SIZE];
  guint64 size;
  guint8 sum[SUM_BYTES];
} Header;

static char *
path_of (const VattVkCaps *caps)
{
  GString *name = g_string_new ("pipelines-");
  for (guint i = 0; i < VK_UUID_SIZE; i++)
    g_string_append_printf (name, "%02x", caps->uuid[i]);
  g_string_append (name, ".bin");
  char *path =
      g_build_filename (g_get_user_cache_dir (), "vatt", name->str, NULL);
  g_string_free (name, TRUE);
  return path;
}

static void
sum_of (const void *data, size_t size, guint8 sum[SUM_BYTES])
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize length = SUM_BYTES;
  g_checksum_update (checksum, data, (gssize)size);
  g_checksum_get_digest (checksum, sum, &length);
}

static Header
header_of (const VattVkCaps *caps, const void *data, size_t size)
{
  Header header;
  memset (&header, 0, sizeof header);
  memcpy (header.magic, MAGIC, sizeof header.magic);
  header.vendor = caps->vendor;
  header.device = caps->device;
  header.driver_version = caps->driver_version;
  header.api_version = caps->api_version;
  memcpy (header.cache_uuid, caps->cache_uuid, VK_UUID_SIZE);
  header.size = size;
  sum_of (data, size, header.sum);
  return header;
}

GBytes *
vatt_vk_cache_read (const VattVkCaps *caps)
{
  g_autofree char *path = path_of (caps), *contents = NULL;
  gsize length;
  if (!g_file_get_contents (path, &contents, &length, NULL))
    return NULL;
  if (length >= sizeof (Header) && length - sizeof (Header) <= MOST) {
    size_t size = length - sizeof (Header);
    const char *data = contents + sizeof (Header);
    const Header expected = header_of (caps, data, size);
    if (memcmp (contents, &expected, sizeof expected) == 0)
      return g_bytes_new (data, size);
  }
  g_info (
      "vulkan: '%s' is damaged or of another driver, it is made anew", path);
  return NULL;
}

void
vatt_vk_cache_write (const VattVkCaps *caps, const void *data, size_t size)
{
  if (size > MOST)
    return;
  g_autofree char *path = path_of (caps), *folder = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;
  const Header header = header_of (caps, data, size);
  g_autofree char *contents = g_malloc (sizeof header + size);
  memcpy (contents, &header, sizeof header);
  memcpy (contents + sizeof header, data, size);
  if (g_mkdir_with_parents (folder, 0700) != 0)
    g_info ("vulkan: '%s': %s", folder, g_strerror (errno));
  else if (!g_file_set_contents (
               path, contents, (gssize)(sizeof header + size), &error))
    g_info ("vulkan: pipelines are not kept: %s", error->message);
}
