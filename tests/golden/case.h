/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A case of golden numbers: what its configuration says, its inputs as clips.
 */
#pragma once

#include <vatt/vatt.h>
#include <json-glib/json-glib.h>

typedef struct {
  char *folder; /* of the case */
  JsonParser *parser;
  JsonObject *config; /* the parser's */
  guint head_width[VATT_N_MODALITIES];
  guint views;
} GoldenCase;

/* Takes the folder. */
void golden_case_init (GoldenCase *test, char *folder);
void golden_case_clear (GoldenCase *test);

/* Frames, samples, a spectrogram or words, cut into patches. */
VattClip *golden_clip (const VattTensorInfo *info, VattModality modality,
    const VattFrontEnd *front);
/* The tokens that `keep`, int32, says were kept, in its order. */
VattClip *golden_clip_kept (const VattClip *clip, const VattTensorInfo *keep);
