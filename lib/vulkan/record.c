/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The order of dispatches, what waits for what, and recording it. */
#include "program.h"

#define PIECE_SECONDS 0.02 /* of one dispatch: drivers kill longer ones */

/* ---- levels ---- */

static gboolean
overlap (const VattVkStep *a, guint i, const VattVkStep *b, guint j)
{
  const VattVkPlace *left = &a->places[i], *right = &b->places[j];
  return left->buffer == right->buffer && a->bytes[i] && b->bytes[j] &&
         left->offset < right->offset + b->bytes[j] &&
         right->offset < left->offset + a->bytes[i];
}

static gboolean
conflict (const VattVkStep *a, const VattVkStep *b)
{
  for (guint i = 0; i < a->dispatch.n_bindings; i++)
    for (guint j = 0; j < b->dispatch.n_bindings; j++)
      if ((a->dispatch.bindings[i].write || b->dispatch.bindings[j].write) &&
          overlap (a, i, b, j))
        return TRUE;
  return FALSE;
}

static int
by_level (gconstpointer a, gconstpointer b)
{
  const VattVkStep *left = a, *right = b;
  if (left->level != right->level)
    return left->level < right->level ? -1 : 1;
  return left->node < right->node ? -1 : left->node > right->node;
}

void
vatt_vk_find_levels (GArray *steps)
{
  for (guint n = 0; n < steps->len; n++) {
    VattVkStep *step = &g_array_index (steps, VattVkStep, n);
    step->level = 0;
    for (guint e = 0; e < n; e++) {
      const VattVkStep *earlier = &g_array_index (steps, VattVkStep, e);
      if (earlier->level >= step->level && conflict (earlier, step))
        step->level = earlier->level + 1;
    }
  }
  g_array_sort (steps, by_level);
}

/* ---- commands ---- */

static void
barrier (VattVk *vk, VkCommandBuffer commands, VkPipelineStageFlags before,
    VkAccessFlags made, VkPipelineStageFlags after, VkAccessFlags wanted)
{
  const VkMemoryBarrier memory = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
    .srcAccessMask = made,
    .dstAccessMask = wanted,
  };
  vk->api.vkCmdPipelineBarrier (
      commands, before, after, 0, 1, &memory, 0, NULL, 0, NULL);
}

static void
level_barrier (VattVk *vk, VkCommandBuffer commands)
{
  barrier (vk, commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
      VK_ACCESS_SHADER_WRITE_BIT, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
      VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
}

static void
copy_all (VattVk *vk, VkCommandBuffer commands, const GArray *copies,
    const VattVkBuffer *from, const VattVkBuffer *to)
{
  for (guint i = 0; i < copies->len; i++)
    vk->api.vkCmdCopyBuffer (commands, from->buffer, to->buffer, 1,
        &g_array_index (copies, VattVkCopy, i).region);
}

static void
record_head (
    VattProgram *self, const VattVkPhase *phase, VkCommandBuffer commands)
{
  VattVk *vk = self->vk;
  if (self->inputs.mapped || !phase->copies_in->len)
    return;
  copy_all (vk, commands, phase->copies_in, &self->upload, &self->inputs);
  barrier (vk, commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
      VK_ACCESS_TRANSFER_WRITE_BIT, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
      VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
}

static void
record_tail (
    VattProgram *self, const VattVkPhase *phase, VkCommandBuffer commands)
{
  VattVk *vk = self->vk;
  VkPipelineStageFlags stage = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
  VkAccessFlags made = VK_ACCESS_SHADER_WRITE_BIT;
  if (!self->activations.mapped && phase->copies_out->len) {
    barrier (vk, commands, stage, made, VK_PIPELINE_STAGE_TRANSFER_BIT,
        VK_ACCESS_TRANSFER_READ_BIT);
    copy_all (
        vk, commands, phase->copies_out, &self->activations, &self->download);
    stage = VK_PIPELINE_STAGE_TRANSFER_BIT;
    made = VK_ACCESS_TRANSFER_WRITE_BIT;
  }
  barrier (vk, commands, stage, made, VK_PIPELINE_STAGE_HOST_BIT,
      VK_ACCESS_HOST_READ_BIT);
}

static double
seconds_of (const VattVk *vk, const VattVkStep *step)
{
  double bytes = 0;
  for (guint b = 0; b < step->dispatch.n_bindings; b++)
    bytes += (double)step->bytes[b];
  return step->dispatch.flop / vk->caps.flops + bytes / vk->caps.bandwidth;
}

/* The next piece of a dispatch, cut along its longest axis. */
static void
dispatch_piece (VattVk *vk, VkCommandBuffer commands, const VattVkStep *step,
    guint piece, guint pieces)
{
  const guint32 *groups = step->dispatch.groups;
  guint axis = groups[1] > groups[0] ? 1 : 0;
  guint32 base[3] = { 0 }, count[3] = { groups[0], groups[1], groups[2] };
  base[axis] = (guint32)((guint64)groups[axis] * piece / pieces);
  count[axis] =
      (guint32)((guint64)groups[axis] * (piece + 1) / pieces) - base[axis];
  vk->api.vkCmdDispatchBase (
      commands, base[0], base[1], base[2], count[0], count[1], count[2]);
}

static void
bind_step (VattVk *vk, VkCommandBuffer commands, const VattVkStep *step)
{
  vk->api.vkCmdBindPipeline (
      commands, VK_PIPELINE_BIND_POINT_COMPUTE, step->pipeline);
  vk->api.vkCmdBindDescriptorSets (commands, VK_PIPELINE_BIND_POINT_COMPUTE,
      vk->pipeline_layout, 0, 1, &step->set, 0, NULL);
  if (step->dispatch.push_bytes)
    vk->api.vkCmdPushConstants (commands, vk->pipeline_layout,
        VK_SHADER_STAGE_COMPUTE_BIT, 0, (guint32)step->dispatch.push_bytes,
        step->dispatch.push);
}

static guint
pieces_of (const VattVk *vk, const VattVkStep *step)
{
  guint32 most = MAX (step->dispatch.groups[0], step->dispatch.groups[1]);
  double wanted = seconds_of (vk, step) / PIECE_SECONDS;
  return wanted <= 1.0 ? 1 : (guint)MIN (wanted + 1.0, (double)most);
}

/* ---- segments ---- */

void
vatt_vk_segments_free (VattVk *vk, GArray *segments)
{
  for (guint i = 0; i < segments->len; i++)
    vatt_vk_commands_free (vk, g_array_index (segments, VkCommandBuffer, i));
  g_array_set_size (segments, 0);
}

typedef struct {
  VattProgram *program;
  GArray *segments;         /* VkCommandBuffer */
  VkCommandBuffer commands; /* being filled */
  double seconds;           /* of work in it */
} Recorder;

static gboolean
end_segment (Recorder *recorder, GError **error)
{
  VattVk *vk = recorder->program->vk;
  return vatt_vk_check (vk->api.vkEndCommandBuffer (recorder->commands),
      "recording a segment", error);
}

/* Segments are freed with the program, half-recorded ones too. */
static gboolean
begin_segment (Recorder *recorder, GError **error)
{
  VattProgram *self = recorder->program;
  gboolean good = vatt_vk_commands_begin (self->vk, &recorder->commands, error);
  if (recorder->commands)
    g_array_append_val (recorder->segments, recorder->commands);
  recorder->seconds = 0;
  return good;
}

static gboolean
record_step (Recorder *recorder, const VattVkStep *step, GError **error)
{
  VattVk *vk = recorder->program->vk;
  guint pieces = pieces_of (vk, step);
  double seconds = seconds_of (vk, step) / pieces;
  bind_step (vk, recorder->commands, step);
  for (guint p = 0; p < pieces; p++) {
    if (recorder->seconds > 0 &&
        recorder->seconds + seconds > vk->segment_seconds) {
      if (!end_segment (recorder, error) || !begin_segment (recorder, error))
        return FALSE;
      bind_step (vk, recorder->commands, step);
    }
    dispatch_piece (vk, recorder->commands, step, p, pieces);
    recorder->seconds += seconds;
  }
  return TRUE;
}

gboolean
vatt_vk_record (VattProgram *self, VattVkPhase *phase, GError **error)
{
  Recorder recorder = { .program = self, .segments = phase->segments };
  if (!phase->steps->len)
    return TRUE;
  if (!begin_segment (&recorder, error))
    return FALSE;
  /* After what other programs wrote of the parameters they share, and what
   * the phase before left. */
  level_barrier (self->vk, recorder.commands);
  record_head (self, phase, recorder.commands);
  for (guint i = 0; i < phase->steps->len; i++) {
    const VattVkStep *step = &g_array_index (phase->steps, VattVkStep, i);
    if (i &&
        step->level != g_array_index (phase->steps, VattVkStep, i - 1).level)
      level_barrier (self->vk, recorder.commands);
    if (!record_step (&recorder, step, error))
      return FALSE;
  }
  record_tail (self, phase, recorder.commands);
  return end_segment (&recorder, error);
}

static gboolean
make_times (VattVk *vk, VattVkPhase *phase, GError **error)
{
  const VkQueryPoolCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
    .queryType = VK_QUERY_TYPE_TIMESTAMP,
    .queryCount = phase->steps->len + 1,
  };
  return phase->times || vatt_vk_check (vk->api.vkCreateQueryPool (vk->device,
                                            &info, NULL, &phase->times),
                             "making a query pool", error);
}

/* After all that was recorded before it. */
static void
write_time (const Recorder *recorder, const VattVkPhase *phase, guint n)
{
  recorder->program->vk->api.vkCmdWriteTimestamp (recorder->commands,
      VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, phase->times, n);
}

/* One step after another, or times would mean nothing. */
gboolean
vatt_vk_record_timed (VattProgram *self, VattVkPhase *phase, GError **error)
{
  Recorder recorder = { .program = self, .segments = phase->timed };
  if (!make_times (self->vk, phase, error) || !begin_segment (&recorder, error))
    return FALSE;
  self->vk->api.vkCmdResetQueryPool (
      recorder.commands, phase->times, 0, phase->steps->len + 1);
  level_barrier (self->vk, recorder.commands);
  record_head (self, phase, recorder.commands);
  write_time (&recorder, phase, 0);
  for (guint i = 0; i < phase->steps->len; i++) {
    if (!record_step (
            &recorder, &g_array_index (phase->steps, VattVkStep, i), error))
      return FALSE;
    level_barrier (self->vk, recorder.commands);
    write_time (&recorder, phase, i + 1);
  }
  record_tail (self, phase, recorder.commands);
  return end_segment (&recorder, error);
}
