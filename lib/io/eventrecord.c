/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A record: 8 bytes of length, their masked CRC-32C, that many bytes, their
 * masked CRC-32C; numbers are little-endian. */
#include "eventrecord.h"

#include "crc32c.h"
#include "wire.h"

/* Fields of the messages, and the values of their enumerations. */
enum { EVENT_WALL_TIME = 1, EVENT_STEP, EVENT_FILE_VERSION };
enum { EVENT_SUMMARY = 5, EVENT_SESSION_LOG = 7 };
enum { SESSION_LOG_STATUS = 1, SESSION_LOG_START = 1 };
enum { SUMMARY_VALUE = 1 };
enum {
  VALUE_TAG = 1,
  VALUE_SIMPLE = 2,
  VALUE_IMAGE = 4,
  VALUE_TENSOR = 8,
  VALUE_METADATA = 9
};
enum { IMAGE_HEIGHT = 1, IMAGE_WIDTH, IMAGE_COLOUR_SPACE, IMAGE_ENCODED };
enum { METADATA_PLUGIN = 1, METADATA_CLASS = 4, METADATA_CLASS_TENSOR = 2 };
enum { PLUGIN_NAME = 1 };
enum { TENSOR_TYPE = 1, TENSOR_SHAPE = 2, TENSOR_STRINGS = 8 };
enum { TENSOR_TYPE_STRING = 7 };

void
vatt_event_add_scalar (GByteArray *summary, const char *tag, float value)
{
  g_autoptr (GByteArray) message = g_byte_array_new ();
  vatt_wire_write_text (message, VALUE_TAG, tag);
  vatt_wire_write_float (message, VALUE_SIMPLE, value);
  vatt_wire_write_message (summary, SUMMARY_VALUE, message);
}

/* A tensor of strings without axes, as the plugin "text" reads it. */
void
vatt_event_add_text (GByteArray *summary, const char *tag, const char *text)
{
  g_autoptr (GByteArray) tensor = g_byte_array_new ();
  vatt_wire_write_number (tensor, TENSOR_TYPE, TENSOR_TYPE_STRING);
  vatt_wire_write_bytes (tensor, TENSOR_SHAPE, NULL, 0);
  vatt_wire_write_text (tensor, TENSOR_STRINGS, text);

  g_autoptr (GByteArray) plugin = g_byte_array_new ();
  vatt_wire_write_text (plugin, PLUGIN_NAME, "text");
  g_autoptr (GByteArray) metadata = g_byte_array_new ();
  vatt_wire_write_message (metadata, METADATA_PLUGIN, plugin);
  vatt_wire_write_number (metadata, METADATA_CLASS, METADATA_CLASS_TENSOR);

  g_autoptr (GByteArray) message = g_byte_array_new ();
  vatt_wire_write_text (message, VALUE_TAG, tag);
  vatt_wire_write_message (message, VALUE_TENSOR, tensor);
  vatt_wire_write_message (message, VALUE_METADATA, metadata);
  vatt_wire_write_message (summary, SUMMARY_VALUE, message);
}

void
vatt_event_add_image (GByteArray *summary, const char *tag,
    const VattEventImage *image, gconstpointer png, gsize size)
{
  g_autoptr (GByteArray) encoded = g_byte_array_new ();
  vatt_wire_write_number (encoded, IMAGE_HEIGHT, image->height);
  vatt_wire_write_number (encoded, IMAGE_WIDTH, image->width);
  vatt_wire_write_number (encoded, IMAGE_COLOUR_SPACE, image->channels);
  vatt_wire_write_bytes (encoded, IMAGE_ENCODED, png, size);

  g_autoptr (GByteArray) message = g_byte_array_new ();
  vatt_wire_write_text (message, VALUE_TAG, tag);
  vatt_wire_write_message (message, VALUE_IMAGE, encoded);
  vatt_wire_write_message (summary, SUMMARY_VALUE, message);
}

static void
write_record (GByteArray *out, const GByteArray *event)
{
  guint64 length = GUINT64_TO_LE ((guint64)event->len);
  vatt_wire_write_fixed64 (out, event->len);
  vatt_wire_write_fixed32 (
      out, vatt_crc32c_mask (vatt_crc32c_extend (0, &length, sizeof (length))));
  g_byte_array_append (out, event->data, event->len);
  vatt_wire_write_fixed32 (
      out, vatt_crc32c_mask (vatt_crc32c_extend (0, event->data, event->len)));
}

/* An event without what happened. */
static GByteArray *
begin_event (double wall_time, guint64 step)
{
  GByteArray *event = g_byte_array_new ();
  vatt_wire_write_double (event, EVENT_WALL_TIME, wall_time);
  if (step > 0)
    vatt_wire_write_number (event, EVENT_STEP, step);
  return event;
}

void
vatt_event_record_version (GByteArray *out, double wall_time)
{
  g_autoptr (GByteArray) event = begin_event (wall_time, 0);
  vatt_wire_write_text (event, EVENT_FILE_VERSION, "brain.Event:2");
  write_record (out, event);
}

void
vatt_event_record_start (GByteArray *out, double wall_time, guint64 step)
{
  g_autoptr (GByteArray) session = g_byte_array_new ();
  vatt_wire_write_number (session, SESSION_LOG_STATUS, SESSION_LOG_START);
  g_autoptr (GByteArray) event = begin_event (wall_time, step);
  vatt_wire_write_message (event, EVENT_SESSION_LOG, session);
  write_record (out, event);
}

void
vatt_event_record_summary (
    GByteArray *out, double wall_time, guint64 step, const GByteArray *summary)
{
  g_autoptr (GByteArray) event = begin_event (wall_time, step);
  vatt_wire_write_message (event, EVENT_SUMMARY, summary);
  write_record (out, event);
}
