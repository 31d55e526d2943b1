/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Running a program: inputs go over, what was recorded is submitted, outputs
 * come back. */
#include "program.h"

#include <string.h>

#define IN_FLIGHT 2 /* segments ahead of the one waited for */

static gboolean
write_inputs (VattProgram *self, const VattVkPhase *phase, GError **error)
{
  const VattVkBuffer *to = self->inputs.mapped ? &self->inputs : &self->upload;
  for (guint i = 0; i < phase->copies_in->len; i++) {
    const VattVkCopy *copy = &g_array_index (phase->copies_in, VattVkCopy, i);
    memcpy (to->mapped + copy->region.dstOffset, copy->tensor->data,
        copy->region.size);
  }
  return vatt_vk_buffer_flush (self->vk, to, error);
}

static gboolean
read_outputs (VattProgram *self, GError **error)
{
  return vatt_vk_buffer_invalidate (self->vk,
      self->activations.mapped ? &self->activations : &self->download, error);
}

/* A few segments ahead, so that the device does not wait for the host and
 * the host can stop in the middle. */
static gboolean
run_segments (VattProgram *self, const GArray *segments,
    GCancellable *cancellable, GError **error)
{
  VattVk *vk = self->vk;
  guint64 last = 0;
  gboolean good = TRUE;
  for (guint s = 0; s < segments->len && good; s++) {
    if (g_cancellable_is_cancelled (cancellable))
      break;
    guint64 value = vatt_vk_submit (
        vk, g_array_index (segments, VkCommandBuffer, s), error);
    good = value > 0;
    last = good ? value : last;
    if (good && s + 1 >= IN_FLIGHT)
      good = vatt_vk_wait (vk, value + 1 - IN_FLIGHT, error);
  }
  /* What was submitted ends before its memory is touched again. */
  if (last && !vk->lost)
    good = vatt_vk_wait (vk, last, good ? error : NULL) && good;
  return good && !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static gboolean
run_timed (VattProgram *self, VattVkPhase *phase, double *seconds,
    GCancellable *cancellable, GError **error)
{
  VattVk *vk = self->vk;
  guint n = phase->steps->len + 1;
  if (!phase->timed->len && !vatt_vk_record_timed (self, phase, error)) {
    vatt_vk_segments_free (vk, phase->timed);
    return FALSE;
  }
  if (!run_segments (self, phase->timed, cancellable, error))
    return FALSE;
  g_autofree guint64 *ticks = g_new (guint64, n);
  if (!vatt_vk_checked (vk,
          vk->api.vkGetQueryPoolResults (vk->device, phase->times, 0, n,
              n * sizeof *ticks, ticks, sizeof *ticks,
              VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT),
          "reading times", error))
    return FALSE;
  for (guint i = 0; i + 1 < n; i++)
    seconds[g_array_index (phase->steps, VattVkStep, i).node] +=
        (double)((ticks[i + 1] - ticks[i]) & vk->caps.timestamp_mask) *
        vk->caps.timestamp_seconds;
  return TRUE;
}

gboolean
vatt_vk_program_run (VattProgram *self, VattPhase which, double *seconds,
    GCancellable *cancellable, GError **error)
{
  VattVk *vk = self->vk;
  VattVkPhase *phase = &self->phase[which];
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!phase->steps->len)
    return TRUE;
  g_mutex_lock (&vk->lock);
  gboolean good =
      vatt_vk_check_lost (vk, error) && write_inputs (self, phase, error);
  if (good && seconds && vk->caps.timestamps)
    good = run_timed (self, phase, seconds, cancellable, error);
  else if (good)
    good = run_segments (self, phase->segments, cancellable, error);
  good = good && read_outputs (self, error);
  g_mutex_unlock (&vk->lock);
  return good;
}
