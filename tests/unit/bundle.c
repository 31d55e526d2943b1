/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * TensorFlow 2 checkpoints: one assembled by hand, those that TensorFlow
 * wrote, and broken ones. */
#include "bundle.h"

#include "bundlewriter.h"
#include "tempdir.h"
#include "wire.h"

#define VALUE "/.ATTRIBUTES/VARIABLE_VALUE"

/* header; model/a, float32 [2]: 1, 2; model/b, int64: 7 */
static const char mini_index[] =
    "00000608011a02080100220f6d6f64656c2f612f2e415454524942555445532f"
    "5641524941424c455f56414c55450801120412020802280835593ce535061c0d"
    "622f2e415454524942555445532f5641524941424c455f56414c554508091200"
    "2008280835bbd79f11000000000100000000472a560a000000000100000000c0"
    "f2a1b00001026e0071000000000100000000a37355e9760883010e0000000000"
    "00000000000000000000000000000000000000000000000000000000000057fb"
    "808b247547db";
static const char mini_data[] = "0000803f000000400700000000000000";

static GByteArray *
from_hex (const char *text)
{
  GByteArray *bytes = g_byte_array_new ();
  int high = -1;
  for (; *text != '\0'; text++) {
    int digit = g_ascii_xdigit_value (*text);
    if (digit < 0)
      continue;
    if (high >= 0)
      g_byte_array_append (bytes, &(guint8){ (guint8)(high << 4 | digit) }, 1);
    high = high < 0 ? digit : -1;
  }
  return bytes;
}

/* Opens and reads everything; the number of entries, or 0 on error. */
static guint
read_all (const char *path, GError **error)
{
  g_autoptr (VattBundle) bundle = vatt_bundle_open (path, error);
  if (bundle == NULL)
    return 0;
  guint n = vatt_bundle_get_n_entries (bundle);
  for (guint i = 0; i < n; i++) {
    const VattBundleEntry *entry = vatt_bundle_get_entry (bundle, i);
    if (entry->kind == VATT_BUNDLE_TEXTS) {
      g_autoptr (GPtrArray) texts =
          vatt_bundle_read_texts (bundle, entry, error);
      if (texts == NULL)
        return 0;
    } else {
      g_autofree guint8 *data = g_malloc (MAX (entry->size, 1));
      if (!vatt_bundle_read (bundle, entry, data, entry->size, error))
        return 0;
    }
  }
  return n;
}

static void
check_refused (int code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_assert_cmpuint (read_all (prefix, &error), ==, 0);
  g_assert_error (error, VATT_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, prefix));
  g_assert_nonnull (strstr (error->message, text));
}

static void
test_miniature (void)
{
  g_autoptr (GByteArray) index = from_hex (mini_index);
  g_autoptr (GByteArray) data = from_hex (mini_data);
  g_autoptr (GError) error = NULL;
  float a[2];
  gint64 b;

  tempdir_write (index_path, index->data, index->len);
  tempdir_write (data_path, data->data, data->len);
  const char *const names[] = { prefix, index_path, data_path };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (VattBundle) bundle = vatt_bundle_open (names[i], &error);
    g_assert_no_error (error);
    g_assert_cmpstr (vatt_bundle_get_path (bundle), ==, prefix);
    g_assert_cmpuint (vatt_bundle_get_n_entries (bundle), ==, 2);
    const VattBundleEntry *entry = vatt_bundle_get_entry (bundle, 0);
    g_assert_cmpstr (entry->key, ==, "model/a" VALUE);
    g_assert_cmpint (entry->dtype, ==, VATT_DTYPE_F32);
    g_assert_cmpuint (entry->rank, ==, 1);
    g_assert_cmpuint (entry->shape[0], ==, 2);
    g_assert_true (vatt_bundle_read (bundle, entry, a, sizeof (a), NULL));
    g_assert_cmpfloat (a[0], ==, 1.0f);
    g_assert_cmpfloat (a[1], ==, 2.0f);
    g_assert_false (vatt_bundle_read (bundle, entry, a, 4, &error));
    g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
    g_clear_error (&error);

    /* no object graph: paths are the beginnings of keys */
    entry = vatt_bundle_resolve (bundle, "model/b", &error);
    g_assert_no_error (error);
    g_assert_true (entry == vatt_bundle_lookup (bundle, "model/b" VALUE));
    g_assert_cmpuint (entry->rank, ==, 0);
    g_assert_true (vatt_bundle_read (bundle, entry, &b, sizeof (b), NULL));
    g_assert_cmpint (b, ==, 7);
    g_assert_null (vatt_bundle_resolve (bundle, "model/c", &error));
    g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
    g_clear_error (&error);
    g_auto (GStrv) children = vatt_bundle_list_children (bundle, "model", NULL);
    g_assert_cmpuint (g_strv_length (children), ==, 2);
    g_assert_cmpstr (children[1], ==, "b");
    g_autoptr (GPtrArray) variables =
        vatt_bundle_list_variables (bundle, "model", NULL);
    g_assert_cmpuint (variables->len, ==, 2);
    g_assert_cmpstr (
        ((VattBundleVariable *)variables->pdata[0])->path, ==, "a");
  }
}

static void
test_flipped (void)
{
  g_autoptr (GByteArray) index = from_hex (mini_index);
  g_autoptr (GByteArray) data = from_hex (mini_data);

  tempdir_write (data_path, data->data, data->len);
  for (gsize at = 0; at < index->len; at++)
    for (guint flip = 1; flip < 256; flip++) {
      g_autoptr (GError) error = NULL;
      index->data[at] ^= (guint8)flip;
      tempdir_write (index_path, index->data, index->len);
      index->data[at] ^= (guint8)flip;
      g_assert_cmpuint (read_all (prefix, &error), ==, 0);
      g_assert_nonnull (error);
    }
  tempdir_write (index_path, index->data, index->len);
  for (gsize at = 0; at < data->len; at++)
    for (guint flip = 1; flip < 256; flip++) {
      data->data[at] ^= (guint8)flip;
      tempdir_write (data_path, data->data, data->len);
      data->data[at] ^= (guint8)flip;
      g_autoptr (GError) error = NULL;
      g_assert_cmpuint (read_all (prefix, &error), ==, 0);
      g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
    }
}

static void
test_truncated (void)
{
  g_autoptr (GByteArray) index = from_hex (mini_index);
  g_autoptr (GByteArray) data = from_hex (mini_data);

  tempdir_write (data_path, data->data, data->len);
  for (gsize size = 0; size < index->len; size++) {
    tempdir_write (index_path, index->data, size);
    check_refused (VATT_ERROR_WEIGHTS, "index");
  }
  tempdir_write (index_path, index->data, index->len);
  for (gsize size = 0; size < data->len; size++) {
    tempdir_write (data_path, data->data, size);
    check_refused (VATT_ERROR_WEIGHTS, "the file holds");
  }
  g_remove (data_path);
  g_autoptr (GError) error = NULL;
  g_assert_cmpuint (read_all (prefix, &error), ==, 0);
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_nonnull (strstr (error->message, data_path));
  g_clear_error (&error);
  g_remove (index_path);
  g_assert_cmpuint (read_all (prefix, &error), ==, 0);
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

/* Two shards, 100 tensors, several blocks, packed and not. */
static void
test_shards (void)
{
  g_autofree char *first = g_strconcat (prefix, ".data-00000-of-00002", NULL);
  g_autofree char *second = g_strconcat (prefix, ".data-00001-of-00002", NULL);
  guint8 data[100];
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 100; i++)
    data[i] = (guint8)(i * 7);
  for (int snappy = 0; snappy < 2; snappy++) {
    TableWriter table = table_begin (snappy);
    table_add (&table, "", make_header (2, 0));
    for (guint i = 0; i < 100; i++) {
      char key[32];
      g_snprintf (key, sizeof (key), "layer/%03u", i);
      EntryParams params = { .dtype = 4,
        .shard = i % 2,
        .offset = i,
        .size = 1,
        .sum = vatt_crc32c_mask (vatt_crc32c_extend (0, &data[i], 1)) };
      table_add (&table, key, make_entry (&params));
    }
    table_finish (&table, index_path);
    tempdir_write (first, data, 100);
    tempdir_write (second, data, 100);
    guint n = read_all (prefix, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (n, ==, 100);
  }
  g_remove (second);
  g_assert_cmpuint (read_all (prefix, &error), ==, 0);
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_nonnull (strstr (error->message, second));
  g_remove (first);
}

/* Entries that cannot be, behind right sums. */
static void
test_hostile_entries (void)
{
  static const struct {
    EntryParams entry;
    int code;
    const char *text;
  } cases[] = {
    { { 1, 0, 0, 8, 0, 1, { 3 } }, VATT_ERROR_WEIGHTS, "shape needs 12" },
    { { 1, 0, 0, 8, 0, 1, { 1ull << 60 } }, VATT_ERROR_WEIGHTS, "needs 4611" },
    { { 1, 0, 0, 1ull << 62, 0, 1, { 1ull << 60 } }, VATT_ERROR_WEIGHTS,
        "the file holds 16" },
    { { 1, 0, 0, 8, 0, 2, { 1ull << 40, 1ull << 40 } }, VATT_ERROR_WEIGHTS,
        "beyond all memory" },
    { { 1, 0, 0, 8, 0, 1, { G_MAXUINT64 } }, VATT_ERROR_WEIGHTS,
        "damaged shape" },
    { { 1, 0, 12, 8, 0, 1, { 2 } }, VATT_ERROR_WEIGHTS, "the file holds 16" },
    { { 1, 0, G_MAXUINT64 - 3, 8, 0, 1, { 2 } }, VATT_ERROR_WEIGHTS,
        "the file holds 16" },
    { { 1, 1, 0, 8, 0, 1, { 2 } }, VATT_ERROR_WEIGHTS, "data file 1" },
    { { 1, 1ull << 32, 0, 8, 0, 1, { 2 } }, VATT_ERROR_WEIGHTS, "is damaged" },
    { { 1, 0, 0, 8, 0, 1, { 2 } }, VATT_ERROR_WEIGHTS, "has the sum" },
    { { 0, 0, 0, 8, 0, 1, { 2 } }, VATT_ERROR_WEIGHTS, "is damaged" },
    { { 8, 0, 0, 8, 0, 0, { 0 } }, VATT_ERROR_UNSUPPORTED, "known type" },
    { { 1, 0, 0, 4, 0, 9, { 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
        VATT_ERROR_UNSUPPORTED, "8 dimensions" },
    { { 7, 0, 0, 8, 0, 1, { 1ull << 60 } }, VATT_ERROR_WEIGHTS, "more texts" },
    { { 7, 0, 0, 16, 0, 1, { 16 } }, VATT_ERROR_WEIGHTS, "texts are damaged" },
    { { 7, 0, 0, 3, 0, 0, { 0 } }, VATT_ERROR_WEIGHTS, "texts are damaged" },
  };
  const guint8 data[16] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0x01 };

  tempdir_write (data_path, data, sizeof (data));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    TableWriter table = table_begin (FALSE);
    table_add (&table, "", make_header (1, 0));
    table_add (&table, "a", make_entry (&cases[i].entry));
    table_finish (&table, index_path);
    check_refused (cases[i].code, cases[i].text);
  }
}

static void
test_hostile_tables (void)
{
  static const struct {
    guint64 n_shards, endianness;
    int code;
    const char *text;
  } headers[] = { { 1, 1, VATT_ERROR_UNSUPPORTED, "big-endian" },
    { 0, 0, VATT_ERROR_WEIGHTS, "0 data files" },
    { 1ull << 60, 0, VATT_ERROR_WEIGHTS, "data files" } };
  const EntryParams entry = { .dtype = 4, .size = 0, .rank = 1 };
  g_autofree char *long_key = g_strnfill (2000, 'k');
  GByteArray *sliced = make_entry (&entry);

  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++) {
    TableWriter table = table_begin (FALSE);
    table_add (
        &table, "", make_header (headers[i].n_shards, headers[i].endianness));
    table_finish (&table, index_path);
    check_refused (headers[i].code, headers[i].text);
  }

  TableWriter empty = table_begin (TRUE);
  table_finish (&empty, index_path);
  check_refused (VATT_ERROR_WEIGHTS, "holds no header");

  TableWriter headless = table_begin (FALSE);
  table_add (&headless, "a", make_entry (&entry));
  table_finish (&headless, index_path);
  check_refused (VATT_ERROR_WEIGHTS, "does not begin with a header");

  TableWriter unordered = table_begin (FALSE);
  table_add (&unordered, "", make_header (1, 0));
  table_add (&unordered, "b", make_entry (&entry));
  table_add (&unordered, "a", make_entry (&entry));
  table_finish (&unordered, index_path);
  check_refused (VATT_ERROR_WEIGHTS, "out of order");

  TableWriter twice = table_begin (FALSE);
  table_add (&twice, "", make_header (1, 0));
  table_add (&twice, "b", make_entry (&entry));
  table_add (&twice, "b", make_entry (&entry));
  table_finish (&twice, index_path);
  check_refused (VATT_ERROR_WEIGHTS, "out of order");

  TableWriter far = table_begin (TRUE);
  table_add (&far, "", make_header (1, 0));
  table_add (&far, long_key, make_entry (&entry));
  table_finish (&far, index_path);
  check_refused (VATT_ERROR_WEIGHTS, "a key of 2000 bytes");

  put_bytes (sliced, 7, "", 0);
  TableWriter slices = table_begin (FALSE);
  table_add (&slices, "", make_header (1, 0));
  table_add (&slices, "part", sliced);
  table_finish (&slices, index_path);
  check_refused (VATT_ERROR_UNSUPPORTED, "'part' is stored in slices");

  TableWriter binary = table_begin (FALSE);
  table_add (&binary, "", make_header (1, 0));
  table_add_bytes (&binary, "a\0\1\2", 4, make_entry (&entry));
  table_finish (&binary, index_path);
  check_refused (VATT_ERROR_UNSUPPORTED, "stored in slices");
}

static void
test_wire (void)
{
  static const struct {
    const char *hex;
    gboolean good;
    guint64 value;
  } varints[] = { { "00", TRUE, 0 }, { "7f", TRUE, 127 }, { "8001", TRUE, 128 },
    { "ffffffffffffffffff01", TRUE, G_MAXUINT64 },
    { "ffffffffffffffffff02", FALSE, 0 }, { "8e00", FALSE, 0 },
    { "ffffffffffffffffffff01", FALSE, 0 }, { "80", FALSE, 0 },
    { "", FALSE, 0 } };
  static const char *const bad_fields[] = { "00", "08", "0a05aabb",
    "0affffffffffffffffff01", "0d010203", "0901020304050607", "0b", "0f",
    "ffffffffffff01" };
  VattWireField field;

  for (gsize i = 0; i < G_N_ELEMENTS (varints); i++) {
    g_autoptr (GByteArray) bytes = from_hex (varints[i].hex);
    VattWire wire = vatt_wire_new (bytes->data, bytes->len);
    guint64 value = 0;
    g_assert_cmpint (
        vatt_wire_read_varint (&wire, &value), ==, varints[i].good);
    if (varints[i].good)
      g_assert_cmpuint (value, ==, varints[i].value);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (bad_fields); i++) {
    g_autoptr (GByteArray) bytes = from_hex (bad_fields[i]);
    VattWire wire = vatt_wire_new (bytes->data, bytes->len);
    g_assert_false (vatt_wire_read_field (&wire, &field));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  checkpoint_begin ();
  g_test_add_func ("/bundle/miniature", test_miniature);
  g_test_add_func ("/bundle/flipped", test_flipped);
  g_test_add_func ("/bundle/truncated", test_truncated);
  g_test_add_func ("/bundle/shards", test_shards);
  g_test_add_func ("/bundle/hostile-entries", test_hostile_entries);
  g_test_add_func ("/bundle/hostile-tables", test_hostile_tables);
  g_test_add_func ("/bundle/wire", test_wire);
  int status = g_test_run ();
  checkpoint_end ();
  return status;
}
