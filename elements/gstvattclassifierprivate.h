/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the parts of the classifier share: gstvattclassifier.c is the element,
 * gstvattclassifiersettings.c its properties, gstvattclassifiersetup.c what
 * follows from caps, gstvattclassifierrun.c turns windows into labels. */
#pragma once

#include "gstvattclassifier.h"
#include "gstvattlabelresult.h"
#include "gstvattlabels.h"
#include "gstvattterminal.h"

#include <vatt/model.h>
#include <vatt/scores.h>
#include <vatt/session.h>

G_BEGIN_DECLS

/**
 * GstVattActivation:
 * @GST_VATT_ACTIVATION_AUTO: as the model's classes want it
 * @GST_VATT_ACTIVATION_SOFTMAX: classes exclude each other
 * @GST_VATT_ACTIVATION_SIGMOID: each class stands for itself
 *
 * How the classifier's outputs become scores.
 */
typedef enum {
  GST_VATT_ACTIVATION_AUTO,
  GST_VATT_ACTIVATION_SOFTMAX,
  GST_VATT_ACTIVATION_SIGMOID,
} GstVattActivation;

/**
 * GstVattMessageOn:
 * @GST_VATT_MESSAGE_ON_WINDOW: every window
 * @GST_VATT_MESSAGE_ON_CHANGE: when the label to show is another one
 *
 * When a message is posted.
 */
typedef enum {
  GST_VATT_MESSAGE_ON_WINDOW,
  GST_VATT_MESSAGE_ON_CHANGE,
} GstVattMessageOn;

/**
 * GstVattShow:
 * @GST_VATT_SHOW_AUTO: live streams as @GST_VATT_SHOW_NEXT, others as
 *   @GST_VATT_SHOW_WINDOW
 * @GST_VATT_SHOW_WINDOW: while its window plays
 * @GST_VATT_SHOW_NEXT: from the end of its window on
 *
 * When a label is to be seen.
 */
typedef enum {
  GST_VATT_SHOW_AUTO,
  GST_VATT_SHOW_WINDOW,
  GST_VATT_SHOW_NEXT,
} GstVattShow;

typedef struct {
  GstVattLabelsParams labels;
  double temperature;
  GstVattActivation activation;
  GstVattShow show;
  GstVattMessageOn message_on;
  gboolean post_messages;
  GstClockTime interval;
} GstVattClassifierSettings;

typedef struct {
  guint64 windows, labelled, changes, messages;
  GstClockTime last, total; /* processing times */
} GstVattClassifierStats;

struct _GstVattClassifier {
  GstElement parent;

  GstPad *sinkpad; /* the element's */
  GstPad *srcpad;  /* the element's */
  GstVattTerminal terminal;

  /* Object lock. */
  char *model_path;  /* owned; NULL: the model that upstream uses */
  char *labels_path; /* owned; NULL: the names in the model */
  GstVattClassifierSettings settings;
  GstVattClassifierStats stats;
  gboolean shifts; /* whether labels are stamped with the end of windows */

  /* From READY on. */
  VattModel *own_model; /* owned; of model_path */
  char **own_names;     /* owned; of labels_path */

  /* The streaming thread's. */
  GstCaps *in_caps;     /* owned */
  VattModel *model;     /* owned */
  VattSession *session; /* owned; NULL without good caps */
  VattModality modality;
  guint dim, n_classes;
  char **names;        /* owned; of all classes */
  float *features;     /* (dim); owned */
  float *scores;       /* (classes); owned */
  GstVattLabel *top;   /* (classes); owned */
  GHashTable *streams; /* source -> what has been seen of it; owned */
  guint64 uses;        /* windows of all streams */
  GstClockTime hop;    /* NONE for captions */
  GstClockTime lead;   /* from timestamp to end of window; NONE: not known */
  gboolean live;
  GstVattLabelForm form;
  gboolean negotiated;
  GstSegment segment;
  gboolean warned; /* of a model that is not the one of the embeddings */
  gboolean failed; /* an error has been posted for this stream */
};

/* gstvattclassifiersettings.c */
void gst_vatt_classifier_install_properties (GObjectClass *object_class);
void gst_vatt_classifier_init_settings (GstVattClassifier *self);

/* gstvattclassifiersetup.c */
gboolean gst_vatt_classifier_open (GstVattClassifier *self, GError **error);
void gst_vatt_classifier_close (GstVattClassifier *self);
gboolean gst_vatt_classifier_check_caps (
    GstVattClassifier *self, const GstCaps *caps, GError **error);
gboolean gst_vatt_classifier_set_caps (
    GstVattClassifier *self, GstCaps *caps, GError **error);
gboolean gst_vatt_classifier_negotiate (
    GstVattClassifier *self, GError **error);
void gst_vatt_classifier_forget_caps (GstVattClassifier *self);

/* gstvattclassifierrun.c */
GHashTable *gst_vatt_classifier_new_streams (void);
void gst_vatt_classifier_reset_streams (GstVattClassifier *self);
gboolean gst_vatt_classifier_is_ahead (GstVattClassifier *self, gboolean live);
GstFlowReturn gst_vatt_classifier_chain (
    GstPad *pad, GstObject *parent, GstBuffer *buffer);
void gst_vatt_classifier_drain (GstVattClassifier *self);
void gst_vatt_classifier_say_nothing_yet (GstVattClassifier *self);
gboolean gst_vatt_classifier_gap (GstVattClassifier *self, GstEvent *event);
GstFlowReturn gst_vatt_classifier_fail (GstVattClassifier *self, GError *error);

G_END_DECLS
