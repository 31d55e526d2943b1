/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A session makes a plan for the shape of its first clip and keeps it until
 * a clip of another shape comes. Runs in between allocate nothing. A plan for
 * pooled features is that of a clip without its tower. */
#include "bridge.h"
#include "check.h"
#include "device-iface.h"
#include "model-private.h"
#include "profile.h"
#include "tower.h"

#include <vatt/session.h>
#include <math.h>
#include <string.h>

#define N_OUTPUTS 6 /* VattOutput is 1 << 0 to 1 << 5 */

struct _VattSession {
  GObject parent;
  VattModel *model;
  VattDevice *device;
  VattSessionParams params;

  VattTowerShape shape; /* of the plan; all 0 but the batch for features */
  VattPlan *plan;       /* NULL before the first clip */
  VattProgram *program;
  VattTower tower;      /* none in a plan for features */
  VattTensor *features; /* input: (B, D), or NULL in a plan for clips */
  VattBridge bridge;
  double *seconds; /* by node, of all runs; NULL unless profiling */
  gboolean ran;
  gint busy; /* atomic: a session belongs to one thread at a time */
};

G_DEFINE_FINAL_TYPE (VattSession, vatt_session, G_TYPE_OBJECT)

static void
drop_plan (VattSession *self)
{
  if (self->program)
    vatt_device_iface (self->device)
        ->release (g_steal_pointer (&self->program));
  g_clear_pointer (&self->plan, vatt_plan_free);
  g_clear_pointer (&self->seconds, g_free);
  self->ran = FALSE;
}

static void
vatt_session_finalize (GObject *object)
{
  VattSession *self = VATT_SESSION (object);
  drop_plan (self);
  g_clear_object (&self->model);
  g_clear_object (&self->device);
  G_OBJECT_CLASS (vatt_session_parent_class)->finalize (object);
}

static void
vatt_session_class_init (VattSessionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vatt_session_finalize;
}

static void
vatt_session_init (VattSession *self)
{
}

/**
 * vatt_session_new:
 * @model: a model
 * @device: what to run on
 * @params: settings
 * @error: return location for a #GError
 *
 * Makes a session. It keeps references to @model and @device, which any
 * number of sessions may share. A session belongs to one thread at a time.
 *
 * Returns: (transfer full): the session, or %NULL with
 *   %VATT_ERROR_UNSUPPORTED if the model lacks the tower or an output
 */
VattSession *
vatt_session_new (VattModel *model, VattDevice *device,
    const VattSessionParams *params, GError **error)
{
  static const struct {
    VattOutput output;
    const char *name;
  } outputs[] = {
    { VATT_OUTPUT_TOKENS, "tokens" },
    { VATT_OUTPUT_POOLED, "pooled feature" },
    { VATT_OUTPUT_VA, "video-audio space" },
    { VATT_OUTPUT_VT, "video-text space" },
    { VATT_OUTPUT_LOGITS, "classifier" },
    { VATT_OUTPUT_PROBABILITIES, "classifier" },
  };
  g_return_val_if_fail (VATT_IS_MODEL (model), NULL);
  g_return_val_if_fail (VATT_IS_DEVICE (device), NULL);
  g_return_val_if_fail (params && params->outputs, NULL);
  g_return_val_if_fail ((guint)params->modality < VATT_N_MODALITIES, NULL);
  VattConfig *config = vatt_model_get_config (model);
  for (guint i = 0; i < G_N_ELEMENTS (outputs); i++)
    if ((params->outputs & outputs[i].output) &&
        !vatt_config_get_output_width (
            config, params->modality, outputs[i].output)) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
          "model '%s' (variant '%s') has no %s for %s",
          vatt_model_get_origin (model), vatt_config_get_name (config),
          outputs[i].name, vatt_modality_name (params->modality));
      return NULL;
    }
  VattSession *self = g_object_new (VATT_TYPE_SESSION, NULL);
  self->model = g_object_ref (model);
  self->device = g_object_ref (device);
  self->params = *params;
  self->params.views = MAX (params->views, 1);
  return self;
}

/* ---- plans ---- */

static VattTensor *
tensor_of (const VattSession *self, VattOutput output)
{
  switch (output) {
  case VATT_OUTPUT_TOKENS:
    return self->tower.tokens;
  case VATT_OUTPUT_POOLED:
    return self->tower.pooled;
  case VATT_OUTPUT_VA:
    return self->bridge.va;
  case VATT_OUTPUT_VT:
    return self->bridge.vt;
  case VATT_OUTPUT_LOGITS:
    return self->bridge.logits;
  case VATT_OUTPUT_PROBABILITIES:
    return self->bridge.probabilities;
  }
  return NULL;
}

static void
build (VattSession *self)
{
  VattPlan *plan = self->plan;
  VattConfig *config = vatt_model_get_config (self->model);
  VattModality modality = self->params.modality;
  VattOutput outputs = self->params.outputs;
  self->tower = (VattTower){ NULL };
  self->features = NULL;
  if (self->shape.grid[0]) {
    self->tower = vatt_tower_build (plan, config, modality, &self->shape,
        (outputs & VATT_OUTPUT_TOKENS) != 0);
  } else {
    const size_t shape[] = { self->shape.batch,
      vatt_spec_pooled_width (&config->tower[modality]) };
    self->features =
        vatt_plan_input (plan, "features", VATT_DTYPE_F32, 2, shape);
  }
  self->bridge = vatt_bridge_build (plan, config, modality,
      self->features ? self->features : self->tower.pooled, outputs,
      self->params.views);
  for (guint i = 0; i < N_OUTPUTS; i++) {
    VattTensor *result = tensor_of (self, (VattOutput)(1u << i));
    if (result)
      vatt_plan_output (plan, result, "output");
  }
}

/* The new program takes the place of the old one, whose plan it outlives. */
static gboolean
prepare (VattSession *self, VattProgram *previous, GError **error)
{
  const VattDeviceIface *iface = vatt_device_iface (self->device);
  if (!vatt_plan_seal (self->plan, error)) {
    if (previous)
      iface->release (previous);
    return FALSE;
  }
  for (guint i = 0; i < self->plan->parameters->len; i++) {
    VattTensor *tensor =
        g_array_index (self->plan->parameters, VattParameter, i).tensor;
    tensor->data = vatt_model_lookup (self->model, tensor->name)->data;
  }
  self->program = iface->prepare (
      vatt_device_object (self->device), self->plan, previous, error);
  return self->program != NULL;
}

static gboolean
make_plan (VattSession *self, const VattTowerShape *shape, GError **error)
{
  g_autoptr (VattPlan) old = g_steal_pointer (&self->plan);
  VattProgram *previous = g_steal_pointer (&self->program);
  drop_plan (self);
  self->shape = *shape;
  self->plan = vatt_plan_new ();
  build (self);
  if (!prepare (self, previous, error)) {
    drop_plan (self);
    return FALSE;
  }
  if (self->params.profile)
    self->seconds = g_new0 (double, self->plan->nodes->len);
  return TRUE;
}

/* ---- checks ---- */

static gboolean
check_views (VattSession *self, guint batch, GError **error)
{
  if (batch % self->params.views == 0)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
      "%u clips do not make whole samples of %u views", batch,
      self->params.views);
  return FALSE;
}

/* The input was finite, so an output that is not comes from the weights: name
 * the tensor. */
static gboolean
check_result (VattSession *self, GError **error)
{
  gboolean good = TRUE;
  gsize where;
  for (guint i = 0; i < N_OUTPUTS && good; i++) {
    const VattTensor *result = tensor_of (self, (VattOutput)(1u << i));
    good = !result || vatt_check_finite (vatt_tensor_f32 (result),
                          vatt_tensor_count (result), &where);
  }
  if (good)
    return TRUE;
  if (!vatt_model_check_finite (self->model, error))
    return FALSE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
      "weights '%s': the %s tower or its head overflows on finite input",
      vatt_model_get_origin (self->model),
      vatt_modality_name (self->params.modality));
  return FALSE;
}

static gboolean
plan_for (VattSession *self, const VattTowerShape *shape, GError **error)
{
  return (self->plan && memcmp (shape, &self->shape, sizeof *shape) == 0) ||
         make_plan (self, shape, error);
}

static gboolean
run_plan (VattSession *self, GCancellable *cancellable, GError **error)
{
  self->ran = vatt_device_iface (self->device)
                  ->run (self->program, VATT_PHASE_FORWARD, self->seconds,
                      cancellable, error) &&
              check_result (self, error);
  return self->ran;
}

static gboolean
run_clip (VattSession *session, const VattClip *clip, GCancellable *cancellable,
    GError **error)
{
  session->ran = FALSE;
  if (!vatt_check_clip (
          session->model, session->params.modality, clip, error) ||
      !check_views (session, vatt_clip_batch (clip), error))
    return FALSE;
  VattTowerShape shape = vatt_tower_shape (clip, vatt_clip_batch (clip));
  if (!plan_for (session, &shape, error))
    return FALSE;
  vatt_tower_bind (&session->tower, clip, 0);
  return run_plan (session, cancellable, error);
}

/**
 * vatt_session_run:
 * @session: a session
 * @clip: what to read
 * @cancellable: (nullable): ends the run in the middle
 * @error: return location for a #GError
 *
 * Computes the session's outputs for the clips of one batch. Clips of the
 * shape of the run before are served without any allocation.
 *
 * Returns: %FALSE with %VATT_ERROR_SHAPE for clips that do not fit or are
 *   not finite, %VATT_ERROR_WEIGHTS for weights that are not,
 *   %VATT_ERROR_MEMORY, or %G_IO_ERROR_CANCELLED
 */
gboolean
vatt_session_run (VattSession *session, const VattClip *clip,
    GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (VATT_IS_SESSION (session) && clip, FALSE);
  g_return_val_if_fail (
      g_atomic_int_compare_and_exchange (&session->busy, FALSE, TRUE), FALSE);
  gboolean done = run_clip (session, clip, cancellable, error);
  g_atomic_int_set (&session->busy, FALSE);
  return done;
}

/**
 * vatt_session_run_features: (skip)
 * @session: a session for outputs of heads only
 * @features: (array): @batch rows of @width pooled features, as a session
 *   gives them for %VATT_OUTPUT_POOLED
 * @batch: how many clips they are of, at least 1
 * @width: values of each
 * @error: return location for a #GError
 *
 * Computes the session's outputs from pooled features instead of clips: the
 * tower has run before, in another session or element. As many features as
 * in the run before are served without any allocation.
 *
 * Returns: %FALSE with %VATT_ERROR_SHAPE for features that do not fit or are
 *   not finite, %VATT_ERROR_UNSUPPORTED if the session was made for outputs
 *   of the tower, %VATT_ERROR_WEIGHTS or %VATT_ERROR_MEMORY
 */
gboolean
vatt_session_run_features (VattSession *session, const float *features,
    guint batch, guint width, GError **error)
{
  g_return_val_if_fail (VATT_IS_SESSION (session), FALSE);
  g_return_val_if_fail (features && batch > 0, FALSE);
  g_return_val_if_fail (
      g_atomic_int_compare_and_exchange (&session->busy, FALSE, TRUE), FALSE);
  const VattTowerShape shape = { .batch = batch };
  session->ran = FALSE;
  gboolean good = vatt_check_features (session->model, &session->params,
                      features, batch, width, error) &&
                  check_views (session, batch, error) &&
                  plan_for (session, &shape, error);
  if (good) {
    session->features->data = features;
    good = run_plan (session, NULL, error);
  }
  g_atomic_int_set (&session->busy, FALSE);
  return good;
}

/**
 * vatt_session_get_output:
 * @session: a session after a successful run
 * @output: one of the outputs it was made for
 * @shape: (out caller-allocates) (array fixed-size=3) (optional): the
 *   output's shape as #VattOutput says, with 1 for axes it has not
 *
 * Returns: (transfer none) (nullable): the values, good until the next run;
 *   %NULL if the last run failed or did not compute it
 */
const float *
vatt_session_get_output (
    VattSession *session, VattOutput output, guint shape[3])
{
  g_return_val_if_fail (VATT_IS_SESSION (session), NULL);
  VattTensor *tensor = session->ran && (session->params.outputs & output)
                           ? tensor_of (session, output)
                           : NULL;
  if (!tensor)
    return NULL;
  for (guint a = 0; shape && a < 3; a++)
    shape[a] = a < tensor->rank ? (guint)tensor->shape[a] : 1;
  return vatt_tensor_f32 (tensor);
}

/**
 * vatt_session_get_activation_bytes:
 * @session: a session
 *
 * Returns: bytes of activations its plan holds; 0 before the first run
 */
gsize
vatt_session_get_activation_bytes (VattSession *session)
{
  g_return_val_if_fail (VATT_IS_SESSION (session), 0);
  return session->plan ? session->plan->activation_bytes : 0;
}

/**
 * vatt_session_get_profile:
 * @session: a session
 * @n_rows: (out): how many rows
 *
 * Returns: (transfer full) (array length=n_rows) (nullable): one row per op,
 *   in the order of first use, to be freed by g_free(); seconds are 0 unless
 *   the session was made to profile; %NULL before the first run
 */
VattProfileRow *
vatt_session_get_profile (VattSession *session, guint *n_rows)
{
  g_return_val_if_fail (VATT_IS_SESSION (session) && n_rows, NULL);
  *n_rows = 0;
  if (!session->plan)
    return NULL;
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (VattProfileRow));
  vatt_profile_add (rows, session->plan, session->seconds);
  *n_rows = rows->len;
  return (VattProfileRow *)g_array_free (g_steal_pointer (&rows), FALSE);
}
