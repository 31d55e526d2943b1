/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a configuration says, validated. Towers differ in how raw data become
 * tokens, in their position axes, widths and aggregation; nowhere else. */
#pragma once

#include <vatt/config.h>

#define VATT_NORM_EPS 1e-6f       /* LayerNorm and RMS norm of every tower */
#define VATT_BATCH_NORM_EPS 1e-5f /* batch norms of the heads */
#define VATT_BATCH_NORM_KEEP 0.9f /* of their moving statistics, each step */

typedef enum {
  VATT_POSITIONS_ABSOLUTE, /* one table per axis, summed, LayerNorm, added */
  VATT_POSITIONS_RELATIVE, /* a bias on attention scores, by distance */
  VATT_POSITIONS_NONE,
} VattPositions;

typedef enum {
  VATT_AGGREGATION_TOKEN, /* a learnt token, prepended after the positions */
  VATT_AGGREGATION_WORD,  /* the same before the pre-projection, as a word */
  VATT_AGGREGATION_MAX,   /* maximum over all tokens, padding included */
} VattAggregation;

typedef struct {
  VattFrontEnd front;
  guint buckets[3]; /* rows of the position tables, one for each axis */
  guint layers, width, heads, head_width, feed_forward;
  guint rms;       /* RMS norm instead of LayerNorm, except
                      before the feed-forward */
  guint bias;      /* of all products of the encoder */
  guint scaled;    /* queries divided by sqrt (head_width) */
  guint pre_width; /* Dense before the positions; 0 for none */
  guint pre_bias;
  guint pre_relu;    /* ReLU instead of GELU */
  guint post_width;  /* Dense with GELU after the encoder */
  guint positions;   /* VattPositions */
  guint aggregation; /* VattAggregation */
  guint relative_buckets, relative_distance;
  guint exchanged;             /* position ids of a grid read transposed */
  guint vocabulary, embedding; /* rows and columns of the word table */
  guint share;                 /* modality whose encoder this tower uses;
                                  its own or VATT_VIDEO */
} VattTowerSpec;

typedef enum {
  VATT_HEAD_NONE,
  VATT_HEAD_FAC,
  VATT_HEAD_JOINT,
  VATT_HEAD_CLASSIFIER,
} VattHeadKind;

typedef struct {
  guint kind; /* VattHeadKind */
  guint va_width, vt_width;
  guint audio_norm; /* batch norm after the audio projection */
  guint text_norm;  /* batch norm after the text projection */
  guint audio_text; /* audio is projected to the text space too */
  guint classes;
  guint multi_label;
} VattHeadSpec;

struct _VattConfig {
  gint ref_count;
  char *name, *description;
  guint64 parameters; /* as the file declares; 0 where it does not */
  VattTowerSpec tower[VATT_N_MODALITIES];
  VattHeadSpec head;
};

/* Axes along which the tokens of an input lie. */
guint vatt_spec_axes (VattInput input);
/* Name of one of them: "temporal", "vertical" .. */
const char *vatt_spec_axis_name (VattInput input, guint axis);
/* Width of the pooled feature. */
guint vatt_spec_pooled_width (const VattTowerSpec *tower);

/* An empty configuration to fill in, to be checked by vatt_config_finish,
 * which derives grids and token sizes. */
VattConfig *vatt_config_new (const char *name);
gboolean vatt_config_finish (
    VattConfig *config, const char *origin, GError **error);
/* Sets every key of a tower to what absent keys mean. */
void vatt_spec_tower_defaults (VattTowerSpec *tower, VattModality modality);
