/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * L-BFGS: direction d = -H g, where H is the inverse Hessian that the last M
 * pairs s = x' - x, y = g' - g tell of (two-loop recursion: Nocedal and Wright,
 * "Numerical Optimization", 2nd edition, algorithm 7.4), its start
 * s y / y y times one (7.20). The step t along d satisfies
 *   f (x + t d) <= f + 1e-4 t g d   and   g (x + t d) d >= 0.9 g d,
 * the weak Wolfe conditions, found by doubling and bisection (Lewis and
 * Overton, "Nonsmooth optimization via quasi-Newton methods", 2013, 2.2): the
 * second makes s y > 0, so that H stays positive. */
#include "lbfgs.h"

#include "checks.h"
#include "dot.h"

#include <math.h>
#include <string.h>

#define PAIRS 10
#define LINE_STEPS 50

typedef struct {
  VattLbfgsFunction function;
  gpointer data;
  gsize n;
  double value;          /* f (x) */
  double *x;             /* (n), as are the next four */
  double *gradient;      /* at x */
  double *direction;     /* d */
  double *next;          /* x + t d */
  double *next_gradient; /* at next */
  double *s, *y;         /* (PAIRS, n), rings */
  double rho[PAIRS];     /* 1 / s y */
  guint first, n_pairs;
} Search;

/* to += factor from */
static void
add (double *to, double factor, const double *from, gsize n)
{
  for (gsize i = 0; i < n; i++)
    to[i] += factor * from[i];
}

static double
greatest_magnitude (const double *a, gsize n)
{
  double greatest = 0;
  for (gsize i = 0; i < n; i++)
    greatest = MAX (greatest, fabs (a[i]));
  return greatest;
}

static guint
nth_pair (const Search *search, guint index)
{
  return (search->first + index) % PAIRS;
}

static void
find_direction (Search *search)
{
  gsize n = search->n;
  double alpha[PAIRS], *d = search->direction;
  for (gsize i = 0; i < n; i++)
    d[i] = -search->gradient[i];
  for (guint k = search->n_pairs; k-- > 0;) {
    guint p = nth_pair (search, k);
    alpha[k] = search->rho[p] * vatt_dot (search->s + p * n, d, n);
    add (d, -alpha[k], search->y + p * n, n);
  }
  if (search->n_pairs > 0) {
    guint p = nth_pair (search, search->n_pairs - 1);
    const double *y = search->y + p * n;
    double scale = 1.0 / (search->rho[p] * vatt_dot (y, y, n));
    for (gsize i = 0; i < n; i++)
      d[i] *= scale;
  }
  for (guint k = 0; k < search->n_pairs; k++) {
    guint p = nth_pair (search, k);
    double beta = search->rho[p] * vatt_dot (search->y + p * n, d, n);
    add (d, alpha[k] - beta, search->s + p * n, n);
  }
}

/* Finds next, next_gradient and *value; FALSE where rounding hides every
 * improvement. */
static gboolean
search_line (Search *search, double *value)
{
  gsize n = search->n;
  double slope = vatt_dot (search->gradient, search->direction, n);
  double low = 0, high = INFINITY, t = 1;
  for (guint i = 0; i < LINE_STEPS; i++) {
    memcpy (search->next, search->x, n * sizeof *search->x);
    add (search->next, t, search->direction, n);
    *value =
        search->function (search->next, search->next_gradient, search->data);
    /* Written so that NaN is too far. */
    if (!(*value <= search->value + 1e-4 * t * slope))
      high = t;
    else if (vatt_dot (search->next_gradient, search->direction, n) <
             0.9 * slope)
      low = t;
    else
      return TRUE;
    t = isinf (high) ? 2.0 * low : (low + high) / 2.0;
  }
  return FALSE;
}

/* Keeps the pair of a step, which is taken. */
static void
take_step (Search *search, double value)
{
  gsize n = search->n;
  guint p = nth_pair (search, search->n_pairs);
  double *s = search->s + p * n, *y = search->y + p * n;
  for (gsize i = 0; i < n; i++) {
    s[i] = search->next[i] - search->x[i];
    y[i] = search->next_gradient[i] - search->gradient[i];
  }
  double product = vatt_dot (s, y, n);
  if (product > 0) {
    search->rho[p] = 1.0 / product;
    if (search->n_pairs < PAIRS)
      search->n_pairs++;
    else
      search->first = (search->first + 1) % PAIRS;
  }
  memcpy (search->x, search->next, n * sizeof *search->x);
  memcpy (search->gradient, search->next_gradient, n * sizeof *search->x);
  search->value = value;
}

gboolean
vatt_lbfgs_minimise (VattLbfgsFunction function, gpointer data, double *x,
    gsize n, double tolerance, guint max_steps, VattLbfgsEnd *end,
    GError **error)
{
  g_autofree double *work =
      vatt_try_array (2 * PAIRS + 4, n, sizeof (double), error);
  if (!work)
    return FALSE;
  Search search = { .function = function,
    .data = data,
    .n = n,
    .x = x,
    .gradient = work,
    .direction = work + n,
    .next = work + 2 * n,
    .next_gradient = work + 3 * n,
    .s = work + 4 * n,
    .y = work + (4 + PAIRS) * n };
  search.value = function (x, search.gradient, data);
  guint step;
  for (step = 0;
       step < max_steps && greatest_magnitude (search.gradient, n) > tolerance;
       step++) {
    double value;
    find_direction (&search);
    if (!search_line (&search, &value))
      break;
    take_step (&search, value);
  }
  *end = (VattLbfgsEnd){ search.value, greatest_magnitude (search.gradient, n),
    step };
  return TRUE;
}
