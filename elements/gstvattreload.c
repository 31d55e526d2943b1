/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files are looked at again and again, not watched: that works on every file
 * system, and without a main loop. A file that changes at this moment is let
 * alone for a while, but not for ever: a trainer may have a new one each time.
 * One that is refused while it is followed may be half written: that is told
 * only if it is still the same at the next look. */
#include "gstvattreload.h"

#include "gstvattmodels.h"
#include "gstvattpublished.h"

#include <glib/gstdio.h>

#define LOOK_INTERVAL (200 * G_TIME_SPAN_MILLISECOND)
#define SETTLE_TIME (50 * G_TIME_SPAN_MILLISECOND)
#define DELAYS_MOST 8

/* What the thread does next; copied under the lock. */
typedef struct {
  char *wanted; /* owned */
  gboolean follow;
  gboolean asked; /* else it is a look at what is followed */
  guint serial;
} Task;

void
gst_vatt_reload_init (
    GstVattReload *self, GstElement *element, const GstVattReloadFuncs *funcs)
{
  self->element = element;
  self->funcs = funcs;
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
}

void
gst_vatt_reload_clear (GstVattReload *self)
{
  gst_vatt_reload_stop (self);
  g_free (self->wanted);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->lock);
}

/* ---- settings ---- */

/* The newest wish wins: the reading for an older one ends. */
void
gst_vatt_reload_set_model (GstVattReload *self, const char *path)
{
  char *copy = g_strdup (path);
  g_mutex_lock (&self->lock);
  char *old = self->wanted;
  self->wanted = copy;
  self->asked++;
  if (self->cancellable)
    g_cancellable_cancel (self->cancellable);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  g_free (old);
}

/* Returns: (transfer full) (nullable): the path that was set */
char *
gst_vatt_reload_get_model (GstVattReload *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return g_strdup (self->wanted);
}

void
gst_vatt_reload_set_follow (GstVattReload *self, gboolean follow)
{
  g_mutex_lock (&self->lock);
  self->follow = follow;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

gboolean
gst_vatt_reload_get_follow (GstVattReload *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return self->follow;
}

/* ---- which file ---- */

/* The last by time, then by name. */
static char *
find_newest (const char *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  if (!dir)
    return NULL;
  g_autofree char *best = NULL;
  GStatBuf best_state = { 0 };
  const char *name;
  while ((name = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    GStatBuf state;
    if (!g_str_has_suffix (name, ".safetensors") ||
        g_stat (path, &state) != 0 || !S_ISREG (state.st_mode))
      continue;
    gint64 later = state.st_mtim.tv_sec - best_state.st_mtim.tv_sec;
    if (later == 0)
      later = state.st_mtim.tv_nsec - best_state.st_mtim.tv_nsec;
    if (later == 0 && best)
      later = g_strcmp0 (path, best);
    if (best && later < 0)
      continue;
    g_free (best);
    best = g_steal_pointer (&path);
    best_state = state;
  }
  if (!best)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
        "model '%s': there is no *.safetensors in the folder", folder);
  return g_steal_pointer (&best);
}

/* Sets @path to the file that @task is about; NULL is the shipped model. */
static gboolean
find_file (const Task *task, char **path, GError **error)
{
  if (!task->wanted || !g_file_test (task->wanted, G_FILE_TEST_IS_DIR)) {
    *path = g_strdup (task->wanted);
    return TRUE;
  }
  if (task->follow)
    return (*path = find_newest (task->wanted, error)) != NULL;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_ISDIR,
      "model '%s': is a folder, expected a file; follow=true takes the newest "
      "*.safetensors in a folder",
      task->wanted);
  return FALSE;
}

/* Whether somebody may be writing to the file just now: two changes within one
 * tick of the kernel's clock have one time. */
static gboolean
is_unsettled (const char *path)
{
  GStatBuf state;
  if (!path || g_stat (path, &state) != 0)
    return FALSE;
  gint64 age = g_get_real_time () - state.st_mtim.tv_sec * G_USEC_PER_SEC -
               state.st_mtim.tv_nsec / 1000;
  return age >= 0 && age < SETTLE_TIME;
}

static gboolean
is_gone (const char *path)
{
  const char *trainer = gst_vatt_published_parse (path);
  return trainer ? !gst_vatt_published_exists (trainer)
                 : path && !g_file_test (path, G_FILE_TEST_EXISTS);
}

/* ---- the thread ---- */

static void
tell_refusal (GstVattReload *self, const char *path, const char *version,
    const GError *error)
{
  gboolean again = g_strcmp0 (version, self->told) == 0;
  g_free (self->told);
  self->told = g_strdup (version);
  self->funcs->refused (self->element, path, error, again);
}

static VattModel *
load (GstVattReload *self, const Task *task, const char *path, GError **error)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_mutex_lock (&self->lock);
  if (self->stopping || self->asked != task->serial)
    g_cancellable_cancel (cancellable);
  self->cancellable = cancellable;
  g_mutex_unlock (&self->lock);
  g_autoptr (VattModel) model =
      gst_vatt_models_load_full (path, self->element, cancellable, error);
  g_mutex_lock (&self->lock);
  self->cancellable = NULL;
  g_mutex_unlock (&self->lock);
  if (!model || !self->funcs->fits (self->element, model, error))
    return NULL;
  return g_steal_pointer (&model);
}

/* What was read for an older wish is not wanted any more. */
static void
drop_ready (GstVattReload *self)
{
  g_mutex_lock (&self->lock);
  g_autoptr (VattModel) model = g_steal_pointer (&self->ready);
  g_autofree char *path = g_steal_pointer (&self->ready_path);
  g_mutex_unlock (&self->lock);
}

static void
offer (
    GstVattReload *self, const Task *task, VattModel *model, const char *path)
{
  drop_ready (self);
  g_mutex_lock (&self->lock);
  if (self->asked == task->serial) {
    self->ready = g_object_ref (model);
    self->ready_path = g_strdup (path);
  }
  g_mutex_unlock (&self->lock);
}

static void
try_file (GstVattReload *self, const Task *task, const char *path,
    const char *version)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = load (self, task, path, &error);
  g_clear_pointer (&self->tried, g_free);
  g_clear_error (&self->refusal);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self->tried = g_strdup (version);
  if (model) {
    g_clear_pointer (&self->told, g_free);
    offer (self, task, model, path);
  } else if (task->asked) {
    tell_refusal (self, path, version, error);
  } else {
    self->refusal = g_steal_pointer (&error);
  }
}

/* Returns: when to look again */
static gint64
perform (GstVattReload *self, const Task *task)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  gboolean found = find_file (task, &path, &error);
  g_autofree char *version =
      gst_vatt_models_version (found ? path : task->wanted, self->element);
  if (task->asked) {
    drop_ready (self);
    if (found)
      try_file (self, task, path, version);
    else
      tell_refusal (self, task->wanted, version, error);
  } else if (found && g_strcmp0 (version, self->tried) != 0) {
    /* What is gone for the moment may come back. */
    if (is_gone (path))
      return LOOK_INTERVAL;
    if (is_unsettled (path) && self->delays++ < DELAYS_MOST)
      return SETTLE_TIME;
    self->delays = 0;
    try_file (self, task, path, version);
  } else if (self->refusal) {
    tell_refusal (self, path, version, self->refusal);
    g_clear_error (&self->refusal);
  }
  return LOOK_INTERVAL;
}

/* Called with the lock held. Returns: whether there is something to do */
static gboolean
next_task (GstVattReload *self, Task *task)
{
  task->serial = self->asked;
  task->asked = self->asked != self->answered;
  task->follow = self->follow;
  if (!task->asked && !task->follow)
    return FALSE;
  task->wanted = g_strdup (self->wanted);
  return TRUE;
}

static gpointer
run (gpointer data)
{
  GstVattReload *self = data;
  g_mutex_lock (&self->lock);
  while (!self->stopping) {
    Task task = { 0 };
    if (!next_task (self, &task)) {
      g_cond_wait (&self->cond, &self->lock);
      continue;
    }
    g_mutex_unlock (&self->lock);
    gint64 again = g_get_monotonic_time () + perform (self, &task);
    g_free (task.wanted);
    g_mutex_lock (&self->lock);
    self->answered = task.serial;
    g_cond_broadcast (&self->cond);
    while (!self->stopping && self->asked == self->answered && self->follow &&
           g_cond_wait_until (&self->cond, &self->lock, again))
      ;
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* ---- for the element ---- */

/*
 * gst_vatt_reload_start:
 * @self: the state
 * @path: (out) (transfer full) (nullable): the model's file; %NULL for the
 *   shipped model
 * @error: return location
 *
 * Loads the model to begin with, which may take a while, and starts the thread.
 *
 * Returns: (transfer full): the model
 */
VattModel *
gst_vatt_reload_start (GstVattReload *self, char **path, GError **error)
{
  gst_vatt_reload_stop (self);
  g_mutex_lock (&self->lock);
  g_autofree char *wanted = g_strdup (self->wanted);
  Task task = { .wanted = wanted, .follow = self->follow };
  self->answered = self->asked;
  self->stopping = FALSE;
  g_mutex_unlock (&self->lock);
  g_autofree char *file = NULL;
  if (!find_file (&task, &file, error))
    return NULL;
  self->tried = gst_vatt_models_version (file, self->element);
  g_autoptr (VattModel) model =
      gst_vatt_models_load (file, self->element, error);
  if (model)
    self->thread = g_thread_try_new ("vatt-reload", run, self, error);
  if (!self->thread)
    return NULL;
  *path = g_steal_pointer (&file);
  return g_steal_pointer (&model);
}

/* Ends a reading in progress, and the thread. */
void
gst_vatt_reload_stop (GstVattReload *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  if (self->cancellable)
    g_cancellable_cancel (self->cancellable);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->thread, g_thread_join);
  g_clear_object (&self->ready);
  g_clear_pointer (&self->ready_path, g_free);
  g_clear_pointer (&self->tried, g_free);
  g_clear_pointer (&self->told, g_free);
  g_clear_error (&self->refusal);
}

/* Waits until the model that was asked for last has been read, or refused. */
void
gst_vatt_reload_settle (GstVattReload *self)
{
  g_mutex_lock (&self->lock);
  while (self->thread && !self->stopping && self->asked != self->answered)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

/*
 * gst_vatt_reload_take:
 * @self: the state
 * @path: (out) (transfer full): the model's file; %NULL for the shipped model
 *
 * Does not wait.
 *
 * Returns: (transfer full) (nullable): a model that has been read since, if
 *   nobody has asked for another one
 */
VattModel *
gst_vatt_reload_take (GstVattReload *self, char **path)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  if (!self->ready || self->asked != self->answered)
    return NULL;
  *path = g_steal_pointer (&self->ready_path);
  return g_steal_pointer (&self->ready);
}
