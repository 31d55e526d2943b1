/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watchdog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Longer than any step takes under a sanitizer on a busy machine. */
#define LIMIT (60 * G_TIME_SPAN_SECOND)
#define N_STEPS 40

typedef struct {
  WatchdogReport report;
  gpointer data;
} Reporter;

static GMutex lock;
static GCond cond;
static GThread *thread;
static gboolean ending;      /* under lock */
static gint64 deadline;      /* under lock */
static char *steps[N_STEPS]; /* under lock; a ring; owned */
static guint n_steps;        /* under lock; since the start */
static GPtrArray *reporters; /* under lock; of Reporter */

static void
print_steps (void)
{
  guint first = n_steps > N_STEPS ? n_steps - N_STEPS : 0;
  for (guint i = first; i < n_steps; i++)
    fprintf (stderr, "step %u: %s\n", i, steps[i % N_STEPS]);
}

/* What the kernel knows of each thread. */
static void
print_threads (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *task;
  while (dir && (task = g_dir_read_name (dir))) {
    static const char *const files[] = { "comm", "wchan", "syscall" };
    fprintf (stderr, "thread %s:", task);
    for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
      g_autofree char *path =
          g_build_filename ("/proc/self/task", task, files[i], NULL);
      g_autofree char *text = NULL;
      if (g_file_get_contents (path, &text, NULL, NULL))
        fprintf (stderr, " %s", g_strchomp (text));
    }
    fprintf (stderr, "\n");
  }
}

/* And where it is in our code, if a debugger is there to look. */
static void
print_stacks (void)
{
  g_autofree char *gdb = g_find_program_in_path ("gdb");
  if (!gdb)
    return;
  prctl (PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  g_autofree char *line =
      g_strdup_printf ("%s -batch -nx -ex 'thread apply all bt 16' -p %d >&2",
          gdb, (int)getpid ());
  if (system (line) != 0)
    fprintf (stderr, "%s did not work\n", gdb);
}

static void
bark (void)
{
  fprintf (stderr, "\nThe last step took more than %d s.\n",
      (int)(LIMIT / G_TIME_SPAN_SECOND));
  print_steps ();
  for (guint i = 0; i < reporters->len; i++) {
    const Reporter *reporter = g_ptr_array_index (reporters, i);
    reporter->report (reporter->data);
  }
  print_threads ();
  fflush (stderr);
  print_stacks ();
  abort ();
}

static gpointer
watch (gpointer unused)
{
  g_mutex_lock (&lock);
  while (!ending)
    if (!g_cond_wait_until (&cond, &lock, deadline) &&
        g_get_monotonic_time () >= deadline)
      bark ();
  g_mutex_unlock (&lock);
  return NULL;
}

void
watchdog_start (void)
{
  reporters = g_ptr_array_new_with_free_func (g_free);
  deadline = g_get_monotonic_time () + LIMIT;
  thread = g_thread_new ("watchdog", watch, NULL);
}

void
watchdog_stop (void)
{
  g_mutex_lock (&lock);
  ending = TRUE;
  g_cond_signal (&cond);
  g_mutex_unlock (&lock);
  g_thread_join (thread);
  for (guint i = 0; i < N_STEPS; i++)
    g_clear_pointer (&steps[i], g_free);
  g_ptr_array_unref (reporters);
}

/* Names what is done next; the time starts again. */
void
watchdog_step (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  char *step = g_strdup_vprintf (format, args);
  va_end (args);
  g_mutex_lock (&lock);
  guint place = n_steps++ % N_STEPS;
  g_free (steps[place]);
  steps[place] = step;
  deadline = g_get_monotonic_time () + LIMIT;
  g_mutex_unlock (&lock);
}

/* @report must not lock anything that a thread may hold while it waits. */
void
watchdog_add (WatchdogReport report, gpointer data)
{
  Reporter *reporter = g_new (Reporter, 1);
  *reporter = (Reporter){ .report = report, .data = data };
  g_mutex_lock (&lock);
  g_ptr_array_add (reporters, reporter);
  g_mutex_unlock (&lock);
}

void
watchdog_remove (gpointer data)
{
  g_mutex_lock (&lock);
  for (guint i = reporters->len; i-- > 0;) {
    const Reporter *reporter = g_ptr_array_index (reporters, i);
    if (reporter->data == data)
      g_ptr_array_remove_index (reporters, i);
  }
  g_mutex_unlock (&lock);
}
