/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The files of the golden numbers, one by one. */
#pragma once

#include <glib.h>

/* Calls check for every file of this suffix in a folder of the golden numbers.
 * Skips the test where there are none. */
static inline void
golden_files (const char *suffix, void (*check) (const char *path))
{
  const char *shared = g_getenv ("VATT_SHARED_DATA");
  g_autofree char *golden =
      g_build_filename (shared != NULL ? shared : "", "golden", NULL);
  g_autoptr (GDir) cases = g_dir_open (golden, 0, NULL);
  const char *name, *file;
  guint n = 0;
  if (cases == NULL) {
    g_test_skip ("no case_folder 'golden' in VATT_SHARED_DATA");
    return;
  }
  while ((name = g_dir_read_name (cases)) != NULL) {
    g_autofree char *case_folder = g_build_filename (golden, name, NULL);
    g_autoptr (GDir) files = g_dir_open (case_folder, 0, NULL);
    while (files != NULL && (file = g_dir_read_name (files)) != NULL)
      if (g_str_has_suffix (file, suffix)) {
        g_autofree char *path = g_build_filename (case_folder, file, NULL);
        check (path);
        n++;
      }
  }
  g_test_message ("%u files", n);
  g_assert_cmpuint (n, >, 0);
}
