/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tables of scalars that a training goes on with: what is kept is the beginning
 * of the text, whole lines, and reads as the same once more. */
#include "fuzz.h"
#include "input.h"

#include "scalartable.h"

#include <string.h>

#define STEP 3

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *text = size > 0 ? (const char *)data : "";
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) tags = g_ptr_array_new_with_free_func (g_free);
  gsize kept =
      vatt_scalar_table_parse ("table", text, size, STEP, tags, &error);
  input_check_error (kept > 0, error);
  if (kept == 0)
    return 0;
  g_assert_cmpuint (kept, <=, size);
  g_assert_cmpint (text[kept - 1], ==, '\n');

  g_autoptr (GPtrArray) again = g_ptr_array_new_with_free_func (g_free);
  g_assert_cmpuint (
      vatt_scalar_table_parse ("table", text, kept, STEP, again, &error), ==,
      kept);
  g_assert_no_error (error);
  g_assert_cmpuint (again->len, ==, tags->len);
  for (guint i = 0; i < tags->len; i++)
    g_assert_cmpstr (tags->pdata[i], ==, again->pdata[i]);
  return 0;
}

void
fuzz_seeds (FuzzAdd add, gpointer user_data)
{
  static const char *const texts[] = {
    "step,time\r\n",
    "step,time,loss,rate\r\n1,1795657723.480589,0.1,\r\n"
    "2,1795657724.480589,nan,-inf\r\n3,1795657725.480589,1,2\r\n",
    "step,time,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"\r\n"
    "1,1795657723.480589,1,2,3\r\n2,17956577",
    "step,time,loss\n1,,\n2,\"1\",\"2\"\n",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *name = g_strdup_printf ("text%zu", i);
    add (name, texts[i], strlen (texts[i]), user_data);
  }
}
