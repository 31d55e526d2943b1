/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Manifests: what they say, what is wrong with bad ones, and the order of
 * epochs. */
#include <vatt/manifest.h>

#include <string.h>

#define HEADER "path\tstart\tend\tlabel\tsplit\tid\n"
#define MS G_GUINT64_CONSTANT (1000000)

static const char good[] = HEADER "a.wav\t0.000\t0.298\train\ttrain\ta\n"
                                  "b/b.wav\t0\t0\tdog\ttest\tb\n"
                                  "/c.wav\t1.5\t2.123456789\t\ttrain\t\n"
                                  "b/b.wav\t0.25\t9\train\ttrain\td\r\n\n";

static VattManifest *
read_text (const char *text, const VattManifestParams *params)
{
  g_autoptr (GError) error = NULL;
  VattManifest *manifest = vatt_manifest_new_from_data (
      text, strlen (text), "/set/m.tsv", params, &error);
  g_assert_no_error (error);
  return manifest;
}

static void
test_rows (void)
{
  g_autoptr (VattManifest) manifest = read_text (good, NULL);
  g_assert_cmpuint (vatt_manifest_get_n_rows (manifest), ==, 4);
  const VattManifestRow *row = vatt_manifest_get_row (manifest, 0);
  g_assert_cmpuint (row->line, ==, 2);
  g_assert_cmpstr (row->name, ==, "a.wav");
  g_assert_cmpstr (row->path, ==, "/set/a.wav");
  g_assert_cmpuint (row->start, ==, 0);
  g_assert_cmpuint (row->end, ==, 298 * MS);
  g_assert_cmpstr (row->split, ==, "train");
  g_assert_cmpstr (row->label, ==, "rain");
  g_assert_cmpint (row->class_id, ==, 1);
  g_assert_null (row->text);
  g_assert_null (row->captions);
  g_assert_cmpstr (row->id, ==, "a");
  row = vatt_manifest_get_row (manifest, 1);
  g_assert_cmpstr (row->path, ==, "/set/b/b.wav");
  g_assert_cmpint (row->class_id, ==, 0);
  g_assert_cmpuint (row->end, ==, 0);
  row = vatt_manifest_get_row (manifest, 2);
  g_assert_cmpstr (row->path, ==, "/c.wav");
  g_assert_cmpuint (row->start, ==, 1500 * MS);
  g_assert_cmpuint (row->end, ==, G_GUINT64_CONSTANT (2123456789));
  g_assert_null (row->label);
  g_assert_null (row->id);
  g_assert_cmpint (row->class_id, ==, -1);
  g_assert_cmpstr (vatt_manifest_get_field (manifest, 3, "end"), ==, "9");
  g_assert_cmpstr (vatt_manifest_get_field (manifest, 3, "id"), ==, "d");
  g_assert_null (vatt_manifest_get_field (manifest, 3, "speaker"));
  const char *const *labels = vatt_manifest_get_labels (manifest);
  g_assert_cmpstr (labels[0], ==, "dog");
  g_assert_cmpstr (labels[1], ==, "rain");
  g_assert_null (labels[2]);
}

/* Classes are those of all splits: numbers in train and test are the same. */
static void
test_params (void)
{
  VattManifestParams train = { .split = "train" };
  g_autoptr (VattManifest) some = read_text (good, &train);
  g_assert_cmpuint (vatt_manifest_get_n_rows (some), ==, 3);
  g_assert_cmpuint (vatt_manifest_get_row (some, 2)->line, ==, 5);
  g_assert_cmpint (vatt_manifest_get_row (some, 2)->class_id, ==, 1);
  g_assert_cmpstr (vatt_manifest_get_field (some, 2, "id"), ==, "d");

  const char *const classes[] = { "rain", "sea", "dog", NULL };
  VattManifestParams listed = { .labels = classes };
  g_autoptr (VattManifest) given = read_text (good, &listed);
  g_assert_cmpint (vatt_manifest_get_row (given, 0)->class_id, ==, 0);
  g_assert_cmpint (vatt_manifest_get_row (given, 1)->class_id, ==, 2);

  VattManifestParams columns = { .label_column = "split", .text_column = "id" };
  g_autoptr (VattManifest) other = read_text (good, &columns);
  g_assert_cmpstr (vatt_manifest_get_row (other, 1)->label, ==, "test");
  g_assert_cmpstr (vatt_manifest_get_row (other, 1)->text, ==, "b");
  g_assert_null (vatt_manifest_get_row (other, 2)->text);

  g_autoptr (VattManifest) texts =
      read_text ("\xef\xbb\xbfpath\tstart\tend\ttext\tsplit\tcaptions\taudio\n"
                 "a.mp4\t0\t1\ta dog\tdemo\tsub/a.srt\t\n"
                 "a.jpg\t0\t0\t\tdemo\t\t../a.wav\n",
          NULL);
  const VattManifestRow *row = vatt_manifest_get_row (texts, 0);
  g_assert_cmpstr (row->text, ==, "a dog");
  g_assert_cmpstr (row->captions, ==, "/set/sub/a.srt");
  g_assert_null (row->label);
  g_assert_null (row->audio);
  g_assert_null (vatt_manifest_get_labels (texts)[0]);
  row = vatt_manifest_get_row (texts, 1);
  g_assert_null (row->text);
  g_assert_null (row->captions);
  g_assert_cmpstr (row->audio, ==, "/set/../a.wav");
}

static void
test_refusals (void)
{
  static const char *const classes[] = { "dog", "sea", NULL };
  static const char *const twice[] = { "dog", "dog", NULL };
#define ROW "a\t0\t1\tdog\ttrain\ta\n"
  static const struct {
    const char *text, *says[3];
    VattManifestParams params;
  } cases[] = {
    { "", { "m.tsv", "empty" } },
    { HEADER, { "found no rows" } },
    { "path\tstart\tend\n", { "line 1", "3 columns", "5" } },
    { "path\tfrom\tend\tlabel\tsplit\n",
        { "line 1", "column 2 is 'from'", "expected 'start'" } },
    { "path\tstart\tend\tclass\tsplit\n",
        { "'class'", "expected 'label' or 'text'" } },
    { "path\tstart\tend\tlabel\tsplit\tlabel\n",
        { "columns 4 and 6", "'label'" } },
    { "path\tstart\tend\tlabel\tsplit\t\n", { "column 6 has no name" } },
    { HEADER "a\t0\t1\tdog\ttrain\n", { "line 2", "5 fields", "expected 6" } },
    { HEADER ROW "b\t0\t1\tdog\ttrain\tb\tmore\n", { "line 3", "7 fields" } },
    { HEADER "a\tx\t1\tdog\ttrain\ta\n", { "start is 'x'", "seconds" } },
    { HEADER "a\t0\t-1\tdog\ttrain\ta\n", { "end is '-1'" } },
    { HEADER "a\t0\t1e9\tdog\ttrain\ta\n", { "end is '1e9'" } },
    { HEADER "a\t0\t9999999999\tdog\ttrain\ta\n", { "'9999999999'" } },
    { HEADER "a\t3.0\t2.0\tdog\ttrain\ta\n",
        { "line 2", "from 3.0 to 2.0", "an end behind the start" } },
    { HEADER "a\t3\t0\tdog\ttrain\ta\n", { "from 3 to 0" } },
    { HEADER "a\t3\t3\tdog\ttrain\ta\n", { "from 3 to 3" } },
    { HEADER "\t0\t1\tdog\ttrain\ta\n", { "path is empty" } },
    { HEADER "a\t0\t1\tdog\t\ta\n", { "split is empty" } },
    { HEADER ROW "b\t0\t1\tdog\ttest\ta\n",
        { "line 3", "id 'a' of line 2", "different" } },
    { HEADER ROW "b\t0\t1\tcat\ttest\tb\n",
        { "line 3", "label 'cat'", "'dog', 'sea'" }, { .labels = classes } },
    { HEADER ROW, { "class 'dog' twice" }, { .labels = twice } },
    { HEADER ROW, { "no rows of split 'val'", "'train'" }, { .split = "val" } },
    { HEADER ROW, { "no column 'digit'", "'label'" },
        { .label_column = "digit" } },
    { HEADER ROW, { "no column 'said'" }, { .text_column = "said" } },
    { HEADER ROW "\xff\t0\t1\tdog\ttest\tb\n", { "line 3", "0xff", "UTF-8" } },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (vatt_manifest_new_from_data (cases[i].text,
        strlen (cases[i].text), "/set/m.tsv", &cases[i].params, &error));
    g_assert_error (error, VATT_ERROR, VATT_ERROR_MEDIA);
    g_assert_nonnull (strstr (error->message, "/set/m.tsv"));
    for (guint k = 0; k < 3 && cases[i].says[k]; k++)
      if (!strstr (error->message, cases[i].says[k]))
        g_error ("'%s' does not say '%s'", error->message, cases[i].says[k]);
  }
  g_autoptr (GError) error = NULL;
  g_assert_null (vatt_manifest_read ("/no/such/m.tsv", NULL, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

/* ---- order ---- */

static VattManifest *
numbered (guint n)
{
  g_autoptr (GString) text = g_string_new ("path\tstart\tend\tlabel\tsplit\n");
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%u\t0\t1\tx\ttrain\n", i);
  return read_text (text->str, NULL);
}

static guint *
order_of (const VattManifest *manifest, const VattOrder *order, guint64 epoch,
    guint *n)
{
  g_autoptr (GError) error = NULL;
  guint *rows = vatt_manifest_order (manifest, order, epoch, n, &error);
  g_assert_no_error (error);
  return rows;
}

/* The order is part of the format of a run: it may never change, or a killed
 * run would go on elsewhere. The numbers follow from Philox4x32-10 of seed 5,
 * computed apart. */
static void
test_order (void)
{
  g_autoptr (VattManifest) manifest = numbered (10);
  VattOrder order = { .world_size = 1 };
  guint n;
  g_autofree guint *plain = order_of (manifest, &order, 4, &n);
  g_assert_cmpuint (n, ==, 10);
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (plain[i], ==, i);
  order.shuffle = TRUE;
  order.seed = 5;
  static const guint expected[2][10] = { { 8, 1, 5, 4, 2, 7, 9, 3, 6, 0 },
    { 2, 4, 1, 5, 9, 6, 3, 8, 7, 0 } };
  for (guint epoch = 0; epoch < 2; epoch++) {
    g_autofree guint *rows = order_of (manifest, &order, epoch, &n);
    g_assert_cmpmem (
        rows, n * sizeof *rows, expected[epoch], sizeof expected[epoch]);
  }
}

/* Every row comes to each place about equally often. */
static void
test_even (void)
{
  enum { N = 5, EPOCHS = 5000 };
  g_autoptr (VattManifest) manifest = numbered (N);
  VattOrder order = { .shuffle = TRUE, .seed = 1, .world_size = 1 };
  guint counts[N][N] = { { 0 } }, n;
  for (guint epoch = 0; epoch < EPOCHS; epoch++) {
    g_autofree guint *rows = order_of (manifest, &order, epoch, &n);
    for (guint i = 0; i < N; i++)
      counts[i][rows[i]]++;
  }
  /* 1000 expected, deviation 28: five of them. */
  for (guint i = 0; i < N * N; i++)
    g_assert_cmpuint (ABS ((int)counts[i / N][i % N] - EPOCHS / N), <, 142);
}

/* The shards of an epoch are all of it, each row once. */
static void
test_shards (void)
{
  g_autoptr (VattManifest) manifest = numbered (11);
  VattOrder whole = { .shuffle = TRUE, .seed = 3, .world_size = 1 };
  guint n_all, n;
  g_autofree guint *all = order_of (manifest, &whole, 7, &n_all);
  for (guint rank = 0; rank < 4; rank++) {
    VattOrder part = whole;
    part.rank = rank;
    part.world_size = 4;
    g_autofree guint *even = order_of (manifest, &part, 7, &n);
    g_assert_cmpuint (n, ==, 2);
    part.remainder = VATT_REMAINDER_KEEP;
    g_autofree guint *rows = order_of (manifest, &part, 7, &n);
    g_assert_cmpuint (n, ==, rank < 3 ? 3 : 2);
    g_assert_cmpmem (even, 2 * sizeof *even, rows, 2 * sizeof *rows);
    for (guint i = 0; i < n; i++)
      g_assert_cmpuint (rows[i], ==, all[rank + 4 * i]);
  }
  g_autoptr (GError) error = NULL;
  VattOrder many = { .world_size = 12 };
  g_assert_null (vatt_manifest_order (manifest, &many, 0, &n, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  g_assert_nonnull (strstr (error->message, "11 rows"));
  many.rank = 11;
  many.remainder = VATT_REMAINDER_KEEP;
  g_clear_error (&error);
  g_assert_null (vatt_manifest_order (manifest, &many, 0, &n, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
}

/* All that there is can be read. */
static void
test_real (void)
{
  static const struct {
    const char *path;
    guint rows, labels;
  } sets[] = { { "grid-talker/manifest.tsv", 900, 0 },
    { "grid-talker/words.tsv", 5400, 51 },
    { "spoken-digits/manifest.tsv", 2250, 10 },
    { "camera-moves/manifest.tsv", 750, 10 },
    { "picture-words/manifest.tsv", 642, 0 },
    { "captioned-clips/manifest.tsv", 20, 0 } };
  const char *data = g_getenv ("VATT_SHARED_DATA");
  g_autofree char *folder = g_build_filename (data ? data : "", "data", NULL);
  if (!g_file_test (folder, G_FILE_TEST_IS_DIR)) {
    g_test_skip ("no data sets");
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (sets); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *path = g_build_filename (folder, sets[i].path, NULL);
    g_autoptr (VattManifest) manifest = vatt_manifest_read (path, NULL, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (vatt_manifest_get_n_rows (manifest), ==, sets[i].rows);
    g_assert_cmpuint (
        g_strv_length ((char **)vatt_manifest_get_labels (manifest)), ==,
        sets[i].labels);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/manifest/rows", test_rows);
  g_test_add_func ("/manifest/params", test_params);
  g_test_add_func ("/manifest/refusals", test_refusals);
  g_test_add_func ("/manifest/order", test_order);
  g_test_add_func ("/manifest/even", test_even);
  g_test_add_func ("/manifest/shards", test_shards);
  g_test_add_func ("/manifest/real", test_real);
  return g_test_run ();
}
