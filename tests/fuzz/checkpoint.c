/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checkpoints, whose checksum always fits here: what else is in them decides
 * whether a training goes on from one. One that is refused changes nothing. */
#include "fuzz.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <vatt/vatt.h>

#define CLASSES 2
#define SAMPLES 3

static VattTrainer *trainer;
static VattReservoir *reservoir;
static VattCheckpoints *checkpoints;
static char *folder, *path;

static void
close_all (void)
{
  g_autofree char *lock = g_build_filename (folder, "lock", NULL);
  g_clear_pointer (&checkpoints, vatt_checkpoints_free);
  g_clear_pointer (&reservoir, vatt_reservoir_free);
  g_clear_object (&trainer);
  g_remove (path);
  g_remove (lock);
  g_rmdir (folder);
  g_free (path);
  g_free (folder);
}

/* Samples of sound of which half was dropped. */
static void
fill_reservoir (GError **error)
{
  static const guint grid[] = { 4, 1, 1 };
  static const float labels[CLASSES] = { 1.0f, 0.5f };
  g_autoptr (VattClip) clip = vatt_clip_new (VATT_AUDIO, 1, grid, 2, error);
  const VattSample sample = { .clip = { [VATT_AUDIO] = clip },
    .labels = labels };
  vatt_clip_drop_tokens (clip, 2, 1, 1, error);
  for (guint i = 0; i < SAMPLES - 1; i++)
    vatt_reservoir_add (reservoir, &sample, error);
}

static void
open_once (void)
{
  static const char text[] =
      "[model]\nname=s\n[audio]\ninput=wave\nsamples=8\nrate=8000\npatch=2\n"
      "buckets=4\nlayers=1\nwidth=2\nheads=1\nhead-width=2\nfeed-forward=2\n"
      "[head]\nkind=classifier\nclasses=2\n";
  g_autoptr (GError) error = NULL;
  VattTrainerParams params;
  if (checkpoints)
    return;
  g_autoptr (VattConfig) config = vatt_config_parse (text, -1, "s", &error);
  g_autoptr (VattModel) model = vatt_model_new (config, 1, NULL, &error);
  g_autoptr (VattDevice) device = vatt_device_new ("cpu", NULL, &error);
  vatt_trainer_params_init (&params, VATT_TASK_AUDIO);
  trainer = vatt_trainer_new (model, device, &params, &error);
  reservoir =
      vatt_reservoir_new (model, 1 << VATT_AUDIO, 1, SAMPLES, 1, &error);
  folder = g_dir_make_tmp ("vatt-fuzz-XXXXXX", &error);
  path = g_build_filename (folder, "step-0000000000.safetensors", NULL);
  checkpoints = vatt_checkpoints_open (folder, 1, &error);
  g_assert_no_error (error);
  atexit (close_all);
}

static void
write_input (const guint8 *data, gsize size)
{
  FILE *file = g_fopen (path, "w");
  g_assert_nonnull (file);
  g_assert_cmpuint (fwrite (data, 1, size, file), ==, size);
  g_assert_cmpint (fclose (file), ==, 0);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) position = NULL;
  VattBatch batch;
  open_once ();
  write_input (data, size);
  guint fill = vatt_reservoir_get_fill (reservoir);
  guint64 drawn = vatt_reservoir_get_drawn (reservoir);
  if (!vatt_checkpoints_restore (
          checkpoints, trainer, reservoir, &position, &error)) {
    g_assert_nonnull (error);
    g_assert_null (position);
    g_assert_cmpuint (vatt_reservoir_get_fill (reservoir), ==, fill);
    g_assert_cmpuint (vatt_reservoir_get_drawn (reservoir), ==, drawn);
    return 0;
  }
  g_assert_no_error (error);
  fill = vatt_reservoir_get_fill (reservoir);
  g_assert_cmpuint (fill, <=, SAMPLES);
  if (fill)
    vatt_reservoir_draw (reservoir, fill, &batch, NULL);
  return 0;
}

void
fuzz_seeds (FuzzAdd add, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *bytes = NULL;
  gsize size;
  open_once ();
  fill_reservoir (&error);
  vatt_checkpoints_save (checkpoints, trainer, reservoir,
      g_variant_new ("(st)", "clip", (guint64)7), &error);
  vatt_checkpoints_restore (checkpoints, trainer, reservoir, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  add ("step", bytes, size, user_data);
}
