/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the golden numbers are. */
#pragma once

#include <glib.h>

/* VATT_GOLDEN_DIR, or `golden` in VATT_SHARED_DATA; NULL without both. */
static inline char *
golden_folder (void)
{
  const char *folder = g_getenv ("VATT_GOLDEN_DIR");
  const char *shared = g_getenv ("VATT_SHARED_DATA");
  if (folder && *folder)
    return g_strdup (folder);
  return shared ? g_build_filename (shared, "golden", NULL) : NULL;
}

/* The folder of a case; NULL after saying SKIP where there is none. */
static inline char *
golden_case_folder (const char *name)
{
  g_autofree char *golden = golden_folder ();
  g_autofree char *folder =
      golden ? g_build_filename (golden, name, NULL) : NULL;
  if (folder && g_file_test (folder, G_FILE_TEST_IS_DIR))
    return g_steal_pointer (&folder);
  g_test_skip (folder ? folder : "no golden numbers here");
  return NULL;
}
