/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Windows of one stream's video, sound and text that cover the same time
 * become samples. Knows nothing of threads: whoever has it has a lock. */
#pragma once

#include <gst/gst.h>
#include <vatt/clip.h>

G_BEGIN_DECLS

#define GST_VATT_MAX_CAPTIONS 5
#define GST_VATT_NO_CLIP G_MAXUINT64

/* What one window is, and when. */
typedef struct {
  VattClip *clip;          /* owned; one item */
  GstClockTime start, end; /* running time */
  guint64 number;          /* of the clip of a data set, or GST_VATT_NO_CLIP */
  char *label;             /* owned; of that clip, or NULL */
  gint class_id;           /* of that label, or -1 */
  guint changes;           /* bits 1 << GstVattChanges */
  gboolean used;           /* the alignment's: it has gone into a sample */
} GstVattAlignWindow;

/* Windows that belong together. */
typedef struct {
  VattClip *clip[VATT_N_MODALITIES]; /* owned; of text none */
  VattClip *caption[GST_VATT_MAX_CAPTIONS];
  guint n_captions; /* nearest first */
  GstClockTime start;
  guint64 number;
  char *label; /* owned; or NULL */
  gint class_id;
  guint changes; /* of the window that the label is of */
} GstVattAligned;

typedef struct {
  guint modalities;      /* bits 1 << modality: of those that have a pad */
  VattModality lead;     /* every window of it makes a sample */
  guint captions;        /* most to a sample */
  GstClockTime distance; /* most, from a window to a caption beside it */
  guint capacity;        /* windows of a modality that wait at most */
} GstVattAlignParams;

typedef struct {
  guint64 aligned;    /* samples made */
  guint64 incomplete; /* of these, with something missing */
  guint64 alone;      /* windows of the lead with which nothing goes */
  guint64 unpaired;   /* windows of the others that went with none */
  guint64 disordered; /* windows that came behind later ones */
  guint64 dropped;    /* windows of the lead for which there was no time */
} GstVattAlignCounts;

typedef struct _GstVattAlign GstVattAlign;

GstVattAlign *gst_vatt_align_new (const GstVattAlignParams *params);
void gst_vatt_align_free (GstVattAlign *align);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstVattAlign, gst_vatt_align_free)

void gst_vatt_align_set_modalities (GstVattAlign *align, guint modalities);
void gst_vatt_align_push (GstVattAlign *align, VattModality modality,
    const GstVattAlignWindow *window);
void gst_vatt_align_advance (
    GstVattAlign *align, VattModality modality, GstClockTime time);
void gst_vatt_align_enter_clip (
    GstVattAlign *align, VattModality modality, guint64 number);
void gst_vatt_align_end (GstVattAlign *align, VattModality modality);
void gst_vatt_align_begin (GstVattAlign *align, VattModality modality);
void gst_vatt_align_flush (GstVattAlign *align, VattModality modality);

gboolean gst_vatt_align_is_full (GstVattAlign *align, VattModality modality);
guint gst_vatt_align_give_up (GstVattAlign *align);
GstClockTime gst_vatt_align_make_room (
    GstVattAlign *align, VattModality modality);
gboolean gst_vatt_align_take (GstVattAlign *align, GstVattAligned *sample);
gboolean gst_vatt_align_is_ended (GstVattAlign *align);
gboolean gst_vatt_align_is_waiting (GstVattAlign *align);
const GstVattAlignCounts *gst_vatt_align_get_counts (const GstVattAlign *align);

void gst_vatt_aligned_clear (GstVattAligned *sample);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GstVattAligned, gst_vatt_aligned_clear)

G_END_DECLS
