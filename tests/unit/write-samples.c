/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * write-samples FOLDER: writes sample.safetensors, sample.npy and a checkpoint
 * there, for foreign-readers.py to read. */
#include <vatt/vatt.h>

/* Of step 1 of a classifier of sounds, one of two samples still waiting. */
static gboolean
write_checkpoint (const char *folder, GError **error)
{
  static const char text[] =
      "[model]\nname=s\n[audio]\ninput=wave\nsamples=8\nrate=8000\npatch=2\n"
      "buckets=4\nlayers=1\nwidth=6\nheads=1\nhead-width=6\nfeed-forward=5\n"
      "[head]\nkind=classifier\nclasses=3\n";
  static const guint grid[] = { 4, 1, 1 };
  static const float labels[] = { 1.0f, 0.0f, 0.25f };
  g_autoptr (VattConfig) config = vatt_config_parse (text, -1, "s", error);
  g_autoptr (VattModel) model =
      config ? vatt_model_new (config, 1, NULL, error) : NULL;
  g_autoptr (VattDevice) device =
      model ? vatt_device_new ("cpu", NULL, error) : NULL;
  g_autoptr (VattClip) clip = vatt_clip_new (VATT_AUDIO, 1, grid, 2, error);
  if (!device || !clip)
    return FALSE;
  VattTrainerParams params;
  vatt_trainer_params_init (&params, VATT_TASK_AUDIO);
  params.schedule = (VattSchedule){ .rate = 0.1 };
  g_autoptr (VattTrainer) trainer =
      vatt_trainer_new (model, device, &params, error);
  g_autoptr (VattReservoir) reservoir =
      vatt_reservoir_new (model, 1 << VATT_AUDIO, 1, 4, 0, error);
  g_autoptr (VattCheckpoints) checkpoints =
      vatt_checkpoints_open (folder, 1, error);
  VattBatch batch;
  VattSample sample = {
    .clip = { [VATT_AUDIO] = clip }, .labels = labels, .stream = 1, .time = -2
  };
  vatt_clip_writable_values (clip)[0] = 0.5f;
  return trainer && reservoir && checkpoints &&
         vatt_reservoir_add (reservoir, &sample, error) &&
         vatt_reservoir_add (reservoir, &sample, error) &&
         vatt_reservoir_draw (reservoir, 1, &batch, error) &&
         vatt_trainer_step (trainer, &batch, NULL, NULL, error) &&
         vatt_checkpoints_save (
             checkpoints, trainer, reservoir, g_variant_new_uint64 (3), error);
}

int
main (int argc, char **argv)
{
  if (argc != 2) {
    g_printerr ("usage: write-samples FOLDER\n");
    return 2;
  }

  const float numbers[6] = { 0, 1, 2, -3, 4.5f, 1e-30f };
  const gint64 step = -7;
  const guint8 truth[2] = { 0, 1 };
  const guint64 matrix[] = { 2, 3 }, vector[] = { 2 }, none[] = { 0, 5 };
  const VattTensorInfo tensors[] = {
    { "step", VATT_DTYPE_I64, 0, NULL, sizeof (step), &step },
    { "a/matrix", VATT_DTYPE_F32, 2, matrix, sizeof (numbers), numbers },
    { "none", VATT_DTYPE_F16, 2, none, 0, NULL },
    { "quote\"back\\slash\ttab ü", VATT_DTYPE_BOOL, 1, vector, sizeof (truth),
        truth },
  };
  g_autoptr (GHashTable) metadata = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (metadata, "variant", "bbs");
  g_hash_table_insert (metadata, "labels", "one\ntwo \"quoted\" drei ß");

  g_autofree char *weights =
      g_build_filename (argv[1], "sample.safetensors", NULL);
  g_autofree char *array = g_build_filename (argv[1], "sample.npy", NULL);
  g_autoptr (GError) error = NULL;
  if (!vatt_tensor_file_write (
          weights, tensors, G_N_ELEMENTS (tensors), metadata, &error) ||
      !vatt_npy_write (array, numbers, 3, 2, &error) ||
      !write_checkpoint (argv[1], &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  return 0;
}
