/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a fuzz target is: one reader of foreign bytes, and a few good inputs
 * for it. Linked with main.c it is an ordinary test, with libFuzzer
 * (-Dfuzzing_engine=true) a fuzzer. */
#pragma once

#include <glib.h>

/* Reads one input; aborts where something is wrong. Always 0. */
int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

typedef void (*FuzzAdd) (
    const char *name, gconstpointer data, gsize size, gpointer user_data);

/* Gives every good input to add. */
void fuzz_seeds (FuzzAdd add, gpointer user_data);
