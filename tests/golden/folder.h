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
