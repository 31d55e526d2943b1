/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading a TensorFlow checkpoint: first what it is, then its numbers. */
#pragma once

#include "bundle.h"
#include "model-private.h"
#include "tfnames.h"

typedef struct
{
  const VattBundle *bundle;
  const VattImportParams *params;
  VattTfLayout layout;
  VattConfig *config;
} VattImport;

/* Fills in layout and config: everything about the model but its numbers. */
gboolean vatt_import_read_config (VattImport *import, GError **error);
