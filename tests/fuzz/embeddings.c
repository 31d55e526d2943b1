/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tables of embeddings, which `vatt eval` reads: what is accepted has windows
 * that begin before they end and finite numbers, as many for each. */
#include "fuzz.h"
#include "input.h"

#include "embeddings.h"

#include <math.h>
#include <string.h>

static void
check_table (const VattEmbeddingTable *table)
{
  g_assert_cmpuint (table->windows->len, >, 0);
  g_assert_cmpuint (table->width, >, 0);
  g_assert_cmpuint (table->values->len, ==, table->windows->len * table->width);
  for (guint w = 0; w < table->windows->len; w++) {
    const VattWindow *window = &g_array_index (table->windows, VattWindow, w);
    g_assert_true (g_utf8_validate (window->name, -1, NULL));
    g_assert_true (window->end >= window->start);
    g_assert_cmpfloat (
        vatt_window_overlap (window, window), ==, window->end - window->start);
  }
  for (guint i = 0; i < table->values->len; i++)
    g_assert_true (isfinite (g_array_index (table->values, float, i)));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const VattModality audio = VATT_AUDIO;
  const VattModality *const wanted[] = { NULL, &audio };
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++) {
    g_autoptr (GError) error = NULL;
    VattEmbeddingTable *table = vatt_embedding_table_parse (
        "rows.tsv", (const char *)data, size, wanted[i], &error);
    input_check_error (table != NULL, error);
    if (!table)
      continue;
    check_table (table);
    vatt_embedding_table_free (table);
  }
  return 0;
}

void
fuzz_seeds (FuzzAdd add, gpointer user_data)
{
  static const char *const texts[] = {
    "a.mp4\tvideo\t0.000\t2.560\t0.5\t-1e-3\n"
    "a.mp4\tvideo\t2.560\t5.120\t1\t2\n",
    "a\\t\\\\b.mp4\tvideo\t0.000\t2.560\t0.5\n\n"
    "a\\n.wav\taudio\t0.000\t2.560\t0.5\t1.25e+10",
    "a.mp4\tvideo\t0.000\t2.560\t0.5\t1e39\n",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *name = g_strdup_printf ("text%zu", i);
    add (name, texts[i], strlen (texts[i]), user_data);
  }
}
