/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A buffer becomes a clip without a copy, the clip a job for the engine. */
#include "gstvattencoderpad.h"

#include "gstvattcaps.h"
#include "gstvatttokencaps.h"

#define MAX_ARRIVALS 8 /* more windows never wait at a pad */

typedef struct {
  GstClockTime pts, time;
} Arrival;

struct _GstVattEncoderPad {
  GstAggregatorPad parent;

  VattModality modality;

  /* Object lock. */
  GstVattEngine *engine; /* owned; NULL before caps */
  GstCaps *caps;         /* owned; of what arrives; NULL before */
  GstVattJob *job;       /* a reference; what the engine has of us */
  gboolean flushing;
  Arrival arrived[MAX_ARRIVALS]; /* ring of windows that wait */
  guint first, waiting;
  GstClockTime gap_start, gap_end; /* left out since the last result */
  GstVattStats stats;

  /* The aggregating thread's. */
  gboolean refused;       /* the last caps were; an error has told why */
  VattFrontEnd front_end; /* of what arrives */
  VattModel *model;       /* owned; NULL before caps */
  VattOutput output;
  GstVattResultKind kind; /* its model_id is the model's */
  GstVattThin thin;
  gboolean thinning; /* the last window was made with thin allowed */
};

enum {
  PROP_STATS = 1,
};

G_DEFINE_TYPE (GstVattEncoderPad, gst_vatt_encoder_pad, GST_TYPE_AGGREGATOR_PAD)

VattModality
gst_vatt_encoder_pad_get_modality (GstVattEncoderPad *self)
{
  return self->modality;
}

void
gst_vatt_encoder_pad_set_modality (
    GstVattEncoderPad *self, VattModality modality)
{
  self->modality = modality;
}

/* Returns: (transfer full) (nullable): caps of what arrives */
GstCaps *
gst_vatt_encoder_pad_get_caps (GstVattEncoderPad *self)
{
  GST_OBJECT_LOCK (self);
  GstCaps *caps = self->caps ? gst_caps_ref (self->caps) : NULL;
  GST_OBJECT_UNLOCK (self);
  return caps;
}

/*
 * gst_vatt_encoder_pad_set_caps:
 * @self: a pad
 * @setup: model, engine and space
 * @caps: what will arrive
 * @error: return location
 *
 * Learns what to compute from now on. Where it fails everything stays as it
 * was.
 */
gboolean
gst_vatt_encoder_pad_set_caps (GstVattEncoderPad *self,
    const GstVattEncoderSetup *setup, GstCaps *caps, GError **error)
{
  VattFrontEnd front_end;
  g_autoptr (GstCaps) adopted = gst_vatt_token_caps_adopt (setup->model, caps);
  if (!gst_vatt_encoder_check_caps (
          GST_PAD (self), self->modality, setup, adopted, &front_end, error))
    return FALSE;
  self->front_end = front_end;
  self->output = gst_vatt_encoder_space_output (setup->space);
  g_set_object (&self->model, setup->model);
  gst_vatt_encoder_describe (self->modality, setup, adopted, &self->kind);
  GST_OBJECT_LOCK (self);
  g_set_object (&self->engine, setup->engine);
  gst_caps_replace (&self->caps, adopted);
  GST_OBJECT_UNLOCK (self);
  self->refused = FALSE;
  return TRUE;
}

/* Returns: whether to tell it. Upstream may send what was refused once more,
 * and buffers behind it. */
gboolean
gst_vatt_encoder_pad_refuse (GstVattEncoderPad *self)
{
  gboolean first = !self->refused;
  self->refused = TRUE;
  return first;
}

gboolean
gst_vatt_encoder_pad_has_refused (GstVattEncoderPad *self)
{
  return self->refused;
}

/* What the caps of its results say; its strings are the model's. */
GstVattResultKind
gst_vatt_encoder_pad_get_kind (GstVattEncoderPad *self)
{
  return self->kind;
}

/* Time from one window to the next; NONE for captions. */
GstClockTime
gst_vatt_encoder_pad_get_hop (GstVattEncoderPad *self)
{
  if (self->kind.rate_n <= 0)
    return GST_CLOCK_TIME_NONE;
  return gst_util_uint64_scale_int (
      GST_SECOND, self->kind.rate_d, self->kind.rate_n);
}

static GstVattJobParams
job_params (const GstVattEncoderPad *self)
{
  return (GstVattJobParams){ .model = self->model,
    .modality = self->modality,
    .output = self->output,
    .dim = self->kind.dim,
    .max_batch = 1 };
}

/*
 * gst_vatt_encoder_pad_make_job:
 * @self: a pad with caps
 * @buffer: a clip
 * @wish: how to compute it
 * @error: return location
 *
 * Tokens are left out of full clips only: where the tokeniser has dropped some,
 * it decides.
 *
 * Returns: (transfer full): what the engine has to compute
 */
GstVattJob *
gst_vatt_encoder_pad_make_job (GstVattEncoderPad *self, GstBuffer *buffer,
    const GstVattEncoderWish *wish, GError **error)
{
  VattClip *clip = gst_vatt_token_caps_make_clip (
      GST_PAD (self), self->modality, &self->front_end, buffer, error);
  if (!clip)
    return NULL;
  GstVattJobParams params = job_params (self);
  params.max_batch = wish->max_batch;
  if (self->thinning != wish->thin)
    gst_vatt_thin_reset (&self->thin);
  self->thinning = wish->thin;
  if (wish->thin && self->modality != VATT_TEXT && !vatt_clip_kept (clip))
    params.keep = gst_vatt_thin_tokens (&self->thin, vatt_clip_tokens (clip));
  return gst_vatt_job_new (&params, clip);
}

/* Returns: (transfer full): an empty clip, to learn how long one takes */
GstVattJob *
gst_vatt_encoder_pad_make_trial (GstVattEncoderPad *self, GError **error)
{
  VattClip *clip = vatt_clip_new (self->modality, 1, self->front_end.grid,
      self->front_end.token_size, error);
  if (!clip)
    return NULL;
  GstVattJobParams params = job_params (self);
  params.trial = TRUE;
  return gst_vatt_job_new (&params, clip);
}

/* Hands @job to the engine, unless a flush has come. */
void
gst_vatt_encoder_pad_submit (GstVattEncoderPad *self, GstVattJob *job)
{
  GST_OBJECT_LOCK (self);
  g_autoptr (GstVattEngine) engine = g_object_ref (self->engine);
  gboolean flushing = self->flushing;
  self->job = gst_vatt_job_ref (job);
  GST_OBJECT_UNLOCK (self);
  if (flushing)
    gst_vatt_engine_cancel (engine, job);
  gst_vatt_engine_submit (engine, job);
}

/* Waits for the result of @job, or for a flush. */
void
gst_vatt_encoder_pad_wait (GstVattEncoderPad *self, GstVattJob *job)
{
  gst_vatt_engine_wait (self->engine, job);
  GST_OBJECT_LOCK (self);
  g_clear_pointer (&self->job, gst_vatt_job_unref);
  GST_OBJECT_UNLOCK (self);
}

/*
 * gst_vatt_encoder_pad_finish:
 * @self: a pad
 * @job: a job that succeeded
 * @delay: from the window's arrival to now
 * @result: (out caller-allocates): its kind, values (the job's) and processing
 *   time are set
 */
void
gst_vatt_encoder_pad_finish (GstVattEncoderPad *self, const GstVattJob *job,
    GstClockTime delay, GstVattResult *result)
{
  GstVattStatsWindow window = { .computed = job->computed,
    .delay = delay,
    .batch = job->batch,
    .thinned = job->params.keep > 0 };
  result->kind = self->kind;
  result->values = job->values;
  result->processing_time = job->computed;
  result->tokens = job->tokens;
  GstClockTime hop = gst_vatt_encoder_pad_get_hop (self);
  if (self->thinning && GST_CLOCK_TIME_IS_VALID (hop))
    gst_vatt_thin_update (&self->thin, delay, hop);
  GST_OBJECT_LOCK (self);
  gst_vatt_stats_add (&self->stats, &window);
  GST_OBJECT_UNLOCK (self);
}

/* Gives up what is being computed, or allows runs again. */
void
gst_vatt_encoder_pad_set_flushing (GstVattEncoderPad *self, gboolean flushing)
{
  g_autoptr (GstVattEngine) engine = NULL;
  g_autoptr (GstVattJob) job = NULL;
  GST_OBJECT_LOCK (self);
  self->flushing = flushing;
  self->waiting = 0;
  self->gap_start = GST_CLOCK_TIME_NONE;
  if (flushing && self->job) {
    job = gst_vatt_job_ref (self->job);
    engine = g_object_ref (self->engine);
  }
  GST_OBJECT_UNLOCK (self);
  if (job)
    gst_vatt_engine_cancel (engine, job);
}

/* ---- windows that wait ---- */

/* Notes that a window has come @now. Returns: how many wait with it */
guint
gst_vatt_encoder_pad_arrive (
    GstVattEncoderPad *self, GstClockTime pts, GstClockTime now)
{
  GST_OBJECT_LOCK (self);
  if (self->waiting == MAX_ARRIVALS) {
    self->first = (self->first + 1) % MAX_ARRIVALS;
    self->waiting--;
  }
  self->arrived[(self->first + self->waiting) % MAX_ARRIVALS] =
      (Arrival){ .pts = pts, .time = now };
  guint waiting = ++self->waiting;
  GST_OBJECT_UNLOCK (self);
  return waiting;
}

/* Notes that a window waits no longer. Returns: when it came, or else @now */
GstClockTime
gst_vatt_encoder_pad_depart (
    GstVattEncoderPad *self, GstClockTime pts, GstClockTime now)
{
  GstClockTime time = now;
  GST_OBJECT_LOCK (self);
  guint ahead = 0;
  while (ahead < self->waiting &&
         self->arrived[(self->first + ahead) % MAX_ARRIVALS].pts != pts)
    ahead++;
  if (ahead < self->waiting) {
    time = self->arrived[(self->first + ahead) % MAX_ARRIVALS].time;
    self->first = (self->first + ahead + 1) % MAX_ARRIVALS;
    self->waiting -= ahead + 1;
  }
  GST_OBJECT_UNLOCK (self);
  return time;
}

/* Counts a window that will not be computed; what is behind us learns of it
 * as a gap. */
void
gst_vatt_encoder_pad_leave_out (
    GstVattEncoderPad *self, const GstBuffer *buffer, GstVattLeftOut reason)
{
  GST_OBJECT_LOCK (self);
  self->stats.left_out[reason]++;
  if (GST_BUFFER_PTS_IS_VALID (buffer)) {
    if (!GST_CLOCK_TIME_IS_VALID (self->gap_start))
      self->gap_start = GST_BUFFER_PTS (buffer);
    self->gap_end = GST_BUFFER_PTS (buffer);
    if (GST_BUFFER_DURATION_IS_VALID (buffer))
      self->gap_end += GST_BUFFER_DURATION (buffer);
  }
  GST_OBJECT_UNLOCK (self);
}

/* Returns: whether windows were left out since the last call, and when */
gboolean
gst_vatt_encoder_pad_take_gap (
    GstVattEncoderPad *self, GstClockTime *start, GstClockTime *duration)
{
  GST_OBJECT_LOCK (self);
  *start = self->gap_start;
  *duration = self->gap_end - self->gap_start;
  self->gap_start = GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK (self);
  return GST_CLOCK_TIME_IS_VALID (*start);
}

/* ---- the object ---- */

void
gst_vatt_encoder_pad_start (GstVattEncoderPad *self)
{
  gst_vatt_thin_reset (&self->thin);
  GST_OBJECT_LOCK (self);
  self->stats = (GstVattStats){ 0 };
  GST_OBJECT_UNLOCK (self);
  gst_vatt_encoder_pad_set_flushing (self, FALSE);
}

void
gst_vatt_encoder_pad_stop (GstVattEncoderPad *self)
{
  self->refused = FALSE;
  GST_OBJECT_LOCK (self);
  g_autoptr (GstVattEngine) engine = g_steal_pointer (&self->engine);
  gst_clear_caps (&self->caps);
  GST_OBJECT_UNLOCK (self);
  g_clear_object (&self->model);
}

static void
encoder_pad_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstVattEncoderPad *self = GST_VATT_ENCODER_PAD (object);
  if (id != PROP_STATS) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK (self);
  GstVattStats stats = self->stats;
  GST_OBJECT_UNLOCK (self);
  g_value_take_boxed (
      value, gst_vatt_stats_to_structure (&stats, "vatt-stream-stats"));
}

static void
encoder_pad_finalize (GObject *object)
{
  gst_vatt_encoder_pad_stop (GST_VATT_ENCODER_PAD (object));
  G_OBJECT_CLASS (gst_vatt_encoder_pad_parent_class)->finalize (object);
}

static void
gst_vatt_encoder_pad_init (GstVattEncoderPad *self)
{
  self->kind.rate_d = 1;
  self->gap_start = GST_CLOCK_TIME_NONE;
  gst_vatt_thin_reset (&self->thin);
}

static void
gst_vatt_encoder_pad_class_init (GstVattEncoderPadClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  object_class->get_property = encoder_pad_get_property;
  object_class->finalize = encoder_pad_finalize;
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "What became of the windows of this stream; times in ns",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}
