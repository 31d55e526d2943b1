/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the two benchmarks of the command bench share. */
#pragma once

#include "tool.h"

typedef struct {
  const char *name; /* of the model */
  VattDevice *device;
  guint batch, micro_batch; /* samples */
  guint captions;           /* items of text to a sample */
  double keep;              /* share of the tokens of video and sound */
  double dropout;
  gboolean half; /* samples of parts wait in half precision */
  guint runs;
  gboolean json;
} VattBenchTrain;

/* Steps of pre-training on noise. Takes the model, whose parameters need no
 * memory beside the trainer's own. */
gboolean vatt_bench_train (
    VattModel *model, const VattBenchTrain *options, GError **error);
/* Noise, or words, in the shape of a model's front end. */
VattClip *vatt_bench_clip (const VattConfig *config, VattModality modality,
    guint batch, GError **error);
