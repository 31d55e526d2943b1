/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading a TensorFlow checkpoint: first what it is, then its numbers. */
#pragma once

#include "bundle.h"
#include "model-private.h"
#include "tfnames.h"

/* The network within the object graph. */
#define VATT_IMPORT_ROOT "model/layer_with_weights-0/"

typedef struct {
  const VattBundle *bundle;
  const VattImportParams *params;
  VattTfLayout layout;
  VattConfig *config;
} VattImport;

/* Fills in layout and config: everything about the model but its numbers. */
gboolean vatt_import_read_config (VattImport *import, GError **error);
