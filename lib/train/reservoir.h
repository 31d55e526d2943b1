/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A reservoir is a table: a row for each sample, a column for each thing that
 * samples have. Rows lie dense, so that removing one moves the last into its
 * place, and columns go to a file in one piece. */
#pragma once

#include <vatt/reservoir.h>

/* Three are there for each modality. */
enum {
  VATT_COLUMN_VALUES,
  VATT_COLUMN_KEPT = VATT_COLUMN_VALUES + VATT_N_MODALITIES,
  VATT_COLUMN_VALID = VATT_COLUMN_KEPT + VATT_N_MODALITIES,
  VATT_COLUMN_LABELS = VATT_COLUMN_VALID + VATT_N_MODALITIES,
  VATT_COLUMN_STREAM,
  VATT_COLUMN_TIME,
  VATT_N_COLUMNS,
};

typedef struct {
  gsize size;    /* bytes of a row; 0: there is no such column */
  guint8 *held;  /* owned; `capacity` rows. Behind those that are filled are the
                    samples of a batch that is read in parts, the first last */
  guint8 *drawn; /* owned; `batch` rows of the batch drawn last; NULL where
                    these are in a clip */
} VattColumn;

/* Of all samples' clips of a modality. */
typedef struct {
  guint grid[3];
  guint tokens; /* 0: no sample has had that modality */
  gboolean dropped;
} VattReservoirShape;

struct _VattReservoir {
  gatomicrefcount refs;
  VattModel *model; /* owned; has no parameters */
  guint modalities, captions, capacity;
  guint64 seed;
  double drop_rate;
  gboolean half; /* values of video and sound are */
  guint classes; /* 0 where samples have no labels */

  VattReservoirShape shape[VATT_N_MODALITIES];
  VattColumn column[VATT_N_COLUMNS];
  guint fill;
  guint64 drawn; /* samples, ever */

  guint batch;    /* rows of `drawn`; 0: there is no memory for a batch yet */
  gboolean stale; /* columns have come since that memory was made */
  VattClip *clip[VATT_N_MODALITIES]; /* owned; of the batch, or a part of it */
  guint in_parts;                    /* bits: clips are of parts */
  guint end; /* row behind the batch that is read in parts */
};

static inline gboolean
vatt_reservoir_learns (const VattReservoir *reservoir, guint modality)
{
  return (reservoir->modalities & (1u << modality)) != 0;
}

/* What is learnt from one modality alone needs that. */
static inline gboolean
vatt_reservoir_may_lack (const VattReservoir *reservoir)
{
  return (reservoir->modalities & (reservoir->modalities - 1)) != 0;
}

/* Of a clip of a sample in a batch. */
static inline guint
vatt_reservoir_items (const VattReservoir *reservoir, guint modality)
{
  return modality == VATT_TEXT ? reservoir->captions : 1;
}

static inline guint8 *
vatt_reservoir_row (const VattReservoir *reservoir, guint column, guint row)
{
  return reservoir->column[column].held + row * reservoir->column[column].size;
}

/* Bytes of a value of a modality in its column. */
static inline gsize
vatt_reservoir_value_size (const VattReservoir *reservoir, guint modality)
{
  return reservoir->half && modality != VATT_TEXT ? 2 : 4;
}

const VattFrontEnd *vatt_reservoir_front (
    const VattReservoir *reservoir, guint modality);

/* Of a sample; 0 where no sample has had the modality. */
static inline gsize
vatt_reservoir_values (const VattReservoir *reservoir, guint modality)
{
  return (gsize)vatt_reservoir_items (reservoir, modality) *
         reservoir->shape[modality].tokens *
         vatt_reservoir_front (reservoir, modality)->token_size;
}

/* Memory; NULL with VATT_ERROR_MEMORY. */
guint8 *vatt_reservoir_allocate (gsize size, gsize rows, GError **error);
/* Gives that of the last batch back. */
void vatt_reservoir_drop_batch (VattReservoir *reservoir);

VattReservoirShape vatt_reservoir_shape_of (const VattClip *clip);
/* FALSE with VATT_ERROR_SHAPE where a sample cannot be taken. */
gboolean vatt_reservoir_check_sample (
    const VattReservoir *reservoir, const VattSample *sample, GError **error);

/* Memory for the columns of a modality. FALSE with VATT_ERROR_MEMORY, and then
 * there are none. */
gboolean vatt_reservoir_open_modality (VattReservoir *reservoir,
    VattModality modality, const VattReservoirShape *shape, GError **error);
