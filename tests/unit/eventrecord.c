/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Records of event files, byte by byte. The expected bytes are TensorBoard's
 * own: its messages, serialised by the protobuf module and framed by a few
 * lines of Python with a CRC-32C of its own. */
#include "eventrecord.h"

#include "wire.h"

#include <string.h>

#define TIME 1.5

static void
check (const GByteArray *records, const char *expected)
{
  g_autoptr (GString) hex = g_string_new (NULL);
  for (guint i = 0; i < records->len; i++)
    g_string_append_printf (hex, "%02x", records->data[i]);
  g_assert_cmpstr (hex->str, ==, expected);
}

static void
test_version (void)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  vatt_event_record_version (out, TIME);
  check (out, "1800000000000000a37f4b22"
              "09000000000000f83f"
              "1a0d627261696e2e4576656e743a32"
              "2a28646c");
}

/* A step of 0 is not written: it is what readers take for granted. */
static void
test_start (void)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  vatt_event_record_start (out, TIME, 7);
  vatt_event_record_start (out, TIME, 0);
  check (out, "0f000000000000006d532b09"
              "09000000000000f83f10073a020801"
              "774771c7"
              "0d000000000000003c37b834"
              "09000000000000f83f3a020801"
              "b718825c");
}

static void
test_scalars (void)
{
  g_autoptr (GByteArray) summary = g_byte_array_new ();
  g_autoptr (GByteArray) out = g_byte_array_new ();
  vatt_event_add_scalar (summary, "loss", 0.25f);
  vatt_event_add_scalar (summary, "ü", -2);
  vatt_event_record_summary (out, TIME, 300, summary);
  check (out, "2600000000000000734fe300"
              "09000000000000f83f10ac022a18"
              "0a0b0a046c6f7373150000803e"
              "0a090a02c3bc15000000c0"
              "709410a1");
}

static void
test_text (void)
{
  g_autoptr (GByteArray) summary = g_byte_array_new ();
  g_autoptr (GByteArray) out = g_byte_array_new ();
  vatt_event_add_text (summary, "t", "hi");
  vatt_event_record_summary (out, TIME, G_MAXINT64, summary);
  check (out, "300000000000000095f5d05f"
              "09000000000000f83f10ffffffffffffffff7f2a1b0a19"
              "0a0174"
              "4208080712004202"
              "6869"
              "4a0a0a060a04746578742002"
              "5d847e1d");
}

static void
test_image (void)
{
  const VattEventImage image = { .width = 300, .height = 2, .channels = 3 };
  g_autoptr (GByteArray) summary = g_byte_array_new ();
  g_autoptr (GByteArray) out = g_byte_array_new ();
  vatt_event_add_image (summary, "i", &image, "PNG", 3);
  vatt_event_record_summary (out, TIME, 1, summary);
  check (out, "200000000000000029eda950"
              "09000000000000f83f10012a130a110a0169"
              "220c080210ac0218032203504e47"
              "9b14bac9");
}

/* What is written is what is read, at the edges of every size. */
static void
test_varints (void)
{
  for (guint bits = 0; bits <= 64; bits++) {
    g_autoptr (GByteArray) out = g_byte_array_new ();
    guint64 value = bits == 64 ? G_MAXUINT64 : ((guint64)1 << bits) - 1;
    vatt_wire_write_varint (out, value);
    g_assert_cmpuint (out->len, ==, MAX (1, (bits + 6) / 7));
    VattWire wire = vatt_wire_new (out->data, out->len);
    guint64 read;
    g_assert_true (vatt_wire_read_varint (&wire, &read));
    g_assert_cmpuint (read, ==, value);
    g_assert_cmpuint (vatt_wire_left (&wire), ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eventrecord/version", test_version);
  g_test_add_func ("/eventrecord/start", test_start);
  g_test_add_func ("/eventrecord/scalars", test_scalars);
  g_test_add_func ("/eventrecord/text", test_text);
  g_test_add_func ("/eventrecord/image", test_image);
  g_test_add_func ("/eventrecord/varints", test_varints);
  return g_test_run ();
}
