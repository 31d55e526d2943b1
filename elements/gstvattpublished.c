/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A row for each trainer, not for each name: pipelines of one process may have
 * trainers of one name. Who reads finds that of its own pipeline, or else the
 * only one. */
#include "gstvattpublished.h"

#include "gstvatttrainsink.h"

#include <string.h>

#define PREFIX "trainer:"

typedef struct {
  GstElement *trainer; /* not owned: it withdraws before it goes */
  VattModel *model;    /* owned */
  guint64 serial;      /* which one since the process began */
} Row;

static GMutex lock;
static GHashTable *rows; /* under lock; trainer -> Row */
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

/* Takes the place of the model that @trainer has published before. */
void
gst_vatt_published_set (GstElement *trainer, VattModel *model)
{
  Row *row = g_new (Row, 1);
  row->trainer = trainer;
  row->model = g_object_ref (model);
  g_mutex_lock (&lock);
  if (!rows)
    rows = g_hash_table_new_full (NULL, NULL, NULL, row_free);
  row->serial = ++serial;
  g_hash_table_insert (rows, trainer, row);
  g_mutex_unlock (&lock);
}

/* @trainer is no more. Who uses its model keeps that. */
void
gst_vatt_published_withdraw (GstElement *trainer)
{
  g_mutex_lock (&lock);
  if (rows)
    g_hash_table_remove (rows, trainer);
  g_mutex_unlock (&lock);
}

/* ---- whose model is meant ---- */

/* Returns: (transfer full): what @element is in, all the way up */
static GstObject *
find_top (GstElement *element)
{
  GstObject *at = gst_object_ref (GST_OBJECT (element));
  GstObject *parent;
  while ((parent = gst_object_get_parent (at))) {
    gst_object_unref (at);
    at = parent;
  }
  return at;
}

/* Called with the lock held. Returns: the row of @name in @top, or anywhere if
 *   @top is %NULL; one of them, if they are @n */
static const Row *
find_within (const char *name, GstObject *top, guint *n)
{
  const Row *found = NULL;
  GHashTableIter iter;
  gpointer row;
  *n = 0;
  if (!rows)
    return NULL;
  g_hash_table_iter_init (&iter, rows);
  while (g_hash_table_iter_next (&iter, NULL, &row)) {
    GstElement *trainer = ((const Row *)row)->trainer;
    if (!g_str_equal (GST_ELEMENT_NAME (trainer), name) ||
        (top && !gst_object_has_as_ancestor (GST_OBJECT (trainer), top)))
      continue;
    found = row;
    ++*n;
  }
  return found;
}

/* Called with the lock held. */
static const Row *
find_row (const char *name, GstObject *top, guint *n)
{
  const Row *row = top ? find_within (name, top, n) : NULL;
  return row ? row : find_within (name, NULL, n);
}

/*
 * gst_vatt_published_get:
 * @name: of a trainer
 * @reader: (nullable): who asks
 * @error: return location
 *
 * Returns: (transfer full): the newest model of the trainer of that name in the
 *   pipeline of @reader, else of the only one in the process
 */
VattModel *
gst_vatt_published_get (const char *name, GstElement *reader, GError **error)
{
  g_autoptr (GstObject) top = reader ? find_top (reader) : NULL;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  guint n = 0;
  const Row *row = find_row (name, top, &n);
  if (n == 1)
    return g_object_ref (row->model);
  if (n == 0)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
        "model '" PREFIX "%s': there is no vatttrainsink of that name in this "
        "process that is at least in READY",
        name);
  else
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "model '" PREFIX "%s': found %u vatttrainsinks of that name, expected "
        "one in the same pipeline, or one in the process",
        name, n);
  return NULL;
}

/* Returns: (transfer full): a text that is another one for every model that
 *   gst_vatt_published_get() gives, and for none and for several */
char *
gst_vatt_published_version (const char *name, GstElement *reader)
{
  g_autoptr (GstObject) top = reader ? find_top (reader) : NULL;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  guint n = 0;
  const Row *row = find_row (name, top, &n);
  if (n > 1)
    return g_strdup_printf (PREFIX "%s|%u of them", name, n);
  return g_strdup_printf (
      PREFIX "%s|%" G_GUINT64_FORMAT, name, row ? row->serial : 0);
}

/* Returns: whether there is a trainer, or several, of that name */
gboolean
gst_vatt_published_exists (const char *name)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  guint n = 0;
  return find_within (name, NULL, &n) != NULL;
}

/* ---- the order of states ---- */

static GstElement *
find_sibling (GstElement *reader, const char *name)
{
  g_autoptr (GstObject) top = find_top (reader);
  g_autoptr (GstElement) found =
      GST_IS_BIN (top) ? gst_bin_get_by_name (GST_BIN (top), name) : NULL;
  return found && GST_IS_VATT_TRAIN_SINK (found) ? g_steal_pointer (&found)
                                                 : NULL;
}

/*
 * gst_vatt_published_prepare:
 * @reader: an element on its way to READY
 * @name: of the trainer whose model it wants
 *
 * Of two sinks in one pipeline either may be the first to get READY. The
 * trainer has to be, as it has the model.
 *
 * Returns: %FALSE if the trainer could not, which it has told itself
 */
gboolean
gst_vatt_published_prepare (GstElement *reader, const char *name)
{
  g_autoptr (GstElement) trainer = find_sibling (reader, name);
  return !trainer || GST_STATE (trainer) != GST_STATE_NULL ||
         gst_element_set_state (trainer, GST_STATE_READY) !=
             GST_STATE_CHANGE_FAILURE;
}
