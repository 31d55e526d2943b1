/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One stream's use of a model: a plan, the space it works in, its results.
 *
 * |[<!-- language="C" -->
 * g_autoptr (VattModel) model = vatt_model_load ("mbs.safetensors", &error);
 * g_autoptr (VattDevice) device = vatt_device_new ("cpu", NULL, &error);
 * VattSessionParams params = { .modality = VATT_VIDEO,
 *   .outputs = VATT_OUTPUT_POOLED };
 * g_autoptr (VattSession) session
 *     = vatt_session_new (model, device, &params, &error);
 * if (!vatt_session_run (session, clip, NULL, &error))
 *   return FALSE;
 * const float *embedding
 *     = vatt_session_get_output (session, VATT_OUTPUT_POOLED, NULL);
 * ]| */
#pragma once

#include <vatt/clip.h>
#include <vatt/device.h>
#include <vatt/model.h>
#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * VattSession:
 *
 * One stream's use of a model on a device. One thread at a time.
 */
#define VATT_TYPE_SESSION (vatt_session_get_type ())
VATT_API
G_DECLARE_FINAL_TYPE (VattSession, vatt_session, VATT, SESSION, GObject)

/**
 * VattSessionParams:
 * @modality: the tower to run
 * @outputs: what to compute; only what these need is run
 * @views: clips that make up one sample, for classifiers; 0 means 1
 * @profile: whether to measure the time of every op
 *
 * Settings of a session.
 */
typedef struct {
  VattModality modality;
  VattOutput outputs;
  guint views;
  gboolean profile;
} VattSessionParams;

/**
 * VattProfileRow:
 * @op: name of the op
 * @backward: whether it is its way back
 * @count: applications in one run
 * @seconds: time spent in them in all runs so far
 * @flop: floating-point operations of one run, 2 per multiply-add of matrix
 *   products; 0 for ops without any
 * @bytes: bytes of all inputs and outputs of one run, each counted once per
 *   op: what memory has to move at least
 *
 * Where the time goes.
 */
typedef struct {
  const char *op;
  gboolean backward;
  guint count;
  double seconds;
  double flop;
  double bytes;
} VattProfileRow;

VATT_API VattSession *vatt_session_new (VattModel *model, VattDevice *device,
    const VattSessionParams *params, GError **error);
VATT_API gboolean vatt_session_run (VattSession *session, const VattClip *clip,
    GCancellable *cancellable, GError **error);
VATT_API gboolean vatt_session_run_features (VattSession *session,
    const float *features, guint batch, guint width, GError **error);
VATT_API const float *vatt_session_get_output (
    VattSession *session, VattOutput output, guint shape[3]);
VATT_API gsize vatt_session_get_activation_bytes (VattSession *session);
VATT_API VattProfileRow *vatt_session_get_profile (
    VattSession *session, guint *n_rows);

G_END_DECLS
