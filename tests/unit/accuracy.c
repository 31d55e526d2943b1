/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How often the right one is the nearest of a batch. */
#include "accuracy.h"
#include "gemm.h"

#include <glib.h>
#include <math.h>

#define WIDTH 5

/* Against a search in doubles, one score at a time. */
static double
expect (const VattAccuracy *v)
{
  guint asked = 0, right = 0;
  for (size_t s = 0; s < v->samples; s++) {
    if (v->first_valid[s] == 0.0f || v->second_valid[s] == 0.0f)
      continue;
    double best = -INFINITY;
    size_t owner = v->samples;
    for (size_t c = 0; c < v->samples * v->items; c++) {
      double score = 0;
      for (size_t i = 0; i < v->width; i++)
        score += (double)v->first[s * v->width + i] *
                 (double)v->second[c * v->width + i];
      if (v->second_valid[c / v->items] != 0.0f && score > best) {
        best = score;
        owner = c / v->items;
      }
    }
    asked++;
    right += owner == s;
  }
  return asked ? (double)right / asked : 0.0;
}

static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  double sum = 0;
  for (guint round = 0; round < 60; round++) {
    size_t samples = (size_t)g_rand_int_range (rand, 1, 50),
           items = 1 + round % 3;
    g_autofree float *first = g_new (float, samples *WIDTH);
    g_autofree float *second = g_new (float, samples *items *WIDTH);
    g_autofree float *valid = g_new (float, 2 * samples);
    g_autofree float *scores =
        g_new (float, VATT_ACCURACY_ROWS *samples *items);
    for (size_t i = 0; i < samples * WIDTH; i++)
      first[i] = (float)g_rand_double_range (rand, -1, 1);
    /* Like the first, and other enough to be wrong at times. */
    for (size_t i = 0; i < samples * items * WIDTH; i++)
      second[i] = first[i / (items * WIDTH) * WIDTH + i % WIDTH] +
                  (float)g_rand_double_range (rand, -0.7, 0.7);
    for (size_t i = 0; i < 2 * samples; i++)
      valid[i] = g_rand_int_range (rand, 0, 4) > 0 ? 1.0f : 0.0f;
    const VattAccuracy vectors = { .first = first,
      .second = second,
      .first_valid = valid,
      .second_valid = valid + samples,
      .samples = samples,
      .items = items,
      .width = WIDTH };
    double found = vatt_accuracy (&vectors, scores);
    g_assert_cmpfloat (found, ==, expect (&vectors));
    sum += found;
  }
  g_assert_cmpfloat (sum, >, 10.0);
  g_assert_cmpfloat (sum, <, 50.0);
}

/* Of a large batch as many are asked as of a small one. */
static void
test_many (void)
{
  const size_t samples = 16 * VATT_ACCURACY_MOST;
  g_autoptr (GRand) rand = g_rand_new_with_seed (8);
  g_autofree float *first = g_new (float, samples *WIDTH);
  g_autofree float *second = g_new (float, samples *WIDTH);
  g_autofree float *valid = g_new (float, samples);
  g_autofree float *scores = g_new (float, VATT_ACCURACY_ROWS *samples);
  for (size_t i = 0; i < samples * WIDTH; i++)
    first[i] = (float)g_rand_double_range (rand, -1, 1);
  for (size_t i = 0; i < samples; i++)
    valid[i] = 1.0f;
  for (size_t s = 0; s < samples; s++) {
    float length = 0;
    for (size_t i = 0; i < WIDTH; i++)
      length += first[s * WIDTH + i] * first[s * WIDTH + i];
    for (size_t i = 0; i < WIDTH; i++) {
      first[s * WIDTH + i] /= sqrtf (length);
      /* That of every third sample is as far away as can be. */
      second[s * WIDTH + i] =
          s % 3 == 0 ? -first[s * WIDTH + i] : first[s * WIDTH + i];
    }
  }
  const VattAccuracy vectors = { .first = first,
    .second = second,
    .first_valid = valid,
    .second_valid = valid,
    .samples = samples,
    .items = 1,
    .width = WIDTH };
  double asked = vatt_accuracy (&vectors, scores) * VATT_ACCURACY_MOST;
  g_assert_cmpfloat (asked, ==, floor (asked));
  g_assert_cmpfloat_with_epsilon (asked / VATT_ACCURACY_MOST, 2.0 / 3.0, 0.05);
}

/* Nobody who has both, and vectors that are no numbers, are no success. */
static void
test_nothing (void)
{
  const float first[] = { 1, NAN }, second[] = { NAN, NAN };
  const float none[] = { 0, 0 }, all[] = { 1, 1 };
  float scores[VATT_ACCURACY_ROWS * 2];
  VattAccuracy vectors = { .first = first,
    .second = second,
    .first_valid = all,
    .second_valid = none,
    .samples = 2,
    .items = 1,
    .width = 1 };
  g_assert_cmpfloat (vatt_accuracy (&vectors, scores), ==, 0.0);
  vectors.second_valid = all;
  g_assert_cmpfloat (vatt_accuracy (&vectors, scores), ==, 0.0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  vatt_gemm_init ();
  g_test_add_func ("/accuracy/random", test_random);
  g_test_add_func ("/accuracy/many", test_many);
  g_test_add_func ("/accuracy/nothing", test_nothing);
  return g_test_run ();
}
