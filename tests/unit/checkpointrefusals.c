/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checkpoints of another training, of a later version, or with other tensors
 * than they should have: each refused by what it is about, and nothing
 * changed. */
#include "checkpointfolder.h"
#include "crc32c.h"
#include "tensorfile-private.h"

#include <math.h>

#define NOTES "vatt.training"

/* Restoring must fail with that, and name the file. */
static void
refuse (Feed *feed, int code, const char *why)
{
  g_autoptr (VattCheckpoints) checkpoints = open_folder (1);
  assert_refused (feed, checkpoints, VATT_ERROR, code, why);
  assert_refused (feed, checkpoints, VATT_ERROR, code, folder);
  g_assert_null (vatt_checkpoints_get_newest (checkpoints));
}

/* One checkpoint of three steps. */
static char *
make_one (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Feed) feed = { NULL };
  VattTrainerParams params = feed_params ();
  feed_open (&feed, &params);
  for (guint i = 0; i < 3; i++)
    feed_step (&feed);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (1);
  feed_save (&feed, checkpoints, &error);
  g_assert_no_error (error);
  return g_strdup (vatt_checkpoints_get_newest (checkpoints));
}

/* ---- other trainings ---- */

static void
test_settings (void)
{
  g_autofree char *path = make_one ();
  VattTrainerParams params[6];
  static const char *const why[] = {
    "its setting 'optimiser' is adam, that of this training is momentum",
    "its setting 'rate' is 0.001, that of this training is 0.002",
    "its setting 'seed' is 0, that of this training is 5",
    "its setting 'weight' is 1;1;0, that of this training is 1;2;0",
    "its setting 'schedule' is half-cosine, that of this training is stepwise",
    "its setting 'freeze-towers' is 0, that of this training is 1",
  };
  for (guint i = 0; i < G_N_ELEMENTS (params); i++)
    params[i] = feed_params ();
  params[0].optimiser = VATT_OPTIMISER_SGD;
  params[1].schedule.rate = 2e-3;
  params[2].seed = 5;
  params[3].weight[1] = 2.0;
  params[4].schedule.kind = VATT_SCHEDULE_STEPWISE;
  params[5].freeze_towers = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (params); i++) {
    g_auto (Feed) feed = { NULL };
    feed_open (&feed, &params[i]);
    refuse (&feed, VATT_ERROR_CONFIG, why[i]);
  }
  /* Memory may have become less. */
  g_auto (Feed) feed = { NULL };
  params[0] = feed_params ();
  params[0].micro_batch = 2;
  feed_open (&feed, &params[0]);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (1);
  g_assert_true (feed_restore (&feed, checkpoints, NULL));
}

static void
replace_model (Feed *feed, VattModel *model)
{
  g_autoptr (GError) error = NULL;
  VattTrainerParams params = feed_params ();
  g_clear_object (&feed->trainer);
  feed->trainer = vatt_trainer_new (model, feed->device, &params, &error);
  g_assert_no_error (error);
}

/* feed's model with a change of its configuration, or without words. */
static VattModel *
changed_model (const Feed *feed, const char *from, const char *to)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text =
      vatt_config_to_text (vatt_model_get_config (feed->model));
  g_auto (GStrv) parts = g_strsplit (text, from, 2);
  g_assert_nonnull (parts[1]);
  g_autofree char *all = g_strjoinv (to, parts);
  g_autoptr (VattConfig) config = vatt_config_parse (all, -1, "other", &error);
  g_assert_no_error (error);
  VattModel *model = vatt_model_new (config, SEED, NULL, &error);
  g_assert_no_error (error);
  return model;
}

static void
test_models (void)
{
  static const struct {
    const char *from, *to, *why;
  } changes[] = {
    { "name=feed", "name=fodder",
        "its variant is feed, that of this training is fodder" },
    { "layers=1", "layers=2", "its configuration is another one" },
    { "name=feed", "name=feed", "its vocabulary is another one" },
  };
  g_autofree char *path = make_one ();
  VattTrainerParams params = feed_params ();
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_auto (Feed) feed = { NULL };
    feed_open (&feed, &params);
    VattModel *model = changed_model (&feed, changes[i].from, changes[i].to);
    replace_model (&feed, model);
    g_object_unref (feed.model);
    feed.model = model;
    refuse (&feed, VATT_ERROR_CONFIG, changes[i].why);
  }
}

static void
open_classifier (Feed *feed)
{
  VattTrainerParams params = feed_params ();
  feed->kind = FEED_LABELS;
  feed_open (feed, &params);
}

static void
set_labels (Feed *feed, const char *const *labels)
{
  g_autoptr (GError) error = NULL;
  vatt_trainer_set_labels (feed->trainer, labels, &error);
  g_assert_no_error (error);
}

/* Names of classes go with what is learnt; who has others numbers them
 * otherwise. */
static void
test_labels (void)
{
  static const char *const names[] = { "a", "b", "c", "d", "e", NULL };
  static const char *const others[] = { "a", "b", "c", "e", "d", NULL };
  g_autoptr (GError) error = NULL;
  g_auto (Feed) first = { NULL };
  open_classifier (&first);
  g_assert_false (vatt_trainer_set_labels (first.trainer, names + 1, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  g_clear_error (&error);
  g_assert_null (vatt_trainer_get_labels (first.trainer));
  set_labels (&first, names);
  feed_step (&first);
  g_autoptr (VattModel) model = vatt_trainer_get_model (first.trainer, &error);
  g_assert_no_error (error);
  g_assert_true (g_strv_equal (vatt_model_get_labels (model), names));
  g_autoptr (VattCheckpoints) checkpoints = open_folder (1);
  g_assert_true (feed_save (&first, checkpoints, &error));
  g_clear_pointer (&checkpoints, vatt_checkpoints_free);
  g_auto (Feed) other = { NULL };
  open_classifier (&other);
  set_labels (&other, others);
  refuse (&other, VATT_ERROR_CONFIG, "its list of labels is another one");
  g_auto (Feed) nameless = { NULL };
  open_classifier (&nameless);
  checkpoints = open_folder (1);
  g_assert_true (feed_restore (&nameless, checkpoints, &error));
  g_assert_true (
      g_strv_equal (vatt_trainer_get_labels (nameless.trainer), names));
}

static void
test_reservoirs (void)
{
  static const struct {
    guint captions, capacity;
    guint64 seed;
    const char *why;
  } others[] = {
    { 1, FEED_CAPACITY, SEED,
        "its reservoir's setting 'captions' is 2, that of this training is 1" },
    { FEED_CAPTIONS, 11, SEED,
        "'capacity' is 10, that of this training is 11" },
    { FEED_CAPTIONS, FEED_CAPACITY, 3, "'seed' is 11, that of this training" },
    { 0, 0, 0, "its reservoir is there, that of this training is missing" },
  };
  g_autofree char *path = make_one ();
  VattTrainerParams params = feed_params ();
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    g_auto (Feed) feed = { NULL };
    feed_open (&feed, &params);
    g_autoptr (VattReservoir) own = g_steal_pointer (&feed.reservoir);
    if (others[i].capacity)
      feed.reservoir = vatt_reservoir_new (feed.model, 7, others[i].captions,
          others[i].capacity, others[i].seed, NULL);
    if (feed.reservoir) {
      refuse (&feed, VATT_ERROR_CONFIG, others[i].why);
      continue;
    }
    g_autoptr (GError) error = NULL;
    g_autoptr (VattCheckpoints) checkpoints = open_folder (1);
    g_assert_false (feed_restore (&feed, checkpoints, &error));
    g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
    g_assert_nonnull (strstr (error->message, others[i].why));
  }
}

/* ---- other files ---- */

typedef struct {
  const char *tensor;    /* whose entry is changed, or NULL */
  gboolean left_out;     /* else its shape is turned round */
  const char *from, *to; /* in the notes */
  int code;
  const char *why;
} Change;

/* The checkpoint with a change, whole as to its checksum. */
static void
rewrite (const char *path, const Change *change)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattTensorFile) file = vatt_tensor_file_read (path, NULL, &error);
  g_assert_no_error (error);
  gsize n = 0, all = vatt_tensor_file_get_n_tensors (file);
  g_autofree VattTensorInfo *tensors = g_new (VattTensorInfo, all);
  guint64 turned[VATT_TENSOR_RANK_MAX];
  for (gsize i = 0; i < all - 1; i++) {
    VattTensorInfo info = *vatt_tensor_file_get_tensor (file, i);
    if (g_strcmp0 (info.name, change->tensor) == 0) {
      if (change->left_out)
        continue;
      for (guint a = 0; a < info.rank; a++)
        turned[a] = info.shape[info.rank - 1 - a];
      info.shape = turned;
    }
    tensors[n++] = info;
  }
  g_autoptr (GHashTable) metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init (&iter, vatt_tensor_file_get_metadata_table (file));
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_hash_table_insert (metadata, key, g_strdup (value));
  if (change->from) {
    const char *text = g_hash_table_lookup (metadata, NOTES);
    g_auto (GStrv) parts = g_strsplit (text, change->from, 2);
    g_assert_nonnull (parts[1]);
    g_hash_table_insert (metadata, NOTES, g_strjoinv (change->to, parts));
  }
  g_assert_true (
      vatt_tensor_file_write_sealed (path, tensors, n, metadata, &error));
}

static void
test_files (void)
{
  static const Change changes[] = {
    { .from = "format=1",
        .to = "format=2",
        .code = VATT_ERROR_UNSUPPORTED,
        .why = "it has format 2 of checkpoints, this version of the library "
               "reads format 1" },
    { .from = "format=1",
        .to = "format=one",
        .why = "'format' of section [training] is 'one', expected a number" },
    { .from = "step=3",
        .to = "stop=3",
        .why = "'step' of section [training] is '', expected a number" },
    { .from = "dropout=",
        .to = "dropin=",
        .why = "no 'dropout' in section [settings]" },
    { .from = "position=('samples', uint64 ",
        .to = "position=(",
        .why = "its position: " },
    { .tensor = "training/first/video.block.0.mlp.in.weight",
        .left_out = TRUE,
        .why = "no tensor 'training/first/video.block.0.mlp.in.weight', "
               "expected 16x32 of F32" },
    { .tensor = "training/second/video.block.0.mlp.in.weight",
        .why = "'training/second/video.block.0.mlp.in.weight' is 32x16 of F32, "
               "expected 16x32 of F32" },
    { .tensor = "video.block.0.mlp.in.weight",
        .left_out = TRUE,
        .why = "no tensor 'video.block.0.mlp.in.weight'" },
    { .tensor = "training/reservoir/text.valid",
        .left_out = TRUE,
        .why = "no tensor 'training/reservoir/text.valid', expected 6x1" },
    { .from = "fill=6",
        .to = "fill=11",
        .why = "its reservoir holds 11 samples, expected at most 10" },
    { .from = "fill=6", .to = "fill=5", .why = "expected 5x1x6x96 of F32" },
    { .from = "video=2;2;2;6;1",
        .to = "video=2;2;1;6;1",
        .why = "'video' of section [reservoir] is '2;2;1;6;1'" },
    { .from = "video=2;2;2;6;1",
        .to = "video=2;1;3;6;1",
        .why = "of 'training/reservoir/video.kept' is " },
    { .from = "text=4;1;1;4;0",
        .to = "text=5;1;1;4;1",
        .why = "'text' of section [reservoir] is '5;1;1;4;1'" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autofree char *path = make_one ();
    rewrite (path, &changes[i]);
    VattTrainerParams params = feed_params ();
    g_auto (Feed) feed = { NULL };
    feed_open (&feed, &params);
    feed_step (&feed);
    refuse (&feed, changes[i].code ? changes[i].code : VATT_ERROR_WEIGHTS,
        changes[i].why);
    g_remove (path);
  }
}

/* What a later version may write is not taken for damage, and stays. */
static void
test_later (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = make_one (), *bytes = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (path, &bytes, &size, &error));
  char *dtype = g_strstr_len (bytes + 8, (gssize)size - 8, "\"F32\"");
  g_assert_nonnull (dtype);
  memcpy (dtype, "\"F99\"", 5);
  guint32 seal = GUINT32_TO_LE (vatt_crc32c_extend (0, bytes, size - 4));
  memcpy (bytes + size - 4, &seal, sizeof seal);
  tempdir_write (path, bytes, size);
  VattTrainerParams params = feed_params ();
  g_auto (Feed) feed = { NULL };
  feed_open (&feed, &params);
  refuse (&feed, VATT_ERROR_UNSUPPORTED, "has type 'F99', expected one of");
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
}

/* ---- what is not saved ---- */

/* What another training left is not written over, nor removed. */
static void
test_foreign (void)
{
  g_autofree char *path = make_one ();
  VattTrainerParams params = feed_params ();
  g_auto (Feed) feed = { NULL };
  feed_open (&feed, &params);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (1);
  for (guint step = 1; step <= 4; step++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *why = g_strdup_printf (
        "one of step 3 is there, the training is at step %u", step);
    feed_step (&feed);
    g_assert_false (feed_save (&feed, checkpoints, &error));
    g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
    g_assert_nonnull (strstr (error->message, why));
    g_assert_cmpuint (tempdir_count (folder), ==, 2);
  }
}

static void
test_not_finite (void)
{
  g_autoptr (GError) error = NULL;
  VattTrainerParams params = feed_params ();
  g_auto (Feed) feed = { NULL };
  feed_open (&feed, &params);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (1);
  float *bias = (float *)vatt_trainer_get_tensor (
      feed.trainer, "video.norm.bias", VATT_TRAINER_FIRST, NULL);
  bias[2] = NAN;
  g_assert_false (feed_save (&feed, checkpoints, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
  g_assert_nonnull (strstr (error->message,
      "value 2 of 'training/first/video.norm.bias' is not a finite number"));
  g_assert_cmpuint (tempdir_count (folder), ==, 1);
}

int
main (int argc, char **argv)
{
  static const FolderTest tests[] = {
    { "/settings", test_settings },
    { "/models", test_models },
    { "/labels", test_labels },
    { "/reservoirs", test_reservoirs },
    { "/files", test_files },
    { "/later", test_later },
    { "/foreign", test_foreign },
    { "/not-finite", test_not_finite },
  };
  g_test_init (&argc, &argv, NULL);
  add_in_folder (tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
