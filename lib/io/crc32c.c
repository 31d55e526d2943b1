/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * CRC-32C by eight tables (eight bytes a step), or by the instruction of
 * SSE 4.2 where the processor has it. */
#include "crc32c.h"

#include <glib.h>
#include <string.h>

#define POLYNOMIAL 0x82F63B78u

/* [k][b]: the remainder of byte b followed by k zero bytes */
static uint32_t table[8][256];

static void
fill_table (void)
{
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++)
      crc = (crc >> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    table[0][byte] = crc;
  }
  for (int k = 1; k < 8; k++)
    for (uint32_t byte = 0; byte < 256; byte++) {
      uint32_t crc = table[k - 1][byte];
      table[k][byte] = (crc >> 8) ^ table[0][crc & 0xFF];
    }
}

uint32_t
vatt_crc32c_extend_portable (uint32_t crc, const void *data, size_t size)
{
  static gsize once = 0;
  if (g_once_init_enter (&once)) {
    fill_table ();
    g_once_init_leave (&once, 1);
  }

  const uint8_t *p = data;
  crc = ~crc;
  for (; size >= 8; size -= 8, p += 8) {
    uint64_t word;
    memcpy (&word, p, 8);
    word = GUINT64_FROM_LE (word) ^ crc;
    crc = 0;
    for (int k = 0; k < 8; k++)
      crc ^= table[7 - k][(word >> (8 * k)) & 0xFF];
  }
  for (; size > 0; size--, p++)
    crc = (crc >> 8) ^ table[0][(crc ^ *p) & 0xFF];
  return ~crc;
}

#if defined(__x86_64__)

static __attribute__ ((target ("sse4.2"))) uint32_t
extend_sse42 (uint32_t crc, const uint8_t *p, size_t size)
{
  uint64_t state = ~crc;
  for (; size >= 8; size -= 8, p += 8) {
    uint64_t word;
    memcpy (&word, p, 8);
    state = __builtin_ia32_crc32di (state, word);
  }
  uint32_t tail = (uint32_t)state;
  for (; size > 0; size--, p++)
    tail = __builtin_ia32_crc32qi (tail, *p);
  return ~tail;
}

uint32_t
vatt_crc32c_extend (uint32_t crc, const void *data, size_t size)
{
  return __builtin_cpu_supports ("sse4.2")
             ? extend_sse42 (crc, data, size)
             : vatt_crc32c_extend_portable (crc, data, size);
}

#else

uint32_t
vatt_crc32c_extend (uint32_t crc, const void *data, size_t size)
{
  return vatt_crc32c_extend_portable (crc, data, size);
}

#endif
