/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which file an element's model comes from, and the thread that reads another
 * one while the element works. Thread-safe but for init and clear. */
#pragma once

#include <gst/gst.h>
#include <vatt/model.h>

G_BEGIN_DECLS

/* Both are called on the thread that reads, without a lock. */
typedef struct {
  /* Whether the element could go on with @model. */
  gboolean (*fits) (GstElement *element, VattModel *model, GError **error);
  /* @path, NULL for the shipped model, is not taken; @again if that version of
   * it was refused before. */
  void (*refused) (GstElement *element, const char *path, const GError *error,
      gboolean again);
} GstVattReloadFuncs;

typedef struct {
  GstElement *element; /* not owned; owns this */
  const GstVattReloadFuncs *funcs;
  GThread *thread; /* from start to stop */
  GMutex lock;
  GCond cond;

  /* Under lock. */
  char *wanted; /* owned; as asked for; NULL: the shipped model */
  gboolean follow;
  gboolean stopping;
  guint asked;               /* times that `wanted` was set */
  guint answered;            /* the one of them that was seen to last */
  GCancellable *cancellable; /* owned; of the reading in progress, or NULL */
  VattModel *ready;          /* owned; read and fitting, to be taken */
  char *ready_path;          /* owned */

  /* The thread's. */
  char *tried;     /* owned; the version of a file that was read last */
  char *told;      /* owned; the version that was refused last */
  GError *refusal; /* owned; of `tried`, to be told if that stays as it is */
  guint delays;    /* times in a row that a file seemed to be written to */
} GstVattReload;

void gst_vatt_reload_init (GstVattReload *reload, GstElement *element,
    const GstVattReloadFuncs *funcs);
void gst_vatt_reload_clear (GstVattReload *reload);

void gst_vatt_reload_set_model (GstVattReload *reload, const char *path);
char *gst_vatt_reload_get_model (GstVattReload *reload);
void gst_vatt_reload_set_follow (GstVattReload *reload, gboolean follow);
gboolean gst_vatt_reload_get_follow (GstVattReload *reload);

VattModel *gst_vatt_reload_start (
    GstVattReload *reload, char **path, GError **error);
void gst_vatt_reload_stop (GstVattReload *reload);
void gst_vatt_reload_settle (GstVattReload *reload);
VattModel *gst_vatt_reload_take (GstVattReload *reload, char **path);

G_END_DECLS
