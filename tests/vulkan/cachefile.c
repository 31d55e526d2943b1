/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The file of compiled pipelines: what may be in it, and who may not read it.
 */
#include "cachefile.h"

#include "smallplan.h"

#include <glib/gstdio.h>
#include <string.h>

static char *folder; /* XDG_CACHE_HOME of this process */

static VattVkCaps
some_caps (void)
{
  VattVkCaps caps = { .vendor = 1, .device = 2, .driver_version = 3 };
  memset (caps.uuid, 0xab, sizeof caps.uuid);
  memset (caps.cache_uuid, 0xcd, sizeof caps.cache_uuid);
  return caps;
}

/* The one file in the cache. */
static char *
cache_path (void)
{
  g_autofree char *inside = g_build_filename (folder, "vatt", NULL);
  g_autoptr (GDir) dir = g_dir_open (inside, 0, NULL);
  g_assert_nonnull (dir);
  char *path = g_build_filename (inside, g_dir_read_name (dir), NULL);
  g_assert_null (g_dir_read_name (dir)); /* nothing half-written beside it */
  return path;
}

static void
remove_cache (void)
{
  g_autofree char *path = cache_path (), *inside = g_path_get_dirname (path);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (inside), ==, 0);
}

static void
test_kept (void)
{
  const VattVkCaps caps = some_caps ();
  g_assert_null (vatt_vk_cache_read (&caps));
  vatt_vk_cache_write (&caps, "first", 5);
  vatt_vk_cache_write (&caps, "second", 6);
  g_autoptr (GBytes) kept = vatt_vk_cache_read (&caps);
  g_assert_cmpmem (
      g_bytes_get_data (kept, NULL), g_bytes_get_size (kept), "second", 6);
  remove_cache ();
}

static void
test_of_another_driver (void)
{
  const VattVkCaps caps = some_caps ();
  vatt_vk_cache_write (&caps, "data", 4);
  VattVkCaps others[4];
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    others[i] = caps;
  others[0].vendor++;
  others[1].device++;
  others[2].driver_version++;
  others[3].cache_uuid[15]++;
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_null (vatt_vk_cache_read (&others[i]));
  remove_cache ();
}

/* Every byte matters, and so does every length. */
static void
test_damaged (void)
{
  const VattVkCaps caps = some_caps ();
  vatt_vk_cache_write (&caps, "some data", 9);
  g_autofree char *path = cache_path (), *good = NULL;
  gsize length;
  g_assert_true (g_file_get_contents (path, &good, &length, NULL));
  for (gsize i = 0; i < length; i++) {
    good[i] ^= 0x10;
    g_assert_true (g_file_set_contents (path, good, (gssize)length, NULL));
    g_assert_null (vatt_vk_cache_read (&caps));
    good[i] ^= 0x10;
    g_assert_true (g_file_set_contents (path, good, (gssize)i, NULL));
    g_assert_null (vatt_vk_cache_read (&caps));
  }
  g_autofree char *longer = g_strndup (good, length + 1);
  g_assert_true (g_file_set_contents (path, longer, (gssize)length + 1, NULL));
  g_assert_null (vatt_vk_cache_read (&caps));
  remove_cache ();
}

/* A file where the folder should be: as if it could not be written. */
static void
test_not_writable (void)
{
  const VattVkCaps caps = some_caps ();
  g_autofree char *inside = g_build_filename (folder, "vatt", NULL);
  g_assert_true (g_file_set_contents (inside, "", 0, NULL));
  vatt_vk_cache_write (&caps, "data", 4);
  g_assert_null (vatt_vk_cache_read (&caps));
  VattVk *vk = open_vk ();
  if (vk) {
    small_plan_run (vk);
    vatt_device_vulkan.close (vk);
  }
  g_assert_cmpint (g_unlink (inside), ==, 0);
}

static gpointer
write_often (gpointer data)
{
  const VattVkCaps caps = some_caps ();
  char text[4000];
  memset (text, GPOINTER_TO_INT (data), sizeof text);
  for (guint i = 0; i < 100; i++)
    vatt_vk_cache_write (&caps, text, sizeof text);
  return NULL;
}

/* As two processes would: whoever reads sees all of one writer's data. */
static void
test_two_at_once (void)
{
  const VattVkCaps caps = some_caps ();
  write_often (GINT_TO_POINTER ('a'));
  GThread *one = g_thread_new ("one", write_often, GINT_TO_POINTER ('a'));
  GThread *two = g_thread_new ("two", write_often, GINT_TO_POINTER ('b'));
  for (guint i = 0; i < 200; i++) {
    g_autoptr (GBytes) bytes = vatt_vk_cache_read (&caps);
    g_assert_nonnull (bytes);
    const char *text = g_bytes_get_data (bytes, NULL);
    g_assert_cmpuint (g_bytes_get_size (bytes), ==, 4000);
    g_assert_true (memcmp (text, text + 1, 3999) == 0);
  }
  g_thread_join (one);
  g_thread_join (two);
  remove_cache ();
}

/* What a device leaves behind is there for the next one, which writes it anew
 * only if it has more. */
static void
test_device (void)
{
  GStatBuf first = { 0 };
  for (guint times = 0; times < 2; times++) {
    VattVk *vk = open_vk ();
    if (!vk)
      return;
    g_autoptr (GBytes) kept = vatt_vk_cache_read (&vk->caps);
    g_assert_true ((kept != NULL) == (times == 1));
    small_plan_run (vk);
    vatt_device_vulkan.close (vk);
    GStatBuf now;
    g_autofree char *path = cache_path ();
    g_assert_cmpint (g_stat (path, &now), ==, 0);
    if (times == 0)
      first = now;
    else if ((gsize)now.st_size == (gsize)first.st_size)
      g_assert_cmpuint (now.st_ino, ==, first.st_ino);
  }
  remove_cache ();
}

int
main (int argc, char **argv)
{
  folder = g_dir_make_tmp ("vatt-cache-XXXXXX", NULL);
  g_assert_nonnull (folder);
  g_setenv ("XDG_CACHE_HOME", folder, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cachefile/kept", test_kept);
  g_test_add_func ("/cachefile/of-another-driver", test_of_another_driver);
  g_test_add_func ("/cachefile/damaged", test_damaged);
  g_test_add_func ("/cachefile/not-writable", test_not_writable);
  g_test_add_func ("/cachefile/two-at-once", test_two_at_once);
  g_test_add_func ("/cachefile/device", test_device);
  int status = g_test_run ();
  g_rmdir (folder);
  g_free (folder);
  return status;
}
