/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Configurations as key files. One table of keys per section reads, checks
 * and writes them; what is not in a table is rejected. */
#include "spec.h"

#include <string.h>

typedef enum {
  KEY_COUNTS,   /* `count` unsigned numbers up to max, separated by ';' */
  KEY_FLAG,     /* true or false */
  KEY_CHOICE,   /* one of choices */
  KEY_FRACTION, /* "10" or "25/2", into two guints */
  KEY_DOUBLES,  /* `count` numbers from 0 to max */
} KeyKind;

typedef struct {
  const char *name;
  KeyKind kind;
  gsize offset;
  guint count, max;
  const char *const *choices;
  double absent; /* value where the key is not given */
} Key;

static const char *const inputs[] = { "none", "voxels", "wave", "spectrogram",
  "words", NULL };
static const char *const scalings[] = { "range", "clip", NULL };
static const char *const positions[] = { "absolute", "relative", "none", NULL };
static const char *const aggregations[] = { "token", "word", "max", NULL };
static const char *const norms[] = { "layer", "rms", NULL };
static const char *const activations[] = { "gelu", "relu", NULL };
static const char *const orders[] = { "grid", "exchanged", NULL };
static const char *const modalities[] = { "video", "audio", "text", NULL };
static const char *const heads[] = { "none", "fac", "joint", "classifier",
  NULL };

#define FRONT(field) G_STRUCT_OFFSET (VattTowerSpec, front.field)
#define TOWER(field) G_STRUCT_OFFSET (VattTowerSpec, field)
#define HEAD(field) G_STRUCT_OFFSET (VattHeadSpec, field)

static const Key tower_keys[] = {
  { "input", KEY_CHOICE, FRONT (input), .choices = inputs },
  { "frames", KEY_COUNTS, FRONT (frames), 1, 1 << 16 },
  { "height", KEY_COUNTS, FRONT (height), 1, 1 << 14 },
  { "width-of-picture", KEY_COUNTS, FRONT (width), 1, 1 << 14 },
  { "rate", KEY_FRACTION, FRONT (rate_n), 2, 1 << 20 },
  { "box", KEY_DOUBLES, FRONT (box), 4, 1 },
  { "samples", KEY_COUNTS, FRONT (samples), 1, 1 << 26 },
  { "scaling", KEY_CHOICE, FRONT (scaling), .choices = scalings },
  { "mel-frame", KEY_COUNTS, FRONT (mel_frame), 1, 1 << 20 },
  { "mel-hop", KEY_COUNTS, FRONT (mel_hop), 1, 1 << 20 },
  { "mel-fft", KEY_COUNTS, FRONT (mel_fft), 1, 1 << 20 },
  { "mel-bands", KEY_COUNTS, FRONT (mel_bands), 1, 1 << 12 },
  { "mel-low", KEY_DOUBLES, FRONT (mel_low), 1, 1 << 20 },
  { "mel-high", KEY_DOUBLES, FRONT (mel_high), 1, 1 << 20 },
  { "words", KEY_COUNTS, FRONT (words), 1, 1 << 12 },
  { "patch", KEY_COUNTS, FRONT (patch), 3, 1 << 16 },
  { "buckets", KEY_COUNTS, TOWER (buckets), 3, 1 << 20 },
  { "vocabulary", KEY_COUNTS, TOWER (vocabulary), 1, 1 << 24 },
  { "embedding", KEY_COUNTS, TOWER (embedding), 1, 1 << 16 },
  { "layers", KEY_COUNTS, TOWER (layers), 1, 1 << 10 },
  { "width", KEY_COUNTS, TOWER (width), 1, 1 << 16 },
  { "heads", KEY_COUNTS, TOWER (heads), 1, 1 << 10 },
  { "head-width", KEY_COUNTS, TOWER (head_width), 1, 1 << 14 },
  { "feed-forward", KEY_COUNTS, TOWER (feed_forward), 1, 1 << 18 },
  { "norm", KEY_CHOICE, TOWER (rms), .choices = norms },
  { "bias", KEY_FLAG, TOWER (bias), .absent = 1 },
  { "scaled", KEY_FLAG, TOWER (scaled), .absent = 1 },
  { "positions", KEY_CHOICE, TOWER (positions), .choices = positions },
  { "position-order", KEY_CHOICE, TOWER (exchanged), .choices = orders },
  { "relative-buckets", KEY_COUNTS, TOWER (relative_buckets), 1, 1 << 12 },
  { "relative-distance", KEY_COUNTS, TOWER (relative_distance), 1, 1 << 16 },
  { "aggregation", KEY_CHOICE, TOWER (aggregation), .choices = aggregations },
  { "pre-projection", KEY_COUNTS, TOWER (pre_width), 1, 1 << 16 },
  { "pre-bias", KEY_FLAG, TOWER (pre_bias), .absent = 1 },
  { "pre-activation", KEY_CHOICE, TOWER (pre_relu), .choices = activations },
  { "post-projection", KEY_COUNTS, TOWER (post_width), 1, 1 << 16 },
  { "share", KEY_CHOICE, TOWER (share), .choices = modalities },
  { NULL },
};

static const Key head_keys[] = {
  { "kind", KEY_CHOICE, HEAD (kind), .choices = heads },
  { "va-width", KEY_COUNTS, HEAD (va_width), 1, 1 << 16 },
  { "vt-width", KEY_COUNTS, HEAD (vt_width), 1, 1 << 16 },
  { "audio-norm", KEY_FLAG, HEAD (audio_norm) },
  { "text-norm", KEY_FLAG, HEAD (text_norm) },
  { "audio-text", KEY_FLAG, HEAD (audio_text) },
  { "classes", KEY_COUNTS, HEAD (classes), 1, 1 << 20 },
  { "multi-label", KEY_FLAG, HEAD (multi_label) },
  { NULL },
};

G_DEFINE_BOXED_TYPE (
    VattConfig, vatt_config, vatt_config_ref, vatt_config_unref)

/* Names come from paths too: what a key file could not hold becomes '?'. Of
 * several carriage returns at a line's end each reading would take one. */
static char *
one_line (const char *name)
{
  g_autofree char *text = g_utf8_make_valid (name, -1);
  for (char *c = text; *c; c++)
    if (g_ascii_iscntrl (*c))
      *c = '?';
  return g_strdup (g_strstrip (text));
}

VattConfig *
vatt_config_new (const char *name)
{
  VattConfig *config = g_new0 (VattConfig, 1);
  config->ref_count = 1;
  config->name = one_line (name);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    vatt_spec_tower_defaults (&config->tower[m], (VattModality)m);
  return config;
}

/**
 * vatt_config_ref:
 * @config: a configuration
 *
 * Returns: (transfer full): @config
 */
VattConfig *
vatt_config_ref (VattConfig *config)
{
  g_return_val_if_fail (config, NULL);
  g_atomic_int_inc (&config->ref_count);
  return config;
}

/**
 * vatt_config_unref:
 * @config: (transfer full): a configuration
 */
void
vatt_config_unref (VattConfig *config)
{
  g_return_if_fail (config);
  if (!g_atomic_int_dec_and_test (&config->ref_count))
    return;
  g_free (config->name);
  g_free (config->description);
  g_free (config);
}

/* ---- one key ---- */

static gboolean
bad_value (const char *origin, const char *section, const Key *key,
    const char *text, const char *expected, GError **error)
{
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
      "configuration '%s': [%s] %s is '%s', expected %s", origin, section,
      key->name, text, expected);
  return FALSE;
}

static gboolean
read_count (const char *text, guint max, guint *value)
{
  guint64 number;
  if (!g_ascii_string_to_unsigned (text, 10, 0, max, &number, NULL))
    return FALSE;
  *value = (guint)number;
  return TRUE;
}

static gboolean
read_double (const char *text, double max, double *value)
{
  char *end;
  double number = g_ascii_strtod (text, &end);
  if (end == text || *end || !(number >= 0 && number <= max))
    return FALSE;
  *value = number;
  return TRUE;
}

static gboolean
read_key (gpointer spec, const Key *key, const char *text)
{
  gpointer field = G_STRUCT_MEMBER_P (spec, key->offset);
  g_auto (GStrv) parts =
      g_strsplit (text, key->kind == KEY_FRACTION ? "/" : ";", -1);
  guint n = g_strv_length (parts);
  switch (key->kind) {
  case KEY_COUNTS:
    for (guint i = 0; i < n; i++)
      if (i >= key->count ||
          !read_count (parts[i], key->max, (guint *)field + i))
        return FALSE;
    return n > 0;
  case KEY_FLAG:
    *(guint *)field = strcmp (text, "true") == 0;
    return *(guint *)field || strcmp (text, "false") == 0;
  case KEY_CHOICE:
    for (guint i = 0; key->choices[i]; i++)
      if (strcmp (key->choices[i], text) == 0) {
        *(guint *)field = i;
        return TRUE;
      }
    return FALSE;
  case KEY_FRACTION:
    ((guint *)field)[1] = 1;
    for (guint i = 0; i < n; i++)
      if (i >= 2 || !read_count (parts[i], key->max, (guint *)field + i))
        return FALSE;
    return n > 0 && ((guint *)field)[1] > 0;
  case KEY_DOUBLES:
    for (guint i = 0; i < n; i++)
      if (i >= key->count ||
          !read_double (parts[i], key->max, (double *)field + i))
        return FALSE;
    return n == key->count;
  }
  return FALSE;
}

static char *
expected_of (const Key *key)
{
  switch (key->kind) {
  case KEY_CHOICE: {
    g_autofree char *list = g_strjoinv (", ", (char **)key->choices);
    return g_strdup_printf ("one of %s", list);
  }
  case KEY_FLAG:
    return g_strdup ("true or false");
  case KEY_FRACTION:
    return g_strdup_printf ("a number or a fraction up to %u", key->max);
  case KEY_DOUBLES:
    return g_strdup_printf (
        "%u number(s) from 0 to %u, separated by ';'", key->count, key->max);
  case KEY_COUNTS:
    break;
  }
  return key->count == 1
             ? g_strdup_printf ("a whole number from 0 to %u", key->max)
             : g_strdup_printf ("1 to %u whole numbers from 0 to %u, separated "
                                "by ';'",
                   key->count, key->max);
}

/* Appends "key=value" unless the value is the one absence means. */
static void
write_key (
    GString *text, gconstpointer spec, gconstpointer absent, const Key *key)
{
  gconstpointer field = (const char *)spec + key->offset;
  gsize size = key->kind == KEY_DOUBLES ? key->count * sizeof (double)
                                        : MAX (key->count, 1) * sizeof (guint);
  if (memcmp (field, (const char *)absent + key->offset, size) == 0)
    return;
  g_string_append_printf (text, "%s=", key->name);
  switch (key->kind) {
  case KEY_FLAG:
    g_string_append (text, *(const guint *)field ? "true" : "false");
    break;
  case KEY_CHOICE:
    g_string_append (text, key->choices[*(const guint *)field]);
    break;
  case KEY_FRACTION:
    g_string_append_printf (
        text, "%u/%u", ((const guint *)field)[0], ((const guint *)field)[1]);
    break;
  case KEY_COUNTS:
    for (guint i = 0; i < key->count; i++)
      g_string_append_printf (
          text, "%s%u", i ? ";" : "", ((const guint *)field)[i]);
    break;
  case KEY_DOUBLES:
    for (guint i = 0; i < key->count; i++) {
      char number[G_ASCII_DTOSTR_BUF_SIZE];
      g_ascii_dtostr (number, sizeof number, ((const double *)field)[i]);
      g_string_append_printf (text, "%s%s", i ? ";" : "", number);
    }
    break;
  }
  g_string_append_c (text, '\n');
}

static void
set_defaults (gpointer spec, const Key *keys)
{
  for (const Key *key = keys; key->name; key++)
    if (key->kind == KEY_FLAG)
      *(guint *)G_STRUCT_MEMBER_P (spec, key->offset) = (guint)key->absent;
}

void
vatt_spec_tower_defaults (VattTowerSpec *tower, VattModality modality)
{
  memset (tower, 0, sizeof *tower);
  set_defaults (tower, tower_keys);
  tower->front.rate_d = 1;
  tower->share = modality;
  for (guint i = 0; i < 3; i++)
    tower->front.patch[i] = tower->front.grid[i] = tower->buckets[i] = 1;
}

/* ---- files ---- */

static gboolean
read_section (GKeyFile *file, const char *origin, const char *section,
    const Key *keys, gpointer spec, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (file, section, NULL, NULL);
  for (char **name = names; name && *name; name++) {
    const Key *key = keys;
    while (key->name && strcmp (key->name, *name) != 0)
      key++;
    if (!key->name) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
          "configuration '%s': unknown key '%s' in [%s]", origin, *name,
          section);
      return FALSE;
    }
    g_autofree char *text = g_key_file_get_value (file, section, *name, NULL);
    if (!text || !read_key (spec, key, text)) {
      g_autofree char *expected = expected_of (key);
      return bad_value (
          origin, section, key, text ? text : "", expected, error);
    }
  }
  return TRUE;
}

/* Keys of a tower that there is not would be lost without a word. */
static gboolean
read_tower_section (GKeyFile *file, const char *origin, VattModality modality,
    VattTowerSpec *tower, GError **error)
{
  VattTowerSpec absent;
  vatt_spec_tower_defaults (&absent, modality);
  if (!read_section (
          file, origin, modalities[modality], tower_keys, tower, error))
    return FALSE;
  if (tower->front.input != VATT_INPUT_NONE ||
      memcmp (tower, &absent, sizeof absent) == 0)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
      "configuration '%s': [%s] has keys, but no input", origin,
      modalities[modality]);
  return FALSE;
}

static gboolean
read_model_section (
    GKeyFile *file, const char *origin, VattConfig *config, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (file, "model", NULL, NULL);
  for (char **name = names; name && *name; name++) {
    g_autofree char *text = g_key_file_get_value (file, "model", *name, NULL);
    if (strcmp (*name, "name") == 0) {
      g_free (config->name);
      config->name = one_line (text ? text : "");
    } else if (strcmp (*name, "description") == 0) {
      g_free (config->description);
      config->description = one_line (text ? text : "");
    } else if (strcmp (*name, "parameters") != 0 ||
               !g_ascii_string_to_unsigned (
                   text, 10, 0, G_MAXINT64, &config->parameters, NULL)) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
          "configuration '%s': [model] %s=%s, expected name, description "
          "or parameters=COUNT",
          origin, *name, text ? text : "");
      return FALSE;
    }
  }
  return TRUE;
}

/**
 * vatt_config_parse:
 * @text: a configuration, as vatt_config_to_text() writes it
 * @length: its length in bytes, or -1 if it ends with a zero
 * @origin: what to call it in errors, a file's name for instance
 * @error: return location for a #GError
 *
 * Returns: (transfer full): the configuration, or %NULL with
 *   %VATT_ERROR_CONFIG naming section, key, what was found and expected
 */
VattConfig *
vatt_config_parse (
    const char *text, gssize length, const char *origin, GError **error)
{
  g_return_val_if_fail (text && origin, NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) reason = NULL;
  gsize size = length < 0 ? strlen (text) : (gsize)length;
  if (!g_utf8_validate (text, (gssize)size, NULL) ||
      !g_key_file_load_from_data (
          file, text, size, G_KEY_FILE_KEEP_TRANSLATIONS, &reason)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "configuration '%s' is not a key file: %s", origin,
        reason ? reason->message : "it is not UTF-8 text");
    return NULL;
  }
  g_autoptr (VattConfig) config = vatt_config_new (origin);
  g_auto (GStrv) sections = g_key_file_get_groups (file, NULL);
  for (char **section = sections; *section; section++) {
    gboolean done = FALSE, good = TRUE;
    for (guint m = 0; m < VATT_N_MODALITIES; m++)
      if (strcmp (*section, modalities[m]) == 0) {
        good = read_tower_section (
            file, origin, (VattModality)m, &config->tower[m], error);
        done = TRUE;
      }
    if (strcmp (*section, "head") == 0) {
      good = read_section (
          file, origin, *section, head_keys, &config->head, error);
      done = TRUE;
    } else if (strcmp (*section, "model") == 0) {
      good = read_model_section (file, origin, config, error);
      done = TRUE;
    }
    if (!done) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
          "configuration '%s': unknown section [%s], expected model, video, "
          "audio, text or head",
          origin, *section);
      return NULL;
    }
    if (!good)
      return NULL;
  }
  if (!vatt_config_finish (config, origin, error))
    return NULL;
  return g_steal_pointer (&config);
}

/**
 * vatt_config_to_text:
 * @config: a configuration
 *
 * Returns: (transfer full): @config as a key file; the same for equal
 *   configurations
 */
char *
vatt_config_to_text (const VattConfig *config)
{
  g_return_val_if_fail (config, NULL);
  GString *text = g_string_new ("[model]\n");
  g_string_append_printf (text, "name=%s\n", config->name);
  if (config->description)
    g_string_append_printf (text, "description=%s\n", config->description);
  if (config->parameters)
    g_string_append_printf (
        text, "parameters=%" G_GUINT64_FORMAT "\n", config->parameters);
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    VattTowerSpec absent;
    vatt_spec_tower_defaults (&absent, (VattModality)m);
    if (config->tower[m].front.input == VATT_INPUT_NONE)
      continue;
    g_string_append_printf (text, "\n[%s]\n", modalities[m]);
    for (const Key *key = tower_keys; key->name; key++)
      write_key (text, &config->tower[m], &absent, key);
  }
  if (config->head.kind != VATT_HEAD_NONE) {
    const VattHeadSpec absent = { 0 };
    g_string_append (text, "\n[head]\n");
    for (const Key *key = head_keys; key->name; key++)
      write_key (text, &config->head, &absent, key);
  }
  return g_string_free (text, FALSE);
}
