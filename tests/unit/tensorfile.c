/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * safetensors files: what is written is read, what is damaged is refused with
 * an error that names the file, and a failure to write leaves the old file. */
#include <vatt/tensorfile.h>

#include "goldenfiles.h"
#include "tempdir.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char *folder;
static char *path; /* of the file that most tests write */

/* Both ways: mapped, and read. */
static VattTensorFile *
open_file (const char *file_path, GError **error)
{
  g_autoptr (GError) mapped_error = NULL;
  g_autoptr (VattTensorFile) mapped =
      vatt_tensor_file_open (file_path, &mapped_error);
  VattTensorFile *read = vatt_tensor_file_read (file_path, NULL, error);
  g_assert_true ((mapped == NULL) == (read == NULL));
  if (mapped == NULL && error != NULL)
    g_assert_cmpstr (mapped_error->message, ==, (*error)->message);
  return read;
}

static void
write_raw (const char *header, gsize header_size, gsize data_size)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint64 length = GUINT64_TO_LE ((guint64)header_size);
  g_byte_array_append (bytes, (const guint8 *)&length, 8);
  g_byte_array_append (bytes, (const guint8 *)header, (guint)header_size);
  g_byte_array_set_size (bytes, bytes->len + (guint)data_size);
  memset (bytes->data + 8 + header_size, 0, data_size);
  tempdir_write (path, (const char *)bytes->data, (gssize)bytes->len);
}

/* The file is refused, and the error names it and says text. */
static void
check_refused (const char *file_path, GQuark domain, int code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattTensorFile) file = open_file (file_path, &error);
  g_assert_null (file);
  g_assert_error (error, domain, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, file_path));
  g_assert_nonnull (strstr (error->message, text));
}

static void
test_dtypes (void)
{
  static const gsize sizes[] = { 8, 4, 2, 2, 8, 4, 2, 1, 8, 4, 2, 1, 1 };
  for (VattDtype dtype = 0; dtype <= VATT_DTYPE_BOOL; dtype++)
    g_assert_cmpuint (vatt_dtype_size (dtype), ==, sizes[dtype]);
  g_assert_cmpstr (vatt_dtype_name (VATT_DTYPE_BF16), ==, "BF16");
}

static const float numbers[6] = { 0, 1, 2, -3, 4.5f, 1e-30f };
static const guint64 matrix[] = { 2, 3 }, none[] = { 5, 0 };
static const gint64 step = -7;

static const VattTensorInfo tensors[] = {
  { "step", VATT_DTYPE_I64, 0, NULL, sizeof (step), &step },
  { "none", VATT_DTYPE_F16, 2, none, 0, NULL },
  { "a/\"b\"\\\n", VATT_DTYPE_F32, 2, matrix, sizeof (numbers), numbers },
};

static void
check_tensors (const VattTensorFile *file)
{
  g_assert_cmpuint (
      vatt_tensor_file_get_n_tensors (file), ==, G_N_ELEMENTS (tensors));
  for (gsize i = 0; i < G_N_ELEMENTS (tensors); i++) {
    const VattTensorInfo *info = vatt_tensor_file_get_tensor (file, i);
    g_assert_cmpstr (info->name, ==, tensors[i].name);
    g_assert_true (vatt_tensor_file_lookup (file, tensors[i].name) == info);
    g_assert_cmpint (info->dtype, ==, tensors[i].dtype);
    g_assert_cmpuint (info->rank, ==, tensors[i].rank);
    for (guint d = 0; d < info->rank; d++)
      g_assert_cmpuint (info->shape[d], ==, tensors[i].shape[d]);
    g_assert_cmpmem (info->data, info->size, tensors[i].data, tensors[i].size);
  }
  g_assert_null (vatt_tensor_file_lookup (file, "other"));
}

static void
test_round_trip (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) metadata = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *first = NULL, *second = NULL;
  gsize first_size, second_size;
  guint64 header_size;

  g_hash_table_insert (metadata, "variant", "bbs");
  g_hash_table_insert (metadata, "labels", "eins\n\"zwei\" ß \x01");
  g_hash_table_insert (metadata, "", "");
  for (int i = 0; i < 2; i++) { /* also over an old file */
    vatt_tensor_file_write (
        path, tensors, G_N_ELEMENTS (tensors), metadata, &error);
    g_assert_no_error (error);
    g_assert_true (g_file_get_contents (path, i == 0 ? &first : &second,
        i == 0 ? &first_size : &second_size, NULL));
  }
  g_assert_cmpmem (first, first_size, second, second_size);
  memcpy (&header_size, first, 8);
  g_assert_cmpuint ((header_size + 8) % 256, ==, 0);
  g_assert_cmpuint (tempdir_count (folder), ==, 1);

  g_autoptr (VattTensorFile) file = vatt_tensor_file_open (path, &error);
  g_assert_no_error (error);
  check_tensors (file);
  g_assert_cmpstr (vatt_tensor_file_get_path (file), ==, path);
  g_assert_cmpuint (
      g_hash_table_size (vatt_tensor_file_get_metadata_table (file)), ==, 3);
  g_assert_cmpstr (vatt_tensor_file_get_metadata (file, "labels"), ==,
      "eins\n\"zwei\" ß \x01");
  g_assert_null (vatt_tensor_file_get_metadata (file, "other"));

  /* the mapping outlives the name, and the last reference closes it */
  VattTensorFile *again = vatt_tensor_file_ref (file);
  g_remove (path);
  g_clear_pointer (&file, vatt_tensor_file_unref);
  check_tensors (again);
  vatt_tensor_file_unref (again);
}

static void
test_empty_file_of_tensors (void)
{
  g_assert_true (vatt_tensor_file_write (path, NULL, 0, NULL, NULL));
  g_autoptr (VattTensorFile) file = open_file (path, NULL);
  g_assert_nonnull (file);
  g_assert_cmpuint (vatt_tensor_file_get_n_tensors (file), ==, 0);
}

static void
test_no_file (void)
{
  g_autofree char *missing = g_build_filename (folder, "missing", NULL);
  check_refused (missing, G_FILE_ERROR, G_FILE_ERROR_NOENT, "opened");
  check_refused (folder, G_FILE_ERROR, G_FILE_ERROR_ISDIR, "is a folder");
  check_refused ("/dev/null", G_FILE_ERROR, G_FILE_ERROR_INVAL, "a device");
  tempdir_write (path, "", 0);
  check_refused (path, VATT_ERROR, VATT_ERROR_WEIGHTS, "0 bytes");
  tempdir_write (path, "1234567", 7);
  check_refused (path, VATT_ERROR, VATT_ERROR_WEIGHTS, "7 bytes");

  if (geteuid () == 0) {
    g_test_message ("unreadable file: root reads everything, not tested");
    return;
  }
  g_assert_cmpint (g_chmod (path, 0), ==, 0);
  check_refused (path, G_FILE_ERROR, G_FILE_ERROR_ACCES, "opened");
  g_remove (path);
}

/* headers, the bytes of data behind them, and what the error says */
#define T(name, dtype, shape, begin, end)                                      \
  "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape                    \
  "],\"data_offsets\":[" #begin "," #end "]}"

static const struct {
  const char *header;
  gsize data_size;
  const char *text; /* NULL: the file is fine */
} headers[] = {
  { "{}", 0, NULL },
  { "{}   ", 0, NULL },
  { "{" T ("a", "F32", "2", 0, 8) "}", 8, NULL },
  { "{" T ("b", "U8", "", 1, 2) "," T ("a", "I8", "1", 0, 1) "}", 2, NULL },
  { "{" T ("\\u00e9\\ud83d\\ude00", "F32", "0", 0, 0) "}", 0, NULL },
  { "{\"__metadata__\":{},\n\t\"a\":{\"shape\":[ 1 ],\"new\":[1,-2.5e+3,{\"x\":"
    "[null,true,false,\"]\"]},{},[]],\"dtype\":\"U8\",\"data_offsets\":[0,1]}}",
      1, NULL },
  { "", 0, "begin with '{'" },
  { " {}", 0, "begin with '{'" },
  { "[]", 0, "begin with '{'" },
  { "{", 0, "no string" },
  { "{}{}", 0, "behind its object" },
  { "{} x", 0, "behind its object" },
  { "{\"a\":1}", 0, "no '{'" },
  { "{" T ("a", "F32", "2", 0, 8) ",}", 8, "no string" },
  { "{" T ("a", "F32", "2", 0, 8) "", 8, "no ',' or '}'" },
  { "{" T ("a", "F33", "2", 0, 8) "}", 8, "type 'F33'" },
  { "{" T ("a", "F32", "-2", 0, 8) "}", 8, "integer of 0 or more" },
  { "{" T ("a", "F32", "2.0", 0, 8) "}", 8, "fraction" },
  { "{" T ("a", "F32", "2e0", 0, 8) "}", 8, "fraction" },
  { "{" T ("a", "F32", "02", 0, 8) "}", 8, "begins with 0" },
  { "{" T ("a", "F32", "18446744073709551618", 0, 8) "}", 8, "above 2^64" },
  { "{" T ("a", "F32", "1152921504606846976", 0, 8) "}", 8, "needs 4611686" },
  { "{" T ("a", "F32", "4611686018427387904,4", 0, 8) "}", 8, "beyond all" },
  { "{" T ("a", "F32", "4611686018427387904,4,0", 0, 0) "}", 0, "beyond all" },
  { "{" T ("a", "U8", "1,1,1,1,1,1,1,1,1", 0, 1) "}", 1, "8 dimensions" },
  { "{" T ("a", "F32", "2", 0, 4) "}", 4, "has 4 bytes, its shape needs 8" },
  { "{" T ("a", "F32", "2", 8, 0) "}", 8, "claims bytes 8..0" },
  { "{" T ("a", "F32", "2", 0, 8) "}", 4, "the file holds 4" },
  { "{" T ("a", "F32", "2", 0, 8) "}", 9, "end at byte 8, the file holds 9" },
  { "{}", 1, "end at byte 0, the file holds 1" },
  { "{" T ("a", "U8", "1", 0, 1) "," T ("b", "U8", "1", 2, 3) "}", 3,
      "a hole" },
  { "{" T ("a", "U8", "2", 0, 2) "," T ("b", "U8", "2", 1, 3) "}", 3,
      "overlaps" },
  { "{" T ("a", "U8", "2", 0, 2) "," T ("b", "U8", "2", 0, 2) "}", 2,
      "overlaps" },
  { "{" T ("a", "U8", "1", 1, 2) "}", 2, "a hole" },
  { "{" T ("a", "U8", "1", 0, 1) "," T ("a", "U8", "1", 1, 2) "}", 2,
      "'a' is there twice" },
  { "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "is there twice" },
  { "{\"__metadata__\":{\"k\":\"1\",\"\\u006b\":\"2\"}}", 0,
      "'k' is there twice" },
  { "{\"__metadata__\":{\"k\":1}}", 0, "no string" },
  { "{\"__metadata__\":[]}", 0, "no '{'" },
  { "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}",
      1, "'dtype' twice" },
  { "{\"a\":{\"dtype\":\"U8\",\"shape\":[]}}", 0, "no 'data_offsets'" },
  { "{\"a\":{}}", 0, "no 'dtype'" },
  { "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,2]}}", 1,
      "no ','" },
  { "{\"a\\u0000b\":{}}", 0, "zero character" },
  { "{\"\\ud800\":{}}", 0, "surrogate" },
  { "{\"\\ud800\\u0041\":{}}", 0, "surrogate" },
  { "{\"\\udc00\":{}}", 0, "surrogate" },
  { "{\"\\x41\":{}}", 0, "bad escape" },
  { "{\"\\u00g0\":{}}", 0, "bad escape" },
  { "{\"a\nb\":{}}", 0, "control character" },
  { "{\"\xff\":{}}", 0, "UTF-8" },
  { "{'a':{}}", 0, "no string" },
  { "{/**/}", 0, "no string" },
  { "{\"a\":{\"x\":[[[[[[[[[]]]]]]]]]}}", 0, "nested too deeply" },
  { "{\"a\":{\"x\":[1,]}}", 0, "no value" },
  { "{\"a\":{\"x\":{1:2}}}", 0, "no string" },
  { "{\"a\":{\"x\":[1}}}", 0, "no ',' or ']'" },
  { "{\"a\":{\"x\":01}}", 0, "bad number" },
  { "{\"a\":{\"x\":-}}", 0, "bad number" },
  { "{\"a\":{\"x\":1.}}", 0, "bad number" },
  { "{\"a\":{\"x\":tru}}", 0, "no value" },
};

static void
test_headers (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++) {
    write_raw (
        headers[i].header, strlen (headers[i].header), headers[i].data_size);
    if (headers[i].text != NULL) {
      int code = strstr (headers[i].text, "dimensions") != NULL
                     ? VATT_ERROR_UNSUPPORTED
                     : VATT_ERROR_WEIGHTS;
      check_refused (path, VATT_ERROR, code, headers[i].text);
    } else {
      g_autoptr (GError) error = NULL;
      g_autoptr (VattTensorFile) file = open_file (path, &error);
      g_assert_no_error (error);
    }
  }
  write_raw ("{\"a\0b\":{}}", 10, 0);
  check_refused (path, VATT_ERROR, VATT_ERROR_WEIGHTS, "UTF-8");
}

static void
test_deep_nesting (void)
{
  gsize depth = 4 << 20;
  g_autoptr (GString) header = g_string_new ("{\"a\":{\"x\":");
  for (gsize i = 0; i < depth; i++)
    g_string_append_c (header, '[');
  write_raw (header->str, header->len, 0);
  check_refused (path, VATT_ERROR, VATT_ERROR_WEIGHTS, "nested too deeply");
}

static void
test_header_length (void)
{
  static const guint64 lengths[] = { 3, 100000000, 100000001, G_MAXUINT64,
    G_MAXINT64 };
  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++) {
    char bytes[10] = "........{}";
    guint64 length = GUINT64_TO_LE (lengths[i]);
    memcpy (bytes, &length, 8);
    tempdir_write (path, bytes, 10);
    check_refused (path, VATT_ERROR, VATT_ERROR_WEIGHTS, "claims");
  }
}

/* Every beginning of a file is refused: at each byte of a small file, at each
 * 4096th of a large one. */
static void
check_truncated (const VattTensorInfo *info, gsize n, gsize stride)
{
  g_autofree char *contents = NULL;
  gsize size;

  g_assert_true (vatt_tensor_file_write (path, info, n, NULL, NULL));
  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  for (gsize cut = 0; cut < size; cut += stride) {
    g_assert_cmpint (truncate (path, 0), ==, 0);
    tempdir_write (path, contents, (gssize)cut);
    g_autoptr (GError) error = NULL;
    g_assert_null (open_file (path, &error));
    g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
  }
}

static void
test_truncated (void)
{
  guint64 shape[2] = { 100, 2000 };
  g_autofree float *data = g_new0 (float, 200000);
  VattTensorInfo large = { "large", VATT_DTYPE_F32, 2, shape, 800000, data };

  check_truncated (tensors, G_N_ELEMENTS (tensors), 1);
  check_truncated (&large, 1, 4096);
}

/* No changed byte of a header makes the reader leave the file. */
static void
test_flipped (void)
{
  g_autofree char *contents = NULL;
  gsize size;

  g_assert_true (vatt_tensor_file_write (
      path, tensors, G_N_ELEMENTS (tensors), NULL, NULL));
  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  for (gsize at = 0; at < size; at++)
    for (guint bit = 0; bit < 8; bit += 3) {
      contents[at] ^= (char)(1 << bit);
      tempdir_write (path, contents, (gssize)size);
      contents[at] ^= (char)(1 << bit);
      g_autoptr (GError) error = NULL;
      g_autoptr (VattTensorFile) file = open_file (path, &error);
      g_assert_true ((file != NULL) == (error == NULL));
      for (gsize i = 0; file && i < vatt_tensor_file_get_n_tensors (file);
           i++) {
        const VattTensorInfo *info = vatt_tensor_file_get_tensor (file, i);
        g_autoptr (GBytes) copy = g_bytes_new (info->data, info->size);
        g_assert_nonnull (copy);
      }
    }
}

static void
check_not_written (const VattTensorInfo *info, gsize n, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (vatt_tensor_file_write (path, info, n, NULL, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, text));
}

static void
test_bad_arguments (void)
{
  const guint64 huge[2] = { G_MAXUINT64, 3 };
  const VattTensorInfo twice[] = { tensors[0], tensors[0] };
  VattTensorInfo bad = tensors[0];

  check_not_written (twice, 2, "two entries");
  bad.size = 7;
  check_not_written (&bad, 1, "has 7 bytes, its shape needs 8");
  bad = (VattTensorInfo){ "huge", VATT_DTYPE_F32, 2, huge, 0, NULL };
  check_not_written (&bad, 1, "beyond all memory");
  bad = (VattTensorInfo){ "\xff", VATT_DTYPE_U8, 0, NULL, 1, &step };
  check_not_written (&bad, 1, "UTF-8");
  bad.name = "__metadata__";
  check_not_written (&bad, 1, "__metadata__");
  bad.name = "deep";
  bad.rank = 9;
  check_not_written (&bad, 1, "9 dimensions");
}

/* A disk that fills up, which a limit on the size of files stands for. */
static void
test_disk_full (void)
{
  static const gsize sizes[] = { 5000, 1 << 20 };
  struct rlimit old, limit;
  g_autofree guint8 *data = g_malloc0 (1 << 20);
  gsize n_before, n_after;
  g_autofree char *before = NULL;

  g_assert_true (vatt_tensor_file_write (path, tensors, 2, NULL, NULL));
  g_assert_true (g_file_get_contents (path, &before, &n_before, NULL));
  guint n_files = tempdir_count (folder);
  void (*handler) (int) = signal (SIGXFSZ, SIG_IGN);
  getrlimit (RLIMIT_FSIZE, &old);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    guint64 shape = sizes[i];
    VattTensorInfo large = { "l", VATT_DTYPE_U8, 1, &shape, sizes[i], data };
    g_autofree char *after = NULL;
    g_autoptr (GError) error = NULL;

    limit = old;
    limit.rlim_cur = 4096;
    g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
    gboolean written = vatt_tensor_file_write (path, &large, 1, NULL, &error);
    g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
    g_assert_false (written);
    g_assert_cmpint ((int)error->domain, ==, (int)G_FILE_ERROR);
    g_assert_nonnull (strstr (error->message, path));
    g_assert_true (g_file_get_contents (path, &after, &n_after, NULL));
    g_assert_cmpmem (before, n_before, after, n_after);
    g_assert_cmpuint (tempdir_count (folder), ==, n_files);
  }
  signal (SIGXFSZ, handler);
}

/* A process that dies while it writes: the limit's signal kills it. */
static void
test_killed (void)
{
  g_autofree guint8 *data = g_malloc0 (1 << 20);
  guint64 shape = 1 << 20;
  VattTensorInfo large = { "l", VATT_DTYPE_U8, 1, &shape, 1 << 20, data };
  int status;

  g_assert_true (vatt_tensor_file_write (
      path, tensors, G_N_ELEMENTS (tensors), NULL, NULL));
  pid_t child = fork ();
  if (child == 0) {
    struct rlimit limit = { 65536, 65536 }, no_core = { 0, 0 };
    signal (SIGXFSZ, SIG_DFL);
    setrlimit (RLIMIT_CORE, &no_core);
    setrlimit (RLIMIT_FSIZE, &limit);
    vatt_tensor_file_write (path, &large, 1, NULL, NULL);
    _exit (0);
  }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGXFSZ);
  g_autoptr (VattTensorFile) file = vatt_tensor_file_open (path, NULL);
  g_assert_nonnull (file);
  check_tensors (file);
}

static void
test_keeps_permissions (void)
{
  GStatBuf status;
  g_assert_true (vatt_tensor_file_write (path, tensors, 1, NULL, NULL));
  g_assert_cmpint (g_chmod (path, 0640), ==, 0);
  g_assert_true (vatt_tensor_file_write (path, tensors, 1, NULL, NULL));
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0640);
}

static void
check_golden (const char *file_path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattTensorFile) file = vatt_tensor_file_open (file_path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (vatt_tensor_file_get_n_tensors (file), >, 0);
}

static void
test_golden (void)
{
  golden_files (".safetensors", check_golden);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("vatt-tensorfile-XXXXXX", NULL);
  path = g_build_filename (folder, "a.safetensors", NULL);
  g_test_add_func ("/tensorfile/dtypes", test_dtypes);
  g_test_add_func ("/tensorfile/round-trip", test_round_trip);
  g_test_add_func ("/tensorfile/no-tensors", test_empty_file_of_tensors);
  g_test_add_func ("/tensorfile/no-file", test_no_file);
  g_test_add_func ("/tensorfile/headers", test_headers);
  g_test_add_func ("/tensorfile/deep-nesting", test_deep_nesting);
  g_test_add_func ("/tensorfile/header-length", test_header_length);
  g_test_add_func ("/tensorfile/truncated", test_truncated);
  g_test_add_func ("/tensorfile/flipped", test_flipped);
  g_test_add_func ("/tensorfile/bad-arguments", test_bad_arguments);
  g_test_add_func ("/tensorfile/disk-full", test_disk_full);
  g_test_add_func ("/tensorfile/killed", test_killed);
  g_test_add_func ("/tensorfile/keeps-permissions", test_keeps_permissions);
  g_test_add_func ("/tensorfile/golden", test_golden);
  int status = g_test_run ();
  tempdir_remove (folder);
  g_free (path);
  g_free (folder);
  return status;
}
