/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Settings of the paper's trainings (appendix A.2), and of the authors' code
 * where the paper says nothing: the optimiser's epsilon, clipping, dropout
 * before classifiers. */
#include <vatt/trainer.h>

static const VattTrainerParams pretrain = {
  .optimiser = VATT_OPTIMISER_ADAM,
  .schedule = { .kind = VATT_SCHEDULE_QUARTER_COSINE,
      .rate = 1e-4,
      .warmup = 10000,
      .steps = 500000 },
};

static const VattTrainerParams video = {
  .optimiser = VATT_OPTIMISER_SGD,
  .clip = 0.75,
  .schedule = { .kind = VATT_SCHEDULE_HALF_COSINE,
      .rate = 0.005,
      .warmup = 2500,
      .steps = 100000 },
  .smoothing = 0.1,
  .head_dropout = 0.5,
};

static const VattTrainerParams audio = {
  .optimiser = VATT_OPTIMISER_SGD,
  .clip = 0.75,
  .mixup = 5.0,
  .schedule = { .kind = VATT_SCHEDULE_HALF_COSINE,
      .rate = 0.2,
      .warmup = 5000,
      .steps = 50000 },
};

/* 50 epochs of ImageNet in batches of 512; its warm-up is not stated. */
static const VattTrainerParams image = {
  .optimiser = VATT_OPTIMISER_SGD,
  .clip = 0.75,
  .schedule = { .kind = VATT_SCHEDULE_HALF_COSINE,
      .rate = 0.08,
      .warmup = 2500,
      .steps = 125000 },
  .smoothing = 0.1,
  .head_dropout = 0.5,
};

static const VattTrainerParams *const tasks[] = {
  [VATT_TASK_PRETRAIN] = &pretrain,
  [VATT_TASK_VIDEO] = &video,
  [VATT_TASK_AUDIO] = &audio,
  [VATT_TASK_IMAGE] = &image,
};

/**
 * vatt_trainer_params_init:
 * @params: (out caller-allocates): settings
 * @task: what is to be learnt
 *
 * Sets everything as the paper has it for a task.
 */
void
vatt_trainer_params_init (VattTrainerParams *params, VattTask task)
{
  g_return_if_fail (params && (guint)task < G_N_ELEMENTS (tasks));
  *params = *tasks[task];
  params->beta1 = 0.9;
  params->beta2 = 0.999;
  params->epsilon = 1e-7;
  params->momentum = 0.9;
  params->dropout = 0.1;
  params->loss_limit = 1e3;
  params->patience = 20;
  params->form = VATT_NCE_ASYMMETRIC;
  params->temperature = 0.07;
  params->weight[VATT_PAIR_VIDEO_AUDIO] = 1.0;
  params->weight[VATT_PAIR_VIDEO_TEXT] = 1.0;
}
