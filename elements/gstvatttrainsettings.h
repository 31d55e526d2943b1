/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The settings of vatttrainsink. */
#pragma once

#include <gst/gst.h>
#include <vatt/trainer.h>

G_BEGIN_DECLS

typedef enum {
  GST_VATT_TRAIN_STOP,
  GST_VATT_TRAIN_SKIP,
} GstVattTrainOnTrouble;

typedef enum {
  GST_VATT_RESUME_AUTO,
  GST_VATT_RESUME_NEVER,
  GST_VATT_RESUME_REQUIRE,
} GstVattResume;

typedef struct {
  char *model, *variant, *vocabulary, *labels_file; /* owned, as all strings */
  char *exchange_mirrored, *exchange_mirrored_vertically, *exchange_reversed;
  guint64 initial_seed;
  char *device;
  guint threads;
  gint task;                /* VattTask */
  VattTrainerParams params; /* those that `given` names; else the task's */
  char *boundaries, *factors;
  double drop_rate;
  gboolean reservoir_half;
  guint batch_size, reservoir_size, captions, queue_size;
  guint64 caption_distance, patience;
  gint on_nan, on_unknown_label; /* GstVattTrainOnTrouble */
  char *checkpoint_dir, *output;
  guint64 checkpoint_every, checkpoint_interval;
  guint keep_checkpoints;
  gint resume;       /* GstVattResume */
  gint on_disk_full; /* GstVattTrainOnTrouble */
  char *log_dir;
  gboolean progress, post_messages;
  guint64 message_interval, publish_every;
  guint64 given; /* bits 1 << row: properties of the trainer that were set */
} GstVattTrainSettings;

void gst_vatt_train_settings_install (GObjectClass *klass, guint first);
void gst_vatt_train_settings_init (GstVattTrainSettings *settings);
void gst_vatt_train_settings_copy (
    const GstVattTrainSettings *from, GstVattTrainSettings *to);
void gst_vatt_train_settings_clear (GstVattTrainSettings *settings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (
    GstVattTrainSettings, gst_vatt_train_settings_clear)

gboolean gst_vatt_train_settings_set (
    GstVattTrainSettings *settings, guint index, const GValue *value);
gboolean gst_vatt_train_settings_get (
    const GstVattTrainSettings *settings, guint index, GValue *value);
gboolean gst_vatt_train_settings_get_params (
    const GstVattTrainSettings *settings, VattTrainerParams *params,
    GError **error);

G_END_DECLS
