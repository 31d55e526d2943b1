/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads the event files of a folder as TensorBoard does, with nothing of the
 * library: in the order of their names, up to the first record that is torn,
 * forgetting what a start event supersedes. */
#pragma once

#include <glib.h>
#include <string.h>

/* A number, text or picture that was logged. */
typedef struct {
  guint64 step;
  double time;
  char *tag;
  float value;
  char *content; /* of a text or picture, else NULL */
  guint64 width, height, channels;
} Logged;

static inline void
logged_clear (gpointer data)
{
  Logged *logged = data;
  g_free (logged->tag);
  g_free (logged->content);
}

typedef struct {
  const guint8 *p, *end;
} Bytes;

/* Bit by bit, unlike the library's. */
static inline guint32
reader_sum (const guint8 *data, gsize size)
{
  guint32 crc = 0xFFFFFFFF;
  for (gsize i = 0; i < size * 8; i++) {
    guint32 bit = (crc ^ (guint32)(data[i / 8] >> (i % 8))) & 1;
    crc = (crc >> 1) ^ (bit ? 0x82F63B78u : 0);
  }
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

static inline guint64
reader_number (const guint8 *data, guint bytes)
{
  guint64 value = 0;
  for (guint i = 0; i < bytes; i++)
    value |= (guint64)data[i] << (8 * i);
  return value;
}

static inline guint64
reader_varint (Bytes *in)
{
  guint64 value = 0;
  for (guint shift = 0;; shift += 7) {
    g_assert_true (in->p < in->end && shift < 64);
    guint8 byte = *in->p++;
    value |= (guint64)(byte & 0x7F) << shift;
    if (byte < 0x80)
      return value;
  }
}

/* The next field: its number, and its value or bytes; 0 at the end. */
static inline guint64
reader_field (Bytes *in, guint64 *value, Bytes *bytes)
{
  if (in->p == in->end)
    return 0;
  guint64 tag = reader_varint (in);
  gsize left, size = 0;
  *bytes = (Bytes){ NULL, NULL };
  switch (tag & 7) {
  case 0:
    *value = reader_varint (in);
    return tag >> 3;
  case 1:
    size = 8;
    break;
  case 2:
    size = reader_varint (in);
    break;
  case 5:
    size = 4;
    break;
  default:
    g_assert_not_reached ();
  }
  left = (gsize)(in->end - in->p);
  g_assert_cmpuint (size, <=, left);
  *bytes = (Bytes){ in->p, in->p + size };
  *value = reader_number (in->p, (tag & 7) == 2 ? 0 : (guint)size);
  in->p += size;
  return tag >> 3;
}

static inline char *
reader_text (Bytes bytes)
{
  return g_strndup ((const char *)bytes.p, (gsize)(bytes.end - bytes.p));
}

/* A Summary.Value. */
static inline void
reader_value (Bytes in, Logged *logged)
{
  guint64 field, number;
  Bytes bytes, inner;
  while ((field = reader_field (&in, &number, &bytes))) {
    guint32 bits = (guint32)number;
    if (field == 1)
      logged->tag = reader_text (bytes);
    if (field == 2)
      memcpy (&logged->value, &bits, sizeof (bits));
    if (field == 4)
      while ((field = reader_field (&bytes, &number, &inner))) {
        if (field == 1)
          logged->height = number;
        if (field == 2)
          logged->width = number;
        if (field == 3)
          logged->channels = number;
        if (field == 4)
          logged->content = reader_text (inner);
      }
    if (field == 8)
      while ((field = reader_field (&bytes, &number, &inner)))
        if (field == 8)
          logged->content = reader_text (inner);
  }
}

/* Forgets what is of step or behind. */
static inline void
reader_supersede (GArray *all, guint64 step)
{
  for (guint i = all->len; i-- > 0;)
    if (g_array_index (all, Logged, i).step >= step)
      g_array_remove_index (all, i);
}

/* An Event, the number index of its file. */
static inline void
reader_event (Bytes in, guint index, GArray *all)
{
  guint64 field, number, step = 0, bits = 0;
  Bytes bytes, inner, summary = { NULL, NULL };
  gboolean start = FALSE;
  while ((field = reader_field (&in, &number, &bytes))) {
    if (field == 1)
      bits = number;
    if (field == 2)
      step = number;
    if (field == 3)
      g_assert_cmpmem (bytes.p, (gsize)(bytes.end - bytes.p), "brain.Event:2",
          strlen ("brain.Event:2"));
    g_assert_true ((field == 3) == (field != 1 && field != 2 && index == 0));
    if (field == 5)
      summary = bytes;
    if (field == 7)
      start = reader_field (&bytes, &number, &inner) == 1 && number == 1;
  }
  g_assert_true (start == (index == 1));
  if (start)
    reader_supersede (all, step);
  while (reader_field (&summary, &number, &bytes) == 1) {
    Logged logged = { .step = step };
    memcpy (&logged.time, &bits, sizeof (bits));
    reader_value (bytes, &logged);
    g_array_append_val (all, logged);
  }
}

/* The records of a file. Returns: how many bytes they are */
static inline gsize
reader_data (const guint8 *data, gsize size, GArray *all)
{
  gsize at = 0;
  for (guint index = 0; size - at >= 12; index++) {
    guint64 length = reader_number (data + at, 8);
    g_assert_cmphex (
        reader_number (data + at + 8, 4), ==, reader_sum (data + at, 8));
    if (size - at < length + 16)
      break;
    const guint8 *event = data + at + 12;
    g_assert_cmphex (
        reader_number (event + length, 4), ==, reader_sum (event, length));
    reader_event ((Bytes){ event, event + length }, index, all);
    at += length + 16;
  }
  return at;
}

static inline int
reader_compare (gconstpointer a, gconstpointer b)
{
  const char *const *left = a, *const *right = b;
  return strcmp (*left, *right);
}

/* The paths of the event files of a folder, in order. */
static inline GPtrArray *
reader_files (const char *folder)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name (dir)))
    if (strstr (name, "tfevents"))
      g_ptr_array_add (names, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (names, reader_compare);
  return names;
}

/* All that a folder has; torn: how many bytes its files have behind the last
 * whole records. */
static inline GArray *
reader_folder (const char *folder, gsize *torn)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (Logged));
  g_array_set_clear_func (all, logged_clear);
  g_autoptr (GPtrArray) names = reader_files (folder);
  *torn = 0;
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *data = NULL;
    gsize size;
    g_assert_true (g_file_get_contents (names->pdata[i], &data, &size, NULL));
    *torn += size - reader_data ((const guint8 *)data, size, all);
  }
  return all;
}
