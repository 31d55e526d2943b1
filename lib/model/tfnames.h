/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How the authors' TensorFlow code calls what we call by parameter paths. */
#pragma once

#include "spec.h"

/* Families of names; a tower's names depend on its code there. */
typedef enum {
  VATT_TF_TOWER,   /* video and audio towers of their own */
  VATT_TF_UNIFIED, /* the modality-agnostic model */
  VATT_TF_T5,
  VATT_TF_BERT,
  VATT_TF_LINEAR,
} VattTfNaming;

/* Where the object of a part is in the object graph, and how its children are
 * named. */
typedef struct {
  VattTfNaming naming[VATT_N_MODALITIES];
  char *tower[VATT_N_MODALITIES]; /* with a trailing slash; NULL: no tower */
  char *head;                     /* the same */
} VattTfLayout;

/* The graph path of a parameter, or NULL if its name is not known. */
char *vatt_tf_path (const VattTfLayout *layout, const VattConfig *config,
    const char *parameter);
