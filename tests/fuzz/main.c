/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A fuzz target as a plain test, without a fuzzer: its good inputs, those in
 * FOLDER (which once made it fail), all of them damaged in a few hundred ways
 * that are the same in every run, and each with every single allocation that
 * may fail failing.
 *
 *   fuzz-TARGET [FOLDER]       --seeds FOLDER writes the good inputs there */
#include "fuzz.h"

#include "rng.h"

#include <stdlib.h>
#include <string.h>

#define SEED 41
#define DAMAGES 400
#define DAMAGED_SIZE_MAX 65536

/* ---- allocations, which the library finds here first ---- */

static int allocations;
static int fail_at = -1; /* -1: none */

static gboolean
fails (void)
{
  return allocations++ == fail_at;
}

gpointer
g_try_malloc (gsize size)
{
  return size == 0 || fails () ? NULL : malloc (size);
}

gpointer
g_try_malloc0 (gsize size)
{
  return size == 0 || fails () ? NULL : calloc (1, size);
}

gpointer
g_try_malloc_n (gsize n, gsize size)
{
  return size && n > G_MAXSIZE / size ? NULL : g_try_malloc (n * size);
}

gpointer
g_try_malloc0_n (gsize n, gsize size)
{
  return size && n > G_MAXSIZE / size ? NULL : g_try_malloc0 (n * size);
}

void *
aligned_alloc (size_t alignment, size_t size)
{
  void *memory;
  return fails () || posix_memalign (&memory, alignment, size) != 0 ? NULL
                                                                    : memory;
}

/* ---- inputs ---- */

static void
run (const guint8 *data, gsize size)
{
  /* Of its very size, so that reading behind it is seen. */
  g_autofree guint8 *copy = g_memdup2 (data, size);
  LLVMFuzzerTestOneInput (copy, size);
}

static void
fail_allocations (const guint8 *data, gsize size)
{
  allocations = 0;
  run (data, size);
  int n = allocations;
  for (int i = 0; i < n; i++) {
    allocations = 0;
    fail_at = i;
    run (data, size);
    fail_at = -1;
  }
}

/* One of some ways to damage, by three random numbers. */
static void
damage (GByteArray *bytes, guint32 what, guint32 where, guint32 value)
{
  static const guint8 marks[] = { 0, 0x7f, 0x80, 0xff, '0', '9', '"', '{', '}',
    '[', ']', ',', ':', '=', '\n', '\\', '-', ' ' };
  if (bytes->len == 0)
    return;
  guint at = where % bytes->len;
  switch (what % 6) {
  case 0:
    bytes->data[at] ^= (guint8)(1u << value % 8);
    break;
  case 1:
    bytes->data[at] = marks[value % G_N_ELEMENTS (marks)];
    break;
  case 2:
    g_byte_array_set_size (bytes, at);
    break;
  case 3:
    g_byte_array_remove_range (bytes, at, MIN (1 + value % 9, bytes->len - at));
    break;
  case 4: {
    guint count = MIN (1 + value % 64, bytes->len - at);
    g_autofree guint8 *again = g_memdup2 (bytes->data + at, count);
    g_byte_array_append (bytes, again, count);
    break;
  }
  default:
    bytes->data[at] = (guint8)(bytes->data[at] + value % 5 - 2);
  }
}

static void
check (const char *name, gconstpointer data, gsize size, gpointer user_data)
{
  g_test_message ("%s, %zu bytes", name, size);
  run (data, size);
  fail_allocations (data, size);
  for (guint i = 0; i < DAMAGES && size <= DAMAGED_SIZE_MAX; i++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    g_byte_array_append (bytes, data, (guint)size);
    for (guint k = 0; k <= i % 3; k++)
      damage (bytes, vatt_rng_u32 (SEED, i, 3 * k),
          vatt_rng_u32 (SEED, i, 3 * k + 1), vatt_rng_u32 (SEED, i, 3 * k + 2));
    run (bytes->data, bytes->len);
  }
}

static void
test_seeds (void)
{
  fuzz_seeds (check, NULL);
}

static void
test_corpus (gconstpointer folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir && (name = g_dir_read_name (dir)) != NULL) {
    g_autoptr (GError) error = NULL;
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_autofree char *data = NULL;
    gsize size;
    g_file_get_contents (path, &data, &size, &error);
    g_assert_no_error (error);
    check (name, data, size, NULL);
  }
}

static void
write_seed (const char *name, gconstpointer data, gsize size, gpointer folder)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_file_set_contents (path, data, (gssize)size, &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  if (argc == 3 && strcmp (argv[1], "--seeds") == 0) {
    fuzz_seeds (write_seed, argv[2]);
    return 0;
  }
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fuzz/seeds", test_seeds);
  if (argc > 1)
    g_test_add_data_func ("/fuzz/corpus", argv[1], test_corpus);
  return g_test_run ();
}
