/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Plans of one node, in memory between guard words, and running them. */
#include "optest.h"

#include "cpu.h"
#include "rng.h"

#include <stdlib.h>
#include <math.h>
#include <string.h>

#define GUARD 64 /* bytes on either side; keeps the middle aligned */
#define GUARD_WORD 0xdeadbeefu

gboolean optest_on_vulkan;

/* ---- memory between guard words ---- */

static void *
buffer_data (const OpBuffer *buffer)
{
  return buffer->memory ? buffer->memory + GUARD : NULL;
}

static size_t
buffer_padded (const OpBuffer *buffer)
{
  return (buffer->bytes + GUARD - 1) / GUARD * GUARD;
}

/* Fills the middle with NaN. */
static void
buffer_clear (OpBuffer *buffer)
{
  memset (buffer_data (buffer), 0xff, buffer->bytes);
}

static void
buffer_init (OpBuffer *buffer, size_t bytes)
{
  const guint32 word = GUARD_WORD;
  buffer->bytes = bytes;
  size_t all = buffer_padded (buffer) + 2 * GUARD;
  buffer->memory = aligned_alloc (GUARD, all);
  g_assert_nonnull (buffer->memory);
  for (size_t i = 0; i < all; i += sizeof word)
    memcpy (buffer->memory + i, &word, sizeof word);
  buffer_clear (buffer);
}

/* All sizes are multiples of four bytes, so the guard behind the data begins
 * at once. */
static void
buffer_check (const OpBuffer *buffer, const char *what)
{
  const guint32 word = GUARD_WORD;
  if (!buffer->memory)
    return;
  size_t end = GUARD + buffer->bytes;
  size_t all = buffer_padded (buffer) + 2 * GUARD;
  for (size_t i = 0; i < all; i += sizeof word)
    if ((i < GUARD || i >= end) &&
        memcmp (buffer->memory + i, &word, sizeof word) != 0) {
      g_test_message ("%s: written %td bytes from its begin, it has %zu", what,
          (ptrdiff_t)i - GUARD, buffer->bytes);
      g_test_fail ();
      return;
    }
}

static void
run_check_guards (const OpRun *run)
{
  for (guint t = 0; t < run->plan->tensors->len; t++) {
    const VattTensor *tensor = g_ptr_array_index (run->plan->tensors, t);
    g_autofree char *what = g_strdup_printf (
        "tensor %u (%s)", t, tensor->name ? tensor->name : "no name");
    buffer_check (&run->buffer[t], what);
  }
  buffer_check (&run->scratch, "scratch");
}

/* ---- plans of one node ---- */

static VattPlan *
make_plan (const OpCase *test, gboolean learns)
{
  VattPlan *plan = vatt_plan_new ();
  VattTensor *inputs[VATT_MAX_INPUTS] = { NULL };
  plan->learns = learns;
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    const OpInput *in = &test->in[i];
    if (!in->rank)
      continue;
    inputs[i] = vatt_plan_input (plan, "input", in->dtype, in->rank, in->shape);
    if (learns && in->dtype == VATT_DTYPE_F32 && !(optest.constant & (1u << i)))
      vatt_plan_want_gradient (plan, inputs[i]);
  }
  VattTensor *out = vatt_plan_apply (plan, optest.op, test->attributes,
      test->attributes_size, inputs, VATT_MAX_INPUTS);
  vatt_plan_output (plan, out, "output");
  return plan;
}

VattPlan *
optest_plan_new (const OpCase *test)
{
  return make_plan (test, optest.learns);
}

VattPlan *
optest_plan_new_learning (const OpCase *test)
{
  VattPlan *plan = make_plan (test, TRUE);
  g_assert_no_error (plan->error);
  VattTensor *out = ((VattNode *)g_ptr_array_index (plan->nodes, 0))->out;
  vatt_plan_differentiate (plan, out,
      vatt_plan_input (plan, "gradient", VATT_DTYPE_F32, out->rank, out->shape),
      &vatt_op_zero);
  return plan;
}

/* A function of the shape's slot and the place alone. */
static void
fill (const OpInput *in, guint slot, void *data, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    double u = (double)vatt_rng_uniform (OPTEST_SEED, slot, i);
    double value = in->low + (in->high - in->low) * u;
    if (in->dtype == VATT_DTYPE_I32)
      ((gint32 *)data)[i] = (gint32)value;
    else
      ((float *)data)[i] = (float)(in->whole ? floor (value) : value);
  }
}

/* Gives every tensor its buffer. */
static void
attach (OpRun *run)
{
  for (guint t = 0; t < run->plan->tensors->len; t++) {
    VattTensor *tensor = g_ptr_array_index (run->plan->tensors, t);
    tensor->data = buffer_data (&run->buffer[t]);
  }
}

void
optest_poison (OpRun *run, const VattTensor *tensor)
{
  for (guint t = 0; t < run->plan->tensors->len; t++)
    if (g_ptr_array_index (run->plan->tensors, t) == tensor)
      buffer_clear (&run->buffer[t]);
}

void
optest_refill (OpRun *run)
{
  static const OpInput gradient = { .low = -1.0, .high = 1.0 };
  const VattTensor *dout = run->node->out->gradient;
  for (guint t = 0; t < run->plan->tensors->len; t++)
    buffer_clear (&run->buffer[t]);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    VattTensor *tensor = run->node->in[i];
    if (tensor)
      fill (&run->test->in[i], i, (void *)tensor->data,
          vatt_tensor_count (tensor));
  }
  if (dout)
    fill (&gradient, VATT_MAX_INPUTS, (void *)dout->data,
        vatt_tensor_count (dout));
}

static OpRun *
make_run (const OpCase *test, gboolean backward)
{
  g_autoptr (GError) error = NULL;
  OpRun *run = g_new0 (OpRun, 1);
  run->test = test;
  run->plan =
      backward ? optest_plan_new_learning (test) : optest_plan_new (test);
  g_assert_no_error (run->plan->error);
  run->node = g_ptr_array_index (run->plan->nodes, 0);
  vatt_plan_seal (run->plan, &error);
  g_assert_no_error (error);
  run->buffer = g_new0 (OpBuffer, run->plan->tensors->len);
  for (guint t = 0; t < run->plan->tensors->len; t++)
    buffer_init (&run->buffer[t],
        4 * vatt_tensor_count (g_ptr_array_index (run->plan->tensors, t)));
  buffer_init (&run->scratch, run->plan->scratch_bytes);
  attach (run);
  optest_refill (run);
  return run;
}

OpRun *
optest_run_new (const OpCase *test)
{
  return make_run (test, FALSE);
}

OpRun *
optest_run_new_learning (const OpCase *test)
{
  return make_run (test, TRUE);
}

void
optest_run_free (OpRun *run)
{
  for (guint t = 0; t < run->plan->tensors->len; t++)
    free (run->buffer[t].memory);
  g_free (run->buffer);
  free (run->scratch.memory);
  vatt_plan_free (run->plan);
  g_free (run);
}

float *
optest_values (OpRun *run, guint slot)
{
  g_assert_nonnull (run->node->in[slot]);
  return (float *)run->node->in[slot]->data;
}

/* ---- running directly ---- */

static size_t
piece_size (OpPieces pieces, size_t items, size_t n)
{
  static const size_t uneven[] = { 1, 3, 2, 11, 1, 64, 5, 127 };
  if (pieces == OP_WHOLE)
    return items;
  return pieces == OP_SEVEN ? (items + 6) / 7
                            : uneven[n % G_N_ELEMENTS (uneven)];
}

static void
run_pass (
    OpRun *run, const VattNode *node, const VattPass *pass, OpPieces pieces)
{
  size_t items = pass->items (node), begin = 0;
  for (size_t n = 0; begin < items; n++) {
    size_t end = MIN (items, begin + piece_size (pieces, items, n));
    buffer_clear (&run->scratch);
    pass->run (node, begin, end, buffer_data (&run->scratch));
    begin = end;
  }
}

void
optest_run_nodes (OpRun *run, guint first, guint end, OpPieces pieces)
{
  for (guint n = first; n < end; n++) {
    const VattNode *node = g_ptr_array_index (run->plan->nodes, n);
    const VattPass *passes = vatt_node_passes (node);
    for (guint p = 0; p < VATT_MAX_PASSES && passes[p].run; p++)
      run_pass (run, node, &passes[p], pieces);
  }
  run_check_guards (run);
}

const float *
optest_execute (OpRun *run)
{
  optest_poison (run, run->node->out);
  if (optest_on_vulkan)
    optest_vulkan_execute (run, vatt_tensor_f32_mutable (run->node->out));
  else
    optest_run_nodes (run, 0, run->plan->n_forward, OP_WHOLE);
  run_check_guards (run);
  return run->node->out->data;
}

/* ---- running through the CPU device ---- */

static VattProgram *
run_phases (OpRun *run, gpointer device)
{
  g_autoptr (GError) error = NULL;
  VattProgram *program =
      vatt_device_cpu.prepare (device, run->plan, NULL, &error);
  g_assert_no_error (error);
  size_t bytes = 4 * vatt_tensor_count (run->node->out);
  if (bytes > 0)
    memset (vatt_tensor_f32_mutable (run->node->out), 0xff, bytes);
  for (guint phase = VATT_PHASE_FORWARD; phase <= VATT_PHASE_BACKWARD; phase++)
    vatt_device_cpu.run (program, (VattPhase)phase, NULL, NULL, &error);
  g_assert_no_error (error);
  return program;
}

void
optest_run_cpu (OpRun *run, guint threads,
    void (*look) (OpRun *run, gpointer data), gpointer data)
{
  const VattDeviceParams params = { .threads = threads };
  gpointer device = vatt_device_cpu.open (NULL, &params, NULL);
  optest_refill (run);
  VattProgram *program = run_phases (run, device);
  look (run, data);
  vatt_device_cpu.release (program);
  vatt_device_cpu.close (device);
  attach (run);
  run_check_guards (run);
}
