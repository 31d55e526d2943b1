/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Minimises a smooth convex function of n doubles by L-BFGS, always in the
 * same order: equal functions give equal results. */
#pragma once

#include <glib.h>

/* Returns f (x) and writes its gradient, both (n). */
typedef double (*VattLbfgsFunction) (
    const double *x, double *gradient, gpointer data);

typedef struct {
  double value;    /* f (x) at the end */
  double gradient; /* its element of the greatest magnitude there */
  guint steps;
} VattLbfgsEnd;

/* From x (n) to where no element of the gradient is above tolerance, for at
 * most max_steps. FALSE with VATT_ERROR_MEMORY. */
gboolean vatt_lbfgs_minimise (VattLbfgsFunction function, gpointer data,
    double *x, gsize n, double tolerance, guint max_steps, VattLbfgsEnd *end,
    GError **error);
