/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Protocol-buffer primitives: reading bytes of unknown origin, never behind
 * their end, and writing: https://protobuf.dev/programming-guides/encoding.
 * LevelDB tables use the same varints. */
#pragma once

#include <glib.h>

/* Bytes not read yet. */
typedef struct {
  const guint8 *p;
  const guint8 *end;
} VattWire;

typedef enum {
  VATT_WIRE_VARINT = 0,
  VATT_WIRE_FIXED64 = 1,
  VATT_WIRE_BYTES = 2,
  VATT_WIRE_FIXED32 = 5,
} VattWireType;

typedef struct {
  guint32 number;    /* of the field, from 1 */
  VattWireType type; /* which of the next two holds */
  guint64 value;     /* of a varint, fixed32 or fixed64 */
  VattWire bytes;    /* of a text or message */
} VattWireField;

/* All of data, which may be NULL where size is 0. */
static inline VattWire
vatt_wire_new (gconstpointer data, gsize size)
{
  const guint8 *p = size > 0 ? data : (gconstpointer) "";
  return (VattWire){ p, p + size };
}

static inline gsize
vatt_wire_left (const VattWire *wire)
{
  return (gsize)(wire->end - wire->p);
}

/* Up to 64 bits in groups of 7, the least significant first. A form longer
 * than needed is refused: no writer makes one. */
gboolean vatt_wire_read_varint (VattWire *wire, guint64 *value);

/* The same, up to 32 bits. */
gboolean vatt_wire_read_varint32 (VattWire *wire, guint32 *value);

/* Little-endian. */
gboolean vatt_wire_read_fixed32 (VattWire *wire, guint32 *value);
gboolean vatt_wire_read_fixed64 (VattWire *wire, guint64 *value);

/* The next size bytes. */
gboolean vatt_wire_read_bytes (VattWire *wire, guint64 size, VattWire *bytes);

/* The next field of a message, of whatever number. */
gboolean vatt_wire_read_field (VattWire *wire, VattWireField *field);

/* Appends the number of 64 bits in as few groups of 7 as hold it. */
void vatt_wire_write_varint (GByteArray *out, guint64 value);

/* Each appends a field of a message; size is below 4 GiB. */
void vatt_wire_write_number (GByteArray *out, guint32 field, guint64 value);
void vatt_wire_write_float (GByteArray *out, guint32 field, float value);
void vatt_wire_write_double (GByteArray *out, guint32 field, double value);
void vatt_wire_write_bytes (
    GByteArray *out, guint32 field, gconstpointer data, gsize size);
void vatt_wire_write_text (GByteArray *out, guint32 field, const char *text);
void vatt_wire_write_message (
    GByteArray *out, guint32 field, const GByteArray *message);

/* Appends what no field announces, little-endian. */
void vatt_wire_write_fixed32 (GByteArray *out, guint32 value);
void vatt_wire_write_fixed64 (GByteArray *out, guint64 value);
