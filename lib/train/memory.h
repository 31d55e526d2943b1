/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Memory whose size comes from a batch: there may not be as much. */
#pragma once

#include <glib.h>

/* Rows of as many float or int32, not set, to be freed with g_free(); NULL with
 * VATT_ERROR_MEMORY, which names what they were for. */
gpointer vatt_rows_new (
    gsize rows, gsize columns, const char *what, GError **error);
