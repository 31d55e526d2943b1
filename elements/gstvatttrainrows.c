/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The properties of vatttrainsink. */
#include "gstvatttrainrows.h"

static const GEnumValue task_values[] = {
  { VATT_TASK_PRETRAIN, "Common spaces, by contrast", "pretrain" },
  { VATT_TASK_VIDEO, "Classes of videos", "video" },
  { VATT_TASK_AUDIO, "Several labels to a sound", "audio" },
  { VATT_TASK_IMAGE, "Classes of pictures", "image" },
  { 0, NULL, NULL },
};

static const GEnumValue optimiser_values[] = {
  { VATT_OPTIMISER_ADAM, "Adam, with weight-decay AdamW", "adam" },
  { VATT_OPTIMISER_SGD, "Gradient descent with momentum", "sgd" },
  { 0, NULL, NULL },
};

static const GEnumValue schedule_values[] = {
  { VATT_SCHEDULE_CONSTANT, "The rate stays", "constant" },
  { VATT_SCHEDULE_HALF_COSINE, "Half a period of a cosine, to end-rate",
      "half-cosine" },
  { VATT_SCHEDULE_QUARTER_COSINE, "A quarter of a period, to half of the rate",
      "quarter-cosine" },
  { VATT_SCHEDULE_STEPWISE, "Multiplied by factors at boundaries", "stepwise" },
  { 0, NULL, NULL },
};

static const GEnumValue form_values[] = {
  { VATT_NCE_ASYMMETRIC, "Both directions in one denominator", "asymmetric" },
  { VATT_NCE_SYMMETRIC, "One loss for each direction, added", "symmetric" },
  { VATT_NCE_LITERAL, "As the paper's formula reads", "literal" },
  { 0, NULL, NULL },
};

static const GEnumValue trouble_values[] = {
  { GST_VATT_TRAIN_STOP, "End with an error", "stop" },
  { GST_VATT_TRAIN_SKIP, "Leave it out, count it and go on", "skip" },
  { 0, NULL, NULL },
};

static const GEnumValue full_values[] = {
  { GST_VATT_TRAIN_STOP, "End with an error", "stop" },
  { GST_VATT_TRAIN_SKIP, "Warn, and train on without the checkpoint",
      "continue" },
  { 0, NULL, NULL },
};

static const GEnumValue resume_values[] = {
  { GST_VATT_RESUME_AUTO, "From the newest checkpoint, if there is one",
      "auto" },
  { GST_VATT_RESUME_NEVER, "Begin anew", "never" },
  { GST_VATT_RESUME_REQUIRE, "From the newest checkpoint; none is an error",
      "require" },
  { 0, NULL, NULL },
};

#define DEFINE_ENUM(name, Name)                                                \
  static GType name##_get_type (void)                                          \
  {                                                                            \
    static gsize type = 0;                                                     \
    if (g_once_init_enter (&type))                                             \
      g_once_init_leave (                                                      \
          &type, g_enum_register_static ("GstVattTrain" Name, name##_values)); \
    return type;                                                               \
  }
DEFINE_ENUM (task, "Task")
DEFINE_ENUM (optimiser, "Optimiser")
DEFINE_ENUM (schedule, "Schedule")
DEFINE_ENUM (form, "Form")
DEFINE_ENUM (trouble, "OnTrouble")
DEFINE_ENUM (full, "OnDiskFull")
DEFINE_ENUM (resume, "Resume")

#define AT(field) offsetof (GstVattTrainSettings, field)
#define OF(field) AT (params.field)

/* The trainer's come first: their numbers are bits of `given`. */
const GstVattTrainRow gst_vatt_train_rows[] = {
  { "optimiser", "Optimiser", "How gradients change weights", GST_VATT_ROW_ENUM,
      OF (optimiser), .type = optimiser_get_type },
  { "beta1", "Beta 1", "Adam's, of the first moment", GST_VATT_ROW_DOUBLE,
      OF (beta1), .most = 1 },
  { "beta2", "Beta 2", "Adam's, of the second moment", GST_VATT_ROW_DOUBLE,
      OF (beta2), .most = 1 },
  { "epsilon", "Epsilon", "Adam's", GST_VATT_ROW_DOUBLE, OF (epsilon),
      .most = 1 },
  { "momentum", "Momentum", "Of gradient descent", GST_VATT_ROW_DOUBLE,
      OF (momentum), .most = 1 },
  { "weight-decay", "Weight decay",
      "Share of every matrix that is taken off at each step",
      GST_VATT_ROW_DOUBLE, OF (decay), .most = 1 },
  { "clip", "Clip",
      "Length to which the gradient of everything but the heads is cut (0 = "
      "any)",
      GST_VATT_ROW_DOUBLE, OF (clip) },
  { "head-clip", "Clip of the heads",
      "Length to which the gradient of the heads is cut (0 = any)",
      GST_VATT_ROW_DOUBLE, OF (head_clip) },
  { "schedule", "Schedule", "How the learning rate goes down",
      GST_VATT_ROW_ENUM, OF (schedule.kind), .type = schedule_get_type },
  { "learning-rate", "Learning rate", "The highest one", GST_VATT_ROW_DOUBLE,
      OF (schedule.rate) },
  { "end-rate", "Last learning rate", "Where schedule=half-cosine ends",
      GST_VATT_ROW_DOUBLE, OF (schedule.end) },
  { "warmup-steps", "Warm-up",
      "Steps in which the rate grows from 0 (unless set: as large a part of "
      "steps as in the task's)",
      GST_VATT_ROW_UINT64, OF (schedule.warmup) },
  { "steps", "Steps",
      "Steps of the whole training; it ends with the last one, and the stream "
      "with it",
      GST_VATT_ROW_UINT64, OF (schedule.steps), .least = 1 },
  { "form", "Form", "Of the contrast between modalities", GST_VATT_ROW_ENUM,
      OF (form), .type = form_get_type },
  { "temperature", "Temperature", "What scores of the contrast are divided by",
      GST_VATT_ROW_DOUBLE, OF (temperature) },
  { "weight-video-audio", "Weight of video and audio",
      "Of their contrast in the loss; only ratios matter; 0 leaves it out",
      GST_VATT_ROW_DOUBLE, OF (weight[VATT_PAIR_VIDEO_AUDIO]) },
  { "weight-video-text", "Weight of video and text",
      "Of their contrast in the loss; only ratios matter; 0 leaves it out",
      GST_VATT_ROW_DOUBLE, OF (weight[VATT_PAIR_VIDEO_TEXT]) },
  { "weight-audio-text", "Weight of audio and text",
      "Of their contrast in the loss; only ratios matter; 0 leaves it out",
      GST_VATT_ROW_DOUBLE, OF (weight[VATT_PAIR_AUDIO_TEXT]) },
  { "smoothing", "Label smoothing", "Of classes that exclude each other",
      GST_VATT_ROW_DOUBLE, OF (smoothing), .most = 1 },
  { "mixup", "Mixup",
      "Of classes: samples and labels are mixed by pairs, in parts of Beta "
      "(mixup, mixup) (0 = not)",
      GST_VATT_ROW_DOUBLE, OF (mixup) },
  { "dropout", "Dropout", "Rate of dropout in the towers", GST_VATT_ROW_DOUBLE,
      OF (dropout), .most = 1 },
  { "head-dropout", "Dropout of the head",
      "Rate of dropout before the classifier", GST_VATT_ROW_DOUBLE,
      OF (head_dropout), .most = 1 },
  { "freeze-towers", "Freeze towers", "Only heads learn", GST_VATT_ROW_BOOLEAN,
      OF (freeze_towers) },
  { "micro-batch", "Micro-batch",
      "Samples that the towers compute at once (0 = the whole batch): less "
      "memory, more time, the same result",
      GST_VATT_ROW_UINT, OF (micro_batch) },
  { "seed", "Seed", "Of dropout and mixup, and of the order in the reservoir",
      GST_VATT_ROW_UINT64, OF (seed) },
  { "loss-limit", "Greatest loss",
      "A loss above it is as bad as one that is no finite number (0 = any)",
      GST_VATT_ROW_DOUBLE, OF (loss_limit) },
  { "bad-steps", "Bad steps",
      "So many steps in a row with a bad loss end the training (0 = any "
      "number do not)",
      GST_VATT_ROW_UINT, OF (patience) },
  { "model", "Model",
      "Model file to begin with (or variant, to begin with random numbers)",
      GST_VATT_ROW_STRING, AT (model) },
  { "variant", "Variant",
      "Variant to begin with random numbers of, by name or file, as vatt init "
      "makes it",
      GST_VATT_ROW_STRING, AT (variant) },
  { "initial-seed", "Seed of the beginning",
      "Of the random numbers that a variant begins with", GST_VATT_ROW_UINT64,
      AT (initial_seed), .initial = 1 },
  { "vocabulary", "Vocabulary",
      "File with the words of a variant's text tower, one a line",
      GST_VATT_ROW_STRING, AT (vocabulary) },
  { "labels-file", "Labels file",
      "File with the names of the classes, one a line (unset = the model's, "
      "or those of the data set, by number)",
      GST_VATT_ROW_STRING, AT (labels_file) },
  { "exchange-mirrored", "Exchanged where mirrored",
      "Classes that become each other in windows that are mirrored left to "
      "right: a=b,c=d",
      GST_VATT_ROW_STRING, AT (exchange_mirrored) },
  { "exchange-mirrored-vertically", "Exchanged where mirrored vertically",
      "The same for windows that are mirrored top to bottom",
      GST_VATT_ROW_STRING, AT (exchange_mirrored_vertically) },
  { "exchange-reversed", "Exchanged where reversed",
      "The same for windows that run backwards", GST_VATT_ROW_STRING,
      AT (exchange_reversed) },
  { "device", "Device",
      "What computes: auto, cpu, vulkan or vulkan:N, as vatt devices lists "
      "them",
      GST_VATT_ROW_STRING, AT (device), .text = "auto" },
  { "threads", "Threads",
      "Threads that compute (0 = one for each available processor)",
      GST_VATT_ROW_UINT, AT (threads), .most = 1024 },
  { "task", "Task", "What is to be learnt; settings that are not set are its",
      GST_VATT_ROW_ENUM, AT (task), .type = task_get_type },
  { "boundaries", "Boundaries",
      "Steps at which the rate of schedule=stepwise falls, with commas between",
      GST_VATT_ROW_STRING, AT (boundaries) },
  { "factors", "Factors",
      "What the rate is multiplied by from each boundary on, of learning-rate, "
      "with commas between",
      GST_VATT_ROW_STRING, AT (factors) },
  { "batch-size", "Batch size", "Samples of a step", GST_VATT_ROW_UINT,
      AT (batch_size), .least = 1, .most = 1 << 20, .initial = 64 },
  { "drop-rate", "Drop rate",
      "Share of the tokens of video and sound that each batch leaves out, the "
      "same of all its windows; drop-rate of the tokenisers leaves out others "
      "of each",
      GST_VATT_ROW_DOUBLE, AT (drop_rate), .most = 0.99 },
  { "reservoir-size", "Size of the reservoir",
      "Samples among which a batch is chosen at random (0 = twice the batch)",
      GST_VATT_ROW_UINT, AT (reservoir_size), .most = 1 << 24 },
  { "reservoir-half", "Half precision in the reservoir",
      "Whether samples wait in half precision: half of the memory, for values "
      "that are off by up to 1/2048",
      GST_VATT_ROW_BOOLEAN, AT (reservoir_half) },
  { "captions", "Captions", "Most captions to a sample, any of which will do",
      GST_VATT_ROW_UINT, AT (captions), .least = 1, .most = 5, .initial = 1 },
  { "caption-distance", "Distance of captions",
      "How far a caption may be from a window that it does not overlap, ns",
      GST_VATT_ROW_UINT64, AT (caption_distance), .most = 1e18 },
  { "queue-size", "Size of the queues",
      "Windows that wait at each pad for what goes with them",
      GST_VATT_ROW_UINT, AT (queue_size), .least = 2, .most = 1 << 16,
      .initial = 8 },
  { "patience", "Patience",
      "How long a stream that is not live waits for a pad that sends nothing "
      "while others have to wait, ns (0 = not at all)",
      GST_VATT_ROW_UINT64, AT (patience), .initial = 1e10, .any_state = TRUE },
  { "on-nan", "On NaN",
      "What to do with a window or a loss that is no finite number",
      GST_VATT_ROW_ENUM, AT (on_nan), .type = trouble_get_type },
  { "on-unknown-label", "On unknown label",
      "What to do with a clip whose label the model does not have",
      GST_VATT_ROW_ENUM, AT (on_unknown_label), .type = trouble_get_type },
  { "checkpoint-dir", "Folder of checkpoints",
      "Where to write checkpoints, and to go on from the newest (unset = none)",
      GST_VATT_ROW_STRING, AT (checkpoint_dir) },
  { "checkpoint-every", "Steps between checkpoints",
      "Write one after so many steps (0 = by time and at the end only)",
      GST_VATT_ROW_UINT64, AT (checkpoint_every) },
  { "checkpoint-interval", "Time between checkpoints",
      "Write one after so much time, ns (0 = by steps and at the end only)",
      GST_VATT_ROW_UINT64, AT (checkpoint_interval), .initial = 6e11 },
  { "keep-checkpoints", "Checkpoints to keep", "The newest so many",
      GST_VATT_ROW_UINT, AT (keep_checkpoints), .least = 1, .most = 1 << 20,
      .initial = 3 },
  { "resume", "Resume", "Whether to go on from a checkpoint", GST_VATT_ROW_ENUM,
      AT (resume), .type = resume_get_type },
  { "on-disk-full", "On disk full",
      "What to do when a checkpoint cannot be written", GST_VATT_ROW_ENUM,
      AT (on_disk_full), .type = full_get_type },
  { "output", "Output", "File to write the model to at the end (unset = none)",
      GST_VATT_ROW_STRING, AT (output) },
  { "log-dir", "Folder of the log",
      "Where to log scalars, for TensorBoard and as a table (unset = nowhere)",
      GST_VATT_ROW_STRING, AT (log_dir) },
  { "progress", "Progress", "Show a line of progress on standard error",
      GST_VATT_ROW_BOOLEAN, AT (progress), .any_state = TRUE },
  { "post-messages", "Post messages", "Post vatt-training messages",
      GST_VATT_ROW_BOOLEAN, AT (post_messages), .initial = 1,
      .any_state = TRUE },
  { "message-interval", "Message interval",
      "Least time between messages of steps, ns (0 = every step)",
      GST_VATT_ROW_UINT64, AT (message_interval), .any_state = TRUE },
  { "publish-every", "Steps between publications",
      "Hand what is learnt to encoders of this process that follow it, after "
      "so many steps (0 = at the end only)",
      GST_VATT_ROW_UINT64, AT (publish_every) },
};

const guint gst_vatt_n_train_rows = G_N_ELEMENTS (gst_vatt_train_rows);

/* Whether property @index is one of #VattTrainerParams. */
gboolean
gst_vatt_train_row_is_trainers (guint index)
{
  const gsize begin = AT (params);
  gsize offset = gst_vatt_train_rows[index].offset;
  return offset >= begin && offset < begin + sizeof (VattTrainerParams);
}
