/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which samples a reservoir takes. */
#include "reservoir.h"

#include "check.h"

#include <math.h>
#include <string.h>

VattReservoirShape
vatt_reservoir_shape_of (const VattClip *clip)
{
  VattReservoirShape shape = { .tokens = vatt_clip_tokens (clip),
    .dropped = vatt_clip_kept (clip) != NULL };
  memcpy (shape.grid, vatt_clip_grid (clip), sizeof shape.grid);
  return shape;
}

static gboolean
check_shape (const VattReservoir *self, guint modality, const VattClip *clip,
    GError **error)
{
  const VattReservoirShape *expected = &self->shape[modality];
  VattReservoirShape found = vatt_reservoir_shape_of (clip);
  if (found.dropped && self->drop_rate > 0.0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "its %s has %u tokens of a grid of %ux%ux%u, expected all of them, of "
        "which each batch is to drop a share of %g",
        vatt_modality_name ((VattModality)modality), found.tokens,
        found.grid[0], found.grid[1], found.grid[2], self->drop_rate);
    return FALSE;
  }
  if (!expected->tokens ||
      (memcmp (found.grid, expected->grid, sizeof found.grid) == 0 &&
          found.tokens == expected->tokens &&
          found.dropped == expected->dropped))
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
      "its %s has %u tokens of a grid of %ux%ux%u%s, that of samples before it "
      "%u of %ux%ux%u%s",
      vatt_modality_name ((VattModality)modality), found.tokens, found.grid[0],
      found.grid[1], found.grid[2], found.dropped ? ", some dropped" : "",
      expected->tokens, expected->grid[0], expected->grid[1], expected->grid[2],
      expected->dropped ? ", some dropped" : "");
  return FALSE;
}

/* The first value that half precision would make infinite. */
static gboolean
check_range (const VattReservoir *self, guint modality, const VattClip *clip,
    GError **error)
{
  gsize n = (gsize)vatt_clip_batch (clip) * vatt_clip_tokens (clip) *
            vatt_clip_token_size (clip);
  for (gsize i = 0; self->half && modality != VATT_TEXT && i < n; i++) {
    float value = vatt_clip_values (clip)[i];
    if (fabsf (value) < 65520.0f)
      continue;
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "value %zu of its %s is %g, expected at most 65504, which half "
        "precision reaches",
        i, vatt_modality_name ((VattModality)modality), (double)value);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_clip (const VattReservoir *self, guint modality, const VattClip *clip,
    GError **error)
{
  const char *name = vatt_modality_name ((VattModality)modality);
  guint items = vatt_clip_batch (clip),
        most = vatt_reservoir_items (self, modality);
  if (items > most) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "it has %u items of %s, expected 1%s%.0u", items, name,
        most > 1 ? " to " : "", most > 1 ? most : 0);
    return FALSE;
  }
  return vatt_check_clip (self->model, (VattModality)modality, clip, error) &&
         check_shape (self, modality, clip, error) &&
         check_range (self, modality, clip, error);
}

static gboolean
check_labels (const VattReservoir *self, const float *labels, GError **error)
{
  if (!labels != !self->classes) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "it has %s labels, model '%s' has %u classes", labels ? "some" : "no",
        vatt_model_get_origin (self->model), self->classes);
    return FALSE;
  }
  for (guint i = 0; i < self->classes; i++)
    if (!(labels[i] >= 0.0f && labels[i] <= 1.0f)) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "its label %u is %g, expected 0 to 1", i, (double)labels[i]);
      return FALSE;
    }
  return TRUE;
}

gboolean
vatt_reservoir_check_sample (
    const VattReservoir *self, const VattSample *sample, GError **error)
{
  if (self->fill == self->capacity) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "the reservoir is full with %u samples", self->fill);
    return FALSE;
  }
  gboolean has_any = FALSE;
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    if (!vatt_reservoir_learns (self, m) || !sample->clip[m])
      continue;
    has_any = TRUE;
    if (!check_clip (self, m, sample->clip[m], error))
      return FALSE;
  }
  if (!has_any) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "it has none of the modalities that are learnt from");
    return FALSE;
  }
  return check_labels (self, sample->labels, error);
}
