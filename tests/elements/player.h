/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A pipeline that makes windows without an end in real time, models for it to
 * go through, and the proof of which model computed which window. */
#pragma once

#include <gst/gst.h>
#include <vatt/vatt.h>

#define N_MODELS 4

/* A model of few numbers for pictures, and one for words. */
#define SMALL_VIDEO                                                            \
  "[video]\ninput=voxels\nframes=8\nheight=32\nwidth-of-picture=32\n"          \
  "rate=100\npatch=4;16;16\nbuckets=2;2;2\nlayers=1\nwidth=32\nheads=2\n"      \
  "head-width=16\nfeed-forward=64\n"
#define SMALL_TEXT                                                             \
  "[text]\ninput=words\nwords=4\nvocabulary=9\nembedding=4\nwidth=6\n"         \
  "pre-projection=6\npositions=none\naggregation=max\n"

typedef struct {
  GstElement *pipeline, *encoder;
  GstBus *bus;
  GMutex lock;
  GPtrArray *tokens;  /* under lock; of GstBuffer: what reached the encoder */
  GPtrArray *results; /* of GstStructure: vatt-embedding */
  GPtrArray *events;  /* of GstStructure: vatt-model */
  guint warnings, errors;
  gboolean eos;
} Player;

void models_make (void);
void models_clear (void);
VattModel *models_new (const char *config_text, guint64 seed);
const char *models_path (guint index);
const char *models_id (guint index);
void models_read (guint index, char **bytes, gsize *size);

Player *player_new (const char *properties);
Player *player_new_from (const char *description);
void player_free (Player *player);
void player_play (Player *player);
void player_pump (Player *player, gint64 milliseconds);
void player_wait_windows (Player *player, guint more);
const char *player_wait_event (
    Player *player, const char *event, const char *field);
void player_wait_eos (Player *player);
void player_set_model (Player *player, const char *path);
char *player_model_id (Player *player);
void player_check_windows (Player *player);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Player, player_free)
