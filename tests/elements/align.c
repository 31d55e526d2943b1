/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which windows of video, sound and text become samples. What comes is written
 * as words: `v0-4` is a window of video from 0 to 4, `a4-8#2` one of sound of
 * clip 2, `t@6` says that no text begins before 6, `t#3` that what comes is of
 * clip 3, `a.` that there is no more sound, `!` that those who say nothing are
 * given up. Samples are written as the numbers of their windows:
 * `v0+a1+t2,0`. */
#include "gstvattalign.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *name;
  const char *lanes; /* which have pads */
  guint captions, distance, capacity;
  const char *script, *samples;
  GstVattAlignCounts counts;
} Row;

static const char letters[VATT_N_MODALITIES] = {
  [VATT_VIDEO] = 'v', [VATT_AUDIO] = 'a', [VATT_TEXT] = 't'
};

static VattModality
modality_of (char letter)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (letters[m] == letter)
      return (VattModality)m;
  g_assert_not_reached ();
}

static VattClip *
make_clip (gint32 number)
{
  static const guint grid[3] = { 1, 1, 1 };
  VattClip *clip = vatt_clip_new (VATT_TEXT, 1, grid, 1, NULL);
  vatt_clip_writable_ids (clip)[0] = number;
  return clip;
}

static GstVattAlign *
make_align (const Row *row)
{
  GstVattAlignParams params = { .captions = row->captions ? row->captions : 1,
    .distance = row->distance,
    .capacity = row->capacity ? row->capacity : 100 };
  for (const char *lane = row->lanes; *lane; lane++)
    params.modalities |= 1u << modality_of (*lane);
  params.lead =
      params.modalities & (1u << VATT_VIDEO) ? VATT_VIDEO : VATT_AUDIO;
  return gst_vatt_align_new (&params);
}

/* ---- what comes ---- */

static void
push_window (GstVattAlign *align, const char *word, gint32 number)
{
  GstVattAlignWindow window = {
    .clip = make_clip (number), .number = GST_VATT_NO_CLIP, .class_id = -1
  };
  const char *clip = strchr (word, '#');
  window.start = strtoull (word + 1, NULL, 10);
  window.end = strtoull (strchr (word, '-') + 1, NULL, 10);
  if (clip)
    window.number = strtoull (clip + 1, NULL, 10);
  gst_vatt_align_push (align, modality_of (word[0]), &window);
}

static void
perform (
    GstVattAlign *align, const char *word, gint32 numbers[VATT_N_MODALITIES])
{
  if (word[0] == '!') {
    gst_vatt_align_give_up (align);
    return;
  }
  VattModality modality = modality_of (word[0]);
  if (word[1] == '.')
    gst_vatt_align_end (align, modality);
  else if (word[1] == '@')
    gst_vatt_align_advance (align, modality, strtoull (word + 2, NULL, 10));
  else if (word[1] == '#')
    gst_vatt_align_enter_clip (align, modality, strtoull (word + 2, NULL, 10));
  else
    push_window (align, word, numbers[modality]++);
}

static void
take_all (GstVattAlign *align, GString *samples)
{
  g_auto (GstVattAligned) sample = { .n_captions = 0 };
  while (gst_vatt_align_take (align, &sample)) {
    const char *plus = "";
    if (samples->len > 0)
      g_string_append_c (samples, ' ');
    for (guint m = VATT_VIDEO; m <= VATT_AUDIO; m++)
      if (sample.clip[m]) {
        g_string_append_printf (samples, "%s%c%d", plus, letters[m],
            vatt_clip_ids (sample.clip[m])[0]);
        plus = "+";
      }
    for (guint i = 0; i < sample.n_captions; i++)
      g_string_append_printf (samples, "%s%d", i ? "," : "+t",
          vatt_clip_ids (sample.caption[i])[0]);
    gst_vatt_aligned_clear (&sample);
  }
}

static void
check_counts (GstVattAlign *align, const GstVattAlignCounts *expected)
{
  const GstVattAlignCounts *found = gst_vatt_align_get_counts (align);
  g_assert_cmpuint (found->aligned, ==, expected->aligned);
  g_assert_cmpuint (found->incomplete, ==, expected->incomplete);
  g_assert_cmpuint (found->alone, ==, expected->alone);
  g_assert_cmpuint (found->unpaired, ==, expected->unpaired);
  g_assert_cmpuint (found->disordered, ==, expected->disordered);
  g_assert_cmpuint (found->dropped, ==, expected->dropped);
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (GstVattAlign) align = make_align (row);
  g_autoptr (GString) samples = g_string_new (NULL);
  gint32 numbers[VATT_N_MODALITIES] = { 0 };
  g_auto (GStrv) words = g_strsplit (row->script, " ", -1);
  for (guint i = 0; words[i]; i++) {
    perform (align, words[i], numbers);
    take_all (align, samples);
  }
  g_assert_cmpstr (samples->str, ==, row->samples);
  check_counts (align, &row->counts);
}

static const Row rows[] = {
  { "same-times", "va", .script = "v0-4 a0-4 a4-8 v4-8",
      .samples = "v0+a0 v1+a1", .counts = { .aligned = 2 } },
  { "waits-for-the-better", "va", .script = "v10-20 a6-16 a9-19 a12-22",
      .samples = "v0+a1", .counts = { .aligned = 1, .unpaired = 1 } },
  { "nothing-known-yet", "va", .script = "v0-4 v4-8 a@3", .samples = "" },
  { "too-little-in-common", "vat", .script = "v0-10 a8-18 t0-9 t20-21",
      .samples = "v0+t0", .counts = { .aligned = 1, .incomplete = 1 } },
  { "longer-sound", "va", .script = "v0-4 a0-6 v4-8 a4-10 v8-12 a8-14",
      .samples = "v0+a0 v1+a1 v2+a2", .counts = { .aligned = 3 } },
  { "gap-in-sound", "va", .script = "v0-4 v4-8 v8-12 a0-4 a@8 a8-12",
      .samples = "v0+a0 v2+a1", .counts = { .aligned = 2, .alone = 1 } },
  { "sound-ends-first", "va", .script = "v0-4 v4-8 a0-4 a. v8-12 v.",
      .samples = "v0+a0", .counts = { .aligned = 1, .alone = 2 } },
  { "video-ends-first", "va", .script = "v0-4 a0-4 v. a4-8 a8-12 a.",
      .samples = "v0+a0", .counts = { .aligned = 1, .unpaired = 2 } },
  { "drift", "va",
      .script = "v0-10 v10-20 v20-30 v30-40 v40-50 a0-10 a11-21 a22-32 "
                "a33-43 a44-54 a.",
      .samples = "v0+a0 v1+a1 v2+a2 v3+a3 v4+a4", .counts = { .aligned = 5 } },
  { "captions-late", "vt", .script = "v0-4 v4-8 v8-12 v. t1-3 t5-7 t9-11 t.",
      .samples = "v0+t0 v1+t1 v2+t2", .counts = { .aligned = 3 } },
  { "captions-of-the-past", "vt", .script = "v0-4 t4-5 v4-8 t@8",
      .samples = "v1+t0", .counts = { .aligned = 1, .alone = 1 } },
  { "captions-nearest-first", "vt", .captions = 3, .distance = 5,
      .script = "v10-20 t2-4 t6-9 t11-12 t13-19 t22-23 t24-26 t30-31",
      .samples = "v0+t3,2,1", .counts = { .aligned = 1, .unpaired = 1 } },
  { "caption-of-two-windows", "vt", .script = "v0-4 v4-8 t2-6 t9-10",
      .samples = "v0+t0 v1+t0", .counts = { .aligned = 2 } },
  { "only-near-captions", "vt", .captions = 5, .distance = 2,
      .script = "v10-20 t0-1 t23-24", .samples = "",
      .counts = { .alone = 1, .unpaired = 1 } },
  { "too-many-captions", "vt", .capacity = 3, .script = "v0-100 t0-1 t1-2 t2-5",
      .samples = "v0+t2", .counts = { .aligned = 1 } },
  { "clips-do-not-mix", "vat", .captions = 3, .distance = 100,
      .script = "v0-4#0 v5-9#1 a0-4#0 a5-9#1 t0-4#0 t5-9#1 v#2 a#2 t#2",
      .samples = "v0+a0+t0 v1+a1+t1", .counts = { .aligned = 2 } },
  { "clip-without-sound", "va", .script = "v0-9#0 v5-14#1 a#1 a5-14#1 v#2",
      .samples = "v1+a0", .counts = { .aligned = 1, .alone = 1 } },
  { "out-of-order", "va", .script = "v4-8 v0-4 a4-8", .samples = "v0+a0",
      .counts = { .aligned = 1, .disordered = 1 } },
  { "given-up", "vat",
      .script = "v0-4 v4-8 a0-4 ! a4-8 t6-7 v8-12 a8-12 t9-10 t12-13",
      .samples = "v0+a0 v1+a1 v2+a2+t1",
      .counts = { .aligned = 3, .incomplete = 2, .unpaired = 1 } },
  { "lead-given-up", "va", .capacity = 2, .script = "a0-4 a4-8 ! a8-12",
      .samples = "", .counts = { .unpaired = 3 } },
  { "alone", "v", .script = "v0-4 v4-8", .samples = "v0 v1",
      .counts = { .aligned = 2 } },
  { "sound-leads", "at", .script = "a0-4 t1-3 t@4", .samples = "a0+t0",
      .counts = { .aligned = 1 } },
};

/* ---- the order in which lanes come does not matter ---- */

static void
shuffle_lanes (GstVattAlign *align, char **words, GRand *rand, GString *samples)
{
  gint32 numbers[VATT_N_MODALITIES] = { 0 };
  guint at[VATT_N_MODALITIES] = { 0 }, left = 0;
  for (guint i = 0; words[i]; i++)
    left++;
  while (left > 0) {
    VattModality m =
        (VattModality)g_rand_int_range (rand, 0, VATT_N_MODALITIES);
    while (words[at[m]] && words[at[m]][0] != letters[m])
      at[m]++;
    if (!words[at[m]])
      continue;
    perform (align, words[at[m]++], numbers);
    left--;
    if (g_rand_boolean (rand))
      take_all (align, samples);
  }
  take_all (align, samples);
}

/* Windows and captions of random lengths, with holes. */
static char **
make_script (GRand *rand)
{
  GPtrArray *words = g_ptr_array_new ();
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    guint time = 0;
    for (guint i = 0; i < 40; i++) {
      guint length = (guint)g_rand_int_range (rand, 2, 12);
      if (g_rand_int_range (rand, 0, 5) > 0)
        g_ptr_array_add (words,
            g_strdup_printf ("%c%u-%u", letters[m], time, time + length));
      time += (guint)g_rand_int_range (rand, 1, 12);
      if (g_rand_int_range (rand, 0, 5) == 0)
        g_ptr_array_add (words, g_strdup_printf ("%c@%u", letters[m], time));
    }
    g_ptr_array_add (words, g_strdup_printf ("%c.", letters[m]));
  }
  g_ptr_array_add (words, NULL);
  return (char **)g_ptr_array_free (words, FALSE);
}

static void
test_order (void)
{
  static const Row row = { "", "vat", .captions = 3, .distance = 6,
    .capacity = 1000 };
  guint samples_seen = 0;
  for (guint seed = 0; seed < 100; seed++) {
    g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
    g_auto (GStrv) words = make_script (rand);
    g_autoptr (GString) first = g_string_new (NULL);
    for (guint order = 0; order < 5; order++) {
      g_autoptr (GstVattAlign) align = make_align (&row);
      g_autoptr (GString) samples = g_string_new (NULL);
      shuffle_lanes (align, words, rand, samples);
      g_assert_true (gst_vatt_align_is_ended (align));
      if (order == 0)
        g_string_assign (first, samples->str);
      g_assert_cmpstr (samples->str, ==, first->str);
      samples_seen += (guint)gst_vatt_align_get_counts (align)->aligned;
    }
  }
  g_assert_cmpuint (samples_seen, >, 5000);
}

/* A flush forgets windows and times. */
static void
test_flush (void)
{
  static const Row row = { "", "va" };
  g_autoptr (GstVattAlign) align = make_align (&row);
  g_autoptr (GString) samples = g_string_new (NULL);
  gint32 numbers[VATT_N_MODALITIES] = { 0 };
  perform (align, "v100-104", numbers);
  perform (align, "a.", numbers);
  gst_vatt_align_flush (align, VATT_VIDEO);
  gst_vatt_align_flush (align, VATT_AUDIO);
  g_assert_false (gst_vatt_align_is_full (align, VATT_VIDEO));
  perform (align, "v0-4", numbers);
  take_all (align, samples);
  g_assert_cmpstr (samples->str, ==, "");
  perform (align, "a0-4", numbers);
  take_all (align, samples);
  g_assert_cmpstr (samples->str, ==, "v1+a0");
  g_assert_false (gst_vatt_align_is_ended (align));
}

static void
test_room (void)
{
  static const Row row = { "", "va", .capacity = 2 };
  g_autoptr (GstVattAlign) align = make_align (&row);
  g_autoptr (GString) samples = g_string_new (NULL);
  gint32 numbers[VATT_N_MODALITIES] = { 0 };
  perform (align, "v0-4", numbers);
  g_assert_false (gst_vatt_align_is_full (align, VATT_VIDEO));
  perform (align, "v4-8", numbers);
  g_assert_true (gst_vatt_align_is_full (align, VATT_VIDEO));
  g_assert_cmpuint (gst_vatt_align_make_room (align, VATT_VIDEO), ==, 0);
  g_assert_false (gst_vatt_align_is_full (align, VATT_VIDEO));
  perform (align, "a4-8", numbers);
  take_all (align, samples);
  g_assert_cmpstr (samples->str, ==, "v1+a0");
  g_assert_cmpuint (gst_vatt_align_get_counts (align)->dropped, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strdup_printf ("/align/%s", rows[i].name);
    g_test_add_data_func (path, &rows[i], test_row);
  }
  g_test_add_func ("/align/order", test_order);
  g_test_add_func ("/align/flush", test_flush);
  g_test_add_func ("/align/room", test_room);
  return g_test_run ();
}
