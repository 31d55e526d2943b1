/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What every measurement asks of its input, and the ranks of equal values. */
#pragma once

#include <glib.h>

/* Whether there are rows and columns, their doubles can be counted in size_t,
 * and all are finite. what names them: "scores". */
gboolean vatt_check_values (const char *what, const float *values, gsize rows,
    gsize columns, GError **error);

/* Whether all are below limit. */
gboolean vatt_check_labels (
    const guint *labels, gsize n, gsize limit, GError **error);

/* rows x columns elements of size bytes; NULL with VATT_ERROR_MEMORY. */
gpointer vatt_try_array (gsize rows, gsize columns, gsize size, GError **error);

/* Where a value stands among others. */
typedef struct {
  gsize greater;
  gsize equal; /* itself left out */
} VattStanding;

/* The chance to be in the first k where equal ones are in random order. */
double vatt_standing_within (const VattStanding *standing, gsize k);
