/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Labels that a trainer reads, and the names of classes in what it writes. */
#include "media.h"
#include "trainee.h"

#include <string.h>

#define HEADER "path\tstart\tend\tlabel\tsplit\n"

static const char *const names[] = { "cat", "dog", "bird", "fish", NULL };
static char *classifier, *labels_file;

static Trainee *
classify (const char *settings, const char *const *labels, guint n)
{
  g_autofree char *all = g_strdup_printf (
      "variant=%s task=video batch-size=4 steps=100 reservoir-size=4 "
      "labels-file=%s %s",
      classifier, labels_file, settings);
  Trainee *t = trainee_new (all, "video_0");
  trainee_play (t);
  for (guint i = 0; i < n; i++)
    trainee_push_labelled (t, "video_0", i, labels[i % 4]);
  trainee_end_all (t);
  trainee_wait (t);
  return t;
}

static void
test_unknown (void)
{
  static const char *const bad[] = { "cat", "dog", "horse", "bird" };
  g_autoptr (Trainee) t = classify ("", names, 40);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->steps->len, ==, 10);
  g_assert_cmpfloat (trainee_number (t->steps->pdata[9], "loss"), <,
      trainee_number (t->steps->pdata[0], "loss"));
  g_clear_pointer (&t, trainee_free);
  t = classify ("", bad, 40);
  trainee_assert_error (t, GST_STREAM_ERROR, "horse");
  g_clear_pointer (&t, trainee_free);
  t = classify ("on-unknown-label=skip", bad, 40);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (trainee_count (t, "unknown-labels"), ==, 10);
  g_assert_cmpuint (t->steps->len, ==, 7);
}

/* ---- names ---- */

static void
check_names (const char *path, const char *const *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = vatt_model_load (path, &error);
  g_assert_no_error (error);
  g_assert_nonnull (vatt_model_get_labels (model));
  g_assert_true (g_strv_equal (vatt_model_get_labels (model), expected));
}

/* A classifier needs no file but the model to say them. */
static void
check_said (const char *path, const char *const *expected)
{
  g_autofree char *line = g_strdup_printf (
      "videotestsrc num-buffers=8 ! video/x-raw,framerate=10/1,width=16,"
      "height=16 ! vattvideotok ! vattencoder model=%s threads=1 ! "
      "vattclassifier threshold=0",
      path);
  g_autoptr (Report) report = run_pipeline (line);
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_cmpuint (report->results->len, ==, 2);
  for (guint i = 0; i < report->results->len; i++) {
    gint class_id;
    g_assert_true (gst_structure_get_int (
        report->results->pdata[i], "class-id", &class_id));
    g_assert_cmpint (class_id, >=, 0);
    g_assert_cmpstr (
        report_string (report, i, "label"), ==, expected[class_id]);
  }
}

static void
test_file (void)
{
  g_autofree char *folder = trainee_folder ("of-a-file");
  g_autofree char *output = trainee_folder ("of-a-file.safetensors");
  g_autofree char *settings =
      g_strdup_printf ("checkpoint-dir=%s output=%s", folder, output);
  g_autoptr (Trainee) t = classify (settings, names, 8);
  g_assert_cmpstr (t->error, ==, NULL);
  check_names (output, names);
  check_said (output, names);
  g_assert_cmpuint (t->checkpoints->len, ==, 1);
  check_names (
      gst_structure_get_string (t->checkpoints->pdata[0], "file"), names);
}

/* ---- names of data sets ---- */

/* A list of clips of one window each, in this order. Returns its path. */
static char *
make_set (const char *name, const char *const *labels)
{
  g_autofree char *film = media_make ("film.webm",
      "videotestsrc num-buffers=4 ! video/x-raw,framerate=10/1,width=32,"
      "height=32 ! vp8enc ! webmmux");
  g_autoptr (GString) text = g_string_new (HEADER);
  for (guint i = 0; labels[i]; i++)
    g_string_append_printf (text, "film.webm\t0\t0.4\t%s\ttrain\n", labels[i]);
  return media_write (name, text->str, text->len);
}

#define SOURCE(n)                                                              \
  " s" #n ".video ! queue ! vattvideotok tail=drop ! t.video_" #n

/* Learns from the sources, which are called s0 and so on. */
static Report *
learn (const char *settings, const char *sources)
{
  g_autofree char *line = g_strdup_printf (
      "vatttrainsink name=t variant=%s task=video batch-size=2 "
      "reservoir-size=2 steps=100 threads=1 device=cpu %s %s",
      classifier, settings, sources);
  return run_pipeline (line);
}

/* Numbered by the order of their bytes, they are told to those who have none,
 * and are in the checkpoint, too. */
static void
test_data_set (void)
{
  static const char *const sorted[] = { "bird", "cat", "dog", "fish", NULL };
  g_autofree char *set = make_set ("set.tsv", names);
  g_autofree char *folder = trainee_folder ("of-a-set");
  g_autofree char *output = trainee_folder ("of-a-set.safetensors");
  g_autofree char *settings =
      g_strdup_printf ("checkpoint-dir=%s output=%s", folder, output);
  for (guint epochs = 1; epochs <= 2; epochs++) {
    g_autofree char *source = g_strdup_printf (
        "vattdatasetsrc name=s0 manifest=%s epochs=%u" SOURCE (0), set, epochs);
    g_autoptr (Report) report = learn (settings, source);
    g_assert_cmpstr (report->error, ==, NULL);
    check_names (output, sorted);
  }
  check_said (output, sorted);
  g_autofree char *newest =
      g_build_filename (folder, "step-0000000004.safetensors", NULL);
  check_names (newest, sorted);
  /* The same clips with other numbers. */
  g_autofree char *source = g_strdup_printf (
      "vattdatasetsrc name=s0 manifest=%s labels-file=%s epochs=3" SOURCE (0),
      set, labels_file);
  g_autoptr (Report) report = learn (settings, source);
  g_assert_cmpuint (report->errors, ==, 1);
  g_assert_true (report->domain == GST_LIBRARY_ERROR);
  g_assert_nonnull (strstr (
      report->error, "class 0 of the data set is 'cat', expected 'bird'"));
}

/* Two sets that number classes otherwise cannot be learnt from by numbers, but
 * by names. */
static void
test_data_sets (void)
{
  g_autofree char *set = make_set ("set.tsv", names);
  g_autofree char *output = trainee_folder ("of-two-sets.safetensors");
  g_autofree char *sources = g_strdup_printf (
      "vattdatasetsrc name=s0 manifest=%s" SOURCE (
          0) " vattdatasetsrc name=s1 manifest=%s labels-file=%s" SOURCE (1),
      set, set, labels_file);
  g_autoptr (Report) refused = learn ("", sources);
  g_assert_cmpuint (refused->errors, ==, 1);
  g_assert_nonnull (strstr (refused->error, "of the data set is"));
  g_autofree char *settings =
      g_strdup_printf ("labels-file=%s output=%s", labels_file, output);
  g_autoptr (Report) report = learn (settings, sources);
  g_assert_cmpstr (report->error, ==, NULL);
  check_names (output, names);
}

/* A list that does not fit is none. */
static void
test_few (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *set = make_set ("few.tsv", names + 1);
  g_autofree char *output = trainee_folder ("of-few.safetensors");
  g_autofree char *settings = g_strdup_printf ("output=%s", output);
  g_autofree char *source =
      g_strdup_printf ("vattdatasetsrc name=s0 manifest=%s" SOURCE (0), set);
  g_autoptr (Report) report = learn (settings, source);
  g_assert_cmpstr (report->error, ==, NULL);
  g_autoptr (VattModel) model = vatt_model_load (output, &error);
  g_assert_no_error (error);
  g_assert_null (vatt_model_get_labels (model));
}

int
main (int argc, char **argv)
{
  static const char text[] = "cat\ndog\nbird\nfish\n";
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  classifier = trainee_variant (
      "classes", "[head]\nkind=classifier\nclasses=4\nmulti-label=false\n");
  labels_file = media_write ("names", text, strlen (text));
  g_test_add_func ("/trainsink/labels/unknown", test_unknown);
  g_test_add_func ("/trainsink/labels/file", test_file);
  g_test_add_func ("/trainsink/labels/data-set", test_data_set);
  g_test_add_func ("/trainsink/labels/data-sets", test_data_sets);
  g_test_add_func ("/trainsink/labels/few", test_few);
  int result = g_test_run ();
  g_free (classifier);
  g_free (labels_file);
  media_clear ();
  return result;
}
