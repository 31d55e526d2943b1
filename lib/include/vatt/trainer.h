/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Learning: a model's parameters changed step by step, so that an objective
 * becomes small on batches of clips.
 *
 * |[<!-- language="C" -->
 * VattTrainerParams params;
 * vatt_trainer_params_init (&params, VATT_TASK_PRETRAIN);
 * g_autoptr (VattTrainer) trainer =
 *     vatt_trainer_new (model, device, &params, &error);
 * const VattBatch batch = { .clip = { video, audio, text } };
 * VattLosses losses;
 * while (vatt_trainer_get_step (trainer) < params.schedule.steps)
 *   if (!vatt_trainer_step (trainer, &batch, &losses, NULL, &error))
 *     return FALSE;
 * g_autoptr (VattModel) learnt = vatt_trainer_get_model (trainer, &error);
 * ]| */
#pragma once

#include <vatt/clip.h>
#include <vatt/device.h>
#include <vatt/model.h>
#include <vatt/objective.h>
#include <vatt/session.h>
#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * VattTrainer:
 *
 * A model that learns. It has parameters of its own, which begin as those of
 * the model it was made from. One thread at a time.
 */
#define VATT_TYPE_TRAINER (vatt_trainer_get_type ())
VATT_API
G_DECLARE_FINAL_TYPE (VattTrainer, vatt_trainer, VATT, TRAINER, GObject)

/**
 * VattTask:
 * @VATT_TASK_PRETRAIN: common spaces, by contrast
 * @VATT_TASK_VIDEO: classes of videos
 * @VATT_TASK_AUDIO: several labels to a sound
 * @VATT_TASK_IMAGE: classes of pictures
 *
 * What the paper trained; each had its own settings.
 */
typedef enum {
  VATT_TASK_PRETRAIN,
  VATT_TASK_VIDEO,
  VATT_TASK_AUDIO,
  VATT_TASK_IMAGE,
} VattTask;

/**
 * VattScheduleKind:
 * @VATT_SCHEDULE_CONSTANT: the rate stays
 * @VATT_SCHEDULE_HALF_COSINE: from the rate to @end along half a period
 * @VATT_SCHEDULE_QUARTER_COSINE: rate · (1 + cos (π/2 · x)) / 2, the paper's
 *   "quarter-period": it ends at half of the rate
 * @VATT_SCHEDULE_STEPWISE: multiplied by a factor from each boundary on
 *
 * How a learning rate goes down.
 */
typedef enum {
  VATT_SCHEDULE_CONSTANT,
  VATT_SCHEDULE_HALF_COSINE,
  VATT_SCHEDULE_QUARTER_COSINE,
  VATT_SCHEDULE_STEPWISE,
} VattScheduleKind;

#define VATT_SCHEDULE_BOUNDARIES 8

/**
 * VattSchedule:
 * @kind: its shape behind the warm-up
 * @rate: the highest learning rate
 * @end: the last one of a half cosine
 * @warmup: steps in which the rate grows from 0
 * @steps: steps of the whole training, those of the warm-up included
 * @n_boundaries: of a stepwise one
 * @boundary: steps at which the rate falls, ascending
 * @factor: what it is multiplied by from that step on, of @rate
 *
 * The learning rate of every step.
 */
typedef struct {
  VattScheduleKind kind;
  double rate, end;
  guint64 warmup, steps;
  guint n_boundaries;
  guint64 boundary[VATT_SCHEDULE_BOUNDARIES];
  double factor[VATT_SCHEDULE_BOUNDARIES];
} VattSchedule;

VATT_API double vatt_schedule_get_rate (
    const VattSchedule *schedule, guint64 step);

/**
 * VattOptimiser:
 * @VATT_OPTIMISER_ADAM: Adam, with decay of weights AdamW
 * @VATT_OPTIMISER_SGD: gradient descent with momentum
 *
 * How gradients change parameters.
 */
typedef enum {
  VATT_OPTIMISER_ADAM,
  VATT_OPTIMISER_SGD,
} VattOptimiser;

/**
 * VattPair:
 * @VATT_PAIR_VIDEO_AUDIO: in the video-audio space
 * @VATT_PAIR_VIDEO_TEXT: in the video-text space
 * @VATT_PAIR_AUDIO_TEXT: in the video-text space
 * @VATT_N_PAIRS: how many there are
 *
 * What is held against what.
 */
typedef enum {
  VATT_PAIR_VIDEO_AUDIO,
  VATT_PAIR_VIDEO_TEXT,
  VATT_PAIR_AUDIO_TEXT,
  VATT_N_PAIRS,
} VattPair;

/**
 * VattTrainerParams:
 * @optimiser: how gradients change parameters
 * @beta1: Adam's, of the first moment
 * @beta2: Adam's, of the second moment
 * @epsilon: Adam's
 * @momentum: of gradient descent
 * @decay: share of every matrix that is taken off at each step; not
 *   multiplied by the learning rate
 * @clip: length to which the gradient of everything but the heads is cut; 0
 *   for any
 * @head_clip: the same for the heads
 * @schedule: of the learning rate
 * @form: of the contrast between modalities
 * @temperature: that scores are divided by
 * @weight: of each pair; only their ratios matter
 * @smoothing: of the labels of a classifier of one class
 * @mixup: of classifiers of pictures or sound: each sample of a batch is mixed
 *   with another of it, and so are their labels, in parts of Beta (@mixup,
 *   @mixup); 0: as they are. Samples that are mixed keep the same tokens.
 * @dropout: rate of dropout in the towers
 * @head_dropout: rate of dropout before a classifier
 * @freeze_towers: whether only heads learn
 * @micro_batch: the most samples that the towers compute at once; 0 for the
 *   whole batch. It decides memory and time, but not the result: batches that
 *   are larger go through the towers twice.
 * @seed: of dropout and mixup
 * @loss_limit: above this a loss is as bad as one that is not a finite number;
 *   0 for any
 * @patience: how many steps in a row with a bad loss end the training by an
 *   error; 0 for any number. The last of them changes no parameter.
 *
 * Settings of a trainer.
 */
typedef struct {
  VattOptimiser optimiser;
  double beta1, beta2, epsilon, momentum;
  double decay;
  double clip, head_clip;
  VattSchedule schedule;
  VattNceForm form;
  double temperature;
  double weight[VATT_N_PAIRS];
  double smoothing;
  double mixup;
  double dropout, head_dropout;
  gboolean freeze_towers;
  guint micro_batch;
  guint64 seed;
  double loss_limit;
  guint patience;
} VattTrainerParams;

VATT_API void vatt_trainer_params_init (
    VattTrainerParams *params, VattTask task);

/**
 * VattBatchRead:
 * @user_data: #VattBatch.read_data
 * @modality: video or sound
 * @first: index of a sample in the batch
 * @samples: how many from there on
 * @error: return location for a #GError: %VATT_ERROR_MEMORY
 *
 * Gives a part of a batch. A step reads each part once or twice, and parts of
 * one modality are of one size.
 *
 * Returns: (transfer none) (nullable): their clips, which stay as they are
 * until the next call for that modality; %NULL with @error set
 */
typedef const VattClip *(*VattBatchRead) (gpointer user_data,
    VattModality modality, guint first, guint samples, GError **error);

/**
 * VattBatch:
 * @clip: (array fixed-size=3): clips of every modality that the objective
 *   needs, the same number of items in each. Of text there may be several
 *   items to one of the others, side by side: captions, any of which will do.
 *   Those of a sample that are the same, word by word, count as one in the
 *   loss, so that who has fewer than others can have them again.
 * @valid: (array fixed-size=3): for each modality 1 for every sample that has
 *   it and 0 for others; %NULL where all have. A pair of modalities has samples
 *   that have both as positives; what a sample has not is no negative either,
 *   what it has is one.
 * @labels: for classifiers, (samples, classes), from 0 to 1
 * @read: (nullable): of a batch that is too large to lie in memory as it is
 *   learnt from, what gives parts of its video and sound; @clip of these is
 *   %NULL then. Not for mixup, which needs all of a batch.
 * @read_data: for @read
 * @samples: how many samples there are to read; of no use without @read
 *
 * What one step learns from.
 */
typedef struct {
  const VattClip *clip[VATT_N_MODALITIES];
  const float *valid[VATT_N_MODALITIES];
  const float *labels;
  VattBatchRead read;
  gpointer read_data;
  guint samples;
} VattBatch;

/**
 * VattLosses:
 * @total: what was made smaller
 * @pair: (array fixed-size=3): of each pair before weighting; 0 for those that
 *   are not used
 * @accuracy: (array fixed-size=3): of each pair, the share of samples for
 *   whose first half, of all second ones in the batch, one of their own is the
 *   nearest; of more than 256 samples 256 are asked, spread evenly
 * @rate: learning rate of the step
 * @gradient_norm: length of the gradient of everything but the heads, before
 *   it was cut
 * @head_gradient_norm: the same of the heads
 *
 * What a step found, before it changed anything.
 */
typedef struct {
  double total;
  double pair[VATT_N_PAIRS];
  double accuracy[VATT_N_PAIRS];
  double rate;
  double gradient_norm, head_gradient_norm;
} VattLosses;

/**
 * VattTrainerTensor:
 * @VATT_TRAINER_PARAMETER: the parameter itself
 * @VATT_TRAINER_GRADIENT: its gradient in the last step, before it was cut
 * @VATT_TRAINER_FIRST: what the optimiser remembers: Adam's first moment, or
 *   the velocity of gradient descent
 * @VATT_TRAINER_SECOND: Adam's second moment
 *
 * What belongs to a parameter.
 */
typedef enum {
  VATT_TRAINER_PARAMETER,
  VATT_TRAINER_GRADIENT,
  VATT_TRAINER_FIRST,
  VATT_TRAINER_SECOND,
} VattTrainerTensor;

VATT_API VattTrainer *vatt_trainer_new (VattModel *model, VattDevice *device,
    const VattTrainerParams *params, GError **error);
VATT_API gboolean vatt_trainer_step (VattTrainer *trainer,
    const VattBatch *batch, VattLosses *losses, GCancellable *cancellable,
    GError **error);
VATT_API guint64 vatt_trainer_get_step (VattTrainer *trainer);
VATT_API gboolean vatt_trainer_set_labels (
    VattTrainer *trainer, const char *const *labels, GError **error);
VATT_API const char *const *vatt_trainer_get_labels (VattTrainer *trainer);
VATT_API VattModel *vatt_trainer_get_model (
    VattTrainer *trainer, GError **error);
VATT_API const float *vatt_trainer_get_tensor (VattTrainer *trainer,
    const char *path, VattTrainerTensor which, gsize *count);
VATT_API void vatt_trainer_start_profile (VattTrainer *trainer);
VATT_API VattProfileRow *vatt_trainer_get_profile (
    VattTrainer *trainer, guint *n_rows);
VATT_API gsize vatt_trainer_get_bytes (VattTrainer *trainer);

G_END_DECLS
