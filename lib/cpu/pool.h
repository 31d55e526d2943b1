/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one thread pool of a CPU device, and the only creator of threads. */
#pragma once

#include <glib.h>
#include <stddef.h>

typedef struct VattPool VattPool;

/* Items [begin, end); thread counts from 0 to the pool's size. */
typedef void (*VattPoolRun) (
    gpointer data, size_t begin, size_t end, guint thread);

/* threads, at least 1, includes the caller of vatt_pool_run. */
VattPool *vatt_pool_new (guint threads, GError **error);
void vatt_pool_free (VattPool *pool);
guint vatt_pool_threads (const VattPool *pool);

/* Runs all items in chunks, handed out as threads become free, and returns
 * when all are done. Callers from several threads take turns; run itself must
 * not call this for the same pool. Allocates nothing. */
void vatt_pool_run (
    VattPool *pool, VattPoolRun run, gpointer data, size_t items, size_t chunk);
