/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Making a program: a place for every tensor, then every pass's dispatches,
 * their pipelines and descriptors. */
#include "program.h"

#define ALIGNMENT 256

static size_t
align_up (size_t bytes)
{
  return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t
bytes_of (const VattTensor *tensor)
{
  return vatt_vk_stored_bytes (tensor->stored, vatt_tensor_count (tensor));
}

static void
place (VattProgram *self, VattTensor *tensor, const VattVkBuffer *buffer,
    size_t offset)
{
  VattVkPlace *where = g_new (VattVkPlace, 1);
  *where = (VattVkPlace){ .buffer = buffer, .offset = offset };
  g_hash_table_insert (self->places, tensor, where);
}

/* ---- parameters, and what a trainer keeps beside them ---- */

/* Parameters that some pass reads as floats only. */
static GHashTable *
find_wide (const VattPlan *plan)
{
  GHashTable *wide = g_hash_table_new (NULL, NULL);
  for (guint n = 0; n < plan->nodes->len; n++) {
    const VattNode *node = g_ptr_array_index (plan->nodes, n);
    for (guint i = 0; i < VATT_MAX_INPUTS; i++)
      if (node->in[i] && !(node->op->narrow & (1u << i)))
        g_hash_table_add (wide, node->in[i]);
  }
  return wide;
}

static gboolean
hold_parameters (VattProgram *self, GError **error)
{
  g_autoptr (GHashTable) wide = find_wide (self->plan);
  g_autoptr (GPtrArray) wanted = g_ptr_array_new ();
  for (guint t = 0; t < self->plan->tensors->len; t++) {
    VattTensor *tensor = g_ptr_array_index (self->plan->tensors, t);
    tensor->stored = tensor->dtype;
    if (tensor->arena != VATT_ARENA_PARAMETER &&
        tensor->arena != VATT_ARENA_STATE)
      continue;
    /* A trainer's plans share parameters with one that changes them. */
    if (tensor->arena == VATT_ARENA_PARAMETER && !self->plan->learns &&
        !tensor->whole.count && !g_hash_table_contains (wide, tensor))
      tensor->stored = self->vk->weight_dtype;
    g_ptr_array_add (wanted, tensor);
  }
  guint n = wanted->len;
  g_autofree VattVkPlace *places = g_new (VattVkPlace, n + 1);
  if (!vatt_vk_weights_hold (
          self->vk, (VattTensor *const *)wanted->pdata, n, places, error))
    return FALSE;
  self->held = g_steal_pointer (&wanted);
  for (guint i = 0; i < n; i++)
    place (self, g_ptr_array_index (self->held, i), places[i].buffer,
        places[i].offset);
  return TRUE;
}

/* ---- activations, inputs, outputs ---- */

/* Inputs go over once, before the phase that reads them first. */
static VattPhase
phase_of_input (const VattPlan *plan, const VattTensor *tensor)
{
  for (guint n = 0; n < plan->n_forward; n++) {
    const VattNode *node = g_ptr_array_index (plan->nodes, n);
    for (guint i = 0; i < VATT_MAX_INPUTS; i++)
      if (node->in[i] == tensor)
        return VATT_PHASE_FORWARD;
  }
  return VATT_PHASE_BACKWARD;
}

static VattPhase
phase_of_output (const VattPlan *plan, const VattTensor *tensor)
{
  return tensor->first >= plan->n_forward && tensor->first < plan->nodes->len
             ? VATT_PHASE_BACKWARD
             : VATT_PHASE_FORWARD;
}

static size_t
lay_out_inputs (VattProgram *self)
{
  size_t end = 0;
  for (guint t = 0; t < self->plan->tensors->len; t++) {
    VattTensor *tensor = g_ptr_array_index (self->plan->tensors, t);
    if (tensor->arena != VATT_ARENA_INPUT)
      continue;
    const VattVkCopy copy = { .tensor = tensor,
      .region = {
          .srcOffset = end, .dstOffset = end, .size = bytes_of (tensor) } };
    g_array_append_val (
        self->phase[phase_of_input (self->plan, tensor)].copies_in, copy);
    place (self, tensor, &self->inputs, end);
    end += align_up (copy.region.size);
  }
  return end;
}

static size_t
lay_out_outputs (VattProgram *self)
{
  size_t end = 0;
  for (guint t = 0; t < self->plan->tensors->len; t++) {
    VattTensor *tensor = g_ptr_array_index (self->plan->tensors, t);
    if (tensor->arena != VATT_ARENA_ACTIVATION)
      continue;
    place (self, tensor, &self->activations, tensor->offset);
    if (!tensor->pinned)
      continue;
    const VattVkCopy copy = { .tensor = tensor,
      .region = { .srcOffset = tensor->offset,
          .dstOffset = end,
          .size = bytes_of (tensor) } };
    g_array_append_val (
        self->phase[phase_of_output (self->plan, tensor)].copies_out, copy);
    end += align_up (copy.region.size);
  }
  return end;
}

/* Where the host finds outputs. */
static void
show_outputs (VattProgram *self, const GArray *copies)
{
  for (guint i = 0; i < copies->len; i++) {
    const VattVkCopy *copy = &g_array_index (copies, VattVkCopy, i);
    copy->tensor->data = self->activations.mapped
                             ? self->activations.mapped + copy->region.srcOffset
                             : self->download.mapped + copy->region.dstOffset;
  }
}

static gboolean
make_buffers (VattProgram *self, GError **error)
{
  VattVk *vk = self->vk;
  size_t in = lay_out_inputs (self), out = lay_out_outputs (self);
  if (!vatt_vk_buffer_init (
          vk, &self->inputs, in, VATT_VK_COMPUTE, "inputs", error) ||
      !vatt_vk_buffer_init (vk, &self->activations,
          self->plan->activation_bytes, VATT_VK_COMPUTE, "activations", error))
    return FALSE;
  if (!self->inputs.mapped && !vatt_vk_buffer_init (vk, &self->upload, in,
                                  VATT_VK_UPLOAD, "inputs", error))
    return FALSE;
  if (!self->activations.mapped && !vatt_vk_buffer_init (vk, &self->download,
                                       out, VATT_VK_DOWNLOAD, "outputs", error))
    return FALSE;
  for (guint p = 0; p < VATT_VK_PHASES; p++)
    show_outputs (self, self->phase[p].copies_out);
  return TRUE;
}

/* ---- steps ---- */

static gboolean
bind (VattProgram *self, VattVkStep *step, guint b, GError **error)
{
  const VattBinding *binding = &step->dispatch.bindings[b];
  const VattVkPlace *where =
      binding->tensor && binding->count
          ? g_hash_table_lookup (self->places, binding->tensor)
          : NULL;
  step->places[b] = (VattVkPlace){ .buffer = &self->vk->nothing };
  step->bytes[b] = 0;
  if (!where)
    return TRUE;
  VattDtype stored = binding->tensor->stored;
  step->bytes[b] = vatt_vk_stored_bytes (stored, binding->count);
  step->places[b].buffer = where->buffer;
  step->places[b].offset =
      where->offset + binding->first * vatt_dtype_size (stored);
  /* Of passes, which may not count on the alignment of one device. */
  g_assert (step->places[b].offset % ALIGNMENT == 0);
  if (step->bytes[b] <= self->vk->caps.shader.binding_bytes)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
      "vulkan: '%s': %s wants %zu bytes in one piece, the device binds at most "
      "%zu; a smaller batch may do",
      self->vk->caps.name, step->dispatch.shader->name, step->bytes[b],
      self->vk->caps.shader.binding_bytes);
  return FALSE;
}

/* Groups are folded, but only along the first axis. */
static gboolean
check_groups (VattProgram *self, const VattDispatch *dispatch, GError **error)
{
  const guint32 *most = self->vk->caps.groups, *groups = dispatch->groups;
  if (groups[0] <= most[0] && groups[1] <= most[1] && groups[2] <= most[2])
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
      "vulkan: '%s': %s wants %ux%ux%u groups, the device runs at most "
      "%ux%ux%u; a smaller batch may do",
      self->vk->caps.name, dispatch->shader->name, groups[0], groups[1],
      groups[2], most[0], most[1], most[2]);
  return FALSE;
}

static gboolean
check_shared (VattProgram *self, const VattDispatch *dispatch, GError **error)
{
  if (dispatch->shared_bytes <= self->vk->caps.shader.shared_bytes)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
      "vulkan: '%s': %s wants %zu bytes of shared memory, the device has %u",
      self->vk->caps.name, dispatch->shader->name, dispatch->shared_bytes,
      self->vk->caps.shader.shared_bytes);
  return FALSE;
}

static gboolean
check_trips (VattProgram *self, const VattDispatch *dispatch, GError **error)
{
  if (dispatch->trips <= self->vk->caps.trips)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
      "vulkan: '%s': %s wants %zu turns of its loops, the device makes %zu",
      self->vk->caps.name, dispatch->shader->name, dispatch->trips,
      self->vk->caps.trips);
  return FALSE;
}

static gboolean
add_steps (VattProgram *self, guint n, GError **error)
{
  const VattNode *node = g_ptr_array_index (self->plan->nodes, n);
  VattVkPhase *phase =
      &self->phase[n < self->plan->n_forward ? VATT_PHASE_FORWARD
                                             : VATT_PHASE_BACKWARD];
  g_autoptr (GArray) list = g_array_new (FALSE, TRUE, sizeof (VattDispatch));
  VattDispatches all = { .caps = &self->vk->caps.shader, .dispatches = list };
  const VattPass *passes = vatt_node_passes (node);
  for (guint p = 0; p < VATT_MAX_PASSES && passes[p].run; p++) {
    if (!passes[p].shade) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
          "vulkan: pass %s of %s has no shader", passes[p].name,
          node->op->name);
      return FALSE;
    }
    passes[p].shade (node, &all);
  }
  for (guint i = 0; i < list->len; i++) {
    VattVkStep step = { .dispatch = g_array_index (list, VattDispatch, i),
      .node = n };
    const guint32 *groups = step.dispatch.groups;
    if (groups[0] == 0 || groups[1] == 0 || groups[2] == 0)
      continue;
    if (!check_groups (self, &step.dispatch, error) ||
        !check_shared (self, &step.dispatch, error) ||
        !check_trips (self, &step.dispatch, error))
      return FALSE;
    for (guint b = 0; b < step.dispatch.n_bindings; b++)
      if (!bind (self, &step, b, error))
        return FALSE;
    if (!vatt_vk_pipelines_get (
            self->vk, &step.dispatch, &step.pipeline, error))
      return FALSE;
    g_array_append_val (phase->steps, step);
  }
  return TRUE;
}

static void
write_set (VattProgram *self, const VattVkStep *step)
{
  VkDescriptorBufferInfo buffers[VATT_MAX_BINDINGS];
  guint n = step->dispatch.n_bindings;
  for (guint b = 0; b < n; b++)
    buffers[b] =
        (VkDescriptorBufferInfo){ .buffer = step->places[b].buffer->buffer,
          .offset = step->places[b].offset,
          .range = step->bytes[b] ? step->bytes[b] : VK_WHOLE_SIZE };
  const VkWriteDescriptorSet write = {
    .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
    .dstSet = step->set,
    .descriptorCount = n,
    .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
    .pBufferInfo = buffers,
  };
  self->vk->api.vkUpdateDescriptorSets (self->vk->device, 1, &write, 0, NULL);
}

static gboolean
make_set (VattProgram *self, VattVkStep *step, GError **error)
{
  VattVk *vk = self->vk;
  const VkDescriptorSetAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
    .descriptorPool = self->pool,
    .descriptorSetCount = 1,
    .pSetLayouts = &vk->set_layout,
  };
  if (!vatt_vk_check (
          vk->api.vkAllocateDescriptorSets (vk->device, &info, &step->set),
          "allocating descriptors", error))
    return FALSE;
  write_set (self, step);
  return TRUE;
}

static gboolean
make_sets (VattProgram *self, GError **error)
{
  VattVk *vk = self->vk;
  guint n = 1;
  for (guint p = 0; p < VATT_VK_PHASES; p++)
    n += self->phase[p].steps->len;
  const VkDescriptorPoolSize size = { VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
    n * VATT_MAX_BINDINGS };
  const VkDescriptorPoolCreateInfo pool = {
    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
    .maxSets = n,
    .poolSizeCount = 1,
    .pPoolSizes = &size,
  };
  if (!vatt_vk_check (
          vk->api.vkCreateDescriptorPool (vk->device, &pool, NULL, &self->pool),
          "making a descriptor pool", error))
    return FALSE;
  for (guint p = 0; p < VATT_VK_PHASES; p++)
    for (guint i = 0; i < self->phase[p].steps->len; i++)
      if (!make_set (self, &g_array_index (self->phase[p].steps, VattVkStep, i),
              error))
        return FALSE;
  return TRUE;
}

/* ---- preparing and releasing ---- */

static void
phase_init (VattVkPhase *phase)
{
  phase->steps = g_array_new (FALSE, TRUE, sizeof (VattVkStep));
  phase->copies_in = g_array_new (FALSE, TRUE, sizeof (VattVkCopy));
  phase->copies_out = g_array_new (FALSE, TRUE, sizeof (VattVkCopy));
  phase->segments = g_array_new (FALSE, TRUE, sizeof (VkCommandBuffer));
  phase->timed = g_array_new (FALSE, TRUE, sizeof (VkCommandBuffer));
}

static void
phase_clear (VattVk *vk, VattVkPhase *phase)
{
  vatt_vk_segments_free (vk, phase->segments);
  vatt_vk_segments_free (vk, phase->timed);
  if (phase->times && vatt_vk_idle (vk))
    vk->api.vkDestroyQueryPool (vk->device, phase->times, NULL);
  g_array_unref (phase->steps);
  g_array_unref (phase->copies_in);
  g_array_unref (phase->copies_out);
  g_array_unref (phase->segments);
  g_array_unref (phase->timed);
}

static void
release (VattProgram *self)
{
  VattVk *vk = self->vk;
  for (guint p = 0; p < VATT_VK_PHASES; p++)
    phase_clear (vk, &self->phase[p]);
  if (self->pool && vatt_vk_idle (vk))
    vk->api.vkDestroyDescriptorPool (vk->device, self->pool, NULL);
  vatt_vk_buffer_clear (vk, &self->download);
  vatt_vk_buffer_clear (vk, &self->upload);
  vatt_vk_buffer_clear (vk, &self->inputs);
  vatt_vk_buffer_clear (vk, &self->activations);
  if (self->held) {
    vatt_vk_weights_drop (
        vk, (VattTensor *const *)self->held->pdata, self->held->len);
    g_ptr_array_unref (self->held);
  }
  g_hash_table_unref (self->places);
  g_free (self);
}

void
vatt_vk_program_release (VattProgram *program)
{
  VattVk *vk = program->vk;
  g_mutex_lock (&vk->lock);
  release (program);
  g_mutex_unlock (&vk->lock);
}

static VattProgram *
program_new (VattVk *vk, VattPlan *plan)
{
  VattProgram *self = g_new0 (VattProgram, 1);
  self->vk = vk;
  self->plan = plan;
  self->places = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  for (guint p = 0; p < VATT_VK_PHASES; p++)
    phase_init (&self->phase[p]);
  return self;
}

static gboolean
build (VattProgram *self, GError **error)
{
  if (!make_buffers (self, error))
    return FALSE;
  for (guint n = 0; n < self->plan->nodes->len; n++)
    if (!add_steps (self, n, error))
      return FALSE;
  for (guint p = 0; p < VATT_VK_PHASES; p++)
    vatt_vk_find_levels (self->phase[p].steps);
  if (!make_sets (self, error))
    return FALSE;
  for (guint p = 0; p < VATT_VK_PHASES; p++)
    if (!vatt_vk_record (self, &self->phase[p], error))
      return FALSE;
  return TRUE;
}

VattProgram *
vatt_vk_program_prepare (
    gpointer device, VattPlan *plan, VattProgram *previous, GError **error)
{
  VattVk *vk = device;
  g_mutex_lock (&vk->lock);
  VattProgram *self = program_new (vk, plan);
  gboolean good =
      vatt_vk_check_lost (vk, error) && hold_parameters (self, error);
  if (previous)
    release (previous);
  if (!good || !build (self, error))
    g_clear_pointer (&self, release);
  g_mutex_unlock (&vk->lock);
  return self;
}
