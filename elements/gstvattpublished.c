/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstvattpublished.h"

#include <string.h>

#define PREFIX "trainer:"

typedef struct {
  const GstElement *trainer; /* not used but to know it again */
  VattModel *model;          /* owned */
  guint64 serial;            /* which one since the process began */
} Row;

static GMutex lock;
static GHashTable *rows; /* under lock; name -> Row */
static guint64 serial;   /* under lock; of the last one */

static void
row_free (gpointer data)
{
  Row *row = data;
  g_object_unref (row->model);
  g_free (row);
}

/* Returns: (transfer none) (nullable): the name of the trainer, if @path is no
 *   file but one */
const char *
gst_vatt_published_parse (const char *path)
{
  return path && g_str_has_prefix (path, PREFIX) ? path + strlen (PREFIX)
                                                 : NULL;
}

/* Takes the place of the model that @trainer, or another one of its name, has
 * published before. */
void
gst_vatt_published_set (GstElement *trainer, VattModel *model)
{
  Row *row = g_new (Row, 1);
  row->trainer = trainer;
  row->model = g_object_ref (model);
  g_mutex_lock (&lock);
  if (!rows)
    rows = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, row_free);
  row->serial = ++serial;
  g_hash_table_insert (rows, gst_element_get_name (trainer), row);
  g_mutex_unlock (&lock);
}

static gboolean
is_of (gpointer name, gpointer row, gpointer trainer)
{
  return ((const Row *)row)->trainer == trainer;
}

/* @trainer is no more. Who uses its model keeps that. */
void
gst_vatt_published_withdraw (GstElement *trainer)
{
  g_mutex_lock (&lock);
  if (rows)
    g_hash_table_foreach_remove (rows, is_of, trainer);
  g_mutex_unlock (&lock);
}

/* Returns: (transfer full): the newest model of trainer @name */
VattModel *
gst_vatt_published_get (const char *name, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  const Row *row = rows ? g_hash_table_lookup (rows, name) : NULL;
  if (row)
    return g_object_ref (row->model);
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
      "model '" PREFIX "%s': there is no vatttrainsink of that name in this "
      "process that is at least in READY",
      name);
  return NULL;
}

/* Returns: (transfer full): a text that is another one for every model that
 *   @name publishes */
char *
gst_vatt_published_version (const char *name)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  const Row *row = rows ? g_hash_table_lookup (rows, name) : NULL;
  return g_strdup_printf (
      PREFIX "%s|%" G_GUINT64_FORMAT, name, row ? row->serial : 0);
}

static GstElement *
find_sibling (GstElement *reader, const char *name)
{
  g_autoptr (GstObject) at = gst_object_ref (GST_OBJECT (reader));
  GstObject *parent;
  while ((parent = gst_object_get_parent (at))) {
    gst_object_unref (at);
    at = parent;
  }
  return GST_IS_BIN (at) ? gst_bin_get_by_name (GST_BIN (at), name) : NULL;
}

/*
 * gst_vatt_published_prepare:
 * @reader: an element on its way to READY
 * @name: of the trainer whose model it wants
 *
 * Of two sinks in one pipeline either may be the first to get READY. The
 * trainer has to be, as it has the model.
 */
void
gst_vatt_published_prepare (GstElement *reader, const char *name)
{
  g_autoptr (GstElement) trainer = find_sibling (reader, name);
  if (trainer && trainer != reader && GST_STATE (trainer) == GST_STATE_NULL)
    gst_element_set_state (trainer, GST_STATE_READY);
}
