/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What `vatt eval` measures; each fills one JSON object, from which all output
 * is made. */
#pragma once

#include "embeddings.h"

#include <json-glib/json-glib.h>

/* Which windows are one item of retrieval. */
typedef enum {
  VATT_PAIR_NAME, /* those of files of one name, but for its extension */
  VATT_PAIR_TIME, /* each is one; partners are at the same time, too */
} VattPairing;

/* Both rules of retrieval. */
JsonObject *vatt_eval_retrieval (const VattEmbeddingTable *queries,
    const VattEmbeddingTable *items, VattPairing pairing, GError **error);

typedef struct {
  const char *manifest;     /* a file */
  const char *label_column; /* NULL for `label` */
  double l2;                /* weight of the penalty; 0 to choose one */
} VattEvalProbeParams;

/* A linear probe, trained on the split `train`. */
JsonObject *vatt_eval_probe (const VattEmbeddingTable *features,
    const VattEvalProbeParams *params, GError **error);
