/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The thread pool: every item once, callers in turn. To be run under TSan. */
#include <glib.h>

#include "pool.h"

typedef struct {
  guint threads;
  size_t items;
  guint8 *seen; /* how often each item came; not atomic, so that TSan sees
                   two threads at one item */
  size_t chunk;
  gint bad; /* pieces out of bounds, threads out of range */
} Job;

static void
mark (gpointer data, size_t begin, size_t end, guint thread)
{
  Job *job = data;
  if (begin >= end || end > job->items || thread >= job->threads ||
      end - begin > MAX (job->chunk, 1)) {
    g_atomic_int_inc (&job->bad);
    return;
  }
  for (size_t i = begin; i < end; i++)
    job->seen[i]++;
}

static void
check_run (VattPool *pool, size_t items, size_t chunk)
{
  g_autofree guint8 *seen = g_new0 (guint8, items + 1);
  Job job = { .threads = vatt_pool_threads (pool),
    .items = items,
    .seen = seen,
    .chunk = chunk };
  vatt_pool_run (pool, mark, &job, items, chunk);
  g_assert_cmpint (job.bad, ==, 0);
  for (size_t i = 0; i < items; i++)
    g_assert_cmpuint (seen[i], ==, 1);
  g_assert_cmpuint (seen[items], ==, 0);
}

static VattPool *
new_pool (guint threads)
{
  g_autoptr (GError) error = NULL;
  VattPool *pool = vatt_pool_new (threads, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (vatt_pool_threads (pool), ==, threads);
  return pool;
}

static void
test_every_item_once (void)
{
  static const guint threads[] = { 1, 2, 3, 5, 16 };
  static const size_t items[] = { 0, 1, 2, 3, 7, 16, 100, 1001 };
  static const size_t chunks[] = { 0, 1, 2, 3, 7, 64, 1001, 5000 };
  for (guint t = 0; t < G_N_ELEMENTS (threads); t++) {
    VattPool *pool = new_pool (threads[t]);
    for (guint i = 0; i < G_N_ELEMENTS (items); i++)
      for (guint c = 0; c < G_N_ELEMENTS (chunks); c++)
        check_run (pool, items[i], chunks[c]);
    vatt_pool_free (pool);
  }
}

/* What a run writes, its caller sees without any lock of its own, and the
 * next run too. */
static void
add_neighbour (gpointer data, size_t begin, size_t end, guint thread)
{
  guint *values = data;
  for (size_t i = begin; i < end; i++)
    values[i + 64] = values[i] + 1;
}

static void
test_results_are_seen (void)
{
  VattPool *pool = new_pool (4);
  g_autofree guint *values = g_new0 (guint, 64 * 501);
  for (guint step = 0; step < 500; step++)
    vatt_pool_run (pool, add_neighbour, values + 64 * step, 64, 3);
  for (guint i = 0; i < 64; i++)
    g_assert_cmpuint (values[64 * 500 + i], ==, 500);
  vatt_pool_free (pool);
}

static gpointer
call_often (gpointer pool)
{
  for (size_t run = 0; run < 300; run++)
    check_run (pool, run % 37, run % 5);
  return NULL;
}

static void
test_callers_take_turns (void)
{
  VattPool *pool = new_pool (3);
  GThread *caller[6];
  for (guint i = 0; i < G_N_ELEMENTS (caller); i++)
    caller[i] = g_thread_new ("caller", call_often, pool);
  for (guint i = 0; i < G_N_ELEMENTS (caller); i++)
    g_thread_join (caller[i]);
  vatt_pool_free (pool);
}

static void
count (gpointer data, size_t begin, size_t end, guint thread)
{
  g_atomic_int_add ((gint *)data, (gint)(end - begin));
}

static void
test_tiny_runs (void)
{
  VattPool *pool = new_pool (2);
  gint total = 0;
  for (guint run = 0; run < 20000; run++)
    vatt_pool_run (pool, count, &total, 2, 1);
  g_assert_cmpint (total, ==, 40000);
  vatt_pool_free (pool);
}

/* Threads that have gone to sleep wake up again. */
static void
test_sleepers_wake (void)
{
  VattPool *pool = new_pool (4);
  for (guint run = 0; run < 20; run++) {
    g_usleep (3000);
    check_run (pool, 64, 1);
  }
  vatt_pool_free (pool);
}

/* Pools that never worked, or have just worked, can be freed at once. */
static void
test_short_lives (void)
{
  for (guint i = 0; i < 100; i++) {
    VattPool *pool = new_pool (1 + i % 5);
    if (i % 2)
      check_run (pool, 9, 1);
    vatt_pool_free (pool);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pool/every-item-once", test_every_item_once);
  g_test_add_func ("/pool/results-are-seen", test_results_are_seen);
  g_test_add_func ("/pool/callers-take-turns", test_callers_take_turns);
  g_test_add_func ("/pool/tiny-runs", test_tiny_runs);
  g_test_add_func ("/pool/sleepers-wake", test_sleepers_wake);
  g_test_add_func ("/pool/short-lives", test_short_lives);
  return g_test_run ();
}
