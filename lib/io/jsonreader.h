/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A pull reader for strict JSON (RFC 8259) of unknown origin. Unlike a parser
 * that builds a tree it shows repeated names, needs no memory for what is
 * skipped and does not recurse. Each function skips white space before what
 * it reads; the first failure sticks: then everything fails. */
#pragma once

#include <glib.h>

typedef struct {
  const char *begin;   /* the text, valid UTF-8, not terminated */
  const char *p;       /* what is read next */
  const char *end;     /* behind the text */
  const char *problem; /* what was found wrong, or NULL; static */
} VattJsonReader;

/* Deepest nesting of a value that is skipped. */
#define VATT_JSON_DEPTH 8

/* Points reader at size bytes of text; FALSE where they are not UTF-8. */
gboolean vatt_json_reader_init (
    VattJsonReader *reader, const char *text, gsize size);

/* Reads one of the characters {}[]:, and fails where it is not next. */
gboolean vatt_json_expect (VattJsonReader *reader, char mark);

/* Reads mark if it is next. */
gboolean vatt_json_accept (VattJsonReader *reader, char mark);

/* Reads a string; the caller frees it. A string with a zero character cannot
 * be held by C and fails. */
char *vatt_json_read_string (VattJsonReader *reader);

/* Reads an integer from 0 to 2^64 - 1 without fraction or exponent. */
gboolean vatt_json_read_unsigned (VattJsonReader *reader, guint64 *value);

/* Reads and forgets one value of any kind. */
gboolean vatt_json_skip (VattJsonReader *reader);

/* Whether nothing but white space is left. */
gboolean vatt_json_at_end (VattJsonReader *reader);
