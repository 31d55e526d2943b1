/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A job is announced by a new generation number. Threads take chunks from a
 * shared counter; the caller takes part, then waits for the others. Waiting
 * threads look for a moment before they sleep: between two passes of a
 * network there are microseconds. */
#include "pool.h"

#include <vatt/error.h>
#include <stdatomic.h>

#define LOOKS 2000 /* some 10 to 50 microseconds */

struct VattPool {
  guint threads;    /* the caller's included */
  GThread **worker; /* threads - 1 */
  GMutex turn;      /* held by the caller whose job runs */

  GMutex lock; /* guards sleeping and waking */
  GCond begin, finish;
  atomic_uint generation; /* of the current job; wraps around */
  atomic_uint working;    /* workers that have not finished the job */
  atomic_bool quit;

  /* The job; written before generation, read after it. */
  VattPoolRun run;
  gpointer data;
  size_t items, chunk;
  atomic_size_t next;
};

typedef struct {
  VattPool *pool;
  guint thread;
} Worker;

static inline void
pause_cpu (void)
{
#ifdef __x86_64__
  __builtin_ia32_pause ();
#endif
}

static void
take_chunks (VattPool *pool, guint thread)
{
  for (;;) {
    size_t begin = atomic_fetch_add (&pool->next, pool->chunk);
    if (begin >= pool->items)
      return;
    size_t left = pool->items - begin;
    pool->run (pool->data, begin, begin + MIN (pool->chunk, left), thread);
  }
}

/* Returns the new generation, or the old one if the pool is to end. */
static guint
wait_for_job (VattPool *pool, guint seen)
{
  for (guint look = 0; look < LOOKS; look++) {
    guint now = atomic_load (&pool->generation);
    if (now != seen)
      return now;
    pause_cpu ();
  }
  g_mutex_lock (&pool->lock);
  while (atomic_load (&pool->generation) == seen && !atomic_load (&pool->quit))
    g_cond_wait (&pool->begin, &pool->lock);
  g_mutex_unlock (&pool->lock);
  return atomic_load (&pool->generation);
}

static gpointer
work (gpointer data)
{
  Worker self = *(Worker *)data;
  g_free (data);
  guint seen = 0;
  for (;;) {
    guint now = wait_for_job (self.pool, seen);
    if (now == seen)
      return NULL;
    seen = now;
    take_chunks (self.pool, self.thread);
    if (atomic_fetch_sub (&self.pool->working, 1) == 1) {
      g_mutex_lock (&self.pool->lock);
      g_cond_signal (&self.pool->finish);
      g_mutex_unlock (&self.pool->lock);
    }
  }
}

VattPool *
vatt_pool_new (guint threads, GError **error)
{
  VattPool *pool = g_new0 (VattPool, 1);
  g_mutex_init (&pool->turn);
  g_mutex_init (&pool->lock);
  g_cond_init (&pool->begin);
  g_cond_init (&pool->finish);
  pool->threads = 1;
  pool->worker = g_new0 (GThread *, threads);
  while (pool->threads < threads) {
    Worker *self = g_new (Worker, 1);
    *self = (Worker){ .pool = pool, .thread = pool->threads };
    g_autoptr (GError) reason = NULL;
    GThread *thread = g_thread_try_new ("vatt", work, self, &reason);
    if (!thread) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_DEVICE,
          "cpu: cannot start thread %u of %u: %s", pool->threads + 1, threads,
          reason->message);
      g_free (self);
      vatt_pool_free (pool);
      return NULL;
    }
    pool->worker[pool->threads++ - 1] = thread;
  }
  return pool;
}

void
vatt_pool_free (VattPool *pool)
{
  g_mutex_lock (&pool->lock);
  atomic_store (&pool->quit, TRUE);
  g_cond_broadcast (&pool->begin);
  g_mutex_unlock (&pool->lock);
  for (guint i = 0; i + 1 < pool->threads; i++)
    g_thread_join (pool->worker[i]);
  g_free (pool->worker);
  g_cond_clear (&pool->finish);
  g_cond_clear (&pool->begin);
  g_mutex_clear (&pool->lock);
  g_mutex_clear (&pool->turn);
  g_free (pool);
}

guint
vatt_pool_threads (const VattPool *pool)
{
  return pool->threads;
}

static void
wait_for_workers (VattPool *pool)
{
  for (guint look = 0; look < LOOKS; look++) {
    if (atomic_load (&pool->working) == 0)
      return;
    pause_cpu ();
  }
  g_mutex_lock (&pool->lock);
  while (atomic_load (&pool->working) != 0)
    g_cond_wait (&pool->finish, &pool->lock);
  g_mutex_unlock (&pool->lock);
}

void
vatt_pool_run (
    VattPool *pool, VattPoolRun run, gpointer data, size_t items, size_t chunk)
{
  g_mutex_lock (&pool->turn);
  pool->run = run;
  pool->data = data;
  pool->items = items;
  pool->chunk = MAX (chunk, 1);
  atomic_store (&pool->next, 0);
  gboolean alone = pool->threads == 1 || items <= pool->chunk;
  if (!alone) {
    g_mutex_lock (&pool->lock);
    atomic_store (&pool->working, pool->threads - 1);
    atomic_fetch_add (&pool->generation, 1);
    g_cond_broadcast (&pool->begin);
    g_mutex_unlock (&pool->lock);
  }
  take_chunks (pool, 0);
  if (!alone)
    wait_for_workers (pool);
  g_mutex_unlock (&pool->turn);
}
