/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Heads: projections into the common spaces, and classifiers. */
#pragma once

#include "plan.h"
#include "spec.h"

typedef struct {
  VattTensor *va, *vt;                /* (B, D), or NULL */
  VattTensor *logits, *probabilities; /* (B / views, C), or NULL */
} VattBridge;

/* Adds what `outputs` asks for and the configuration has; pooled is (B, D). */
VattBridge vatt_bridge_build (VattPlan *plan, const VattConfig *config,
    VattModality modality, VattTensor *pooled, VattOutput outputs,
    size_t views);
