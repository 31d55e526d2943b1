/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tells the thread sanitizer about GLib's locks. They are futexes in a library
 * that is not instrumented, so it would take what they guard for races. Only
 * linked into builds with -Db_sanitize=thread. */
#include <dlfcn.h>

#include <glib.h>
#include <sanitizer/tsan_interface.h>

typedef void (*LockFunction) (GMutex *mutex);
typedef void (*WaitFunction) (GCond *cond, GMutex *mutex);
typedef gboolean (*WaitUntilFunction) (
    GCond *cond, GMutex *mutex, gint64 end_time);

static void
call (const char *name, GMutex *mutex)
{
  LockFunction function;
  *(void **)&function = dlsym (RTLD_NEXT, name);
  function (mutex);
}

void
g_mutex_lock (GMutex *mutex)
{
  __tsan_mutex_pre_lock (mutex, 0);
  call ("g_mutex_lock", mutex);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

void
g_mutex_unlock (GMutex *mutex)
{
  __tsan_mutex_pre_unlock (mutex, 0);
  call ("g_mutex_unlock", mutex);
  __tsan_mutex_post_unlock (mutex, 0);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  WaitFunction function;
  *(void **)&function = dlsym (RTLD_NEXT, "g_cond_wait");
  __tsan_mutex_pre_unlock (mutex, 0);
  __tsan_mutex_post_unlock (mutex, 0);
  function (cond, mutex);
  __tsan_mutex_pre_lock (mutex, 0);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  WaitUntilFunction function;
  *(void **)&function = dlsym (RTLD_NEXT, "g_cond_wait_until");
  __tsan_mutex_pre_unlock (mutex, 0);
  __tsan_mutex_post_unlock (mutex, 0);
  gboolean signalled = function (cond, mutex, end_time);
  __tsan_mutex_pre_lock (mutex, 0);
  __tsan_mutex_post_lock (mutex, 0, 0);
  return signalled;
}
