/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is sent of a data set: which clips in which order, exact to the sample,
 * at which times, with which labels and texts. How it begins, ends and fails is
 * in vattdatasetsrc-states.c, what other elements make of it in
 * vattdatasetsrc-line.c. */
#include "dataset.h"

#include <string.h>

#define HEADER "path\tstart\tend\tlabel\tsplit\tid\n"

/* Whole and in parts, of two files. */
static const char three[] = HEADER "a.wav\t0.250\t0.750\tdog\ttrain\tx\n"
                                   "b.wav\t0\t0\train\ttrain\ty\n"
                                   "a.wav\t0.0\t0.1\tcat\ttest\tz\n";

static char *
make_three (void)
{
  g_autofree char *a = dataset_wav ("a.wav", RATE);
  g_autofree char *b = dataset_wav ("b.wav", RATE / 5);
  return dataset_manifest (three);
}

static char *
settings_of (const char *manifest, const char *more)
{
  return g_strdup_printf ("manifest=%s %s", manifest, more);
}

/* Times go on from clip to clip, and all that is known is told. */
static void
test_clips (void)
{
  static const struct {
    GstClockTime base, duration, start;
    guint first, n, line, class_id;
    const char *label, *id, *split, *name;
  } expected[] = {
    { 0, 500, 250, 2000, 4000, 2, 1, "dog", "x", "train", "a.wav" },
    { 500, 200, 0, 0, 1600, 3, 2, "rain", "y", "train", "b.wav" },
    { 700, 100, 0, 0, 800, 4, 0, "cat", "z", "test", "a.wav" },
  };
  g_autofree char *manifest = make_three ();
  g_autofree char *settings = settings_of (manifest, "epochs=2");
  g_autoptr (Run) run = run_all (settings, "s.audio ! fakesink name=audio");
  g_assert_cmpstr (run->error, ==, NULL);
  g_assert_cmpuint (run->warnings, ==, 0);
  g_assert_cmpuint (run->clips[VATT_AUDIO]->len, ==, 6);
  g_assert_cmpuint (run->eos[VATT_AUDIO], ==, 1);
  for (guint i = 0; i < 6; i++) {
    const Clip *clip = run_clip (run, VATT_AUDIO, i);
    guint row = i % 3;
    GstClockTime base = expected[row].base * MS + i / 3 * 800 * MS;
    g_assert_cmpuint (clip->segment.base, ==, base);
    g_assert_cmpuint (clip->segment.start, ==, 0);
    g_assert_cmpuint (clip->segment.stop, ==, expected[row].duration * MS);
    g_assert_cmpuint (clip->segment.time, ==, expected[row].start * MS);
    g_assert_cmpuint (clip_number (clip, "running-time"), ==, base);
    g_assert_cmpuint (clip_number (clip, "clip"), ==, i);
    g_assert_cmpuint (clip_number (clip, "epoch"), ==, i / 3);
    g_assert_cmpuint (clip_number (clip, "row"), ==, row);
    g_assert_cmpuint (clip_number (clip, "line"), ==, expected[row].line);
    g_assert_cmpuint (
        clip_number (clip, "class-id"), ==, expected[row].class_id);
    g_assert_cmpuint (
        clip_number (clip, "start"), ==, expected[row].start * MS);
    g_assert_cmpuint (
        clip_number (clip, "duration"), ==, expected[row].duration * MS);
    g_assert_cmpstr (clip_string (clip, "label"), ==, expected[row].label);
    g_assert_cmpstr (clip_string (clip, "id"), ==, expected[row].id);
    g_assert_cmpstr (clip_string (clip, "split"), ==, expected[row].split);
    g_assert_cmpstr (clip_string (clip, "name"), ==, expected[row].name);
    g_assert_cmpuint (clip->wrong_metas, ==, 0);
    check_samples (clip, expected[row].first, expected[row].n);
  }
  g_assert_cmpuint (run->epochs->len, ==, 2);
}

/* Parts of a file, in an order that goes back, wherever they begin. */
static void
test_parts (void)
{
  static const guint parts[][2] = { { 999, 1000 }, { 500, 501 }, { 0, 1000 },
    { 501, 502 }, { 123, 877 }, { 1, 3 } };
  g_autofree char *wav = dataset_wav ("long.wav", RATE);
  g_autoptr (GString) text = g_string_new (HEADER);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    g_string_append_printf (text, "long.wav\t%u.%03u\t%u.%03u\t\ttrain\t\n",
        parts[i][0] / 1000, parts[i][0] % 1000, parts[i][1] / 1000,
        parts[i][1] % 1000);
  g_autofree char *manifest = dataset_manifest (text->str);
  g_autofree char *settings = settings_of (manifest, "decoders=1");
  g_autoptr (Run) run = run_all (settings, "s.audio ! fakesink name=audio");
  g_assert_cmpstr (run->error, ==, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    check_samples (run_clip (run, VATT_AUDIO, i), 8 * parts[i][0],
        8 * (parts[i][1] - parts[i][0]));
}

static guint
grey_of (const Clip *clip, guint index)
{
  guint size = clip->data->len / clip->starts->len;
  return clip->data->data[index * size + SIZE / 2 * SIZE + SIZE / 2];
}

/* Pictures and sound of one part are of the same times; pictures are the ones
 * of their time, also between key frames. */
static void
test_pictures (void)
{
  static const struct {
    guint from, to; /* ms */
    guint first, n; /* pictures */
  } parts[] = { { 500, 1300, 5, 8 }, { 0, 2400, 0, 24 }, { 1600, 1700, 16, 1 },
    { 1350, 1550, 13, 3 }, { 100, 300, 1, 2 } };
  g_autofree char *webm = dataset_webm ("film.webm");
  g_autoptr (GString) text = g_string_new (HEADER);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    g_string_append_printf (text, "film.webm\t%u.%03u\t%u.%03u\t\ttrain\t\n",
        parts[i].from / 1000, parts[i].from % 1000, parts[i].to / 1000,
        parts[i].to % 1000);
  g_autofree char *manifest = dataset_manifest (text->str);
  g_autofree char *settings = settings_of (manifest, "");
  g_autoptr (Run) run = run_all (
      settings, "s.video ! fakesink name=video  s.audio ! fakesink name=audio");
  g_assert_cmpstr (run->error, ==, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    const Clip *video = run_clip (run, VATT_VIDEO, i);
    const Clip *audio = run_clip (run, VATT_AUDIO, i);
    g_assert_cmpuint (video->segment.base, ==, audio->segment.base);
    g_assert_cmpuint (video->starts->len, ==, parts[i].n);
    for (guint k = 0; k < parts[i].n; k++) {
      GstClockTime start = g_array_index (video->starts, GstClockTime, k);
      gint64 file_time = (gint64)(100 * (parts[i].first + k));
      gint64 expected = MAX (file_time - (gint64)parts[i].from, 0);
      g_assert_cmpint (
          ABS ((gint64)start - expected * (gint64)MS), <=, 2 * (gint64)MS);
      /* VP8 is not exact. */
      gint grey = (gint)(10 * (parts[i].first + k));
      g_assert_cmpint (ABS ((gint)grey_of (video, k) - grey), <=, 2);
    }
    /* Vorbis gives floats. */
    guint samples = audio->data->len / 4;
    g_assert_cmpint (
        ABS ((gint)samples - (gint)(8 * (parts[i].to - parts[i].from))), <=,
        RATE / 100);
  }
}

/* A clip has nothing for some pads, a picture no duration. */
static void
test_absent (void)
{
  g_autofree char *wav = dataset_wav ("a.wav", RATE);
  g_autofree char *still = media_make ("still.jpg",
      "videotestsrc num-buffers=1 ! video/x-raw,width=32,height=32 ! jpegenc");
  g_autofree char *webm = dataset_webm ("film.webm");
  g_autofree char *manifest =
      dataset_manifest (HEADER "a.wav\t0\t0.5\t\ttrain\t\n"
                               "still.jpg\t0\t0\t\ttrain\t\n"
                               "film.webm\t1\t2\t\ttrain\t\n");
  g_autofree char *settings =
      settings_of (manifest, "still-duration=700000000");
  g_autoptr (Run) run = run_all (
      settings, "s.video ! fakesink name=video  s.audio ! fakesink name=audio");
  g_assert_cmpstr (run->error, ==, NULL);
  static const GstClockTime bases[] = { 0, 500 * MS, 1200 * MS };
  for (guint i = 0; i < 3; i++)
    for (guint m = VATT_VIDEO; m <= VATT_AUDIO; m++)
      g_assert_cmpuint (
          run_clip (run, (VattModality)m, i)->segment.base, ==, bases[i]);
  g_assert_cmpuint (run_clip (run, VATT_VIDEO, 0)->gaps, ==, 500 * MS);
  g_assert_cmpuint (run_clip (run, VATT_VIDEO, 0)->starts->len, ==, 0);
  check_samples (run_clip (run, VATT_AUDIO, 0), 0, RATE / 2);
  g_assert_cmpuint (run_clip (run, VATT_VIDEO, 1)->starts->len, ==, 1);
  g_assert_cmpuint (run_clip (run, VATT_VIDEO, 1)->gaps, ==, 0);
  g_assert_cmpuint (run_clip (run, VATT_AUDIO, 1)->gaps, ==, 700 * MS);
  g_assert_cmpuint (run_clip (run, VATT_VIDEO, 2)->starts->len, ==, 10);
}

/* A picture whose sound is in a file of its own is as long as that. */
static void
test_sound_apart (void)
{
  g_autofree char *wav = dataset_wav ("a.wav", RATE);
  g_autofree char *still = media_make ("still.jpg",
      "videotestsrc num-buffers=1 ! video/x-raw,width=32,height=32 ! jpegenc");
  g_autofree char *webm = dataset_webm ("film.webm");
  g_autofree char *manifest =
      dataset_manifest ("path\tstart\tend\tlabel\tsplit\tspoken\n"
                        "still.jpg\t0\t0\t\ttrain\ta.wav\n"
                        "film.webm\t0.2\t0.7\t\ttrain\ta.wav\n"
                        "film.webm\t0.2\t0.7\t\ttrain\t\n"
                        "still.jpg\t0\t0\t\ttrain\tno.wav\n");
  g_autofree char *settings = settings_of (manifest, "audio-column=spoken");
  g_autoptr (Run) run = run_all (
      settings, "s.video ! fakesink name=video  s.audio ! fakesink name=audio");
  g_assert_cmpstr (run->error, ==, NULL);
  g_assert_cmpuint (run_clip (run, VATT_VIDEO, 0)->starts->len, ==, 1);
  check_samples (run_clip (run, VATT_AUDIO, 0), 0, RATE);
  g_assert_cmpuint (
      run_clip (run, VATT_AUDIO, 1)->segment.base, ==, GST_SECOND);
  check_samples (run_clip (run, VATT_AUDIO, 1), 1600, 4000);
  g_assert_cmpuint (run_clip (run, VATT_VIDEO, 1)->starts->len, ==, 5);
  /* That of the film is of floats. */
  g_assert_cmpuint (run_clip (run, VATT_AUDIO, 2)->data->len, ==, 4 * 4000);
  g_assert_cmpuint (run->clips[VATT_AUDIO]->len, ==, 3);
  g_assert_nonnull (strstr (run->warning, "no.wav"));
}

/* ---- text ---- */

static void
check_text (const Clip *clip, const char *text)
{
  g_assert_cmpmem (clip->data->data, clip->data->len, text, strlen (text));
}

static void
check_span (const Clip *clip, guint index, guint start, guint duration)
{
  g_assert_cmpuint (
      g_array_index (clip->starts, GstClockTime, index), ==, start * MS);
  g_assert_cmpuint (
      g_array_index (clip->durations, GstClockTime, index), ==, duration * MS);
}

/* Captions are those that reach into a clip, as far as they do. */
static void
test_captions (void)
{
  static const char vtt[] =
      "WEBVTT\n\n00:00.100 --> 00:00.300\none\n\n"
      "00:00.400 --> 00:00.600\ntwo\n\n00:00.900 --> 00:02.000\nthree\n";
  static const char srt[] = "1\n00:00:00,050 --> 00:00:00,150\nother\n";
  g_autofree char *wav = dataset_wav ("said.wav", RATE);
  g_autofree char *side = media_write ("said.vtt", vtt, strlen (vtt));
  g_autofree char *named = media_write ("named.srt", srt, strlen (srt));
  g_autofree char *manifest =
      dataset_manifest ("path\tstart\tend\ttext\tsplit\tcaptions\n"
                        "said.wav\t0\t0\ta text\ttrain\t\n"
                        "said.wav\t0.2\t0.5\t\ttrain\t\n"
                        "said.wav\t0.1\t0.2\tnot this\ttrain\tnamed.srt\n"
                        "said.wav\t0.7\t0.8\t\ttrain\t\n");
  g_autofree char *automatic = settings_of (manifest, "");
  g_autofree char *captions = settings_of (manifest, "text-source=captions");
  g_autofree char *texts = settings_of (manifest, "text-source=manifest");

  g_autoptr (Run) run = run_all (
      automatic, "s.text ! fakesink name=text  s.audio ! fakesink name=audio");
  g_assert_cmpstr (run->error, ==, NULL);
  const Clip *clip = run_clip (run, VATT_TEXT, 0);
  check_text (clip, "a text");
  check_span (clip, 0, 0, 1000);
  g_assert_cmpuint (clip->n_gaps, ==, 0);
  clip = run_clip (run, VATT_TEXT, 1);
  check_text (clip, "onetwo");
  check_span (clip, 0, 0, 100);
  check_span (clip, 1, 200, 100);
  g_assert_cmpuint (clip->gaps, ==, 100 * MS);
  clip = run_clip (run, VATT_TEXT, 2);
  check_text (clip, "other");
  check_span (clip, 0, 0, 50);
  g_assert_cmpuint (clip->gaps, ==, 50 * MS);
  clip = run_clip (run, VATT_TEXT, 3);
  g_assert_cmpuint (clip->starts->len, ==, 0);
  g_assert_cmpuint (clip->gaps, ==, 100 * MS);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (run_clip (run, VATT_TEXT, i)->segment.base, ==,
        run_clip (run, VATT_AUDIO, i)->segment.base);

  /* Text alone: nothing is decoded. */
  g_autoptr (Run) cues = run_all (captions, "s.text ! fakesink name=text");
  g_assert_cmpstr (cues->error, ==, NULL);
  check_text (run_clip (cues, VATT_TEXT, 0), "onetwothree");
  check_text (run_clip (cues, VATT_TEXT, 2), "other");
  g_autoptr (Run) said = run_all (texts, "s.text ! fakesink name=text");
  check_text (run_clip (said, VATT_TEXT, 0), "a text");
  check_text (run_clip (said, VATT_TEXT, 1), "");
  check_text (run_clip (said, VATT_TEXT, 2), "not this");
}

/* ---- order ---- */

#define N_ROWS 12

static char *
make_many (void)
{
  g_autoptr (GString) text = g_string_new (HEADER);
  for (guint i = 0; i < N_ROWS; i++) {
    g_autofree char *name = g_strdup_printf ("n%u.wav", i);
    g_autofree char *wav = dataset_wav (name, 80 + i);
    g_string_append_printf (text, "%s\t0\t0\t\ttrain\t\n", name);
  }
  return dataset_manifest (text->str);
}

/* Returns: (transfer full): the rows that were sent, as text */
static char *
order_of (const char *manifest, const char *more)
{
  g_autofree char *settings = settings_of (manifest, more);
  g_autoptr (Run) run = run_all (settings, "s.audio ! fakesink name=audio");
  g_assert_cmpstr (run->error, ==, NULL);
  GString *order = g_string_new (NULL);
  for (guint i = 0; i < run->clips[VATT_AUDIO]->len; i++) {
    const Clip *clip = run_clip (run, VATT_AUDIO, i);
    guint row = (guint)clip_number (clip, "row");
    check_samples (clip, 0, 80 + row);
    g_string_append_printf (order, "%c", 'a' + (char)row);
  }
  return g_string_free (order, FALSE);
}

static void
test_order (void)
{
  g_autofree char *manifest = make_many ();
  g_autofree char *plain = order_of (manifest, "");
  g_assert_cmpstr (plain, ==, "abcdefghijkl");
  g_autofree char *one = order_of (manifest, "shuffle=true seed=1 epochs=2");
  g_autofree char *again =
      order_of (manifest, "shuffle=true seed=1 epochs=2 decoders=7");
  g_autofree char *two = order_of (manifest, "shuffle=true seed=2 epochs=2");
  g_assert_cmpstr (one, ==, again);
  g_assert_cmpstr (one, !=, two);
  g_assert_cmpuint (strlen (one), ==, 2 * N_ROWS);
  g_assert_cmpint (strncmp (one, one + N_ROWS, N_ROWS), !=, 0);

  /* What follows a kill is what would have followed without it. */
  g_autofree char *rest =
      order_of (manifest, "shuffle=true seed=1 epochs=2 start-at=7");
  g_assert_cmpstr (rest, ==, one + 7);
  g_autofree char *late =
      order_of (manifest, "shuffle=true seed=1 epochs=2 start-at=19");
  g_assert_cmpstr (late, ==, one + 19);
  g_autofree char *nothing = order_of (manifest, "epochs=2 start-at=24");
  g_assert_cmpstr (nothing, ==, "");
}

static void
test_ranks (void)
{
  g_autofree char *manifest = make_many ();
  g_autofree char *all = order_of (manifest, "shuffle=true seed=4");
  for (guint rank = 0; rank < 5; rank++) {
    g_autofree char *even =
        g_strdup_printf ("shuffle=true seed=4 rank=%u world-size=5", rank);
    g_autofree char *every = g_strconcat (even, " drop-remainder=false", NULL);
    g_autofree char *dropped = order_of (manifest, even);
    g_autofree char *kept = order_of (manifest, every);
    g_assert_cmpuint (strlen (dropped), ==, 2);
    g_assert_cmpuint (strlen (kept), ==, rank < 2 ? 3 : 2);
    for (guint i = 0; i < strlen (kept); i++)
      g_assert_cmpint (kept[i], ==, all[rank + 5 * i]);
    g_assert_true (g_str_has_prefix (kept, dropped));
  }
}

/* Later epochs come from memory, and are the same. */
static void
test_cache (void)
{
  g_autofree char *manifest = make_many ();
  g_autofree char *whole =
      settings_of (manifest, "epochs=3 cache-bytes=1000000");
  g_autoptr (Run) run = run_all (whole, "s.audio ! fakesink name=audio");
  g_assert_cmpuint (run->clips[VATT_AUDIO]->len, ==, 3 * N_ROWS);
  for (guint i = 0; i < 3 * N_ROWS; i++) {
    check_samples (run_clip (run, VATT_AUDIO, i), 0, 80 + i % N_ROWS);
    g_assert_cmpuint (
        clip_number (run_clip (run, VATT_AUDIO, i), "epoch"), ==, i / N_ROWS);
    g_assert_cmpuint (run_clip (run, VATT_AUDIO, i)->wrong_metas, ==, 0);
  }
  g_assert_cmpuint (run_stat (run, "decoded"), ==, N_ROWS);
  g_assert_cmpuint (run_stat (run, "from-cache"), ==, 2 * N_ROWS);
  g_assert_cmpuint (run_stat (run, "cache-clips"), ==, N_ROWS);

  /* Room for half of them (160 bytes, 162, …, 170): half are decoded each
   * time. */
  g_autofree char *half =
      settings_of (manifest, "epochs=3 cache-bytes=1000 decoders=1");
  g_autoptr (Run) some = run_all (half, "s.audio ! fakesink name=audio");
  g_assert_cmpuint (some->clips[VATT_AUDIO]->len, ==, 3 * N_ROWS);
  g_assert_cmpuint (run_stat (some, "cache-clips"), ==, 6);
  g_assert_cmpuint (run_stat (some, "from-cache"), ==, 2 * 6);
  g_assert_cmpuint (run_stat (some, "cache-bytes"), ==, 990);
}

/* What an element does to a clip in place is not done to the kept one. */
static void
test_cache_is_kept (void)
{
  g_autofree char *manifest = make_many ();
  g_autofree char *settings =
      settings_of (manifest, "epochs=3 cache-bytes=1000000");
  g_autoptr (Run) run =
      run_all (settings, "s.audio ! volume volume=0.5 ! fakesink name=audio");
  g_assert_cmpstr (run->error, ==, NULL);
  g_assert_cmpuint (run_stat (run, "from-cache"), ==, 2 * N_ROWS);
  for (guint i = 0; i < 3 * N_ROWS; i++) {
    const Clip *clip = run_clip (run, VATT_AUDIO, i);
    for (guint k = 0; k < 80; k++)
      g_assert_cmpuint (clip->data->data[2 * k], ==, k / 2);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vattdatasetsrc/clips", test_clips);
  g_test_add_func ("/vattdatasetsrc/parts", test_parts);
  g_test_add_func ("/vattdatasetsrc/pictures", test_pictures);
  g_test_add_func ("/vattdatasetsrc/absent", test_absent);
  g_test_add_func ("/vattdatasetsrc/sound-apart", test_sound_apart);
  g_test_add_func ("/vattdatasetsrc/captions", test_captions);
  g_test_add_func ("/vattdatasetsrc/order", test_order);
  g_test_add_func ("/vattdatasetsrc/ranks", test_ranks);
  g_test_add_func ("/vattdatasetsrc/cache", test_cache);
  g_test_add_func ("/vattdatasetsrc/cache-is-kept", test_cache_is_kept);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
