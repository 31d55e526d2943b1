/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What augmentation does to a clip's class: pairs as they are written, what
 * they do to labels, and that windows say what was done to them. */
#include "gstvattaudiotok.h"
#include "gstvattcaps.h"
#include "gstvattclipmeta.h"
#include "gstvattexchange.h"
#include "gstvattvideotok.h"

#include <gst/check/gstharness.h>
#include <vatt/augment.h>
#include <vatt/error.h>

#include <string.h>

#define CLASSES 5
#define FRAME (40 * GST_MSECOND)

static const char *const names[] = { "left", "right", "up", "down", "still",
  NULL };

static void
test_pairs (void)
{
  static const struct {
    guint changes, from, to;
  } rows[] = {
    { 0, 0, 0 },
    { 1u << GST_VATT_MIRRORED, 0, 1 },
    { 1u << GST_VATT_MIRRORED, 2, 2 },
    { 1u << GST_VATT_MIRRORED_VERTICALLY, 0, 0 },
    { 1u << GST_VATT_REVERSED, 1, 0 },
    { 1u << GST_VATT_REVERSED, 3, 2 },
    { 1u << GST_VATT_REVERSED, 4, 4 },
    { 1u << GST_VATT_REVERSED | 1u << GST_VATT_MIRRORED, 0, 0 },
    { 1u << GST_VATT_REVERSED | 1u << GST_VATT_MIRRORED, 2, 3 },
  };
  for (guint named = 0; named < 2; named++) {
    g_autoptr (GError) error = NULL;
    GstVattExchange exchange = { .classes = 0 };
    g_assert_true (gst_vatt_exchange_read (&exchange, GST_VATT_MIRRORED,
        named ? "left=right" : "0=1", named ? names : NULL, CLASSES, &error));
    g_assert_true (gst_vatt_exchange_read (&exchange, GST_VATT_REVERSED,
        named ? "left = right, down=up" : "0=1,3=2", named ? names : NULL,
        CLASSES, &error));
    g_assert_true (gst_vatt_exchange_read (
        &exchange, GST_VATT_MIRRORED_VERTICALLY, NULL, names, CLASSES, &error));
    g_assert_no_error (error);
    for (guint r = 0; r < G_N_ELEMENTS (rows); r++) {
      float row[CLASSES] = { 0.0f }, expected[CLASSES] = { 0.0f };
      row[rows[r].from] = expected[rows[r].to] = 0.75f;
      gst_vatt_exchange_apply (&exchange, rows[r].changes, row);
      g_assert_cmpmem (row, sizeof row, expected, sizeof expected);
    }
    gst_vatt_exchange_clear (&exchange);
  }
}

static void
test_refused (void)
{
  static const struct {
    const char *pairs, *why;
  } rows[] = {
    { "left=west", "found 'left=west', expected two of the 5 classes" },
    { "left", "found 'left'" },
    { "left=left", "found 'left=left'" },
    { "left=right,right=up", "'right' is in more than one pair" },
  };
  for (guint r = 0; r < G_N_ELEMENTS (rows); r++) {
    g_autoptr (GError) error = NULL;
    GstVattExchange exchange = { .classes = 0 };
    g_assert_false (gst_vatt_exchange_read (
        &exchange, GST_VATT_REVERSED, rows[r].pairs, names, CLASSES, &error));
    g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
    if (!strstr (error->message, rows[r].why))
      g_error ("'%s' does not say '%s'", error->message, rows[r].why);
    gst_vatt_exchange_clear (&exchange);
  }
  g_autoptr (GError) error = NULL;
  GstVattExchange exchange = { .classes = 0 };
  g_assert_false (gst_vatt_exchange_read (
      &exchange, GST_VATT_REVERSED, "0=5", NULL, CLASSES, &error));
  g_assert_nonnull (strstr (error->message, "by their numbers from 0"));
  gst_vatt_exchange_clear (&exchange);
}

/* A window says what the library draws for it. */
static void
test_windows (void)
{
  static const char settings[] = "flip=0.5,flip-vertical=0.5,reverse=0.5";
  g_autofree char *line = g_strdup_printf (
      "vattvideotok seed=3 augment-settings=\"c,%s\" hop=400000000 frames=8 "
      "fps=25",
      settings);
  VattAugmentParams params;
  vatt_augment_params_init (&params, VATT_AUGMENT_NONE);
  params.flip = params.flip_vertical = params.reverse = 0.5;
  GstHarness *h = gst_harness_new_parse (line);
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=RGB,width=64,height=64,framerate=25/1");
  guint seen = 0;
  for (guint i = 0; i < 400; i++) {
    GstBuffer *picture = gst_harness_create_buffer (h, 64 * 64 * 3);
    GST_BUFFER_PTS (picture) = i * FRAME;
    GST_BUFFER_DURATION (picture) = FRAME;
    g_assert_cmpint (gst_harness_push (h, picture), ==, GST_FLOW_OK);
  }
  guint n = gst_harness_buffers_in_queue (h);
  g_assert_cmpuint (n, >, 30);
  for (guint w = 0; w < n; w++) {
    g_autoptr (GstBuffer) window = gst_harness_pull (h);
    const VattAugmentKey key = { .seed = 3, .window = w };
    VattAugmentDraw draw;
    vatt_augment_draw (&params, &key, &draw);
    guint changes = gst_buffer_get_vatt_meta (window)->changes;
    g_assert_cmpuint (changes, ==,
        (guint)draw.flip << GST_VATT_MIRRORED |
            (guint)draw.flip_vertical << GST_VATT_MIRRORED_VERTICALLY |
            (guint)draw.reverse << GST_VATT_REVERSED);
    seen |= 1u << changes;
    /* It follows copies. */
    g_autoptr (GstBuffer) copy = gst_buffer_copy (window);
    g_assert_cmpuint (gst_buffer_get_vatt_meta (copy)->changes, ==, changes);
  }
  g_assert_cmpuint (seen, ==, 0xff);
  gst_harness_teardown (h);
}

/* The window that a tokeniser makes for tiny-talker, whose grids of pictures
 * and sound have as many tokens. */
static GstBuffer *
window_of (const char *element, VattModality modality, const char *caps,
    gsize bytes, guint n_buffers)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config = vatt_config_load ("tiny-talker", &error);
  g_assert_no_error (error);
  g_autofree char *line =
      g_strdup_printf ("%s seed=3 drop-rate=0.25 hop=5000000000", element);
  GstHarness *h = gst_harness_new_parse (line);
  gst_harness_set_sink_caps (
      h, gst_vatt_caps_from_front_end (
             vatt_config_get_front_end (config, modality), modality, NULL));
  gst_harness_set_src_caps_str (h, caps);
  for (guint i = 0; i < n_buffers; i++) {
    GstBuffer *buffer = gst_harness_create_buffer (h, bytes);
    gst_buffer_memset (buffer, 0, (guint8)(7 * i), bytes);
    GST_BUFFER_PTS (buffer) = i * FRAME;
    GST_BUFFER_DURATION (buffer) = FRAME;
    g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_OK);
  }
  gst_harness_push_event (h, gst_event_new_eos ());
  GstBuffer *window = gst_harness_pull (h);
  gst_harness_teardown (h);
  return window;
}

/* Which tokens are left must not tell which windows belong together. */
static void
test_tokens (void)
{
  g_autoptr (GstBuffer) video = window_of ("vattvideotok", VATT_VIDEO,
      "video/x-raw,format=RGB,width=64,height=64,framerate=25/1", 64 * 64 * 3,
      70);
  g_autoptr (GstBuffer) audio = window_of ("vattaudiotok", VATT_AUDIO,
      "audio/x-raw,format=S16LE,layout=interleaved,rate=16000,channels=1", 1280,
      70);
  const GstVattMeta *a = gst_buffer_get_vatt_meta (video);
  const GstVattMeta *b = gst_buffer_get_vatt_meta (audio);
  g_assert_cmpuint (a->n_kept, ==, 48);
  g_assert_cmpuint (b->n_kept, ==, 48);
  g_assert_cmpint (memcmp (a->kept, b->kept, 48 * sizeof *a->kept), !=, 0);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  gst_vatt_clip_meta_register ();
  GST_ELEMENT_REGISTER (vattvideotok, NULL);
  GST_ELEMENT_REGISTER (vattaudiotok, NULL);
  g_test_add_func ("/changes/pairs", test_pairs);
  g_test_add_func ("/changes/refused", test_refused);
  g_test_add_func ("/changes/windows", test_windows);
  g_test_add_func ("/changes/tokens", test_tokens);
  return g_test_run ();
}
