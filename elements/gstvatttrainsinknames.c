/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Names of classes where neither the model nor a file has any, and labels are
 * read by their numbers: those of the data sets, which have to agree. What is
 * learnt does not depend on them; models and checkpoints carry them. */
#include "gstvatttrainsinkprivate.h"

/* On the way to PAUSED: of a checkpoint, or of data sets before, which what
 * comes now has to agree with, too. */
void
gst_vatt_train_sink_begin_names (GstVattTrainSink *self)
{
  const char *const *known =
      self->setup.labels ? NULL : vatt_trainer_get_labels (self->setup.trainer);
  g_mutex_lock (&self->lock);
  g_strfreev (self->names);
  self->names = g_strdupv ((char **)known);
  g_mutex_unlock (&self->lock);
}

/* The number of the first class that is not called the same. */
static guint
find_difference (char *const *names, char *const *others)
{
  guint i = 0;
  while (names[i] && g_str_equal (names[i], others[i]))
    i++;
  return i;
}

/*
 * gst_vatt_train_sink_hear_names:
 * @self: a trainer
 * @pad: the pad whose source tells
 * @data_set: what it tells; its field `labels` has the names
 * @error: return location: they are others than those that are known
 *
 * The lead's labels are learnt. Lists that are shorter or longer than there are
 * classes name none.
 */
gboolean
gst_vatt_train_sink_hear_names (GstVattTrainSink *self,
    const GstVattTrainPad *pad, const GstStructure *data_set, GError **error)
{
  const GstVattTrainSetup *setup = &self->setup;
  g_auto (GStrv) names = NULL;
  if (setup->classes == 0 || setup->labels || pad->modality != setup->lead ||
      !gst_structure_get (data_set, "labels", G_TYPE_STRV, &names, NULL) ||
      !names || g_strv_length (names) != setup->classes)
    return TRUE;
  g_mutex_lock (&self->lock);
  if (!self->names)
    self->names = g_strdupv (names);
  char **known = self->names;
  g_mutex_unlock (&self->lock);
  guint i = find_difference (names, known);
  if (i == setup->classes)
    return TRUE;
  g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
      "%s: class %u of the data set is '%s', expected '%s', as in what came "
      "before; with the property \"labels-file\" names count, not numbers",
      GST_PAD_NAME (pad), i, names[i], known[i]);
  return FALSE;
}

/* The training thread's: hands the names to the trainer, once. */
gboolean
gst_vatt_train_sink_take_names (GstVattTrainSink *self, GError **error)
{
  VattTrainer *trainer = self->setup.trainer;
  g_mutex_lock (&self->lock);
  char **names = self->names;
  g_mutex_unlock (&self->lock);
  return !names || vatt_trainer_get_labels (trainer) ||
         vatt_trainer_set_labels (trainer, (const char *const *)names, error);
}
