/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Models and their files: what comes back, and what cannot be. */
#include "modelfile.h"

static const char vocabulary_text[] =
    "<pad>\n<bos>\n<eos>\n<unk>\ndog\nété\n\xd7\xa9\xd7\x9c\n";

static void
test_round_trip (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattVocabulary) words = vatt_vocabulary_new_from_data (
      vocabulary_text, sizeof vocabulary_text - 1, &error);
  g_assert_no_error (error);
  g_autoptr (VattConfig) config = vatt_config_load ("tiny", &error);
  g_autoptr (VattModel) model = vatt_model_new (config, 7, words, &error);
  g_assert_no_error (error);
  for (guint trained = 0; trained < 2; trained++) {
    vatt_model_set_trained (model, trained != 0);
    save (model);
    g_autoptr (VattModel) loaded = trained ? load () : load_copy ();
    g_assert_true (same_bits (model, loaded));
    g_assert_cmpint (vatt_model_is_trained (loaded), ==, (gint)trained);
    g_assert_cmpstr (vatt_model_get_id (loaded), ==, vatt_model_get_id (model));
    g_autofree char *before = vatt_config_to_text (config);
    g_autofree char *after =
        vatt_config_to_text (vatt_model_get_config (loaded));
    g_assert_cmpstr (after, ==, before);
    g_assert_null (vatt_model_get_labels (loaded));
    g_autofree char *text =
        vatt_vocabulary_to_text (vatt_model_get_vocabulary (loaded));
    g_assert_cmpstr (text, ==, vocabulary_text);
    g_assert_cmpuint (vatt_model_get_n_parameters (loaded, FALSE), ==,
        vatt_config_get_declared_parameters (config));
    g_assert_cmpuint (vatt_model_get_n_parameters (loaded, TRUE), <,
        vatt_model_get_n_parameters (loaded, FALSE));
    /* Written over the file it is mapped from. */
    save (loaded);
    g_autoptr (VattModel) again = load ();
    g_assert_true (same_bits (model, again));
  }
}

static void
test_seeds (void)
{
  g_autoptr (VattModel) a = small_model (1);
  g_autoptr (VattModel) same = small_model (1);
  g_autoptr (VattModel) other = small_model (2);
  g_assert_true (same_bits (a, same));
  g_assert_cmpstr (vatt_model_get_id (a), ==, vatt_model_get_id (same));
  g_assert_false (same_bits (a, other));
  g_assert_cmpstr (vatt_model_get_id (a), !=, vatt_model_get_id (other));
}

static void
test_labels (void)
{
  static const char *const labels[] = { "say \"hi\", it's \\ here",
    "two\nlines\r\n", "", " ", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "\t\x01\x7f",
    "\xf0\x9f\x90\x95 \xc3\xa9t\xc3\xa9", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = small_model (1);
  for (guint turn = 0; turn < 7; turn++) {
    /* Each of them last once: a file of lines loses empty ends easily. */
    const char *turned[8] = { NULL };
    for (guint i = 0; i < 7; i++)
      turned[i] = labels[(i + turn) % 7];
    g_assert_true (vatt_model_set_labels (model, turned, &error));
    g_assert_no_error (error);
    save (model);
    g_autoptr (VattModel) loaded = load ();
    const char *const *found = vatt_model_get_labels (loaded);
    g_assert_true (g_strv_equal (found, turned));
  }
  static const char *const few[] = { "a", "b", NULL };
  g_assert_false (vatt_model_set_labels (model, few, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  g_assert_nonnull (strstr (error->message, "2 labels, expected 7"));
}

static void
test_vocabulary_too_large (void)
{
  static const char *const words =
      "<pad>\n<bos>\n<eos>\n<unk>\na\nb\nc\nx\ne\nf\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (VattVocabulary) vocabulary =
      vatt_vocabulary_new_from_data (words, strlen (words), &error);
  g_assert_no_error (error);
  g_autoptr (VattModel) model = small_model (1);
  g_assert_false (vatt_model_set_vocabulary (model, vocabulary, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  g_assert_nonnull (strstr (error->message, "10 words"));
}

static void
test_not_saved (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = small_model (1);
  g_autofree char *nowhere = g_build_filename (folder, "no", "where", NULL);
  g_assert_false (vatt_model_save (model, nowhere, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

int
main (int argc, char **argv)
{
  static const ModelTest tests[] = {
    { "/model/round-trip", test_round_trip },
    { "/model/seeds", test_seeds },
    { "/model/labels", test_labels },
    { "/model/vocabulary-too-large", test_vocabulary_too_large },
    { "/model/not-saved", test_not_saved },
  };
  g_test_init (&argc, &argv, NULL);
  return run_with_file (tests, G_N_ELEMENTS (tests));
}
