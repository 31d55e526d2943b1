/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An untrained model of the tiny variant, and clips for it. */
#pragma once

#include "model-private.h"
#include "rng.h"

#include <vatt/vatt.h>

#define SEED 11

static inline VattModel *
tiny_model (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config = vatt_config_load ("tiny", &error);
  g_assert_no_error (error);
  VattModel *model = vatt_model_new (config, SEED, NULL, &error);
  g_assert_no_error (error);
  return model;
}

#define CLASSES 5

/* Of small videos. */
static inline VattModel *
classifier_model (gboolean multi_label)
{
  static const char text[] =
      "[model]\nname=single\n"
      "[video]\ninput=voxels\nframes=4\nheight=16\nwidth-of-picture=16\n"
      "rate=10\npatch=4;8;8\nbuckets=1;2;2\nlayers=1\nwidth=24\nheads=2\n"
      "head-width=12\nfeed-forward=48\n"
      "[head]\nkind=classifier\nclasses=5\n";
  g_autoptr (GError) error = NULL;
  g_autofree char *all =
      g_strconcat (text, multi_label ? "multi-label=true\n" : "", NULL);
  g_autoptr (VattConfig) config = vatt_config_parse (all, -1, "single", &error);
  g_assert_no_error (error);
  g_assert_cmpint (vatt_config_is_multi_label (config), ==, multi_label);
  VattModel *model = vatt_model_new (config, SEED, NULL, &error);
  g_assert_no_error (error);
  return model;
}

static inline VattDevice *
cpu (guint threads)
{
  g_autoptr (GError) error = NULL;
  const VattDeviceParams params = { .threads = threads };
  VattDevice *device = vatt_device_new ("cpu", &params, &error);
  g_assert_no_error (error);
  return device;
}

static inline VattSession *
new_session (VattModel *model, VattDevice *device, VattModality modality,
    VattOutput outputs)
{
  g_autoptr (GError) error = NULL;
  const VattSessionParams params = { .modality = modality, .outputs = outputs };
  VattSession *session = vatt_session_new (model, device, &params, &error);
  g_assert_no_error (error);
  return session;
}

static inline const VattFrontEnd *
front_of (VattModel *model, VattModality modality)
{
  return vatt_config_get_front_end (vatt_model_get_config (model), modality);
}

/* Random values, or ids from 1 on, of one seed for each item. */
static inline VattClip *
new_clip (VattModel *model, VattModality modality, guint batch,
    const guint grid[3], guint64 first_item)
{
  g_autoptr (GError) error = NULL;
  const VattFrontEnd *front = front_of (model, modality);
  VattClip *clip = vatt_clip_new (
      modality, batch, grid ? grid : front->grid, front->token_size, &error);
  g_assert_no_error (error);
  size_t n = (size_t)vatt_clip_tokens (clip) * front->token_size;
  for (size_t i = 0; i < n * batch; i++) {
    guint64 item = first_item + i / n;
    if (modality == VATT_TEXT)
      vatt_clip_writable_ids (clip)[i] =
          1 + (gint32)(vatt_rng_u32 (SEED, item, i % n) % 1023);
    else
      vatt_clip_writable_values (clip)[i] = vatt_rng_normal (SEED, item, i % n);
  }
  return clip;
}

static inline void
run (VattSession *session, const VattClip *clip)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (vatt_session_run (session, clip, NULL, &error));
  g_assert_no_error (error);
}
