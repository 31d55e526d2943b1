/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Decodes parts of files into memory. */
#pragma once

#include "gstvattmedia.h"

G_BEGIN_DECLS

/* What to read. */
typedef struct {
  const char *path;                   /* of a plain file */
  GstClockTime start;                 /* in the file's time */
  GstClockTime end;                   /* 0: the file's end */
  gboolean wanted[VATT_N_MODALITIES]; /* text is not looked for */
  guint64 max_bytes;                  /* that it may have decoded */
} GstVattSpan;

typedef struct _GstVattMediaReader GstVattMediaReader;

GstVattMediaReader *gst_vatt_media_reader_new (
    GstCaps *const caps[VATT_N_MODALITIES]);
gboolean gst_vatt_media_reader_read (GstVattMediaReader *reader,
    const GstVattSpan *span, GstVattMedia *media, GError **error);
void gst_vatt_media_reader_cancel (GstVattMediaReader *reader);
void gst_vatt_media_reader_free (GstVattMediaReader *reader);

G_END_DECLS
