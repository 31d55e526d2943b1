/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files that end in the CRC-32C of all their other bytes, little-endian. */
#pragma once

#include "regularfile.h"

#include <vatt/tensorfile.h>

/* Maps a file. FALSE with VATT_ERROR_WEIGHTS unless its bytes are those that
 * were sealed, which the disk not giving them is one case of; a GFileError for
 * other reasons not to read it. */
gboolean vatt_seal_map (VattMap *map, const char *path, GError **error);

/* FALSE with VATT_ERROR_WEIGHTS unless the last tensor is a seal. */
gboolean vatt_seal_expect (const VattTensorFile *file, GError **error);
