/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tells the thread sanitizer about GLib's locks and counts of references. They
 * are futexes and atomic numbers in libraries that are not instrumented, so it
 * would take what they guard for races. Only linked into builds with
 * -Db_sanitize=thread. */
#include <dlfcn.h>

/* GLib's macro of that name would hide the function. */
#include <glib.h>
#undef g_atomic_ref_count_dec
#include <sanitizer/tsan_interface.h>

typedef void (*LockFunction) (gpointer mutex);
typedef gboolean (*TryFunction) (gpointer mutex);
typedef gboolean (*CountFunction) (gatomicrefcount *count);
typedef void (*WaitFunction) (GCond *cond, GMutex *mutex);
typedef gboolean (*WaitUntilFunction) (GCond *cond, GMutex *mutex, gint64 time);

/* The function that one of this file stands before. */
static gpointer
next (const char *name)
{
  return dlsym (RTLD_NEXT, name);
}

static void
call (const char *name, gpointer mutex)
{
  LockFunction function;
  *(void **)&function = next (name);
  function (mutex);
}

static gboolean
try (const char *name, gpointer mutex)
{
  TryFunction function;
  *(void **)&function = next (name);
  return function (mutex);
}

void
g_mutex_lock (GMutex *mutex)
{
  __tsan_mutex_pre_lock (mutex, 0);
  call ("g_mutex_lock", mutex);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  __tsan_mutex_pre_lock (mutex, __tsan_mutex_try_lock);
  gboolean locked = try ("g_mutex_trylock", mutex);
  __tsan_mutex_post_lock (mutex,
      __tsan_mutex_try_lock | (locked ? 0 : __tsan_mutex_try_lock_failed), 0);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  __tsan_mutex_pre_unlock (mutex, 0);
  call ("g_mutex_unlock", mutex);
  __tsan_mutex_post_unlock (mutex, 0);
}

/* A mutex may be at an address that another has had. */
void
g_mutex_clear (GMutex *mutex)
{
  __tsan_mutex_destroy (mutex, 0);
  call ("g_mutex_clear", mutex);
}

void
g_rec_mutex_lock (GRecMutex *mutex)
{
  __tsan_mutex_pre_lock (mutex, __tsan_mutex_write_reentrant);
  call ("g_rec_mutex_lock", mutex);
  __tsan_mutex_post_lock (mutex, __tsan_mutex_write_reentrant, 0);
}

gboolean
g_rec_mutex_trylock (GRecMutex *mutex)
{
  const unsigned flags = __tsan_mutex_write_reentrant | __tsan_mutex_try_lock;
  __tsan_mutex_pre_lock (mutex, flags);
  gboolean locked = try ("g_rec_mutex_trylock", mutex);
  __tsan_mutex_post_lock (
      mutex, flags | (locked ? 0 : __tsan_mutex_try_lock_failed), 0);
  return locked;
}

void
g_rec_mutex_unlock (GRecMutex *mutex)
{
  __tsan_mutex_pre_unlock (mutex, 0);
  call ("g_rec_mutex_unlock", mutex);
  __tsan_mutex_post_unlock (mutex, 0);
}

void
g_rec_mutex_clear (GRecMutex *mutex)
{
  __tsan_mutex_destroy (mutex, 0);
  call ("g_rec_mutex_clear", mutex);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  WaitFunction function;
  *(void **)&function = next ("g_cond_wait");
  __tsan_mutex_pre_unlock (mutex, 0);
  __tsan_mutex_post_unlock (mutex, 0);
  function (cond, mutex);
  __tsan_mutex_pre_lock (mutex, 0);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 time)
{
  WaitUntilFunction function;
  *(void **)&function = next ("g_cond_wait_until");
  __tsan_mutex_pre_unlock (mutex, 0);
  __tsan_mutex_post_unlock (mutex, 0);
  gboolean signalled = function (cond, mutex, time);
  __tsan_mutex_pre_lock (mutex, 0);
  __tsan_mutex_post_lock (mutex, 0, 0);
  return signalled;
}

/* A pool's thread comes to a task after who pushed it. Pools live as long as
 * the program, or nearly; what stands between is never freed. */
typedef GThreadPool *(*NewPoolFunction) (
    GFunc, gpointer, gint, gboolean, GError **);
typedef gboolean (*PushFunction) (GThreadPool *, gpointer, GError **);

typedef struct {
  GFunc function;
  gpointer user_data;
} PoolWork;

static void
run_task (gpointer task, gpointer user_data)
{
  const PoolWork *work = user_data;
  __tsan_acquire (task);
  work->function (task, work->user_data);
}

GThreadPool *
g_thread_pool_new (GFunc function, gpointer user_data, gint max_threads,
    gboolean exclusive, GError **error)
{
  NewPoolFunction make;
  PoolWork *work = g_new (PoolWork, 1);
  *work = (PoolWork){ .function = function, .user_data = user_data };
  *(void **)&make = next ("g_thread_pool_new");
  return make (run_task, work, max_threads, exclusive, error);
}

gboolean
g_thread_pool_push (GThreadPool *pool, gpointer task, GError **error)
{
  PushFunction push;
  *(void **)&push = next ("g_thread_pool_push");
  __tsan_release (task);
  return push (pool, task, error);
}

/* Whoever gives up the last reference comes after all others who did. Declared
 * here: not every program that has this file has these libraries. */
void g_object_unref (gpointer object);
void gst_mini_object_unref (gpointer object);

void
g_object_unref (gpointer object)
{
  __tsan_acquire (object);
  __tsan_release (object);
  call ("g_object_unref", object);
}

void
gst_mini_object_unref (gpointer object)
{
  __tsan_acquire (object);
  __tsan_release (object);
  call ("gst_mini_object_unref", object);
}

gboolean
g_atomic_ref_count_dec (gatomicrefcount *count)
{
  CountFunction function;
  *(void **)&function = next ("g_atomic_ref_count_dec");
  __tsan_release (count);
  gboolean last = function (count);
  __tsan_acquire (count);
  return last;
}
