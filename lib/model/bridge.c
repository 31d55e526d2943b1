/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The fine-and-coarse head (paper, section 3.3) as its authors' code has it;
 * v, a, t are the pooled features:
 *
 *   z_va = BN (ReLU (BN (v W_hidden)) W_va)       video
 *   a_va = a W_a + b_a                            audio [BN]
 *   z_vt = BN (ReLU (z_va) W_vt)                  video
 *   a_vt = BN' (ReLU (a_va) W_vt)                 audio, where wanted
 *   t_vt = t W_t + b_t                            text [BN]
 *
 * W_vt is one matrix; audio has a batch norm of its own behind it. The joint
 * head: BN (ReLU (x) W) per modality, one space for all. */
#include "bridge.h"

#include "layers.h"
#include "ops.h"

#include <math.h>

static VattTensor *
unary (VattPlan *plan, const VattOp *op, VattTensor *x)
{
  return vatt_layer (plan, op, NULL, 0, x, NULL, NULL, NULL);
}

static VattTensor *
text_space (const VattScope *scope, const VattHeadSpec *head, VattTensor *va,
    const char *norm)
{
  const VattDense dense = { .columns = head->vt_width };
  VattTensor *x = unary (scope->plan, &vatt_op_relu, va);
  x = vatt_layer_dense (scope, "vt", x, &dense);
  return vatt_layer_batch_norm (scope, norm, x);
}

static void
build_fac (const VattScope *scope, const VattHeadSpec *head,
    VattModality modality, VattTensor *pooled, gboolean want_vt,
    VattBridge *bridge)
{
  VattPlan *plan = scope->plan;
  const VattDense hidden = { .columns = head->va_width };
  const VattDense va = { .columns = head->va_width, .bias = TRUE };
  const VattDense vt = { .columns = head->vt_width, .bias = TRUE };
  switch (modality) {
  case VATT_VIDEO: {
    VattTensor *x = vatt_layer_dense (scope, "hidden", pooled, &hidden);
    x = vatt_layer_batch_norm (scope, "hidden.norm", x);
    x = unary (plan, &vatt_op_relu, x);
    x = vatt_layer_dense (scope, "va", x, &hidden);
    bridge->va = vatt_layer_batch_norm (scope, "va.norm", x);
    if (want_vt)
      bridge->vt = text_space (scope, head, bridge->va, "vt.norm");
    break;
  }
  case VATT_AUDIO:
    bridge->va = vatt_layer_dense (scope, "audio", pooled, &va);
    if (head->audio_norm)
      bridge->va = vatt_layer_batch_norm (scope, "audio.norm", bridge->va);
    if (want_vt && head->audio_text)
      bridge->vt = text_space (scope, head, bridge->va, "vt.audio-norm");
    break;
  case VATT_TEXT:
    bridge->vt = vatt_layer_dense (scope, "text", pooled, &vt);
    if (head->text_norm)
      bridge->vt = vatt_layer_batch_norm (scope, "text.norm", bridge->vt);
    break;
  }
}

static void
build_joint (const VattScope *scope, const VattHeadSpec *head,
    VattModality modality, VattTensor *pooled, VattBridge *bridge)
{
  const char *name = vatt_modality_name (modality);
  g_autofree char *norm = g_strconcat (name, ".norm", NULL);
  const VattDense dense = { .columns = head->va_width };
  VattTensor *x = unary (scope->plan, &vatt_op_relu, pooled);
  x = vatt_layer_dense (scope, name, x, &dense);
  bridge->va = bridge->vt = vatt_layer_batch_norm (scope, norm, x);
}

static void
build_classifier (VattPlan *plan, const VattHeadSpec *head, VattTensor *pooled,
    size_t views, VattBridge *bridge)
{
  /* At the start, every class of a multi-label head has a chance of 1 in
   * its number. */
  const VattDense dense = { .columns = head->classes,
    .bias = TRUE,
    .glorot_normal = !head->multi_label,
    .bias_value = head->multi_label && head->classes > 1
                      ? -log ((double)head->classes - 1.0)
                      : 0.0 };
  const VattAverage average = { .views = views };
  const VattScope scope = { plan, "head" };
  VattTensor *x =
      vatt_layer_dropout (&scope, "pooled", plan->dropout, pooled, NULL);
  x = vatt_layer_dense (&scope, "classifier", x, &dense);
  if (views > 1)
    x = vatt_layer (
        plan, &vatt_op_average, &average, sizeof average, x, NULL, NULL, NULL);
  bridge->logits = x;
  bridge->probabilities =
      unary (plan, head->multi_label ? &vatt_op_sigmoid : &vatt_op_softmax, x);
}

VattBridge
vatt_bridge_build (VattPlan *plan, const VattConfig *config,
    VattModality modality, VattTensor *pooled, VattOutput outputs, size_t views)
{
  VattBridge bridge = { NULL };
  const VattHeadSpec *head = &config->head;
  const VattScope scope = { plan, "head" };
  gboolean want_vt = (outputs & VATT_OUTPUT_VT) != 0;
  gboolean want_va = (outputs & VATT_OUTPUT_VA) != 0;
  if (head->kind == VATT_HEAD_FAC && (want_va || want_vt))
    build_fac (&scope, head, modality, pooled, want_vt, &bridge);
  else if (head->kind == VATT_HEAD_JOINT && (want_va || want_vt))
    build_joint (&scope, head, modality, pooled, &bridge);
  else if (head->kind == VATT_HEAD_CLASSIFIER &&
           (outputs & (VATT_OUTPUT_LOGITS | VATT_OUTPUT_PROBABILITIES)))
    build_classifier (plan, head, pooled, views, &bridge);
  return bridge;
}
