/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Configurations: what is accepted can be written down, read again, and has a
 * list of parameters or an error. */
#include "fuzz.h"
#include "input.h"

#include <vatt/config.h>

#include <string.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config = vatt_config_parse (
      size ? (const char *)data : "", (gssize)size, "input", &error);
  input_check_error (config != NULL, error);
  if (!config)
    return 0;
  g_autofree char *text = vatt_config_to_text (config);
  g_autoptr (VattConfig) again = vatt_config_parse (text, -1, "again", &error);
  g_assert_no_error (error);
  g_autofree char *same = vatt_config_to_text (again);
  g_assert_cmpstr (text, ==, same);
  guint n;
  g_autofree VattParameterInfo *parameters =
      vatt_config_list_parameters (config, &n, &error);
  input_check_error (parameters != NULL, error);
  return 0;
}

void
fuzz_seeds (FuzzAdd add, gpointer user_data)
{
  static const char *const names[] = { "tiny", "text-linear",
    "wat-base-audioset", "ma-base", "vit-base-320" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (VattConfig) config = vatt_config_load (names[i], NULL);
    g_autofree char *text = vatt_config_to_text (config);
    add (names[i], text, strlen (text), user_data);
  }
}
