/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Heat maps. Numbers are written with a point whatever the locale, as SVG
 * wants them. */
#include "heatmap.h"

#include <math.h>

enum {
  SIZE = 300,   /* of a matrix, pixels */
  LEFT = 66,    /* for the axis to the left of it */
  RIGHT = 24,   /* beside it */
  TOP = 152,    /* above the matrices: title, three lines, their names */
  BOTTOM = 118, /* below them: axis and colour scale */
  MOST = 120,   /* rows or columns drawn */
};

/* Dark blue to yellow; evenly spaced to the eye, and in grey. */
static const double colours[][3] = {
  { 68, 1, 84 },
  { 59, 82, 139 },
  { 33, 145, 140 },
  { 94, 201, 98 },
  { 253, 231, 37 },
};

static void
colour_of (double share, char text[8])
{
  double place = CLAMP (share, 0, 1) * (G_N_ELEMENTS (colours) - 1);
  guint below = MIN ((guint)place, G_N_ELEMENTS (colours) - 2);
  double part = place - below;
  guint rgb[3];
  for (guint c = 0; c < 3; c++)
    rgb[c] = (guint)lround (
        colours[below][c] * (1 - part) + colours[below + 1][c] * part);
  g_snprintf (text, 8, "#%02x%02x%02x", rgb[0], rgb[1], rgb[2]);
}

static char *
number (double value, int digits)
{
  char format[] = "%.0f", text[G_ASCII_DTOSTR_BUF_SIZE];
  format[2] = (char)('0' + digits);
  return g_strdup (g_ascii_formatd (text, sizeof text, format, value));
}

static void
add_text (GString *svg, double x, double y, const char *style, const char *text)
{
  g_autofree char *left = number (x, 1), *top = number (y, 1);
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  g_string_append_printf (
      svg, "<text x=\"%s\" y=\"%s\" %s>%s</text>\n", left, top, style, escaped);
}

static void
add_box (GString *svg, const double at[4], const char *colour)
{
  g_autofree char *x = number (at[0], 2), *y = number (at[1], 2),
                  *width = number (at[2], 2), *height = number (at[3], 2);
  g_string_append_printf (svg,
      "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\"/>\n", x,
      y, width, height, colour);
}

/* A round step that makes about five ticks of a span. */
static double
tick_step (double span)
{
  double step = pow (10, floor (log10 (MAX (span, 1e-3) / 5)));
  static const double factors[] = { 1, 2, 5, 10 };
  for (guint i = 0; i < G_N_ELEMENTS (factors); i++)
    if (span / (step * factors[i]) <= 6)
      return step * factors[i];
  return step * 10;
}

/* Where the time of a row or column lies along the axis; times are those of
 * the windows' beginnings, a cell is centred on its own. */
static void
add_axis (GString *svg, double x, double y, const double *time, guint n,
    const char *name, gboolean across)
{
  double span = n > 1 ? time[n - 1] - time[0] : 0;
  double cell = (double)SIZE / n, step = tick_step (span);
  guint first = (guint)ceil (time[0] / step - 1e-9);
  for (guint k = 0; k <= 12; k++) {
    double t = (first + k) * step;
    if (t > time[n - 1] + 1e-9)
      break;
    double at =
        span > 0 ? cell / 2 + (t - time[0]) / span * (SIZE - cell) : SIZE / 2.0;
    g_autofree char *label = number (t, step < 1 ? 1 : 0);
    double tick[4] = { x + at, y + SIZE, 1, 4 };
    double mark[4] = { x - 4, y + at, 4, 1 };
    add_box (svg, across ? tick : mark, "#555");
    if (across)
      add_text (svg, x + at, y + SIZE + 18, "class=\"m\"", label);
    else
      add_text (svg, x - 8, y + at + 4, "class=\"e\"", label);
  }
  g_autofree char *label = g_strdup_printf ("%s, s", name);
  if (across)
    add_text (svg, x + SIZE / 2.0, y + SIZE + 36, "class=\"m\"", label);
  else {
    g_autofree char *left = number (x - 42, 1),
                    *top = number (y + SIZE / 2.0, 1);
    g_autofree char *turn = g_strdup_printf (
        "class=\"m\" transform=\"rotate(-90 %s %s)\"", left, top);
    add_text (svg, x - 42, y + SIZE / 2.0, turn, label);
  }
}

static void
add_scale (GString *svg, double x, double y, double least, double most)
{
  const guint steps = 60;
  char colour[8];
  for (guint i = 0; i < steps; i++) {
    double at[4] = { x + (double)i * SIZE / steps, y,
      (double)SIZE / steps + 0.5, 12 };
    colour_of ((i + 0.5) / steps, colour);
    add_box (svg, at, colour);
  }
  int digits = most - least < 0.02 ? 4 : most - least < 0.2 ? 3 : 2;
  for (guint i = 0; i < 3; i++) {
    g_autofree char *label = number (least + (most - least) * i / 2, digits);
    add_text (svg, x + i * SIZE / 2.0, y + 27,
        i == 0   ? "class=\"b\""
        : i == 1 ? "class=\"m\""
                 : "class=\"e\"",
        label);
  }
}

static void
add_panel (GString *svg, double x, double y, const Panel *panel)
{
  guint rows = MIN (panel->rows, MOST), columns = MIN (panel->columns, MOST);
  double least = G_MAXDOUBLE, most = -G_MAXDOUBLE;
  for (gsize i = 0; i < (gsize)panel->rows * panel->columns; i++) {
    least = MIN (least, panel->values[i]);
    most = MAX (most, panel->values[i]);
  }
  /* Equal values would have no place on a scale; nor has rounding. */
  if (most - least < 1e-4)
    least = most - 1e-4;
  add_text (svg, x, y - 12, "class=\"h\"", panel->title);
  for (guint r = 0; r < rows; r++)
    for (guint c = 0; c < columns; c++) {
      gsize row = (gsize)r * panel->rows / rows;
      gsize column = (gsize)c * panel->columns / columns;
      double value = panel->values[row * panel->columns + column];
      /* Half a pixel more than a cell, so that no seams show. */
      double at[4] = { x + (double)c * SIZE / columns,
        y + (double)r * SIZE / rows,
        (double)SIZE / columns + (c + 1 < columns ? 0.5 : 0),
        (double)SIZE / rows + (r + 1 < rows ? 0.5 : 0) };
      char colour[8];
      colour_of ((value - least) / (most - least), colour);
      add_box (svg, at, colour);
    }
  add_axis (
      svg, x, y, panel->column_time, panel->columns, panel->column_name, TRUE);
  add_axis (svg, x, y, panel->row_time, panel->rows, panel->row_name, FALSE);
  add_scale (svg, x, y + SIZE + 58, least, most);
}

gboolean
heatmap_write (const char *path, const char *title, const char *note,
    const Panel *panels, guint n_panels, GError **error)
{
  guint wanted = n_panels * (LEFT + SIZE + RIGHT);
  guint width = MAX (wanted, 760), height = TOP + SIZE + BOTTOM;
  g_autoptr (GString) svg = g_string_new (NULL);
  g_string_append_printf (svg,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
      "viewBox=\"0 0 %u %u\">\n"
      "<style>text{font:13px sans-serif;fill:#333}.t{font-size:18px}"
      ".h{font-size:14px;font-weight:bold}.m{text-anchor:middle}"
      ".e{text-anchor:end}.b{text-anchor:start}</style>\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
      width, height, width, height);
  add_text (svg, LEFT, 32, "class=\"t\"", title);
  g_auto (GStrv) lines = g_strsplit (note, "\n", 3);
  for (guint i = 0; lines[i]; i++)
    add_text (svg, LEFT, 58 + 20 * i, "", lines[i]);
  for (guint p = 0; p < n_panels; p++)
    add_panel (svg, LEFT + p * (LEFT + SIZE + RIGHT), TOP, &panels[p]);
  g_string_append (svg, "</svg>\n");
  return g_file_set_contents (path, svg->str, (gssize)svg->len, error);
}
