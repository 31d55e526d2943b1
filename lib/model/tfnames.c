/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One row per part of a path. '*' stands for a block's number; in
 * replacements '@' is the modality and '&' its abbreviation. The last
 * component follows from what kind of layer the row is. */
#include "tfnames.h"

#include <string.h>

typedef enum {
  LEAF_NONE,  /* the row is the whole name */
  LEAF_DENSE, /* weight -> kernel, bias */
  LEAF_NORM,  /* gain -> gamma, bias -> beta, moving statistics */
  LEAF_RMS,   /* gain -> weight */
  LEAF_TABLE, /* weight -> embeddings */
} Leaf;

typedef struct {
  const char *ours, *theirs;
  Leaf leaf;
} Row;

#define ENCODER(prefix)                                                        \
  { "block.*.norm1.", prefix "tx/layers/*/layer_norm/", LEAF_NORM },           \
      { "block.*.attention.query.", prefix "tx/layers/*/mha/q/", LEAF_DENSE }, \
      { "block.*.attention.key.", prefix "tx/layers/*/mha/k/", LEAF_DENSE },   \
      { "block.*.attention.value.", prefix "tx/layers/*/mha/v/", LEAF_DENSE }, \
      { "block.*.attention.output.", prefix "tx/layers/*/mha/o/",              \
        LEAF_DENSE },                                                          \
      { "block.*.norm2.", prefix "tx/layers/*/feed_forward/layer_norm/",       \
        LEAF_NORM },                                                           \
      { "block.*.mlp.in.", prefix "tx/layers/*/feed_forward/mlp/wi/",          \
        LEAF_DENSE },                                                          \
      { "block.*.mlp.out.", prefix "tx/layers/*/feed_forward/mlp/wo/",         \
        LEAF_DENSE },                                                          \
  {                                                                            \
    "norm.", prefix "tx/final_layer_norm/", LEAF_NORM                          \
  }

#define POSITIONS(prefix)                                                      \
  { "position.temporal.", prefix "temporal_position_embeddings/",              \
    LEAF_TABLE },                                                              \
      { "position.vertical.", prefix "vertical_position_embeddings/",          \
        LEAF_TABLE },                                                          \
      { "position.horizontal.", prefix "horizontal_position_embeddings/",      \
        LEAF_TABLE },                                                          \
      { "position.spectral.", prefix "spectoral_position_embeddings/",         \
        LEAF_TABLE },                                                          \
  {                                                                            \
    "position.norm.", prefix "layernorm/", LEAF_NORM                           \
  }

static const Row tower_rows[] = {
  ENCODER (""),
  POSITIONS ("pos_embedding_lookup/"),
  { "pre.", "pre_proj/", LEAF_DENSE },
  { "post.", "post_proj/", LEAF_DENSE },
  { "aggregation", "agg_embedding", LEAF_NONE },
  { NULL },
};

static const Row unified_rows[] = {
  ENCODER (""),
  POSITIONS ("pos_embedding_lookup/@/"),
  { "patch.", "raw_to_embeddings/@/", LEAF_DENSE },
  { "embedding.", "raw_to_embeddings/@/", LEAF_TABLE },
  { "pre.", "pre_proj/@/", LEAF_DENSE },
  { "post.", "post_proj/@/", LEAF_DENSE },
  { "aggregation", "&_agg_embedding", LEAF_NONE },
  { NULL },
};

#define T5_ATTENTION "base_lm/layers/*/self_attention/"
#define T5_FEED_FORWARD "base_lm/layers/*/feed_forward/"
static const Row t5_rows[] = {
  { "block.*.norm1.", T5_ATTENTION "layer_norm/", LEAF_RMS },
  { "block.*.attention.query.", T5_ATTENTION "attention/q/", LEAF_DENSE },
  { "block.*.attention.key.", T5_ATTENTION "attention/k/", LEAF_DENSE },
  { "block.*.attention.value.", T5_ATTENTION "attention/v/", LEAF_DENSE },
  { "block.*.attention.output.", T5_ATTENTION "attention/o/", LEAF_DENSE },
  { "block.*.norm2.", T5_FEED_FORWARD "layer_norm/", LEAF_NORM },
  { "block.*.mlp.in.", T5_FEED_FORWARD "mlp/wi/", LEAF_DENSE },
  { "block.*.mlp.out.", T5_FEED_FORWARD "mlp/wo/", LEAF_DENSE },
  { "norm.", "base_lm/final_layer_norm/", LEAF_RMS },
  { "position.relative.",
      "base_lm/layers/0/self_attention/attention/relative_attention_bias/",
      LEAF_TABLE },
  { "embedding.", "embedding/", LEAF_TABLE },
  { "pre.", "pre_proj/", LEAF_DENSE },
  { "aggregation", "agg_embedding", LEAF_NONE },
  { NULL },
};

static const Row bert_rows[] = {
  ENCODER ("base_lm/"),
  POSITIONS ("base_lm/pos_embedding_lookup/"),
  { "embedding.", "embedding/", LEAF_TABLE },
  { "pre.", "pre_proj/", LEAF_DENSE },
  { "aggregation", "base_lm/agg_embedding", LEAF_NONE },
  { NULL },
};

static const Row linear_rows[] = {
  { "embedding.", "embedding/", LEAF_TABLE },
  { "pre.", "base_lm/conv1d/", LEAF_DENSE },
  { NULL },
};

static const Row *const tower_tables[] = {
  [VATT_TF_TOWER] = tower_rows,
  [VATT_TF_UNIFIED] = unified_rows,
  [VATT_TF_T5] = t5_rows,
  [VATT_TF_BERT] = bert_rows,
  [VATT_TF_LINEAR] = linear_rows,
};

/* The longer of two that match comes first. */
static const Row fac_rows[] = {
  { "hidden.norm.", "hid_to_va/pre_bn/", LEAF_NORM },
  { "hidden.", "vid_to_hid/", LEAF_DENSE },
  { "va.norm.", "hid_to_va/bn/", LEAF_NORM },
  { "va.", "hid_to_va/dense/", LEAF_DENSE },
  { "audio.", "aud_to_va/", LEAF_DENSE },
  { "vt.norm.", "va_to_vat/bn/", LEAF_NORM },
  { "vt.", "va_to_vat/dense/", LEAF_DENSE },
  { "text.", "txt_to_vat/", LEAF_DENSE },
  { NULL },
};

static const Row joint_rows[] = {
  { "video.norm.", "vid_to_vat/bn/", LEAF_NORM },
  { "audio.norm.", "aud_to_vat/bn/", LEAF_NORM },
  { "text.norm.", "txt_to_vat/bn/", LEAF_NORM },
  { "video.", "vid_to_vat/dense/", LEAF_DENSE },
  { "audio.", "aud_to_vat/dense/", LEAF_DENSE },
  { "text.", "txt_to_vat/dense/", LEAF_DENSE },
  { NULL },
};

static const Row classifier_rows[] = {
  { "classifier.", "_ops/cls/", LEAF_DENSE },
  { NULL },
};

static const Row *const head_tables[] = {
  [VATT_HEAD_FAC] = fac_rows,
  [VATT_HEAD_JOINT] = joint_rows,
  [VATT_HEAD_CLASSIFIER] = classifier_rows,
};

static const Row patch_rows[] = {
  [VATT_INPUT_VOXELS] = { "patch.", "voxel_to_patch/", LEAF_DENSE },
  [VATT_INPUT_WAVE] = { "patch.", "wave_to_patch/", LEAF_DENSE },
  [VATT_INPUT_SPECTROGRAM] = { "patch.", "spectrum_to_patch/", LEAF_DENSE },
};

/* Whether path begins with the row's pattern; *rest is what follows, and
 * *number, of *digits characters, what the star stood for. */
static gboolean
match (const char *pattern, const char *path, const char **rest,
    const char **number, int *digits)
{
  while (*pattern) {
    if (*pattern == '*') {
      *number = path;
      *digits = (int)strspn (path, "0123456789");
      path += *digits;
      if (*digits == 0)
        return FALSE;
    } else if (*pattern != *path++)
      return FALSE;
    pattern++;
  }
  *rest = path;
  return TRUE;
}

static const char *
leaf_name (Leaf leaf, const char *name)
{
  static const struct {
    Leaf leaf;
    const char *ours, *theirs;
  } leaves[] = {
    { LEAF_NONE, "", "" },
    { LEAF_DENSE, "weight", "kernel" },
    { LEAF_DENSE, "bias", "bias" },
    { LEAF_NORM, "gain", "gamma" },
    { LEAF_NORM, "bias", "beta" },
    { LEAF_NORM, "mean", "moving_mean" },
    { LEAF_NORM, "variance", "moving_variance" },
    { LEAF_RMS, "gain", "weight" },
    { LEAF_TABLE, "weight", "embeddings" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (leaves); i++)
    if (leaves[i].leaf == leaf && strcmp (leaves[i].ours, name) == 0)
      return leaves[i].theirs;
  return NULL;
}

static char *
translate (
    const Row *rows, const char *base, const char *modality, const char *path)
{
  for (const Row *row = rows; row->ours; row++) {
    const char *rest, *number = "";
    int digits = 0;
    if (!match (row->ours, path, &rest, &number, &digits))
      continue;
    const char *leaf = leaf_name (row->leaf, rest);
    if (!leaf)
      continue;
    GString *theirs = g_string_new (base);
    for (const char *c = row->theirs; *c; c++)
      if (*c == '*')
        g_string_append_len (theirs, number, digits);
      else if (*c == '@')
        g_string_append (theirs, modality);
      else if (*c == '&')
        g_string_append (theirs, *modality == 'v'   ? "vid"
                                 : *modality == 'a' ? "aud"
                                                    : "txt");
      else
        g_string_append_c (theirs, *c);
    g_string_append (theirs, leaf);
    return g_string_free (theirs, FALSE);
  }
  return NULL;
}

char *
vatt_tf_path (
    const VattTfLayout *layout, const VattConfig *config, const char *parameter)
{
  if (g_str_has_prefix (parameter, "head."))
    return layout->head ? translate (head_tables[config->head.kind],
                              layout->head, "", parameter + strlen ("head."))
                        : NULL;
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    const char *modality = vatt_modality_name ((VattModality)m);
    if (!layout->tower[m] || !g_str_has_prefix (parameter, modality) ||
        parameter[strlen (modality)] != '.')
      continue;
    const char *path = parameter + strlen (modality) + 1;
    char *name = translate (
        tower_tables[layout->naming[m]], layout->tower[m], modality, path);
    if (name || layout->naming[m] != VATT_TF_TOWER)
      return name;
    const Row patch[] = { patch_rows[config->tower[m].front.input], { NULL } };
    return translate (patch, layout->tower[m], modality, path);
  }
  return NULL;
}
