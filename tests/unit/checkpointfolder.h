/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A folder of checkpoints for tests, new and empty for each. */
#pragma once

#include "feed.h"
#include "tempdir.h"

static char *folder;

static inline VattCheckpoints *
open_folder (guint keep)
{
  g_autoptr (GError) error = NULL;
  VattCheckpoints *checkpoints = vatt_checkpoints_open (folder, keep, &error);
  g_assert_no_error (error);
  return checkpoints;
}

/* Restoring must fail with that, and change nothing. */
static inline void
assert_refused (Feed *feed, VattCheckpoints *checkpoints, GQuark domain,
    int code, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *before = feed_digest (feed);
  g_assert_false (feed_restore (feed, checkpoints, &error));
  g_assert_error (error, domain, code);
  if (!strstr (error->message, why))
    g_error ("'%s' does not say '%s'", error->message, why);
  g_autofree char *after = feed_digest (feed);
  g_assert_cmpstr (after, ==, before);
}

typedef struct {
  const char *name;
  void (*run) (void);
} FolderTest;

static inline void
run_in_folder (gconstpointer data)
{
  const FolderTest *test = data;
  folder = g_dir_make_tmp ("vatt-checkpoints-XXXXXX", NULL);
  g_assert_nonnull (folder);
  test->run ();
  tempdir_remove (folder);
  g_clear_pointer (&folder, g_free);
}

static inline void
add_in_folder (const FolderTest *tests, gsize n)
{
  for (gsize i = 0; i < n; i++)
    g_test_add_data_func (tests[i].name, &tests[i], run_in_folder);
}
