/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Floats in 16 bits: every one of the 65,536, and what lies half-way between
 * neighbours. */
#include "narrow.h"

#include "halves.h"

#include <glib.h>
#include <string.h>

typedef struct {
  const char *name;
  void (*narrow) (uint16_t *to, const float *from, size_t n);
  double (*value) (uint16_t bits);
  uint16_t infinity;
} Type;

static const Type types[] = {
  { "bf16", vatt_narrow_bf16, bfloat_value, 0x7f80 },
  { "f16", vatt_narrow_f16, half_value, 0x7c00 },
};

static uint16_t
narrowed (const Type *type, float value)
{
  uint16_t bits;
  type->narrow (&bits, &value, 1);
  return bits;
}

static void
expect (const Type *type, float value, uint16_t bits)
{
  uint16_t found = narrowed (type, value);
  if (found == bits)
    return;
  g_test_message ("%s: %a is 0x%04x, expected 0x%04x", type->name,
      (double)value, found, bits);
  g_test_fail ();
}

/* Each finite number stays what it is. */
static void
test_exact (gconstpointer data)
{
  const Type *type = data;
  for (uint32_t bits = 0; bits < 0x10000; bits++)
    if (!isnan (type->value ((uint16_t)bits)))
      expect (type, (float)type->value ((uint16_t)bits), (uint16_t)bits);
}

/* Between two neighbours: half-way to the even one, which infinity is as the
 * neighbour of the greatest; a little less or more to the nearer. */
static void
test_between (gconstpointer data)
{
  const Type *type = data;
  for (uint16_t low = 0; low < type->infinity; low++) {
    uint16_t high = low + 1, even = low & 1 ? high : low;
    double step = type->value (low) - type->value (low ? low - 1 : 1);
    float middle = (float)(type->value (low) + fabs (step) / 2);
    if (high < type->infinity)
      middle = (float)((type->value (low) + type->value (high)) / 2);
    for (int sign = 0; sign <= 0x8000; sign += 0x8000) {
      float s = sign ? -1.0f : 1.0f;
      expect (type, s * middle, (uint16_t)(even | sign));
      expect (type, s * nextafterf (middle, 0.0f), (uint16_t)(low | sign));
      expect (type, s * nextafterf (middle, INFINITY), (uint16_t)(high | sign));
    }
  }
}

/* All halves are floats, and the way back is exact. */
static void
test_widened (void)
{
  for (uint32_t bits = 0; bits < 0x10000; bits++) {
    uint16_t half = (uint16_t)bits;
    float value;
    vatt_widen_f16 (&value, &half, 1);
    if (isnan (half_value (half)))
      g_assert_true (isnan (value));
    else
      g_assert_true ((double)value == half_value (half) &&
                     !signbit (value) == !(half & 0x8000));
  }
}

static void
test_special (gconstpointer data)
{
  const Type *type = data;
  const float most = 3.40282347e38f, least = 1.40129846e-45f;
  expect (type, INFINITY, type->infinity);
  expect (type, -INFINITY, type->infinity | 0x8000);
  expect (type, most, type->infinity);
  expect (type, -most, type->infinity | 0x8000);
  expect (type, least, 0);
  expect (type, -least, 0x8000);
  /* NaN of every kind: the payload's lowest bits alone too. */
  for (uint32_t payload = 1; payload < 1u << 23; payload = payload * 2 + 1) {
    for (uint32_t sign = 0; sign < 2; sign++) {
      uint32_t bits = sign << 31 | 0x7f800000u | payload;
      float nan;
      memcpy (&nan, &bits, sizeof nan);
      uint16_t found = narrowed (type, nan);
      g_assert_true (isnan (type->value (found)));
      g_assert_cmpuint (found >> 15, ==, sign);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/narrow/widened", test_widened);
  for (guint t = 0; t < G_N_ELEMENTS (types); t++) {
    static const struct {
      const char *name;
      GTestDataFunc run;
    } tests[] = { { "exact", test_exact }, { "between", test_between },
      { "special", test_special } };
    for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
      g_autofree char *path =
          g_strdup_printf ("/narrow/%s/%s", types[t].name, tests[i].name);
      g_test_add_data_func (path, &types[t], tests[i].run);
    }
  }
  return g_test_run ();
}
