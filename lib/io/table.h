/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sorted string table of LevelDB, as TensorFlow writes the index of a
 * checkpoint: data blocks, an empty metaindex block, an index block, a footer
 * of 48 bytes. A block is entries with shared key prefixes, then restart
 * offsets; behind it stand a compression type and a masked CRC-32C. */
#pragma once

#include "wire.h"

/* Longest key, and most entries of a table: far above what occurs, so that a
 * small hostile file cannot ask for much memory. */
#define VATT_TABLE_KEY_MAX 1024
#define VATT_TABLE_ENTRIES_MAX 1000000

/* One entry, valid during the call. FALSE, with error set, ends the walk. */
typedef gboolean (*VattTableFunc) (
    VattWire key, VattWire value, gpointer user_data, GError **error);

/* Walks all entries of a table in the ascending order of their keys. Blocks,
 * sums and order are checked on the way; path is the file's, for error
 * texts. */
gboolean vatt_table_walk (const char *path, VattWire table, VattTableFunc func,
    gpointer user_data, GError **error);
