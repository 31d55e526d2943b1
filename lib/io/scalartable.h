/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * scalars.csv: RFC 4180, a header, then a row for each step. Columns are
 * "step", "time" in seconds since 1970, and one for each tag. */
#pragma once

#include <vatt/eventlog.h>

typedef struct _VattScalarTable VattScalarTable;

/* Opens the table at path, a new one if there is none, and cuts away the rows
 * of step and of those behind it, and a last row that is not whole. */
VattScalarTable *vatt_scalar_table_open (
    const char *path, guint64 step, GError **error);

/* Writes numbers of a step, not before that of the last call; if it is the
 * same, its row is replaced by one with the numbers of both. */
gboolean vatt_scalar_table_write (VattScalarTable *table, double wall_time,
    guint64 step, const VattScalar *scalars, guint n, GError **error);

/* Waits until all is on the disk. */
gboolean vatt_scalar_table_sync (VattScalarTable *table, GError **error);

void vatt_scalar_table_free (VattScalarTable *table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattScalarTable, vatt_scalar_table_free)

/* Reads the text of a table: adds the tags of its header to tags, and returns
 * how many bytes at its beginning hold the header and the rows before step, or
 * 0 with a VATT_ERROR_MEDIA; path is for error texts. */
gsize vatt_scalar_table_parse (const char *path, const char *text, gsize length,
    guint64 step, GPtrArray *tags, GError **error);
