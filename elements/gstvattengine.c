/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One thread takes jobs in order of arrival. What waits behind the first and
 * fits to it goes along: batches form while the thread is busy, and nobody
 * waits for one to fill. The thread alone touches sessions, so models, plans
 * and activations exist once however many streams there are. */
#include "gstvattengine.h"

#include <string.h>

GST_DEBUG_CATEGORY_STATIC (gst_vatt_engine_debug);
#define GST_CAT_DEFAULT gst_vatt_engine_debug

#define MAX_BATCH 64
#define MAX_SLOTS 32

/* A session for one shape of clips. */
typedef struct {
  VattModel *model; /* the session's; compared, not used */
  VattModality modality;
  VattOutput output;
  guint batch, tokens, grid[3];
  VattSession *session; /* owned */
  VattClip *clip; /* owned; where jobs are gathered, NULL: read in place */
  guint64 used;   /* number of the last run */
} Slot;

typedef struct {
  VattModel *model; /* a reference */
  guint users;
} ModelUse;

struct _GstVattEngine {
  GObject parent;
  VattDevice *device; /* owned */
  GThread *thread;

  GMutex lock; /* guards all below and the states of jobs */
  GCond work, done;
  GQueue waiting; /* of GstVattJob, references */
  GstVattJob *running[MAX_BATCH];
  guint n_running;           /* in the batch */
  guint n_wanted;            /* of these, neither done nor given up */
  GCancellable *cancellable; /* of the run; owned */
  GPtrArray *slots;          /* of Slot; changed by the thread, under lock */
  GArray *models;            /* of ModelUse */
  guint64 runs;
  gboolean busy; /* the thread uses a slot without the lock */
  gboolean quit;
};

G_DEFINE_FINAL_TYPE (GstVattEngine, gst_vatt_engine, G_TYPE_OBJECT)

/* ---- slots ---- */

static void
slot_free (gpointer data)
{
  Slot *slot = data;
  g_clear_object (&slot->session);
  vatt_clip_free (slot->clip);
  g_free (slot);
}

static gboolean
slot_serves (const Slot *slot, const GstVattJob *job, guint batch)
{
  return slot->model == job->params.model &&
         slot->modality == job->params.modality &&
         slot->output == job->params.output && slot->batch == batch &&
         slot->tokens == job->tokens &&
         gst_vatt_job_same_grid (slot->grid, vatt_clip_grid (job->clip));
}

static Slot *
make_slot (
    GstVattEngine *self, const GstVattJob *job, guint batch, GError **error)
{
  const GstVattJobParams *params = &job->params;
  VattSessionParams wanted = { .modality = params->modality,
    .outputs = params->output };
  g_autoptr (VattSession) session =
      vatt_session_new (params->model, self->device, &wanted, error);
  if (!session)
    return NULL;
  g_autoptr (VattClip) clip = NULL;
  const guint *grid = vatt_clip_grid (job->clip);
  if ((batch > 1 || params->keep) &&
      !(clip = vatt_clip_new (params->modality, batch, grid,
            vatt_clip_token_size (job->clip), error)))
    return NULL;
  Slot *slot = g_new (Slot, 1);
  *slot = (Slot){ .model = params->model,
    .modality = params->modality,
    .output = params->output,
    .batch = batch,
    .tokens = job->tokens,
    .grid = { grid[0], grid[1], grid[2] },
    .session = g_steal_pointer (&session),
    .clip = g_steal_pointer (&clip) };
  GST_DEBUG ("a session for %u clips of %u %s tokens of %s", batch,
      slot->tokens, vatt_modality_name (slot->modality),
      vatt_model_get_id (slot->model));
  return slot;
}

/* Makes room for one more by dropping what was used longest ago. */
static void
limit_slots (GstVattEngine *self)
{
  if (self->slots->len < MAX_SLOTS)
    return;
  guint oldest = 0;
  for (guint i = 1; i < self->slots->len; i++) {
    const Slot *slot = g_ptr_array_index (self->slots, i);
    const Slot *best = g_ptr_array_index (self->slots, oldest);
    if (slot->used < best->used)
      oldest = i;
  }
  g_ptr_array_remove_index_fast (self->slots, oldest);
}

/* The slot for these jobs; on the engine's thread, without the lock. */
static Slot *
find_slot (
    GstVattEngine *self, const GstVattJob *job, guint batch, GError **error)
{
  for (guint i = 0; i < self->slots->len; i++) {
    Slot *slot = g_ptr_array_index (self->slots, i);
    if (slot_serves (slot, job, batch))
      return slot;
  }
  Slot *slot = make_slot (self, job, batch, error);
  if (!slot)
    return NULL;
  g_mutex_lock (&self->lock);
  limit_slots (self);
  g_ptr_array_add (self->slots, slot);
  g_mutex_unlock (&self->lock);
  return slot;
}

static gboolean
is_used (GstVattEngine *self, const VattModel *model)
{
  for (guint i = 0; i < self->models->len; i++)
    if (g_array_index (self->models, ModelUse, i).model == model)
      return TRUE;
  return FALSE;
}

/* Drops the sessions of models that nobody uses. With the lock held, and not
 * while the thread uses one. */
static void
prune_slots (GstVattEngine *self)
{
  for (guint i = self->slots->len; i-- > 0;) {
    const Slot *slot = g_ptr_array_index (self->slots, i);
    if (!is_used (self, slot->model))
      g_ptr_array_remove_index_fast (self->slots, i);
  }
}

/* ---- runs ---- */

static void
copy_item (VattClip *batch, guint item, const GstVattJob *job)
{
  gsize n = (gsize)vatt_clip_tokens (job->clip) *
            vatt_clip_token_size (job->clip) * sizeof (float);
  gboolean text = job->params.modality == VATT_TEXT;
  const void *from = text ? (const void *)vatt_clip_ids (job->clip)
                          : vatt_clip_values (job->clip);
  char *to = text ? (char *)vatt_clip_writable_ids (batch)
                  : (char *)vatt_clip_writable_values (batch);
  memcpy (to + item * n, from, n);
}

/* What the session is to read: a lone clip in place, else copies. */
static const VattClip *
gather (Slot *slot, GstVattJob *const *jobs, guint n, GError **error)
{
  const GstVattJobParams *params = &jobs[0]->params;
  if (!slot->clip)
    return jobs[0]->clip;
  vatt_clip_reset (slot->clip);
  for (guint i = 0; i < n; i++)
    copy_item (slot->clip, i, jobs[i]);
  if (params->keep && !vatt_clip_drop_tokens (slot->clip, params->keep,
                          params->seed, slot->used, error))
    return NULL;
  return slot->clip;
}

static gboolean
nobody_waits (GstVattEngine *self)
{
  g_mutex_lock (&self->lock);
  gboolean idle = g_queue_is_empty (&self->waiting);
  g_mutex_unlock (&self->lock);
  return idle;
}

static gboolean
run (GstVattEngine *self, GstVattJob *const *jobs, guint n,
    GstClockTime *computed, GError **error)
{
  Slot *slot = find_slot (self, jobs[0], n, error);
  if (!slot)
    return FALSE;
  slot->used = ++self->runs;
  const VattClip *clip = gather (slot, jobs, n, error);
  if (!clip)
    return FALSE;
  /* The first run makes the plan and touches the weights. */
  if (jobs[0]->params.trial && nobody_waits (self) &&
      !vatt_session_run (slot->session, clip, self->cancellable, error))
    return FALSE;
  GstClockTime before = gst_util_get_timestamp ();
  if (!vatt_session_run (slot->session, clip, self->cancellable, error))
    return FALSE;
  *computed = gst_util_get_timestamp () - before;
  const float *values =
      vatt_session_get_output (slot->session, jobs[0]->params.output, NULL);
  guint dim = jobs[0]->params.dim;
  for (guint i = 0; i < n; i++)
    memcpy (jobs[i]->values, values + (gsize)i * dim, dim * sizeof (float));
  return TRUE;
}

/* Takes @error, which may be NULL. A job that was given up stays as it is. Its
 * clip is let go of first: who waits may want to fill it again at once. */
static void
settle (GstVattEngine *self, GstVattJob *job, guint batch,
    GstClockTime computed, GError *error)
{
  g_clear_pointer (&job->clip, vatt_clip_free);
  g_mutex_lock (&self->lock);
  gboolean wanted = job->state == GST_VATT_JOB_RUNNING;
  if (wanted) {
    self->n_wanted--;
    job->computed = computed;
    job->batch = batch;
    job->error = error;
    job->state = GST_VATT_JOB_DONE;
    g_cond_broadcast (&self->done);
  }
  g_mutex_unlock (&self->lock);
  if (!wanted)
    g_clear_error (&error);
  else if (job->done)
    job->done (job, job->user_data);
}

static gboolean
is_wanted (GstVattEngine *self, const GstVattJob *job)
{
  g_mutex_lock (&self->lock);
  gboolean wanted = job->state == GST_VATT_JOB_RUNNING;
  g_mutex_unlock (&self->lock);
  return wanted;
}

/* One bad window must not fail its neighbours: a batch that fails is run
 * again one by one, but for what was given up since. */
static void
run_batch (GstVattEngine *self, GstVattJob *const *jobs, guint n)
{
  g_autoptr (GError) error = NULL;
  GstClockTime computed = 0;
  gboolean good = run (self, jobs, n, &computed, &error);
  if (!good && n > 1 && !g_cancellable_is_cancelled (self->cancellable)) {
    for (guint i = 0; i < n; i++)
      if (is_wanted (self, jobs[i]))
        run_batch (self, jobs + i, 1);
    return;
  }
  for (guint i = 0; i < n; i++)
    settle (self, jobs[i], n, computed, error ? g_error_copy (error) : NULL);
}

static guint
power_of_two_below (guint n)
{
  guint power = 1;
  while (2 * power <= n)
    power *= 2;
  return power;
}

/* Moves the first job and its mates from the queue to the batch. */
static void
take_batch (GstVattEngine *self)
{
  GstVattJob *first = g_queue_pop_head (&self->waiting);
  guint most = CLAMP (first->params.max_batch, 1, MAX_BATCH), n = 1;
  for (GList *l = self->waiting.head; l && n < most; l = l->next)
    n += gst_vatt_job_fits (first, l->data) ? 1 : 0;
  n = power_of_two_below (n);
  self->running[0] = first;
  self->n_running = 1;
  for (GList *l = self->waiting.head, *next; l && self->n_running < n;
       l = next) {
    next = l->next;
    if (!gst_vatt_job_fits (first, l->data))
      continue;
    self->running[self->n_running++] = l->data;
    g_queue_delete_link (&self->waiting, l);
  }
  for (guint i = 0; i < self->n_running; i++)
    self->running[i]->state = GST_VATT_JOB_RUNNING;
  self->n_wanted = self->n_running;
  g_cancellable_reset (self->cancellable);
}

static gpointer
engine_thread (gpointer data)
{
  GstVattEngine *self = data;
  g_mutex_lock (&self->lock);
  while (!self->quit) {
    if (g_queue_is_empty (&self->waiting)) {
      g_cond_wait (&self->work, &self->lock);
      continue;
    }
    take_batch (self);
    self->busy = TRUE;
    g_mutex_unlock (&self->lock);
    run_batch (self, self->running, self->n_running);
    g_mutex_lock (&self->lock);
    self->busy = FALSE;
    guint n = self->n_running;
    self->n_running = 0;
    prune_slots (self);
    g_mutex_unlock (&self->lock);
    for (guint i = 0; i < n; i++)
      gst_vatt_job_unref (self->running[i]);
    g_mutex_lock (&self->lock);
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

/*
 * gst_vatt_engine_submit:
 * @self: an engine
 * @job: a new job; a reference is taken
 *
 * Puts @job at the end of the queue, unless it was given up already.
 */
void
gst_vatt_engine_submit (GstVattEngine *self, GstVattJob *job)
{
  g_mutex_lock (&self->lock);
  if (job->state == GST_VATT_JOB_NEW) {
    job->state = GST_VATT_JOB_WAITING;
    g_queue_push_tail (&self->waiting, gst_vatt_job_ref (job));
    g_cond_signal (&self->work);
  }
  g_mutex_unlock (&self->lock);
}

/* Returns when @job is done, or given up. */
void
gst_vatt_engine_wait (GstVattEngine *self, GstVattJob *job)
{
  g_mutex_lock (&self->lock);
  while (job->state != GST_VATT_JOB_DONE)
    g_cond_wait (&self->done, &self->lock);
  g_mutex_unlock (&self->lock);
}

/* Gives @job up: it is done, with %G_IO_ERROR_CANCELLED. A run goes on while
 * others want it. */
void
gst_vatt_engine_cancel (GstVattEngine *self, GstVattJob *job)
{
  gboolean queued = FALSE;
  g_mutex_lock (&self->lock);
  if (job->state != GST_VATT_JOB_DONE) {
    queued = job->state == GST_VATT_JOB_WAITING &&
             g_queue_remove (&self->waiting, job);
    /* Under the lock, so that it cannot hit the next run; nobody listens to
     * this object, so nothing is called. */
    if (job->state == GST_VATT_JOB_RUNNING && --self->n_wanted == 0)
      g_cancellable_cancel (self->cancellable);
    job->error = g_error_new_literal (
        G_IO_ERROR, G_IO_ERROR_CANCELLED, "the window was given up");
    job->state = GST_VATT_JOB_DONE;
    g_cond_broadcast (&self->done);
  }
  g_mutex_unlock (&self->lock);
  if (queued)
    gst_vatt_job_unref (job);
}

/* ---- models ---- */

/* Sessions of a model are kept as long as somebody uses it. */
void
gst_vatt_engine_use_model (GstVattEngine *self, VattModel *model)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  for (guint i = 0; i < self->models->len; i++) {
    ModelUse *use = &g_array_index (self->models, ModelUse, i);
    if (use->model == model) {
      use->users++;
      return;
    }
  }
  ModelUse fresh = { .model = g_object_ref (model), .users = 1 };
  g_array_append_val (self->models, fresh);
}

void
gst_vatt_engine_release_model (GstVattEngine *self, VattModel *model)
{
  g_autoptr (VattModel) last = NULL;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  for (guint i = 0; i < self->models->len && !last; i++) {
    ModelUse *use = &g_array_index (self->models, ModelUse, i);
    if (use->model != model || --use->users > 0)
      continue;
    last = use->model;
    g_array_remove_index_fast (self->models, i);
  }
  if (last && !self->busy)
    prune_slots (self);
}

VattDevice *
gst_vatt_engine_get_device (GstVattEngine *self)
{
  return self->device;
}

/*
 * gst_vatt_engine_new:
 * @device: what computes
 * @error: return location
 *
 * Returns: (transfer full): an engine with a thread of its own
 */
GstVattEngine *
gst_vatt_engine_new (VattDevice *device, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autoptr (GstVattEngine) self = g_object_new (GST_TYPE_VATT_ENGINE, NULL);
  self->device = g_object_ref (device);
  self->thread = g_thread_try_new ("vatt-engine", engine_thread, self, &reason);
  if (self->thread)
    return g_steal_pointer (&self);
  g_set_error (error, VATT_ERROR, VATT_ERROR_DEVICE,
      "%s: cannot start the thread that computes: %s",
      vatt_device_get_name (device), reason->message);
  return NULL;
}

static void
engine_finalize (GObject *object)
{
  GstVattEngine *self = GST_VATT_ENGINE (object);
  g_mutex_lock (&self->lock);
  self->quit = TRUE;
  g_cond_signal (&self->work);
  g_mutex_unlock (&self->lock);
  if (self->thread)
    g_thread_join (self->thread);
  g_queue_clear_full (&self->waiting, (GDestroyNotify)gst_vatt_job_unref);
  g_ptr_array_unref (self->slots);
  g_array_unref (self->models);
  g_object_unref (self->cancellable);
  g_object_unref (self->device);
  g_cond_clear (&self->done);
  g_cond_clear (&self->work);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (gst_vatt_engine_parent_class)->finalize (object);
}

static void
gst_vatt_engine_init (GstVattEngine *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->work);
  g_cond_init (&self->done);
  g_queue_init (&self->waiting);
  self->slots = g_ptr_array_new_with_free_func (slot_free);
  self->models = g_array_new (FALSE, FALSE, sizeof (ModelUse));
  self->cancellable = g_cancellable_new ();
}

static void
gst_vatt_engine_class_init (GstVattEngineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = engine_finalize;
  GST_DEBUG_CATEGORY_INIT (
      gst_vatt_engine_debug, "vatt-engine", 0, "what computes windows");
}
