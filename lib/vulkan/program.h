/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A program: a plan's passes as dispatches, recorded once into segments that
 * are submitted again and again. */
#pragma once

#include "device-iface.h"
#include "vk.h"

/* A dispatch with everything it needs. */
typedef struct {
  VattDispatch dispatch;
  guint node;  /* of the plan */
  guint level; /* runs after all of the levels before */
  VkPipeline pipeline;
  VkDescriptorSet set;
  VattVkPlace places[VATT_MAX_BINDINGS];
  size_t bytes[VATT_MAX_BINDINGS];
} VattVkStep;

/* A tensor that the host writes before a run or reads after it. */
typedef struct {
  VattTensor *tensor;
  VkBufferCopy region;
} VattVkCopy;

/* What is submitted for one phase. */
typedef struct {
  GArray *steps;      /* VattVkStep, by level */
  GArray *copies_in;  /* VattVkCopy, from upload to inputs */
  GArray *copies_out; /* from activations to download */
  GArray *segments;   /* VkCommandBuffer */
  GArray *timed; /* alike, with a time after each step; empty until asked */
  VkQueryPool times;
} VattVkPhase;

#define VATT_VK_PHASES (VATT_PHASE_BACKWARD + 1)

struct VattProgram {
  VattVk *vk;
  VattPlan *plan;
  VattVkPhase phase[VATT_VK_PHASES];
  GPtrArray *held;    /* VattTensor: held in vk->weights */
  GHashTable *places; /* VattTensor -> VattVkPlace, owned */
  VattVkBuffer activations, inputs;
  VattVkBuffer upload, download; /* where those are not mapped */
  VkDescriptorPool pool;
};

VattProgram *vatt_vk_program_prepare (
    gpointer device, VattPlan *plan, VattProgram *previous, GError **error);
void vatt_vk_program_release (VattProgram *program);

/* ---- run.c ---- */

gboolean vatt_vk_program_run (VattProgram *program, VattPhase phase,
    double *seconds, GCancellable *cancellable, GError **error);

/* ---- fetch.c ---- */

gboolean vatt_vk_program_fetch (
    VattProgram *program, VattTensor *tensor, GError **error);
gboolean vatt_vk_program_send (
    VattProgram *program, const VattTensor *tensor, GError **error);

/* ---- record.c ---- */

/* Sorts steps by level: reads come after writes, writes after reads and
 * writes of the same bytes. */
void vatt_vk_find_levels (GArray *steps);
/* Records the segments; the lock is held. A phase without steps has none. */
gboolean vatt_vk_record (
    VattProgram *program, VattVkPhase *phase, GError **error);
/* Records `timed`; a failure leaves some of it. */
gboolean vatt_vk_record_timed (
    VattProgram *program, VattVkPhase *phase, GError **error);
void vatt_vk_segments_free (VattVk *vk, GArray *segments);
