/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Folders of checkpoints: who may have one, what stays in it, and what of a
 * damaged, foreign or unfinished file. */
#include "checkpointfolder.h"
#include "tensorfile-private.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOTES "vatt.training"

static char *
path_of (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static gboolean
is_there (const char *name)
{
  g_autofree char *path = path_of (name);
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* A training that begins, without a reservoir's worth of steps. */
static void
begin (Feed *feed)
{
  VattTrainerParams params = feed_params ();
  feed_open (feed, &params);
}

static void
step_to (Feed *feed, VattCheckpoints *checkpoints, guint64 step)
{
  g_autoptr (GError) error = NULL;
  while (vatt_trainer_get_step (feed->trainer) < step)
    feed_step (feed);
  feed_save (feed, checkpoints, &error);
  g_assert_no_error (error);
}

/* ---- folders ---- */

static void
test_keep (void)
{
  g_auto (Feed) feed = { NULL };
  begin (&feed);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (2);
  g_assert_null (vatt_checkpoints_get_newest (checkpoints));
  for (guint64 step = 1; step <= 5; step++)
    step_to (&feed, checkpoints, step);
  g_assert_true (g_str_has_suffix (vatt_checkpoints_get_newest (checkpoints),
      "/step-0000000005.safetensors"));
  g_assert_true (is_there ("step-0000000005.safetensors"));
  g_assert_true (is_there ("step-0000000004.safetensors"));
  g_assert_cmpuint (tempdir_count (folder), ==, 3); /* and the lock */
  /* The same step again. */
  step_to (&feed, checkpoints, 5);
  g_assert_cmpuint (tempdir_count (folder), ==, 3);
}

/* What a killed writer leaves where there are no files without names goes;
 * what is somebody else's stays. */
static void
test_sweep (void)
{
  static const char *const others[] = { "step-0000000003.safetensors.ABCDEF",
    "step-0000000003.safetensors.0a1b2c3", "step-3.safetensors",
    "step-0000000003.safetensors.damaged", "model.safetensors.012345" };
  g_autofree char *left = path_of ("step-0000000003.safetensors.0a1b2c");
  tempdir_write (left, "x", 1);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autofree char *path = path_of (others[i]);
    tempdir_write (path, "x", 1);
  }
  g_auto (Feed) feed = { NULL };
  begin (&feed);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (1);
  g_assert_false (is_there ("step-0000000003.safetensors.0a1b2c"));
  step_to (&feed, checkpoints, 1);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_true (is_there (others[i]));
}

static void
test_empty (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Feed) feed = { NULL };
  begin (&feed);
  g_autofree char *deep = path_of ("a/b/c");
  g_autoptr (VattCheckpoints) checkpoints =
      vatt_checkpoints_open (deep, 1, &error);
  g_assert_no_error (error);
  GVariant *position = (GVariant *)&feed;
  g_assert_false (vatt_checkpoints_restore (
      checkpoints, feed.trainer, feed.reservoir, &position, &error));
  g_assert_no_error (error);
  g_assert_null (position);
  g_clear_pointer (&checkpoints, vatt_checkpoints_free);
  g_autofree char *lock = path_of ("a/b/c/lock");
  g_autofree char *middle = path_of ("a/b");
  g_autofree char *outer = path_of ("a");
  g_assert_cmpint (g_remove (lock), ==, 0);
  g_assert_cmpint (g_rmdir (deep) | g_rmdir (middle) | g_rmdir (outer), ==, 0);
}

static void
refuse_folder (const char *path, guint keep, GQuark domain, int code)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (vatt_checkpoints_open (path, keep, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_folders (void)
{
  g_autofree char *file = path_of ("file");
  tempdir_write (file, "x", 1);
  refuse_folder (file, 1, G_FILE_ERROR, G_FILE_ERROR_NOTDIR);
  refuse_folder (folder, 0, VATT_ERROR, VATT_ERROR_CONFIG);
  g_remove (file);
}

/* ---- locks ---- */

/* A process that has the folder, and waits. */
static pid_t
hold_folder (void)
{
  int ready[2];
  char byte;
  g_assert_cmpint (pipe (ready), ==, 0);
  pid_t child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0) {
    if (!vatt_checkpoints_open (folder, 1, NULL) ||
        write (ready[1], "x", 1) != 1)
      _exit (1);
    pause ();
    _exit (0);
  }
  close (ready[1]);
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  close (ready[0]);
  return child;
}

static void
test_locks (void)
{
  g_autoptr (GError) error = NULL;
  pid_t child = hold_folder ();
  g_autofree char *whose = g_strdup_printf ("that of process %d;", child);
  g_assert_null (vatt_checkpoints_open (folder, 1, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_AGAIN);
  g_assert_nonnull (strstr (error->message, folder));
  g_assert_nonnull (strstr (error->message, whose));
  g_assert_cmpint (kill (child, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  VattCheckpoints *checkpoints = open_folder (1);
  /* Nor twice in one process. */
  refuse_folder (folder, 1, G_FILE_ERROR, G_FILE_ERROR_AGAIN);
  vatt_checkpoints_free (vatt_checkpoints_ref (checkpoints));
  refuse_folder (folder, 1, G_FILE_ERROR, G_FILE_ERROR_AGAIN);
  vatt_checkpoints_free (checkpoints);
  vatt_checkpoints_free (open_folder (1));
}

/* ---- models ---- */

/* A checkpoint is the model that the trainer would give, for whoever maps it,
 * reads it, or writes it anew. */
static void
test_model (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Feed) feed = { NULL };
  begin (&feed);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (1);
  step_to (&feed, checkpoints, 2);
  const char *path = vatt_checkpoints_get_newest (checkpoints);
  g_autoptr (VattModel) expected =
      vatt_trainer_get_model (feed.trainer, &error);
  g_autoptr (VattModel) mapped = vatt_model_load (path, &error);
  g_assert_no_error (error);
  g_autoptr (VattModel) copy = vatt_model_load_copy (path, NULL, &error);
  g_assert_no_error (error);
  VattModel *const found[] = { mapped, copy };
  for (guint f = 0; f < G_N_ELEMENTS (found); f++) {
    g_assert_cmpstr (
        vatt_model_get_id (found[f]), ==, vatt_model_get_id (expected));
    g_assert_true (vatt_model_is_trained (found[f]));
    g_assert_null (vatt_model_compare (found[f], expected));
    for (guint i = 0; i < vatt_model_get_n_tensors (expected); i++) {
      const VattTensorInfo *a = vatt_model_get_tensor (found[f], i);
      const VattTensorInfo *b = vatt_model_get_tensor (expected, i);
      g_assert_cmpmem (a->data, a->size, b->data, b->size);
    }
  }
  g_autofree char *again = path_of ("again.safetensors");
  vatt_model_save (mapped, again, &error);
  g_assert_no_error (error);
  g_autoptr (VattTensorFile) file = vatt_tensor_file_open (again, &error);
  g_assert_cmpuint (vatt_tensor_file_get_n_tensors (file), ==,
      vatt_model_get_n_tensors (expected));
  g_assert_null (vatt_tensor_file_get_metadata (file, NOTES));
}

/* Samples of pictures alone have nothing to learn from. */
static void
test_untrained (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Feed) feed = { .kind = FEED_LATE_SOUND };
  begin (&feed);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (1);
  step_to (&feed, checkpoints, 1);
  g_assert_cmpuint (vatt_trainer_get_learnt (feed.trainer), ==, 0);
  g_autoptr (VattModel) model =
      vatt_model_load (vatt_checkpoints_get_newest (checkpoints), &error);
  g_assert_no_error (error);
  g_assert_false (vatt_model_is_trained (model));
}

/* Who reads a model needs nothing behind it: that may be damaged. */
static void
test_leading (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Feed) feed = { NULL };
  begin (&feed);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (1);
  step_to (&feed, checkpoints, 1);
  const char *path = vatt_checkpoints_get_newest (checkpoints);
  g_autoptr (VattTensorFile) file = vatt_tensor_file_begin (path, NULL, &error);
  g_assert_no_error (error);
  guint n = vatt_model_get_n_tensors (feed.model);
  g_assert_true (vatt_tensor_file_finish (file, n, NULL, &error));
  g_assert_cmpmem (vatt_tensor_file_get_tensor (file, 0)->data, 16,
      vatt_trainer_get_tensor (feed.trainer,
          vatt_tensor_file_get_tensor (file, 0)->name, VATT_TRAINER_PARAMETER,
          NULL),
      16);
  const VattTensorInfo *behind = vatt_tensor_file_get_tensor (file, n);
  g_assert_true (g_str_has_prefix (behind->name, "training/first/"));
  const float *values = behind->data;
  for (gsize i = 0; i < behind->size / sizeof (float); i++)
    g_assert_cmpfloat (values[i], ==, 0.0f); /* of memory never written */
}

/* ---- damage ---- */

static gboolean
is_whole (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattTensorFile) file = vatt_tensor_file_open_sealed (path, &error);
  if (!file)
    g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
  return file != NULL;
}

/* Two checkpoints; the newer one's bytes. */
static void
make_two (char **older, char **newer, char **bytes, gsize *size)
{
  g_auto (Feed) feed = { NULL };
  begin (&feed);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (2);
  step_to (&feed, checkpoints, 1);
  *older = feed_digest (&feed);
  step_to (&feed, checkpoints, 2);
  *newer = g_strdup (vatt_checkpoints_get_newest (checkpoints));
  g_assert_true (g_file_get_contents (*newer, bytes, size, NULL));
}

/* One byte in every `stride` changed in turn; then ever shorter. */
static void
damage (const char *path, const char *bytes, gsize size, gsize stride)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_true (is_whole (path));
  for (gsize i = 0; i < size; i += stride) {
    char changed = bytes[i] ^ (char)(1 << i % 8);
    g_assert_cmpint (pwrite (fd, &changed, 1, (off_t)i), ==, 1);
    g_assert_false (is_whole (path));
    g_assert_cmpint (pwrite (fd, &bytes[i], 1, (off_t)i), ==, 1);
  }
  g_assert_true (is_whole (path));
  for (gsize i = size; i > stride; i -= stride) {
    g_assert_cmpint (ftruncate (fd, (off_t)(i - stride)), ==, 0);
    g_assert_false (is_whole (path));
  }
  close (fd);
}

/* All bytes of a small file, some of a checkpoint. */
static void
test_every_byte (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *older = NULL, *newer = NULL, *bytes = NULL, *few = NULL;
  gsize size;
  make_two (&older, &newer, &bytes, &size);
  damage (newer, bytes, size, 397);
  const float values[3] = { 1, 2, 3 };
  const guint64 shape[] = { 3 };
  const VattTensorInfo tensor = { "a", VATT_DTYPE_F32, 1, shape, sizeof values,
    values };
  g_autofree char *small = path_of ("small.safetensors");
  vatt_tensor_file_write_sealed (small, &tensor, 1, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (small, &few, &size, NULL));
  damage (small, few, size, 1);
}

static void
check_passed_over (const char *older, const char *newer, const char *why)
{
  g_auto (Feed) feed = { NULL };
  g_autoptr (GError) error = NULL;
  begin (&feed);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (2);
  g_autofree char *warning = g_strdup_printf ("*%s*%s*", newer, why);
  g_test_expect_message ("vatt", G_LOG_LEVEL_WARNING, warning);
  g_assert_true (feed_restore (&feed, checkpoints, &error));
  g_assert_no_error (error);
  g_test_assert_expected_messages ();
  g_autofree char *found = feed_digest (&feed);
  g_assert_cmpstr (found, ==, older);
  const char *const *damaged = vatt_checkpoints_get_damaged (checkpoints);
  g_assert_nonnull (damaged[0]);
  g_assert_nonnull (strstr (damaged[0], newer));
  g_assert_null (damaged[1]);
  g_assert_false (is_there ("step-0000000002.safetensors"));
  g_assert_true (is_there ("step-0000000002.safetensors.damaged"));
  /* It is in nobody's way any more. */
  g_assert_true (feed_restore (&feed, checkpoints, &error));
  g_assert_null (vatt_checkpoints_get_damaged (checkpoints)[0]);
}

/* The newest that is whole is taken. */
static void
test_damaged (void)
{
  g_autofree char *older = NULL, *newer = NULL, *bytes = NULL;
  gsize size;
  make_two (&older, &newer, &bytes, &size);
  bytes[size / 2] ^= 4;
  tempdir_write (newer, bytes, size);
  check_passed_over (older, newer, "checksum");
  bytes[size / 2] ^= 4;
  tempdir_write (newer, bytes, size - 1);
  check_passed_over (older, newer, "checksum");
  tempdir_write (newer, bytes, 0);
  check_passed_over (older, newer, "the file holds 0 bytes");
}

/* One that cannot be renamed costs no whole one its place. */
static void
test_immovable (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *older = NULL, *newer = NULL, *bytes = NULL;
  gsize size;
  make_two (&older, &newer, &bytes, &size);
  g_autofree char *aside = g_strconcat (newer, ".damaged", NULL);
  g_assert_cmpint (g_mkdir (aside, 0777), ==, 0);
  tempdir_write (newer, bytes, size / 2);
  g_auto (Feed) feed = { NULL };
  begin (&feed);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (1);
  g_test_expect_message ("vatt", G_LOG_LEVEL_WARNING, "*older checkpoint*");
  g_test_expect_message ("vatt", G_LOG_LEVEL_WARNING, "*cannot be renamed*");
  g_assert_true (feed_restore (&feed, checkpoints, &error));
  g_test_assert_expected_messages ();
  g_assert_true (is_there ("step-0000000001.safetensors"));
  g_assert_cmpint (g_rmdir (aside), ==, 0);
}

static void
test_all_damaged (void)
{
  g_autofree char *older = NULL, *newer = NULL, *bytes = NULL;
  gsize size;
  make_two (&older, &newer, &bytes, &size);
  g_autofree char *first = path_of ("step-0000000001.safetensors");
  tempdir_write (newer, bytes, 100);
  tempdir_write (first, bytes, 100);
  g_auto (Feed) feed = { NULL };
  begin (&feed);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (2);
  assert_refused (&feed, checkpoints, VATT_ERROR, VATT_ERROR_WEIGHTS,
      "all 2 are damaged; the newest: ");
  g_assert_true (is_there ("step-0000000001.safetensors"));
  g_assert_true (is_there ("step-0000000002.safetensors"));
}

/* ---- disks ---- */

static void
check_full (Feed *feed, VattCheckpoints *checkpoints, int code)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *before = feed_digest (feed);
  feed_step (feed);
  g_assert_false (feed_save (feed, checkpoints, &error));
  g_assert_error (error, G_FILE_ERROR, code);
  g_assert_nonnull (strstr (error->message, "step-0000000002.safetensors"));
  g_assert_cmpuint (tempdir_count (folder), ==, 2);
  g_autofree char *newest = path_of ("step-0000000001.safetensors");
  g_assert_cmpstr (vatt_checkpoints_get_newest (checkpoints), ==, newest);
  g_assert_true (is_whole (newest));
  g_assert_true (feed_restore (feed, checkpoints, NULL));
  g_autofree char *after = feed_digest (feed);
  g_assert_cmpstr (after, ==, before);
}

/* In a process of its own, which files may not grow beyond a size. */
static void
test_limited (void)
{
  g_auto (Feed) feed = { NULL };
  struct rlimit limit;
  begin (&feed);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (1);
  step_to (&feed, checkpoints, 1);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  const struct rlimit small = { 60000, limit.rlim_max };
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  check_full (&feed, checkpoints, G_FILE_ERROR_FAILED); /* EFBIG */
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  step_to (&feed, checkpoints, 2);
  g_assert_false (is_there ("step-0000000001.safetensors"));
}

/* On a disk that has no room for two. Comes last: the name space is this
 * process's own from here on. */
static void
test_full (void)
{
  if (unshare (CLONE_NEWNS) != 0 ||
      mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount ("none", folder, "tmpfs", MS_NOSUID, "size=300k") != 0) {
    g_test_skip ("a small file system cannot be mounted here");
    return;
  }
  {
    g_auto (Feed) feed = { NULL };
    begin (&feed);
    g_autoptr (VattCheckpoints) checkpoints = open_folder (1);
    step_to (&feed, checkpoints, 1);
    check_full (&feed, checkpoints, G_FILE_ERROR_NOSPC);
  }
  g_assert_cmpint (umount (folder), ==, 0);
}

int
main (int argc, char **argv)
{
  static const FolderTest tests[] = {
    { "/keep", test_keep },
    { "/sweep", test_sweep },
    { "/empty", test_empty },
    { "/folders", test_folders },
    { "/locks", test_locks },
    { "/model", test_model },
    { "/untrained", test_untrained },
    { "/leading", test_leading },
    { "/every-byte", test_every_byte },
    { "/damaged", test_damaged },
    { "/immovable", test_immovable },
    { "/all-damaged", test_all_damaged },
    { "/limited", test_limited },
    { "/full", test_full },
  };
  g_test_init (&argc, &argv, NULL);
  add_in_folder (tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
