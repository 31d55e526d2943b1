/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Numbers that the authors' code computed for single parts, in the folder
 * `numbers` of the golden numbers: what to compute, and at which sizes, is
 * read off the names and shapes of the tensors. A tensor whose name means
 * nothing here fails the test.
 *
 *   numbers mel|words|resize|positions|colour|metrics|nce|schedules */
#include "numbers.h"

#include "attributes.h"
#include "cpu.h"
#include "folder.h"
#include "ops.h"

#include <vatt/words.h>

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

void
fail (const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_test_message ("%s", text);
  g_test_fail ();
}

/* ---- comparing ---- */

double
largest_difference (const float *found, const float *expected, gsize n)
{
  double most = 0.0;
  for (gsize i = 0; i < n; i++) {
    double difference = fabs ((double)found[i] - (double)expected[i]);
    if (!(difference <= most))
      most = isfinite (difference) ? difference : (double)INFINITY;
  }
  return most;
}

double
largest_difference_u8 (const guint8 *found, const guint8 *expected, gsize n)
{
  int most = 0;
  for (gsize i = 0; i < n; i++)
    most = MAX (most, ABS ((int)found[i] - (int)expected[i]));
  return most;
}

void
record (Worst *worst, const char *tensor, double error, double share)
{
  worst->compared++;
  if (!worst->tensor || share > worst->share) {
    worst->tensor = tensor;
    worst->error = error;
    worst->share = share;
  }
  if (share > 1.0)
    fail ("%s: largest error %g, %g times the tolerance", tensor, error, share);
}

void
record_within (Worst *worst, const char *tensor, double error, double tolerance)
{
  record (worst, tensor, error, error > 0.0 ? error / tolerance : 0.0);
}

gboolean
has_type (const VattTensorInfo *info, VattDtype dtype, guint rank)
{
  if (info->dtype == dtype && info->rank == rank)
    return TRUE;
  fail ("%s is %s of rank %u, expected %s of rank %u", info->name,
      vatt_dtype_name (info->dtype), info->rank, vatt_dtype_name (dtype), rank);
  return FALSE;
}

float *
copy_floats (const VattTensorInfo *info)
{
  return g_memdup2 (info->data, info->size);
}

const VattTensorInfo *
find_input (VattTensorFile *file, const char *name, VattDtype dtype, guint rank,
    const char *of)
{
  const VattTensorInfo *input = vatt_tensor_file_lookup (file, name);
  if (!input)
    fail ("%s: %s is missing", of, name);
  return input && has_type (input, dtype, rank) ? input : NULL;
}

gboolean
number_after (const char *name, const char *prefix, guint *number)
{
  guint64 value;
  if (!g_str_has_prefix (name, prefix) ||
      !g_ascii_string_to_unsigned (
          name + strlen (prefix), 10, 1, G_MAXUINT, &value, NULL))
    return FALSE;
  *number = (guint)value;
  return TRUE;
}

/* ---- files ---- */

/* The path of a file that is there, else the test is skipped. */
static char *
find_file (const char *name)
{
  g_autofree char *golden = golden_folder ();
  if (!golden) {
    g_test_skip ("neither VATT_GOLDEN_DIR nor VATT_SHARED_DATA is set");
    return NULL;
  }
  g_autofree char *folder = g_build_filename (golden, "numbers", NULL);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&path);
  gboolean there = g_file_test (folder, G_FILE_TEST_IS_DIR);
  g_autofree char *why = g_strdup_printf ("no %s", there ? path : folder);
  g_test_skip (why);
  return NULL;
}

static void
report (const char *file, const Worst *worst)
{
  if (worst->compared == 0)
    fail ("%s: nothing to compare", file);
  else
    g_test_message ("%s: %u compared, worst %s: error %.2e, %.2g of the "
                    "tolerance",
        file, worst->compared, worst->tensor, worst->error, worst->share);
}

typedef gboolean (*CheckTensor) (
    VattTensorFile *file, const VattTensorInfo *info, Worst *worst);

static void
check_file (const char *name, CheckTensor check)
{
  g_autofree char *path = find_file (name);
  if (!path)
    return;
  g_autoptr (GError) error = NULL;
  g_autoptr (VattTensorFile) file = vatt_tensor_file_open (path, &error);
  if (!file) {
    fail ("%s", error->message);
    return;
  }
  Worst worst = { NULL };
  for (gsize i = 0; i < vatt_tensor_file_get_n_tensors (file); i++) {
    const VattTensorInfo *info = vatt_tensor_file_get_tensor (file, i);
    if (!check (file, info, &worst))
      fail ("%s: no test knows tensor %s", path, info->name);
  }
  report (name, &worst);
}

/* ---- words ---- */

/* Members: vocab, a file's name; max_words; sentences; their ids. */
static JsonObject *
read_words (const char *path, JsonParser *parser)
{
  static const char *const known[] = { "ids", "max_words", "sentences",
    "vocab" };
  g_autoptr (GError) error = NULL;
  json_parser_load_from_file (parser, path, &error);
  JsonNode *node = error ? NULL : json_parser_get_root (parser);
  if (!node || !JSON_NODE_HOLDS_OBJECT (node)) {
    fail ("%s: %s", path, error ? error->message : "not an object");
    return NULL;
  }
  JsonObject *root = json_node_get_object (node);
  guint found = 0;
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    found += json_object_has_member (root, known[i]);
  if (found == G_N_ELEMENTS (known) && json_object_get_size (root) == found)
    return root;
  fail ("%s has other members than ids, max_words, sentences, vocab", path);
  return NULL;
}

static void
check_sentences (
    const VattVocabulary *vocabulary, JsonObject *root, Worst *worst)
{
  JsonArray *sentences = json_object_get_array_member (root, "sentences");
  JsonArray *rows = json_object_get_array_member (root, "ids");
  guint words = (guint)json_object_get_int_member (root, "max_words");
  g_autofree gint32 *ids = g_new (gint32, words);
  g_assert_cmpuint (
      json_array_get_length (rows), ==, json_array_get_length (sentences));
  for (guint i = 0; i < json_array_get_length (sentences); i++) {
    const char *sentence = json_array_get_string_element (sentences, i);
    JsonArray *row = json_array_get_array_element (rows, i);
    guint wrong = 0;
    g_assert_cmpuint (json_array_get_length (row), ==, words);
    vatt_words_tokenize (vocabulary, sentence, -1, words, ids);
    for (guint w = 0; w < words; w++)
      wrong += ids[w] != json_array_get_int_element (row, w);
    record_within (worst, sentence, wrong, 0.0);
  }
}

static void
test_words (void)
{
  g_autofree char *path = find_file ("words.json");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *root = path ? read_words (path, parser) : NULL;
  if (!root)
    return;
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *vocabulary_path = g_build_filename (
      folder, json_object_get_string_member (root, "vocab"), NULL);
  g_autoptr (VattVocabulary) vocabulary =
      vatt_vocabulary_new_from_file (vocabulary_path, &error);
  if (!vocabulary) {
    fail ("%s", error->message);
    return;
  }
  Worst worst = { NULL };
  check_sentences (vocabulary, root, &worst);
  report ("words.json", &worst);
}

/* ---- positions ---- */

/* A plan of one node, run on the CPU; (count, columns). */
static float *
resample (float *table, const size_t shape[2], size_t count)
{
  g_autoptr (GError) error = NULL;
  const VattResample attributes = { .count = count };
  const VattDeviceParams params = { .threads = 0 };
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  VattTensor *in = vatt_plan_input (plan, "table", VATT_DTYPE_F32, 2, shape);
  VattTensor *out = vatt_plan_output (plan,
      vatt_plan_apply (
          plan, &vatt_op_resample, &attributes, sizeof attributes, &in, 1),
      "output");
  vatt_plan_seal (plan, &error);
  g_assert_no_error (error);
  in->data = table;
  gpointer device = vatt_device_cpu.open (NULL, &params, &error);
  g_assert_no_error (error);
  VattProgram *program = vatt_device_cpu.prepare (device, plan, NULL, &error);
  g_assert_no_error (error);
  vatt_device_cpu.run (program, VATT_PHASE_FORWARD, NULL, NULL, &error);
  g_assert_no_error (error);
  float *found =
      g_memdup2 (vatt_tensor_f32 (out), count * shape[1] * sizeof (float));
  vatt_device_cpu.release (program);
  vatt_device_cpu.close (device);
  return found;
}

/* What this bound measures is the authors' error, not ours: they solve the
 * dense system of |x|^3 in single precision, whose condition grows with the
 * fourth power of the rows. Of 40 rows even the first, which must stay as it
 * is, is off by 0.1 in their numbers, and the bound is 0.26; of 8 rows it is
 * 4e-4. Far beyond 40 it would let anything pass: what holds the spline there,
 * to 1e-6, is the reference in double precision of ops/resample. */
static double
position_tolerance (size_t rows, double expected)
{
  return 1e-5 + 1e-7 * pow ((double)rows, 4.0) + 1e-5 * fabs (expected);
}

static void
check_resampled (const VattTensorInfo *table, const VattTensorInfo *info,
    size_t count, Worst *worst)
{
  const size_t shape[] = { table->shape[0], table->shape[1] };
  if (info->shape[0] != count || info->shape[1] != shape[1]) {
    fail ("%s does not have %zu rows of %zu", info->name, count, shape[1]);
    return;
  }
  g_autofree float *values = copy_floats (table);
  g_autofree float *expected = copy_floats (info);
  g_autofree float *found = resample (values, shape, count);
  double error = 0.0, share = 0.0;
  for (size_t i = 0; i < count * shape[1]; i++) {
    double apart = largest_difference (found + i, expected + i, 1);
    error = fmax (error, apart);
    share = fmax (
        share, apart / position_tolerance (shape[0], (double)expected[i]));
  }
  record (worst, info->name, error, share);
}

/* "table8/to4" is "table8" resampled. */
static gboolean
check_positions (VattTensorFile *file, const VattTensorInfo *info, Worst *worst)
{
  const char *slash = strchr (info->name, '/');
  guint rows, count = 0;
  g_autofree char *name =
      slash ? g_strndup (info->name, (gsize)(slash - info->name))
            : g_strdup (info->name);
  if (!number_after (name, "table", &rows) ||
      (slash && !number_after (slash, "/to", &count)))
    return FALSE;
  const VattTensorInfo *table =
      find_input (file, name, VATT_DTYPE_F32, 2, info->name);
  if (table && table->shape[0] != rows)
    fail ("%s does not have %u rows", name, rows);
  else if (table && slash && has_type (info, VATT_DTYPE_F32, 2))
    check_resampled (table, info, count, worst);
  return TRUE;
}

/* ---- */

static void
test_mel (void)
{
  check_file ("mel.safetensors", check_mel);
}

static void
test_resize (void)
{
  check_file ("resize.safetensors", check_resize);
}

static void
test_positions (void)
{
  check_file ("positions.safetensors", check_positions);
}

static void
test_colour (void)
{
  check_file ("colour.safetensors", check_colour);
}

static void
test_nce (void)
{
  check_file ("nce.safetensors", check_nce);
}

static void
test_metrics (void)
{
  g_autofree char *path = find_file ("metrics.json");
  Worst worst = { NULL };
  if (!path)
    return;
  check_metrics (path, &worst);
  report ("metrics.json", &worst);
}

static void
test_schedules (void)
{
  g_autofree char *path = find_file ("schedules.json");
  Worst worst = { NULL };
  if (!path)
    return;
  check_schedules (path, &worst);
  report ("schedules.json", &worst);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run) (void);
  } tests[] = { { "mel", test_mel }, { "words", test_words },
    { "resize", test_resize }, { "positions", test_positions },
    { "colour", test_colour }, { "metrics", test_metrics }, { "nce", test_nce },
    { "schedules", test_schedules } };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; argc == 2 && i < G_N_ELEMENTS (tests); i++)
    if (strcmp (argv[1], tests[i].name) == 0) {
      g_autofree char *path = g_strconcat ("/golden/numbers/", argv[1], NULL);
      g_test_add_func (path, tests[i].run);
      return g_test_run ();
    }
  g_printerr (
      "usage: %s mel|words|resize|positions|colour|metrics|nce|schedules\n",
      argv[0]);
  return 1;
}
