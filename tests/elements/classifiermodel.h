/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Small models with a classifier, written where a test wants them. */
#pragma once

#include <gst/gst.h>
#include <vatt/vatt.h>

#define CLASSIFIER_WIDTH 16
#define CLASSIFIER_CLASSES 4
/* A window is 4 pictures of 16 x 16, 10 a second. */
#define CLASSIFIER_SPAN (400 * GST_MSECOND)

typedef struct {
  const char *name;          /* of the variant, and of the file */
  gboolean multi_label;      /* else classes exclude each other */
  const char *const *labels; /* NULL: none in the file */
  gboolean random_head;      /* else logits are the first features */
  gboolean headless;         /* no classifier at all */
} ClassifierSpec;

char *classifier_write (const ClassifierSpec *spec);
char *classifier_id (const char *path);
