#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * attention, the way back. BODY_PREPARE makes what the others need of each
 * query, key and run. Those make probabilities again from the saved sums, by
 * blocks of queries and keys: p = e^(s - sum), dp = dy v^T z, ds = p (dp - dy .
 * y). BODY_QUERIES: a group owns queries and goes over keys; dq += scale ds k.
 * BODY_KEYS: it owns keys and goes over queries; dk += scale ds^T q, dv += (p
 * z)^T dy. BODY_BIAS: it owns queries and keys and goes over samples; dbias +=
 * sum_B (ds). So every sum has one owner, and scores are made three times. */
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#if BODY_DIRECT
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#endif
#include "attention.glsl"

#if BODY_PREPARE
#include "backward_prepare.glsl"
#else
#include "backward_score.glsl"
#if BODY_DIRECT
#include "backward_direct.glsl"
#else
#include "backward_shared.glsl"
#endif
#endif
