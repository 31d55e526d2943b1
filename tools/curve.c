/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vatt curve: the scalars of a training, in the terminal and as a picture.
 * Columns of a terminal and of a picture are means of the steps there. */
#include "tool.h"

#include "canvas.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define ROWS 16
#define COLUMNS 64
#define WIDTH 800
#define HEIGHT 480
#define MARGIN 60
#define MOST_CURVES 6

typedef struct {
  char *tag;      /* owned */
  GArray *values; /* double, one for each step of the table; NaN: none */
} Curve;

typedef struct {
  GArray *steps;     /* double */
  GPtrArray *curves; /* Curve */
  double least, greatest;
} Curves;

static const struct {
  char mark;
  Colour colour;
} looks[MOST_CURVES] = {
  { '*', { 0, 0, 0 } },
  { 'a', { 213, 94, 0 } },
  { 'b', { 0, 114, 178 } },
  { 'c', { 0, 158, 115 } },
  { 'd', { 204, 121, 167 } },
  { 'e', { 230, 159, 0 } },
};

static void
curve_free (gpointer pointer)
{
  Curve *curve = pointer;
  g_free (curve->tag);
  g_array_unref (curve->values);
  g_free (curve);
}

static void
curves_clear (Curves *curves)
{
  g_array_unref (curves->steps);
  g_ptr_array_unref (curves->curves);
}

/* ---- reading ---- */

/* The loss and its parts, unless tags name others. */
static gboolean
is_wanted (const char *tag, char *const *tags)
{
  return tags ? g_strv_contains ((const char *const *)tags, tag)
              : strcmp (tag, "loss") == 0 || g_str_has_prefix (tag, "loss/");
}

/* Adds a curve for each column that is wanted; NULL for the others. */
static gboolean
read_header (const char *path, char *const *names, char *const *tags,
    GPtrArray *columns, Curves *curves, GError **error)
{
  if (!names[0] || strcmp (names[0], "step") != 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "'%s': the first column is '%s', expected 'step'", path,
        names[0] ? names[0] : "");
    return FALSE;
  }
  for (char *const *name = names; *name; name++) {
    Curve *curve = NULL;
    if (is_wanted (*name, tags) && curves->curves->len < MOST_CURVES) {
      curve = g_new (Curve, 1);
      curve->tag = g_strdup (*name);
      curve->values = g_array_new (FALSE, FALSE, sizeof (double));
      g_ptr_array_add (curves->curves, curve);
    }
    g_ptr_array_add (columns, curve);
  }
  if (curves->curves->len > 0)
    return TRUE;
  g_autofree char *there = g_strjoinv (", ", (char **)names);
  g_autofree char *wanted = tags ? g_strjoinv (", ", (char **)tags) : NULL;
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
      "'%s': found columns %s, expected %s", path, there,
      wanted ? wanted : "loss");
  return FALSE;
}

static void
read_row (char *const *cells, const GPtrArray *columns, Curves *curves)
{
  double step = g_ascii_strtod (cells[0], NULL);
  g_array_append_val (curves->steps, step);
  guint n = g_strv_length ((char **)cells);
  for (guint c = 0; c < columns->len; c++) {
    Curve *curve = g_ptr_array_index (columns, c);
    if (!curve)
      continue;
    gboolean empty = c >= n || cells[c][0] == '\0';
    double value = empty ? (double)NAN : g_ascii_strtod (cells[c], NULL);
    g_array_append_val (curve->values, value);
    if (!isfinite (value))
      continue;
    curves->least = fmin (curves->least, value);
    curves->greatest = fmax (curves->greatest, value);
  }
}

/* path: a table, or the folder of a log. */
static gboolean
read_curves (
    const char *path, char *const *tags, Curves *curves, GError **error)
{
  g_autofree char *file = g_file_test (path, G_FILE_TEST_IS_DIR)
                              ? g_build_filename (path, "scalars.csv", NULL)
                              : g_strdup (path);
  g_autofree char *text = NULL;
  if (!g_file_get_contents (file, &text, NULL, error))
    return FALSE;
  g_auto (GStrv) lines = g_strsplit_set (g_strchomp (text), "\r\n", -1);
  g_auto (GStrv) names = g_strsplit (lines[0] ? lines[0] : "", ",", -1);
  g_autoptr (GPtrArray) columns = g_ptr_array_new ();
  if (!read_header (file, names, tags, columns, curves, error))
    return FALSE;
  for (char **line = lines + 1; *line; line++) {
    g_auto (GStrv) cells = g_strsplit (*line, ",", -1);
    if (cells[0])
      read_row (cells, columns, curves);
  }
  if (curves->least <= curves->greatest)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
      "'%s': there is no number to draw in %u rows", file, curves->steps->len);
  return FALSE;
}

/* ---- both pictures ---- */

/* The mean of a curve over one of so many columns; NaN where it has nothing. */
static double
mean_of (const Curve *curve, guint column, guint n_columns)
{
  guint n = curve->values->len;
  guint begin = (guint)((guint64)column * n / n_columns);
  guint end = MAX ((guint)((guint64)(column + 1) * n / n_columns), begin + 1);
  double sum = 0.0;
  guint found = 0;
  for (guint i = begin; i < MIN (end, n); i++) {
    double value = g_array_index (curve->values, double, i);
    if (!isfinite (value))
      continue;
    sum += value;
    found++;
  }
  return found > 0 ? sum / found : (double)NAN;
}

/* 0 for the least value of all, 1 for the greatest. */
static double
height_of (const Curves *curves, double value)
{
  double range = curves->greatest - curves->least;
  return range > 0.0 ? (value - curves->least) / range : 0.5;
}

static double
last_step (const Curves *curves)
{
  return g_array_index (curves->steps, double, curves->steps->len - 1);
}

static guint
columns_of (const Curves *curves, guint most)
{
  return MIN (most, curves->steps->len);
}

/* ---- the terminal ---- */

static void
print_legend (const Curves *curves)
{
  for (guint i = 0; i < curves->curves->len; i++) {
    const Curve *curve = g_ptr_array_index (curves->curves, i);
    guint n = columns_of (curves, COLUMNS);
    g_print ("  %c %s: %.4g at first, %.4g at last\n", looks[i].mark,
        curve->tag, mean_of (curve, 0, n), mean_of (curve, n - 1, n));
  }
}

static void
print_curves (const Curves *curves)
{
  char screen[ROWS][COLUMNS + 1];
  guint n = columns_of (curves, COLUMNS);
  memset (screen, ' ', sizeof screen);
  for (guint i = curves->curves->len; i-- > 0;)
    for (guint c = 0; c < n; c++) {
      double mean = mean_of (g_ptr_array_index (curves->curves, i), c, n);
      if (isfinite (mean))
        screen[(guint)lround ((1.0 - height_of (curves, mean)) * (ROWS - 1))]
              [c] = looks[i].mark;
    }
  for (guint r = 0; r < ROWS; r++) {
    double value =
        curves->greatest - (curves->greatest - curves->least) * r / (ROWS - 1);
    screen[r][COLUMNS] = '\0';
    g_print ("%10.4g |%s\n", value, g_strchomp (screen[r]));
  }
  g_print ("%10s +%.*s\n%12s%-*.0f%*.0f\n", "step", (int)n,
      "----------------------------------------------------------------", "",
      (int)n / 2, g_array_index (curves->steps, double, 0), (int)(n - n / 2),
      last_step (curves));
  print_legend (curves);
}

/* ---- the picture ---- */

static double
y_of (const Curves *curves, double value)
{
  return HEIGHT - MARGIN - height_of (curves, value) * (HEIGHT - 2 * MARGIN);
}

static void
draw_axes (Canvas *canvas, const Curves *curves)
{
  static const Colour grey = { 200, 200, 200 }, black = { 0, 0, 0 };
  const double right = WIDTH - MARGIN, bottom = HEIGHT - MARGIN;
  double first = g_array_index (curves->steps, double, 0);
  for (guint i = 0; i <= 4; i++) {
    double part = i / 4.0;
    double value = curves->least + part * (curves->greatest - curves->least);
    double x = MARGIN + part * (WIDTH - 2 * MARGIN);
    double y = bottom - part * (HEIGHT - 2 * MARGIN);
    g_autofree char *level = g_strdup_printf ("%8.3g", value);
    g_autofree char *step =
        g_strdup_printf ("%.0f", first + part * (last_step (curves) - first));
    canvas_line (canvas, MARGIN, y, right, y, i ? grey : black);
    canvas_line (canvas, x, bottom, x, MARGIN, i ? grey : black);
    canvas_text (canvas, 4, (gint)y - 3, level, black);
    canvas_text (canvas, (gint)x - 9, HEIGHT - MARGIN + 8, step, black);
  }
  canvas_text (canvas, WIDTH / 2, HEIGHT - MARGIN / 2, "step", black);
}

static void
draw_curve (Canvas *canvas, const Curves *curves, guint index)
{
  const Curve *curve = g_ptr_array_index (curves->curves, index);
  guint n = columns_of (curves, (WIDTH - 2 * MARGIN) / 2);
  double before = (double)NAN, x_before = 0.0;
  for (guint c = 0; c < n; c++) {
    double mean = mean_of (curve, c, n);
    double x =
        MARGIN + (n > 1 ? (double)c / (n - 1) : 0.5) * (WIDTH - 2 * MARGIN);
    if (!isfinite (mean))
      continue;
    if (!isfinite (before)) {
      before = mean;
      x_before = x;
    }
    for (gint thick = 0; thick < 2; thick++)
      canvas_line (canvas, x_before, y_of (curves, before) + thick, x,
          y_of (curves, mean) + thick, looks[index].colour);
    before = mean;
    x_before = x;
  }
  canvas_text (canvas, WIDTH - MARGIN - 150,
      MARGIN + 6 + (gint)index * 2 * CANVAS_LETTER_HEIGHT, curve->tag,
      looks[index].colour);
}

static gboolean
draw_curves (const Curves *curves, const char *path, GError **error)
{
  Canvas canvas;
  canvas_init (&canvas, WIDTH, HEIGHT);
  draw_axes (&canvas, curves);
  for (guint i = curves->curves->len; i-- > 0;)
    draw_curve (&canvas, curves, i);
  gboolean done = canvas_write_png (&canvas, path, error);
  canvas_clear (&canvas);
  return done;
}

static VattExit
curve_command (int argc, char **argv)
{
  g_autofree char *out = NULL, *list = NULL;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &out,
        "Draw a picture too: a PNG file", "FILE" },
    { "tags", 't', 0, G_OPTION_ARG_STRING, &list,
        "Which scalars, separated by commas (the loss and its parts)", "LIST" },
    { NULL },
  };
  g_auto (GStrv) words = NULL;
  if (!vatt_tool_parse (&vatt_command_curve, entries, argc, argv, 1, 1, &words))
    return VATT_EXIT_USAGE;
  if (out && !g_str_has_suffix (out, ".png"))
    return vatt_tool_misuse (&vatt_command_curve,
        "output '%s', expected a name that ends with .png", out);
  g_auto (GStrv) tags = list ? g_strsplit (list, ",", -1) : NULL;
  g_autoptr (GError) error = NULL;
  Curves curves = { .steps = g_array_new (FALSE, FALSE, sizeof (double)),
    .curves = g_ptr_array_new_with_free_func (curve_free),
    .least = HUGE_VAL,
    .greatest = -HUGE_VAL };
  gboolean done = read_curves (words[0], tags, &curves, &error);
  if (done)
    print_curves (&curves);
  done = done && (!out || draw_curves (&curves, out, &error));
  curves_clear (&curves);
  return done ? VATT_EXIT_DONE : vatt_tool_fail (&vatt_command_curve, error);
}

const VattCommand vatt_command_curve = {
  .name = "curve",
  .arguments = "LOG",
  .summary = "Draws the loss of a training, or other scalars of its log",
  .run = curve_command,
};
