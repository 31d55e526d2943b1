/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How a data set begins, ends and fails: bad manifests and files, states at
 * every moment, flushes, pads that go. */
#include "dataset.h"

#include <string.h>

#define HEADER "path\tstart\tend\tlabel\tsplit\tid\n"
#define GOOD "a.wav\t0\t0.1\tdog\ttrain\t\n"
#define SINK "s.audio ! fakesink name=audio"

static char *
settings_of (const char *text, const char *more)
{
  g_autofree char *wav = dataset_wav ("a.wav", RATE);
  g_autofree char *manifest = dataset_manifest (text);
  return g_strdup_printf ("manifest=%s %s", manifest, more);
}

/* ---- failures ---- */

/* What is wrong with a manifest or with settings is one error that says so. */
static void
test_refusals (void)
{
  g_autofree char *labels = media_write ("labels.txt", "dog\nrain\n", 9);
  g_autofree char *listed = g_strdup_printf ("labels-file=%s", labels);
  const struct {
    const char *text, *more, *says[2];
  } cases[] = {
    { HEADER, "", { ".tsv", "no rows" } },
    { "path\tend\tstart\tlabel\tsplit\n", "", { "line 1", "'start'" } },
    { HEADER GOOD "a.wav\t2\t1\tdog\ttrain\t\n", "", { "line 3", "2 to 1" } },
    { HEADER GOOD "a.wav\t0\t1\tcat\ttrain\t\n", listed,
        { "line 3", "label 'cat'" } },
    { HEADER "a\t0\t1\t\ttrain\tx\nb\t0\t1\t\ttrain\tx\n", "",
        { "line 3", "id 'x'" } },
    { HEADER GOOD, "split=val", { "'val'", "'train'" } },
    { HEADER GOOD, "label-column=sort", { "'sort'", "'label'" } },
    { HEADER GOOD, "text-column=said", { "'said'", "'split'" } },
    { HEADER GOOD, "labels-file=/no/such/file", { "/no/such/file", "" } },
    { HEADER GOOD, "rank=2 world-size=2", { "rank 2", "world-size 2" } },
    { HEADER GOOD, "world-size=2", { "1 rows", "2 ranks" } },
    { HEADER GOOD, "manifest=/no/such/manifest", { "/no/such/manifest", "" } },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *settings = settings_of (cases[i].text, cases[i].more);
    g_autoptr (Run) run = run_all (settings, SINK);
    g_assert_cmpuint (run->errors, ==, 1);
    g_assert_cmpuint (run->clips[VATT_AUDIO]->len, ==, 0);
    for (guint k = 0; k < 2; k++)
      if (!strstr (run->error, cases[i].says[k]))
        g_error ("'%s' does not say '%s'", run->error, cases[i].says[k]);
  }
  g_autoptr (Run) unset = run_all ("", SINK);
  g_assert_nonnull (strstr (unset->error, "manifest"));
}

/* Files that cannot be read are named, counted and left out, whatever is wrong
 * with them; the others come at the times they would have without them. */
static void
test_bad_files (void)
{
  g_autofree char *webm = dataset_webm ("film.webm");
  g_autofree char *whole = NULL;
  gsize length;
  g_assert_true (g_file_get_contents (webm, &whole, &length, NULL));
  g_autofree char *cut = media_write ("cut.webm", whole, 100);
  g_autofree char *half = media_write ("half.webm", whole, length / 2);
  g_autofree char *text = media_write ("text.wav", "no sound here", 13);
  g_autofree char *empty = media_write ("empty.wav", "", 0);
  g_autofree char *bad_captions = media_write ("bad.vtt", "nothing", 7);
  static const char *const names[] = { "missing.wav", "cut.webm", "text.wav",
    "empty.wav", ".", "a.wav", "a.wav", "half.webm" };
  g_autofree char *settings =
      settings_of ("path\tstart\tend\tlabel\tsplit\tcaptions\n"
                   "missing.wav\t0\t0.1\tdog\ttrain\t\n"
                   "a.wav\t0\t0.1\tdog\ttrain\t\n"
                   "cut.webm\t0\t0.1\tdog\ttrain\t\n"
                   "text.wav\t0\t0.1\tdog\ttrain\t\n"
                   "empty.wav\t0\t0\tdog\ttrain\t\n"
                   ".\t0\t0.1\tdog\ttrain\t\n"
                   "a.wav\t7\t8\tdog\ttrain\t\n"
                   "a.wav\t0\t0.1\tdog\ttrain\tbad.vtt\n"
                   "half.webm\t0.5\t2.4\tdog\ttrain\t\n"
                   "a.wav\t0.1\t0.2\train\ttrain\t\n",
          "decoders=1");
  g_autoptr (Run) run = run_all (settings, SINK " s.text ! fakesink name=text");
  g_assert_cmpstr (run->error, ==, NULL);
  g_assert_cmpuint (run->warnings, ==, G_N_ELEMENTS (names));
  g_assert_cmpuint (run->skipped->len, ==, G_N_ELEMENTS (names));
  g_assert_cmpuint (run_stat (run, "skipped"), ==, G_N_ELEMENTS (names));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const GstStructure *skipped = run->skipped->pdata[i];
    g_assert_cmpstr (gst_structure_get_string (skipped, "name"), ==, names[i]);
    g_assert_nonnull (
        strstr (gst_structure_get_string (skipped, "reason"), names[i]));
  }
  g_assert_nonnull (strstr (run->warning, "'missing.wav', line 2"));
  g_assert_nonnull (strstr (run->warning, "No such file"));
  g_assert_cmpuint (run->clips[VATT_AUDIO]->len, ==, 2);
  check_samples (run_clip (run, VATT_AUDIO, 0), 0, 800);
  check_samples (run_clip (run, VATT_AUDIO, 1), 800, 800);
  g_assert_cmpuint (run_clip (run, VATT_AUDIO, 1)->segment.base, ==, 100 * MS);
  g_assert_cmpuint (clip_number (run_clip (run, VATT_AUDIO, 1), "clip"), ==, 9);
  guint64 done, skipped;
  g_object_get (run->source, "clips-done", &done, "skipped", &skipped, NULL);
  g_assert_cmpuint (done, ==, 10);
  g_assert_cmpuint (skipped, ==, G_N_ELEMENTS (names));
}

/* A run without a single good clip does not go on for ever. */
static void
test_nothing_good (void)
{
  g_autofree char *settings = settings_of (
      HEADER "x.wav\t0\t0\t\ttrain\t\ny.wav\t0\t0\t\ttrain\t\n", "epochs=0");
  g_autoptr (Run) run = run_all (settings, SINK);
  g_assert_cmpuint (run->errors, ==, 1);
  g_assert_nonnull (strstr (run->error, "none of the 2 clips"));
  g_assert_nonnull (strstr (run->error, "wav"));
}

/* A file that has other things than are wanted says so, not how decoding it
 * ended. */
static void
test_nothing_wanted (void)
{
  g_autofree char *still = media_make ("still.jpg",
      "videotestsrc num-buffers=1 ! video/x-raw,width=32,height=32 ! jpegenc");
  g_autofree char *settings = settings_of (
      HEADER "still.jpg\t0\t0\t\ttrain\t\n" GOOD, "epochs=10 cache-bytes=0");
  g_autoptr (Run) run = run_all (settings, SINK);
  g_assert_cmpuint (run->skipped->len, ==, 10);
  for (guint i = 0; i < 10; i++)
    g_assert_nonnull (
        strstr (gst_structure_get_string (run->skipped->pdata[i], "reason"),
            "found no audio in the file"));
  g_assert_cmpuint (run->clips[VATT_AUDIO]->len, ==, 10);
}

static void
test_too_large (void)
{
  g_autofree char *settings = settings_of (
      HEADER GOOD "a.wav\t0\t1\t\ttrain\t\n", "max-clip-bytes=2000");
  g_autoptr (Run) run = run_all (settings, SINK);
  g_assert_cmpuint (run->clips[VATT_AUDIO]->len, ==, 1);
  g_assert_cmpuint (run->warnings, ==, 1);
  g_assert_nonnull (strstr (run->warning, "2000 bytes"));
}

/* ---- ends ---- */

static char *
endless (const char *more)
{
  g_autofree char *webm = dataset_webm ("film.webm");
  g_autofree char *settings = g_strconcat ("epochs=0 ", more, NULL);
  return settings_of (HEADER GOOD "film.webm\t0.3\t2.2\tdog\ttrain\t\n"
                                  "film.webm\t1.3\t1.4\tdog\ttrain\t\n"
                                  "missing.wav\t0\t0\tdog\ttrain\t\n"
                                  "a.wav\t0.5\t0.7\train\ttrain\t\n",
      settings);
}

/* Down from every state, at any moment; then a run to its end in the same
 * element. */
static void
test_shutdown (void)
{
  g_autofree char *settings = endless ("prefetch=3");
  for (guint i = 0; i < 40; i++) {
    static const GstState targets[] = { GST_STATE_READY, GST_STATE_NULL };
    g_autoptr (Run) run = run_new (settings,
        SINK " s.video ! queue ! fakesink name=video s.text ! fakesink");
    if (i % 4 == 0)
      gst_element_set_state (run->pipeline, GST_STATE_PAUSED);
    g_usleep (i * i * 40);
    gst_element_set_state (run->pipeline, targets[i % 2]);
    g_object_set (run->source, "epochs", G_GUINT64_CONSTANT (1), NULL);
    if (i % 8 != 7)
      continue;
    for (guint m = 0; m < VATT_N_MODALITIES; m++)
      g_ptr_array_set_size (run->clips[m], 0);
    gst_element_set_state (run->pipeline, GST_STATE_PLAYING);
    run_wait_eos (run);
    g_assert_cmpstr (run->error, ==, NULL);
    g_assert_cmpuint (run->clips[VATT_AUDIO]->len, ==, 4);
    g_assert_cmpuint (run->clips[VATT_VIDEO]->len, ==, 4);
  }
}

/* A consumer that does not take anything: decoding ahead ends, and so does the
 * pipeline. */
static void
test_prefetch (void)
{
  g_autofree char *settings = endless ("prefetch=2");
  g_autoptr (Run) run = run_new (settings, SINK " sync=true");
  gint64 deadline = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;
  while (
      run_stat (run, "clips-ahead") < 3 && g_get_monotonic_time () < deadline)
    g_usleep (1000);
  for (guint i = 0; i < 50; i++) {
    g_assert_cmpuint (run_stat (run, "clips-ahead"), <=, 3);
    g_usleep (2000);
  }
}

/* The end of the stream from the application, as gst-launch-1.0 -e sends it. */
static void
test_eos (void)
{
  g_autofree char *settings = endless ("");
  g_autoptr (Run) run =
      run_new (settings, SINK " s.video ! fakesink name=video");
  run_wait_clips (run, VATT_VIDEO, 7);
  g_assert_true (gst_element_send_event (run->pipeline, gst_event_new_eos ()));
  run_wait_eos (run);
  g_assert_cmpstr (run->error, ==, NULL);
  g_assert_cmpuint (run->eos[VATT_AUDIO], ==, 1);
  g_assert_cmpuint (run->eos[VATT_VIDEO], ==, 1);
}

/* After a flush every pad begins with the same clip, at the running time 0, and
 * no clip is left out. */
static void
test_flush (void)
{
  g_autofree char *settings = endless ("");
  g_autoptr (Run) run = run_new (settings,
      "s.audio ! queue ! fakesink name=audio s.video ! fakesink name=video");
  for (guint i = 0; i < 20; i++) {
    run_wait_clips (run, VATT_VIDEO, 2);
    guint64 done;
    gst_element_send_event (run->source, gst_event_new_flush_start ());
    g_object_get (run->source, "clips-done", &done, NULL);
    g_mutex_lock (&run->lock);
    for (guint m = VATT_VIDEO; m <= VATT_AUDIO; m++)
      g_ptr_array_set_size (run->clips[m], 0);
    g_mutex_unlock (&run->lock);
    gst_element_send_event (run->source, gst_event_new_flush_stop (TRUE));
    run_wait_clips (run, VATT_VIDEO, 1);
    run_wait_clips (run, VATT_AUDIO, 1);
    g_mutex_lock (&run->lock);
    for (guint m = VATT_VIDEO; m <= VATT_AUDIO; m++) {
      const Clip *clip = run_clip (run, (VattModality)m, 0);
      g_assert_cmpuint (clip->segment.base, ==, 0);
      /* The missing file may have been due. */
      g_assert_cmpuint (clip_number (clip, "clip"), >=, done);
      g_assert_cmpuint (clip_number (clip, "clip"), <=, done + 1);
    }
    g_mutex_unlock (&run->lock);
  }
}

/* A pad that is given back does not hold up the others. */
static void
test_release (void)
{
  g_autofree char *settings = endless ("prefetch=1");
  g_autoptr (Run) run = run_new (settings,
      "s.audio ! fakesink name=audio s.video ! identity name=i sleep-time=2000 "
      "! fakesink name=video");
  run_wait_clips (run, VATT_VIDEO, 3);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (run->source, "video");
  g_autoptr (GstElement) identity =
      gst_bin_get_by_name (GST_BIN (run->pipeline), "i");
  gst_element_unlink (run->source, identity);
  gst_element_release_request_pad (run->source, pad);
  g_mutex_lock (&run->lock);
  guint n = run->clips[VATT_AUDIO]->len;
  g_mutex_unlock (&run->lock);
  run_wait_clips (run, VATT_AUDIO, n + 20);
}

/* One pad without anything behind it, then none with anything. */
static void
test_unlinked (void)
{
  g_autofree char *settings = settings_of (HEADER GOOD GOOD, "");
  g_autoptr (Run) run = run_new (settings, SINK);
  gst_element_set_state (run->pipeline, GST_STATE_NULL);
  g_ptr_array_set_size (run->clips[VATT_AUDIO], 0);
  g_autoptr (GstPad) video =
      gst_element_request_pad_simple (run->source, "video");
  g_assert_nonnull (video);
  gst_element_set_state (run->pipeline, GST_STATE_PLAYING);
  run_wait_eos (run);
  g_assert_cmpstr (run->error, ==, NULL);
  g_assert_cmpuint (run->clips[VATT_AUDIO]->len, ==, 2);
  gst_element_set_state (run->pipeline, GST_STATE_NULL);

  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (run->pipeline), "audio");
  gst_element_unlink (run->source, sink);
  gst_element_set_state (run->pipeline, GST_STATE_PLAYING);
  run_wait_eos (run);
  g_assert_cmpuint (run->errors, ==, 1);
  gst_element_set_state (run->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (run->source, video);
}

/* A pad that is asked for while it runs would get nothing. */
static void
test_late_pad (void)
{
  g_autofree char *settings = endless ("");
  g_autoptr (Run) run = run_new (settings, SINK);
  run_wait_clips (run, VATT_AUDIO, 1);
  g_assert_null (gst_element_request_pad_simple (run->source, "text"));
  g_assert_false (gst_element_seek_simple (
      run->pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0));
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vattdatasetsrc/refusals", test_refusals);
  g_test_add_func ("/vattdatasetsrc/bad-files", test_bad_files);
  g_test_add_func ("/vattdatasetsrc/nothing-good", test_nothing_good);
  g_test_add_func ("/vattdatasetsrc/nothing-wanted", test_nothing_wanted);
  g_test_add_func ("/vattdatasetsrc/too-large", test_too_large);
  g_test_add_func ("/vattdatasetsrc/shutdown", test_shutdown);
  g_test_add_func ("/vattdatasetsrc/prefetch", test_prefetch);
  g_test_add_func ("/vattdatasetsrc/eos", test_eos);
  g_test_add_func ("/vattdatasetsrc/flush", test_flush);
  g_test_add_func ("/vattdatasetsrc/release", test_release);
  g_test_add_func ("/vattdatasetsrc/unlinked", test_unlinked);
  g_test_add_func ("/vattdatasetsrc/late-pad", test_late_pad);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
