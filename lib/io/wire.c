/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Protocol-buffer primitives. */
#include "wire.h"

#include <string.h>

gboolean
vatt_wire_read_varint (VattWire *wire, guint64 *value)
{
  guint64 sum = 0;
  for (guint shift = 0; shift < 64 && wire->p < wire->end; shift += 7) {
    guint8 byte = *wire->p++;
    if (shift == 63 && byte > 1)
      return FALSE;
    sum |= (guint64)(byte & 0x7F) << shift;
    if (byte < 0x80) {
      *value = sum;
      return byte != 0 || shift == 0;
    }
  }
  return FALSE;
}

gboolean
vatt_wire_read_varint32 (VattWire *wire, guint32 *value)
{
  guint64 wide;
  if (!vatt_wire_read_varint (wire, &wide) || wide > G_MAXUINT32)
    return FALSE;
  *value = (guint32)wide;
  return TRUE;
}

gboolean
vatt_wire_read_fixed32 (VattWire *wire, guint32 *value)
{
  guint32 raw;
  if (vatt_wire_left (wire) < sizeof (raw))
    return FALSE;
  memcpy (&raw, wire->p, sizeof (raw));
  wire->p += sizeof (raw);
  *value = GUINT32_FROM_LE (raw);
  return TRUE;
}

gboolean
vatt_wire_read_fixed64 (VattWire *wire, guint64 *value)
{
  guint64 raw;
  if (vatt_wire_left (wire) < sizeof (raw))
    return FALSE;
  memcpy (&raw, wire->p, sizeof (raw));
  wire->p += sizeof (raw);
  *value = GUINT64_FROM_LE (raw);
  return TRUE;
}

gboolean
vatt_wire_read_bytes (VattWire *wire, guint64 size, VattWire *bytes)
{
  if (size > vatt_wire_left (wire))
    return FALSE;
  *bytes = (VattWire){ wire->p, wire->p + size };
  wire->p += size;
  return TRUE;
}

gboolean
vatt_wire_read_field (VattWire *wire, VattWireField *field)
{
  guint32 tag, value32;
  guint64 size;

  if (!vatt_wire_read_varint32 (wire, &tag) || tag >> 3 == 0)
    return FALSE;
  *field = (VattWireField){ .number = tag >> 3, .type = tag & 7 };
  switch (field->type) {
  case VATT_WIRE_VARINT:
    return vatt_wire_read_varint (wire, &field->value);
  case VATT_WIRE_FIXED64:
    return vatt_wire_read_fixed64 (wire, &field->value);
  case VATT_WIRE_BYTES:
    return vatt_wire_read_varint (wire, &size) &&
           vatt_wire_read_bytes (wire, size, &field->bytes);
  case VATT_WIRE_FIXED32:
    if (!vatt_wire_read_fixed32 (wire, &value32))
      return FALSE;
    field->value = value32;
    return TRUE;
  default: /* groups, which no version 3 message has, and codes not in use */
    return FALSE;
  }
}

void
vatt_wire_write_varint (GByteArray *out, guint64 value)
{
  guint8 groups[10];
  guint n = 0;
  for (; value >= 0x80; value >>= 7)
    groups[n++] = (guint8)(value | 0x80);
  groups[n++] = (guint8)value;
  g_byte_array_append (out, groups, n);
}

void
vatt_wire_write_fixed32 (GByteArray *out, guint32 value)
{
  value = GUINT32_TO_LE (value);
  g_byte_array_append (out, (const guint8 *)&value, sizeof (value));
}

void
vatt_wire_write_fixed64 (GByteArray *out, guint64 value)
{
  value = GUINT64_TO_LE (value);
  g_byte_array_append (out, (const guint8 *)&value, sizeof (value));
}

static void
write_tag (GByteArray *out, guint32 field, VattWireType type)
{
  vatt_wire_write_varint (out, (guint64)field << 3 | type);
}

void
vatt_wire_write_number (GByteArray *out, guint32 field, guint64 value)
{
  write_tag (out, field, VATT_WIRE_VARINT);
  vatt_wire_write_varint (out, value);
}

void
vatt_wire_write_float (GByteArray *out, guint32 field, float value)
{
  guint32 bits;
  memcpy (&bits, &value, sizeof (bits));
  write_tag (out, field, VATT_WIRE_FIXED32);
  vatt_wire_write_fixed32 (out, bits);
}

void
vatt_wire_write_double (GByteArray *out, guint32 field, double value)
{
  guint64 bits;
  memcpy (&bits, &value, sizeof (bits));
  write_tag (out, field, VATT_WIRE_FIXED64);
  vatt_wire_write_fixed64 (out, bits);
}

void
vatt_wire_write_bytes (
    GByteArray *out, guint32 field, gconstpointer data, gsize size)
{
  write_tag (out, field, VATT_WIRE_BYTES);
  vatt_wire_write_varint (out, size);
  g_byte_array_append (out, data, (guint)size);
}

void
vatt_wire_write_text (GByteArray *out, guint32 field, const char *text)
{
  vatt_wire_write_bytes (out, field, text, strlen (text));
}

void
vatt_wire_write_message (
    GByteArray *out, guint32 field, const GByteArray *message)
{
  vatt_wire_write_bytes (out, field, message->data, message->len);
}
