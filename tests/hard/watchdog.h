/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Nothing here may wait for ever. A thread of its own ends the program when a
 * step takes too long, and first tells what was done, what the pipelines said
 * last, and where every thread of the process is. */
#pragma once

#include <glib.h>

/* Prints what its data know, for the report. */
typedef void (*WatchdogReport) (gpointer data);

void watchdog_start (void);
void watchdog_stop (void);
void watchdog_step (const char *format, ...) G_GNUC_PRINTF (1, 2);
void watchdog_add (WatchdogReport report, gpointer data);
void watchdog_remove (gpointer data);
