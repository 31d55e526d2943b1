/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Configurations: the shipped variants against the numbers of the paper's
 * code, and what a key file must not say. */
#include "rng.h"

#include <vatt/vatt.h>
#include <gio/gio.h>
#include <math.h>
#include <string.h>

#define SEED 3

static VattConfig *
load (const char *variant)
{
  g_autoptr (GError) error = NULL;
  VattConfig *config = vatt_config_load (variant, &error);
  g_assert_no_error (error);
  return config;
}

/* ---- shipped variants ---- */

static void
count (
    const VattConfig *config, guint *tensors, guint64 *all, guint64 *trainable)
{
  g_autoptr (GError) error = NULL;
  g_autofree VattParameterInfo *info =
      vatt_config_list_parameters (config, tensors, &error);
  g_assert_no_error (error);
  *all = *trainable = 0;
  for (guint i = 0; i < *tensors; i++) {
    g_assert_cmpuint (
        info[i].count, ==, info[i].rows * MAX (info[i].columns, 1));
    *all += info[i].count;
    *trainable += info[i].trainable ? info[i].count : 0;
    for (guint j = 0; j < i; j++)
      g_assert_true (info[i].path != info[j].path);
  }
}

/* Whatever a variant is, parsing what it is written as gives it again. */
static void
assert_round_trip (const VattConfig *config)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = vatt_config_to_text (config);
  g_autoptr (VattConfig) again =
      vatt_config_parse (text, -1, "written", &error);
  g_assert_no_error (error);
  g_autofree char *same = vatt_config_to_text (again);
  g_assert_cmpstr (same, ==, text);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    g_assert_cmpmem (vatt_config_get_front_end (config, (VattModality)m),
        sizeof (VattFrontEnd),
        vatt_config_get_front_end (again, (VattModality)m),
        sizeof (VattFrontEnd));
}

static void
test_variants (void)
{
  g_auto (GStrv) names = vatt_variant_list ();
  g_assert_cmpuint (g_strv_length (names), ==, 34);
  for (char **name = names; *name; name++) {
    g_autoptr (VattConfig) config = load (*name);
    g_assert_cmpstr (vatt_config_get_name (config), ==, *name);
    guint tensors;
    guint64 all, trainable;
    count (config, &tensors, &all, &trainable);
    g_assert_cmpuint (all, ==, vatt_config_get_declared_parameters (config));
    assert_round_trip (config);
  }
}

/* Model notes, section 3.4; trainable 0 means all. */
static void
test_counts (void)
{
  static const struct {
    const char *variant;
    guint tensors;
    guint64 all, trainable;
  } table[] = {
    { "vit-base", 202, 87446016, 0 },
    { "vit-medium", 202, 154343424, 0 },
    { "vit-large", 394, 305498112, 0 },
    { "vit-xlarge", 394, 533695488, 0 },
    { "vit-base-320", 202, 87455232, 0 },
    { "vit-medium-320", 202, 154355712, 0 },
    { "vit-large-320", 394, 305510400, 0 },
    { "vit-xlarge-320", 394, 533713920, 0 },
    { "vit-base-k400", 204, 87753616, 0 },
    { "vit-medium-k400", 204, 154753424, 0 },
    { "vit-large-k400", 396, 305908112, 0 },
    /* 156,442,624 in 206, and 400 classes of 1024 weights and a bias */
    { "vit-medium-ma-k400", 208, 156852624, 0 },
    { "wat-base", 200, 86078976, 0 },
    { "wat-medium", 200, 152520704, 0 },
    { "wat-large", 392, 303675392, 0 },
    { "wat-base-audioset", 202, 86484239, 0 },
    { "wat-medium-ma-audioset", 206, 155160079, 0 },
    { "spt-base", 129, 85056768, 0 },
    { "spt-medium", 129, 151157760, 0 },
    { "spt-large", 249, 302201856, 0 },
    { "text-t5-small", 59, 38699052, 19038252 },
    { "bbs", 480, 213540652, 193877292 },
    { "mbs", 480, 280569132, 260905772 },
    { "lbs", 672, 431723820, 412060460 },
    { "ma-medium", 244, 182653696, 162990336 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (VattConfig) config = load (table[i].variant);
    guint tensors;
    guint64 all, trainable;
    count (config, &tensors, &all, &trainable);
    g_test_message ("%s", table[i].variant);
    g_assert_cmpuint (all, ==, table[i].all);
    g_assert_cmpuint (
        trainable, ==, table[i].trainable ? table[i].trainable : table[i].all);
    g_assert_cmpuint (tensors, ==, table[i].tensors);
  }
}

/* ---- operations ---- */

static double
flop (const char *variant, VattModality modality, const guint grid[3],
    double drop, gboolean as_published)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config = load (variant);
  double sum = vatt_config_count_flop (
      config, modality, grid, drop, as_published, &error);
  g_assert_no_error (error);
  return sum * 1e-9;
}

static void
assert_flop (double found, double expected)
{
  g_test_message ("%.1f, expected %.1f GFLOP", found, expected);
  g_assert_cmpfloat (fabs (found / expected - 1.0), <, 0.003);
}

/* Model notes, section 7: what that count comes to for the paper's rule, and
 * with all products. */
static void
test_flop (void)
{
  static const struct {
    const char *variant;
    VattModality modality;
    guint grid[3];
    double drop, published, all;
  } table[] = {
    { "vit-medium", VATT_VIDEO, { 8, 14, 14 }, 0.0, 548.1, 604.7 },
    { "vit-medium", VATT_VIDEO, { 16, 14, 14 }, 0.0, 1222.1, 1450.8 },
    { "vit-medium-320", VATT_VIDEO, { 8, 20, 20 }, 0.0, 1252.3, 1490.4 },
    { "vit-medium-320", VATT_VIDEO, { 8, 20, 20 }, 0.25, 895.1, 1028.6 },
    { "vit-medium-320", VATT_VIDEO, { 8, 20, 20 }, 0.50, 570.7, 629.6 },
    { "vit-medium-320", VATT_VIDEO, { 8, 20, 20 }, 0.75, 279.1, 293.6 },
    { "vit-base-320", VATT_VIDEO, { 8, 20, 20 }, 0.0, 758.6, 936.6 },
    { "vit-large-320", VATT_VIDEO, { 8, 20, 20 }, 0.0, 2482.0, 2960.7 },
    { "wat-base", VATT_AUDIO, { 1200, 1, 1 }, 0.0, 233.0, 257.4 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    assert_flop (flop (table[i].variant, table[i].modality, table[i].grid,
                     table[i].drop, TRUE),
        table[i].published);
    assert_flop (flop (table[i].variant, table[i].modality, table[i].grid,
                     table[i].drop, FALSE),
        table[i].all);
  }
}

static void
test_flop_multimodal (void)
{
  static const double table[][3] = { { 0.0, 781.7, 862.8 },
    { 0.25, 572.1, 617.3 }, { 0.5, 373.8, 393.5 }, { 0.75, 186.8, 191.5 } };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    for (guint published = 0; published < 2; published++) {
      double drop = table[i][0];
      gboolean rule = published != 0;
      assert_flop (flop ("mbs", VATT_VIDEO, NULL, drop, rule) +
                       flop ("mbs", VATT_AUDIO, NULL, drop, rule) +
                       flop ("mbs", VATT_TEXT, NULL, 0.0, rule),
          table[i][published ? 1 : 2]);
    }
}

/* However many are dropped, one token stays. */
static void
test_flop_least (void)
{
  const guint one[] = { 1, 1, 1 };
  double alone = flop ("wat-base", VATT_AUDIO, one, 0.0, FALSE);
  double least = flop ("wat-base", VATT_AUDIO, NULL, 0.9999, FALSE);
  /* 1200 patches of 128 samples are projected to 768 channels. */
  g_assert_cmpfloat (
      fabs (least - alone - 1199 * 2 * 128 * 768 * 1e-9), <, 1e-6 * least);
}

static void
test_flop_refused (void)
{
  const guint huge[] = { 1u << 31, 1u << 31, 4 }, none[] = { 0, 1, 1 };
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config = load ("vit-base");
  g_assert_cmpfloat (
      vatt_config_count_flop (config, VATT_TEXT, NULL, 0.0, FALSE, &error), ==,
      -1.0);
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  g_clear_error (&error);
  g_assert_cmpfloat (
      vatt_config_count_flop (config, VATT_VIDEO, huge, 0.0, FALSE, &error), ==,
      -1.0);
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "2147483648x2147483648x4"));
  g_clear_error (&error);
  g_assert_cmpfloat (
      vatt_config_count_flop (config, VATT_VIDEO, none, 0.0, FALSE, &error), ==,
      -1.0);
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
}

/* ---- what is refused ---- */

static char *
tiny_text (void)
{
  g_autoptr (GBytes) bytes = g_resources_lookup_data (
      "/vatt/variants/tiny.ini", G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_assert_nonnull (bytes);
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
assert_refused (const char *text, gssize length, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config =
      vatt_config_parse (text, length, "a.ini", &error);
  if (config)
    g_error ("nothing says '%s'", expected);
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  if (!strstr (error->message, "'a.ini'") || !strstr (error->message, expected))
    g_error ("'%s' does not say '%s'", error->message, expected);
}

/* The first `from` of tiny.ini replaced. */
static void
assert_change_refused (const char *from, const char *to, const char *expected)
{
  g_autofree char *text = tiny_text ();
  const char *place = strstr (text, from);
  g_assert_nonnull (place);
  g_autofree char *changed = g_strdup_printf (
      "%.*s%s%s", (int)(place - text), text, to, place + strlen (from));
  assert_refused (changed, -1, expected);
}

static void
test_refused (void)
{
  static const struct {
    const char *from, *to, *expected;
  } changes[] = {
    { "[video]", "[vidio]", "unknown section [vidio]" },
    { "layers=3", "layer=3", "unknown key 'layer' in [video]" },
    { "layers=3", "layers[de]=3", "unknown key 'layers[de]' in [video]" },
    { "layers=3", "layers=three", "[video] layers is 'three'" },
    { "layers=3", "layers=-3", "[video] layers is '-3'" },
    { "layers=3", "layers=3.5", "[video] layers is '3.5'" },
    { "layers=3", "layers=1025", "a whole number from 0 to 1024" },
    { "layers=3", "layers=99999999999999999999", "[video] layers is '999" },
    { "layers=3", "layers=18446744073709551617", "[video] layers is '184" },
    { "layers=3", "layers=", "[video] layers is ''" },
    { "layers=3", "layers=3;3", "[video] layers is '3;3'" },
    { "layers=3", "layers=3\nbias=yes", "true or false" },
    { "patch=4;16;16", "patch=4;16;16;1", "1 to 3 whole numbers" },
    { "patch=4;16;16", "patch=4;0;16", "[video] patch has a 0" },
    { "patch=4;16;16", "patch=4;65;16", "smaller than one patch" },
    { "rate=25/2", "rate=25/0", "[video] rate is '25/0'" },
    { "rate=25/2", "rate=25/2/1", "[video] rate is '25/2/1'" },
    { "rate=25/2", "box=0;0;1;nan", "[video] box is '0;0;1;nan'" },
    { "rate=25/2", "rate=25/2\nbox=0;0;1", "4 number(s) from 0 to 1" },
    { "rate=25/2", "rate=25/2\nbox=0.5;0;0.6;1", "beyond the picture" },
    { "rate=25/2\n", "", "[video] rate is missing" },
    { "input=voxels", "input=voxel", "one of none, voxels, wave" },
    { "input=voxels", "input=wave", "does not suit this modality" },
    { "width=128", "width=127\npre-projection=128", "width differs" },
    { "heads=4", "heads=0", "must not be 0" },
    { "heads=4", "heads=4\naggregation=word", "only words" },
    { "heads=4", "heads=4\nshare=text", "a tower of another size" },
    { "buckets=8;4;4", "buckets=8;0;4", "buckets > 0" },
    { "mel-hop=160", "mel-hop=0", "mel-hop > 0" },
    { "vocabulary=1024", "vocabulary=1", "need vocabulary" },
    { "positions=relative", "positions=absolute", "no absolute position" },
    { "input=words", "", "[text] has keys, but no input" },
    { "aggregation=word", "aggregation=max", "aggregation" },
    { "relative-buckets=32", "relative-buckets=30", "a multiple of 4" },
    { "va-width=128\n", "", "head fac needs" },
    { "kind=fac", "kind=classifier\nclasses=3", "exactly one tower" },
    { "parameters=1991488", "parameters=-1", "[model] parameters=-1" },
    { "parameters=1991488", "licence=x", "[model] licence=x" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    assert_change_refused (changes[i].from, changes[i].to, changes[i].expected);
}

static void
test_no_text (void)
{
  static const char nul[] = "[model]\nname=a\0b\n";
  assert_refused ("", 0, "there is no tower");
  assert_refused ("[head]\nkind=fac\n", -1, "there is no tower");
  assert_refused (nul, sizeof nul - 1, "not UTF-8");
  assert_refused ("[model]\nname=\xff\xfe\n", -1, "not UTF-8");
  assert_refused ("layers=3\n", -1, "not a key file");
  assert_refused ("[video\nlayers=3\n", -1, "not a key file");
  for (guint64 stream = 0; stream < 200; stream++) {
    char junk[256];
    for (guint i = 0; i < sizeof junk; i++)
      junk[i] = (char)vatt_rng_u32 (SEED, stream, i);
    assert_refused (junk, sizeof junk, "");
  }
}

/* Without a name of its own a configuration is called like its file, whose
 * name may be any. */
static void
test_odd_origin (void)
{
  static const char *const origins[] = { "a\n[video]\nlayers=9", " a\t\r\n",
    "\xff\xfe.ini", "", "name=x", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d" };
  g_autofree char *text = tiny_text ();
  const char *rest = strstr (text, "[video]");
  for (guint i = 0; i < G_N_ELEMENTS (origins); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (VattConfig) config =
        vatt_config_parse (rest, -1, origins[i], &error);
    g_assert_no_error (error);
    assert_round_trip (config);
  }
}

static void
test_files (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (vatt_config_load ("nothing", &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  g_assert_nonnull (strstr (error->message, "vit-base-k400"));
  g_clear_error (&error);
  g_assert_null (vatt_config_load ("./nothing.ini", &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_nonnull (strstr (error->message, "./nothing.ini"));
}

/* ---- damage ---- */

/* Whatever is accepted can be written, read again, and counted. */
static void
try_text (const char *text, gsize length, gboolean list)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config =
      vatt_config_parse (text, (gssize)length, "damaged", &error);
  g_assert_true ((config == NULL) == (error != NULL));
  if (!config) {
    g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
    return;
  }
  assert_round_trip (config);
  if (!list)
    return;
  guint n;
  g_autofree VattParameterInfo *info =
      vatt_config_list_parameters (config, &n, &error);
  g_assert_no_error (error);
  g_assert_nonnull (info);
  g_assert_cmpuint (n, >, 0);
}

static void
test_missing_lines (void)
{
  g_autofree char *text = tiny_text ();
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint skip = 0; lines[skip]; skip++) {
    GString *rest = g_string_new (NULL);
    for (guint i = 0; lines[i]; i++)
      if (i != skip)
        g_string_append_printf (rest, "%s\n", lines[i]);
    try_text (rest->str, rest->len, TRUE);
    g_string_free (rest, TRUE);
  }
}

static void
mutate (GString *text, guint64 stream, guint64 *index)
{
  static const char *const pieces[] = { "0", "9", "-", ";", "=", "\n", "[", "]",
    "/", ".", "true", "none", "65536", "4294967296", "video",
    "layers=", "\n[head]\n", "share=video\n", "\xc3\xa9", "\xff" };
  guint64 r = vatt_rng_u32 (SEED, stream, (*index)++);
  gsize at = vatt_rng_u32 (SEED, stream, (*index)++) % (text->len + 1);
  gsize left = text->len - at;
  const char *piece =
      pieces[vatt_rng_u32 (SEED, stream, (*index)++) % G_N_ELEMENTS (pieces)];
  switch (r % 4) {
  case 0:
    g_string_insert (text, (gssize)at, piece);
    break;
  case 1:
    g_string_erase (text, (gssize)at, (gssize)MIN (left, 1 + r / 4 % 9));
    break;
  case 2:
    if (left)
      text->str[at] = (char)(r >> 8);
    break;
  default:
    if (left)
      text->str[at] = (char)('0' + r / 4 % 10);
  }
}

static void
test_random_damage (void)
{
  g_autofree char *text = tiny_text ();
  for (guint64 stream = 0; stream < 6000; stream++) {
    GString *damaged = g_string_new (text);
    guint64 index = 0;
    guint times = 1 + vatt_rng_u32 (SEED, stream, index++) % 4;
    for (guint i = 0; i < times; i++)
      mutate (damaged, stream, &index);
    try_text (damaged->str, damaged->len, stream % 16 == 0);
    g_string_free (damaged, TRUE);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/variants", test_variants);
  g_test_add_func ("/config/counts", test_counts);
  g_test_add_func ("/config/flop", test_flop);
  g_test_add_func ("/config/flop-multimodal", test_flop_multimodal);
  g_test_add_func ("/config/flop-least", test_flop_least);
  g_test_add_func ("/config/flop-refused", test_flop_refused);
  g_test_add_func ("/config/refused", test_refused);
  g_test_add_func ("/config/no-text", test_no_text);
  g_test_add_func ("/config/odd-origin", test_odd_origin);
  g_test_add_func ("/config/files", test_files);
  g_test_add_func ("/config/missing-lines", test_missing_lines);
  g_test_add_func ("/config/random-damage", test_random_damage);
  return g_test_run ();
}
