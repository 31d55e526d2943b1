/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Models in memory of their own: nothing that is done to the file, before,
 * while or after it is read, is more than an error. */
#include "tempdir.h"
#include "tinymodel.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined __SANITIZE_THREAD__
#define SHADOWED TRUE /* what is resident is mostly the sanitizer's */
#else
#define SHADOWED FALSE
#endif

static char *folder, *path;

/* The bytes of two models of one size, and their ids. */
static struct {
  char *bytes, *id;
} models[2];
static gsize size;

static void
make_models (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config = vatt_config_load ("tiny", &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (VattModel) model = vatt_model_new (config, i + 1, NULL, &error);
    g_assert_no_error (error);
    g_assert_true (vatt_model_save (model, path, &error));
    models[i].id = g_strdup (vatt_model_get_id (model));
    g_assert_true (g_file_get_contents (path, &models[i].bytes, &size, NULL));
  }
  g_assert_cmpstr (models[0].id, !=, models[1].id);
}

static VattModel *
load (void)
{
  g_autoptr (GError) error = NULL;
  VattModel *model = vatt_model_load_copy (path, NULL, &error);
  g_assert_no_error (error);
  return model;
}

static void
assert_refused (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (vatt_model_load_copy (path, NULL, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, text));
}

/* Weights stay, whatever becomes of the file. */
static void
test_file_changes (void)
{
  tempdir_write (path, models[0].bytes, size);
  g_autoptr (VattModel) model = load ();
  const VattTensorInfo *last =
      vatt_model_get_tensor (model, vatt_model_get_n_tensors (model) - 1);
  g_autofree char *before = g_memdup2 (last->data, last->size);
  tempdir_write (path, models[1].bytes, size);
  g_assert_cmpmem (last->data, last->size, before, last->size);
  g_assert_cmpint (truncate (path, 0), ==, 0);
  g_assert_cmpmem (last->data, last->size, before, last->size);
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpmem (last->data, last->size, before, last->size);
}

/* Contents that are not those of the id: a bit anywhere in the weights. */
static void
test_wrong_id (void)
{
  g_autofree char *bytes = g_memdup2 (models[0].bytes, size);
  for (gsize at = size - 1; at > size / 8; at -= size / 8) {
    bytes[at] ^= 1;
    tempdir_write (path, bytes, size);
    bytes[at] ^= 1;
    assert_refused (models[0].id);
  }
  char *id = g_strstr_len (bytes + 8, (gssize)size - 8, models[0].id);
  g_assert_nonnull (id);
  memcpy (id, models[1].id, strlen (models[1].id));
  tempdir_write (path, bytes, size);
  assert_refused (models[0].id);
  assert_refused (models[1].id);
  /* Who maps the file does not read all of it, and takes its word. */
  g_autoptr (VattModel) mapped = vatt_model_load (path, NULL);
  g_assert_cmpstr (vatt_model_get_id (mapped), ==, models[1].id);
  /* Saving gives the id that is right. */
  g_assert_true (vatt_model_save (mapped, path, NULL));
  g_autoptr (VattModel) healed = load ();
  g_assert_cmpstr (vatt_model_get_id (healed), ==, models[0].id);
}

/* Writes one model over the other, in place, and cut short in between. */
static gpointer
rewrite (gpointer data)
{
  gint *stop = data;
  int fd = open (path, O_RDWR);
  g_assert_cmpint (fd, >=, 0);
  for (guint turn = 0; !g_atomic_int_get (stop); turn++) {
    const char *bytes = models[turn % 2].bytes;
    if (turn % 3 == 2)
      g_assert_cmpint (ftruncate (fd, (off_t)size / 3), ==, 0);
    for (gsize at = 0; at < size; at += 1 << 20) {
      gsize n = MIN (size - at, 1 << 20);
      g_assert_cmpint (pwrite (fd, bytes + at, n, (off_t)at), ==, (gssize)n);
    }
    g_usleep (turn % 4 * 10000);
  }
  close (fd);
  return NULL;
}

static void
test_written_while_read (void)
{
  gint stop = FALSE;
  guint loaded = 0, refused = 0;
  tempdir_write (path, models[0].bytes, size);
  GThread *writer = g_thread_new ("writer", rewrite, &stop);
  gint64 end = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
  while ((loaded < 5 || refused < 20) && g_get_monotonic_time () < end) {
    g_autoptr (GError) error = NULL;
    g_autoptr (VattModel) model = vatt_model_load_copy (path, NULL, &error);
    if (!model) {
      g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
      refused++;
      continue;
    }
    loaded++;
    g_assert_true (g_str_equal (vatt_model_get_id (model), models[0].id) ||
                   g_str_equal (vatt_model_get_id (model), models[1].id));
  }
  g_atomic_int_set (&stop, TRUE);
  g_thread_join (writer);
  g_test_message ("%u loaded, %u refused", loaded, refused);
  g_assert_cmpuint (refused, >, 0);
}

static void
test_cancelled (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
  tempdir_write (path, models[0].bytes, size);
  g_assert_null (vatt_model_load_copy (path, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* A file of another architecture is refused by its header: its data, here of
 * 1 TiB, take neither time nor memory. */
static void
test_huge (void)
{
  const char *json = "{\"a\":{\"dtype\":\"U8\",\"shape\":[1099511627776],"
                     "\"data_offsets\":[0,1099511627776]}}";
  guint64 length = GUINT64_TO_LE ((guint64)strlen (json));
  tempdir_write (path, &length, 8);
  FILE *file = g_fopen (path, "a");
  g_assert_cmpint (fputs (json, file), >=, 0);
  fclose (file);
  g_autoptr (GError) error = NULL;
  if (truncate (path, (off_t)(8 + strlen (json)) + (off_t)1099511627776) != 0) {
    g_test_skip ("the file system has no files of 1 TiB");
    return;
  }
  g_assert_null (vatt_model_load_copy (path, NULL, &error));
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_cmpint ((int)error->domain, ==, (int)VATT_ERROR);
  g_assert_cmpint (g_remove (path), ==, 0);
}

static long
peak_kilobytes (void)
{
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/* In a process of its own, for the peak is the process's: the weights are in
 * memory once, while they are read too. */
static void
test_memory (void)
{
  if (g_test_subprocess ()) {
    g_autoptr (GError) error = NULL;
    long before = peak_kilobytes ();
    g_autoptr (VattModel) model =
        vatt_model_load_copy (g_getenv ("LOADCOPY_FILE"), NULL, &error);
    g_assert_no_error (error);
    long grown = peak_kilobytes () - before;
    GStatBuf status;
    g_assert_cmpint (g_stat (g_getenv ("LOADCOPY_FILE"), &status), ==, 0);
    g_printerr ("%ld KiB for %ld KiB\n", grown, (long)status.st_size / 1024);
    /* Half the file again is for the plans that declare the tensors. */
    g_assert_cmpint (grown, <, (long)status.st_size / 1024 * 3 / 2);
    return;
  }
  if (SHADOWED) {
    g_test_skip ("the thread sanitizer takes memory for every byte");
    return;
  }
  tempdir_write (path, models[0].bytes, size);
  g_setenv ("LOADCOPY_FILE", path, TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("vatt-loadcopy-XXXXXX", NULL);
  path = g_build_filename (folder, "model.safetensors", NULL);
  if (!g_test_subprocess ())
    make_models ();
  g_test_add_func ("/loadcopy/file-changes", test_file_changes);
  g_test_add_func ("/loadcopy/wrong-id", test_wrong_id);
  g_test_add_func ("/loadcopy/written-while-read", test_written_while_read);
  g_test_add_func ("/loadcopy/cancelled", test_cancelled);
  g_test_add_func ("/loadcopy/huge", test_huge);
  g_test_add_func ("/loadcopy/memory", test_memory);
  int result = g_test_run ();
  tempdir_remove (folder);
  for (guint i = 0; i < 2; i++) {
    g_free (models[i].bytes);
    g_free (models[i].id);
  }
  g_free (folder);
  g_free (path);
  return result;
}
