/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Comparing with numbers that the authors' code computed for single parts. */
#pragma once

#include <vatt/tensorfile.h>

typedef struct {
  const char *tensor; /* the one with the largest share */
  double error;       /* its largest difference */
  double share;       /* of its tolerance */
  guint compared;     /* tensors */
} Worst;

/* Fails the test, which goes on, and says why. */
void fail (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* The largest difference, infinite where one is NaN. */
double largest_difference (const float *found, const float *expected, gsize n);
double largest_difference_u8 (
    const guint8 *found, const guint8 *expected, gsize n);

/* Counts one tensor; a tolerance of 0 allows no difference. `tensor` stays
 * in use. */
void record_within (
    Worst *worst, const char *tensor, double error, double tolerance);
/* The same, where the tolerance differs from value to value. */
void record (Worst *worst, const char *tensor, double error, double share);

/* Fails the test where the tensor is of another type. */
gboolean has_type (const VattTensorInfo *info, VattDtype dtype, guint rank);

/* An input of the tensor `of`; without it the test fails. */
const VattTensorInfo *find_input (VattTensorFile *file, const char *name,
    VattDtype dtype, guint rank, const char *of);

/* A copy, because tensors in the file may begin at any byte. */
float *copy_floats (const VattTensorInfo *info);

/* "smallest_24" behind the prefix "smallest_" is 24. */
gboolean number_after (const char *name, const char *prefix, guint *number);

/* Compares one tensor, or leaves it if it is an input; FALSE for a name that
 * means nothing. */
gboolean check_mel (
    VattTensorFile *file, const VattTensorInfo *info, Worst *worst);
gboolean check_resize (
    VattTensorFile *file, const VattTensorInfo *info, Worst *worst);
gboolean check_colour (
    VattTensorFile *file, const VattTensorInfo *info, Worst *worst);
gboolean check_nce (
    VattTensorFile *file, const VattTensorInfo *info, Worst *worst);
/* Compares all of a file. */
void check_metrics (const char *path, Worst *worst);
void check_schedules (const char *path, Worst *worst);
