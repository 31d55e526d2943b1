/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A picture of similarity matrices over time, as SVG. */
#pragma once

#include <glib.h>

/* One matrix; nothing is owned. */
typedef struct {
  const char *title;
  const char *row_name, *column_name;   /* what runs down, what runs across */
  const double *row_time, *column_time; /* seconds, ascending */
  guint rows, columns;
  const double *values; /* (rows, columns) */
} Panel;

/* Panels side by side under a title and a note of up to three lines; each has a
 * colour scale of its own, from its least value to its greatest. At most 120
 * rows and columns are drawn, evenly chosen. */
gboolean heatmap_write (const char *path, const char *title, const char *note,
    const Panel *panels, guint n_panels, GError **error);
