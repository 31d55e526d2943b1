/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * CRC-32C: the vectors of RFC 3720 B.4, both implementations against each
 * other at every alignment, and their speed. */
#include "crc32c.h"

#include <glib.h>
#include <string.h>

static void
test_vectors (void)
{
  guint8 bytes[32];

  g_assert_cmphex (vatt_crc32c_extend (0, "123456789", 9), ==, 0xE3069283);
  g_assert_cmphex (vatt_crc32c_extend (0, "", 0), ==, 0);
  memset (bytes, 0, sizeof (bytes));
  g_assert_cmphex (vatt_crc32c_extend (0, bytes, 32), ==, 0x8A9136AA);
  memset (bytes, 0xFF, sizeof (bytes));
  g_assert_cmphex (vatt_crc32c_extend (0, bytes, 32), ==, 0x62A8AB43);
  for (guint i = 0; i < 32; i++)
    bytes[i] = (guint8)i;
  g_assert_cmphex (vatt_crc32c_extend (0, bytes, 32), ==, 0x46DD794E);
  g_assert_cmphex (vatt_crc32c_extend_portable (0, bytes, 32), ==, 0x46DD794E);
}

static void
test_mask (void)
{
  g_assert_cmphex (vatt_crc32c_mask (0xE3069283), ==, 0xC78AB0E5);
  g_assert_cmphex (vatt_crc32c_unmask (0xC78AB0E5), ==, 0xE3069283);
}

static void
test_extend (void)
{
  guint8 bytes[64];
  for (guint i = 0; i < sizeof (bytes); i++)
    bytes[i] = (guint8)(i * 37 + 11);
  for (guint begin = 0; begin < 9; begin++)
    for (guint end = begin; end <= sizeof (bytes); end++) {
      guint32 whole = vatt_crc32c_extend (0, bytes + begin, end - begin);
      g_assert_cmphex (
          vatt_crc32c_extend_portable (0, bytes + begin, end - begin), ==,
          whole);
      guint middle = (begin + end) / 2;
      guint32 first = vatt_crc32c_extend (0, bytes + begin, middle - begin);
      g_assert_cmphex (
          vatt_crc32c_extend (first, bytes + middle, end - middle), ==, whole);
    }
}

static void
test_speed (void)
{
  static const struct {
    const char *name;
    guint32 (*extend) (guint32 crc, const void *data, size_t size);
  } forms[] = { { "used", vatt_crc32c_extend },
    { "portable", vatt_crc32c_extend_portable } };
  gsize size = 1 << 20;
  int rounds = 32;
  g_autofree guint8 *bytes = g_malloc0 (size);
  guint32 sums[G_N_ELEMENTS (forms)] = { 0 };

  for (gsize f = 0; f < G_N_ELEMENTS (forms); f++) {
    gint64 begin = g_get_monotonic_time ();
    for (int i = 0; i < rounds; i++)
      sums[f] = forms[f].extend (sums[f], bytes, size);
    double seconds = (double)(g_get_monotonic_time () - begin) * 1e-6;
    g_test_message (
        "%s: %.2f GB/s", forms[f].name, (double)size * rounds / seconds * 1e-9);
  }
  g_assert_cmphex (sums[0], ==, sums[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/crc32c/vectors", test_vectors);
  g_test_add_func ("/crc32c/mask", test_mask);
  g_test_add_func ("/crc32c/extend", test_extend);
  g_test_add_func ("/crc32c/speed", test_speed);
  return g_test_run ();
}
