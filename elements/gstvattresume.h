/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where a source of clips is to begin. Only a trainer downstream that goes on
 * from a checkpoint knows; the source asks it by a query before it sends
 * anything, and says what it would send: a digest of the clips in their order,
 * by which the trainer knows whether the places of the checkpoint are of it,
 * and the names of its classes. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

gboolean gst_vatt_resume_ask (GstPad *srcpad, const char *data_set,
    const char *const *labels, guint64 *clip);
gboolean gst_vatt_resume_is_asked (GstQuery *query);
void gst_vatt_resume_answer (GstQuery *query, guint64 clip);

G_END_DECLS
