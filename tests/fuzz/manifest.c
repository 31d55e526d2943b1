/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Manifests: what is accepted has rows whose spans and classes make sense, and
 * every epoch takes each of them once. */
#include "fuzz.h"
#include "input.h"

#include <vatt/manifest.h>

#include <string.h>

static void
check_rows (const VattManifest *manifest)
{
  const char *const *labels = vatt_manifest_get_labels (manifest);
  gint n_labels = (gint)g_strv_length ((char **)labels);
  for (guint i = 0; i < vatt_manifest_get_n_rows (manifest); i++) {
    const VattManifestRow *row = vatt_manifest_get_row (manifest, i);
    g_assert_cmpuint (row->line, >, 1);
    g_assert_true (*row->name != '\0' && g_path_is_absolute (row->path));
    g_assert_true (g_utf8_validate (row->path, -1, NULL));
    g_assert_true (row->end > row->start || (row->start == 0 && row->end == 0));
    g_assert_true (*row->split != '\0');
    g_assert_cmpint (row->class_id, <, n_labels);
    g_assert_true ((row->class_id >= 0) == (row->label != NULL));
    if (row->label)
      g_assert_cmpstr (labels[row->class_id], ==, row->label);
    g_assert_cmpstr (
        vatt_manifest_get_field (manifest, i, "path"), ==, row->name);
  }
}

static void
check_order (const VattManifest *manifest)
{
  VattOrder order = { .shuffle = TRUE, .seed = 7, .world_size = 1 };
  guint n;
  g_autofree guint *rows = vatt_manifest_order (manifest, &order, 3, &n, NULL);
  g_assert_cmpuint (n, ==, vatt_manifest_get_n_rows (manifest));
  g_autofree gboolean *seen = g_new0 (gboolean, n);
  for (guint i = 0; i < n; i++) {
    g_assert_cmpuint (rows[i], <, n);
    g_assert_false (seen[rows[i]]);
    seen[rows[i]] = TRUE;
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const char *const labels[] = { "dog", "rain", NULL };
  static const VattManifestParams params[] = { { NULL },
    { .split = "train", .labels = labels },
    { .label_column = "split", .text_column = "path" } };
  for (guint i = 0; i < G_N_ELEMENTS (params); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (VattManifest) manifest = vatt_manifest_new_from_data (
        (const char *)data, size, "/set/m.tsv", &params[i], &error);
    input_check_error (manifest != NULL, error);
    if (!manifest)
      continue;
    check_rows (manifest);
    check_order (manifest);
  }
  return 0;
}

void
fuzz_seeds (FuzzAdd add, gpointer user_data)
{
  static const char *const texts[] = {
    "path\tstart\tend\tlabel\tsplit\tid\n"
    "a.wav\t0.000\t0.298\tdog\ttrain\ta\n"
    "b.wav\t0\t0\train\ttest\tb\n"
    "/c.wav\t1.5\t2.123456789\t\ttrain\t\n",
    "\xef\xbb\xbfpath\tstart\tend\ttext\tsplit\tlabel\tcaptions\r\n"
    "a.webm\t3.000\t6.000\tset red in u\ttrain\tdog\ta.vtt\r\n\r\n"
    "../b.webm\t0.000\t3.000\t\ttrain\t\t\r\n",
    "path\tstart\tend\tlabel\tsplit\n",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *name = g_strdup_printf ("text%zu", i);
    add (name, texts[i], strlen (texts[i]), user_data);
  }
}
