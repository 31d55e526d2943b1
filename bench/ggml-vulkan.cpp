/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Times the matrix product of ggml's Vulkan backend on its first device:
 * y (rows, columns) = x (rows, depth) W (columns, depth)^T, which is how ggml
 * keeps weights. All three are float32 in memory; GGML_VK_DISABLE_F16 tells
 * ggml to multiply in float32 too, without it the factors are rounded to half
 * precision and the sums kept in float32. Each result is compared with a
 * product computed in double precision. GFLOP/s need a machine left alone;
 * what is told per second of processor time suffers less from neighbours. */
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <vector>

#include "ggml.h"
#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-vulkan.h"

static const int WARM_UP = 2;
static const int RUNS = 7;

struct Shape {
  int rows, columns, depth;
};

struct Timing {
  double seconds;   /* of one product, the median of RUNS */
  double processor; /* seconds of processor time of one, the mean */
};

static std::vector<float>
noise (size_t n, unsigned seed)
{
  std::mt19937 generator (seed);
  std::uniform_real_distribution<float> uniform (-1.0f, 1.0f);
  std::vector<float> values (n);
  for (float &v : values)
    v = uniform (generator);
  return values;
}

/* The largest difference over the largest value. */
static double
relative_error (const Shape &s, const std::vector<float> &x,
    const std::vector<float> &w, const std::vector<float> &y)
{
  double difference = 0.0, largest = 0.0;
  for (int i = 0; i < s.rows; i++)
    for (int j = 0; j < s.columns; j++) {
      const float *a = &x[(size_t)i * s.depth];
      const float *b = &w[(size_t)j * s.depth];
      double sum = 0.0;
      for (int k = 0; k < s.depth; k++)
        sum += (double)a[k] * b[k];
      double found = y[(size_t)i * s.columns + j];
      /* A comparison with NaN is false: take it as the worst. */
      double d = std::isfinite (found) ? std::fabs (found - sum) : INFINITY;
      difference = std::max (difference, d);
      largest = std::max (largest, std::fabs (sum));
    }
  return difference / largest;
}

static double
now ()
{
  std::chrono::duration<double> t =
      std::chrono::steady_clock::now ().time_since_epoch ();
  return t.count ();
}

static Timing
time_product (ggml_backend_t backend, ggml_cgraph *graph)
{
  std::vector<double> times;
  std::clock_t processor = 0;
  for (int i = 0; i < WARM_UP + RUNS; i++) {
    std::clock_t used = std::clock ();
    double start = now ();
    if (ggml_backend_graph_compute (backend, graph) != GGML_STATUS_SUCCESS) {
      fprintf (stderr, "ggml: the graph failed\n");
      exit (1);
    }
    if (i < WARM_UP)
      continue;
    times.push_back (now () - start);
    processor += std::clock () - used;
  }
  std::sort (times.begin (), times.end ());
  return { times[RUNS / 2], (double)processor / CLOCKS_PER_SEC / RUNS };
}

static bool
measure (ggml_backend_t backend, const Shape &s, double tolerance)
{
  ggml_init_params params = {
    ggml_tensor_overhead () * 8 + ggml_graph_overhead (), nullptr, true
  };
  ggml_context *context = ggml_init (params);
  ggml_tensor *w =
      ggml_new_tensor_2d (context, GGML_TYPE_F32, s.depth, s.columns);
  ggml_tensor *x = ggml_new_tensor_2d (context, GGML_TYPE_F32, s.depth, s.rows);
  ggml_tensor *y = ggml_mul_mat (context, w, x);
  ggml_mul_mat_set_prec (y, GGML_PREC_F32);
  ggml_cgraph *graph = ggml_new_graph (context);
  ggml_build_forward_expand (graph, y);
  ggml_backend_buffer_t buffer =
      ggml_backend_alloc_ctx_tensors (context, backend);
  if (buffer == nullptr || !ggml_backend_supports_op (backend, y)) {
    fprintf (stderr, "ggml: no memory or no kernel for %dx%dx%d\n", s.rows,
        s.columns, s.depth);
    return false;
  }

  auto x_values = noise ((size_t)s.rows * s.depth, 1);
  auto w_values = noise ((size_t)s.columns * s.depth, 2);
  std::vector<float> y_values ((size_t)s.rows * s.columns);
  ggml_backend_tensor_set (x, x_values.data (), 0, ggml_nbytes (x));
  ggml_backend_tensor_set (w, w_values.data (), 0, ggml_nbytes (w));
  Timing timing = time_product (backend, graph);
  ggml_backend_tensor_get (y, y_values.data (), 0, ggml_nbytes (y));
  double error = relative_error (s, x_values, w_values, y_values);

  double gflop = 2e-9 * s.rows * s.columns * s.depth;
  printf ("ggml %d %d %d %.2f\n", s.rows, s.columns, s.depth,
      gflop / timing.seconds);
  fflush (stdout);
  fprintf (stderr,
      "# %.0f ms, %.2f GFLOP in a second of processor time, "
      "error %.1e of at most %.0e\n",
      1e3 * timing.seconds, gflop / timing.processor, error, tolerance);
  ggml_backend_buffer_free (buffer);
  ggml_free (context);
  return error <= tolerance;
}

int
main (int argc, char **argv)
{
  std::vector<Shape> shapes;
  for (int i = 1; i < argc; i++) {
    Shape s;
    char rest;
    if (sscanf (argv[i], "%dx%dx%d%c", &s.rows, &s.columns, &s.depth, &rest) !=
            3 ||
        s.rows < 1 || s.columns < 1 || s.depth < 1) {
      fprintf (stderr, "usage: %s [ROWSxCOLUMNSxDEPTH]...\n", argv[0]);
      return 2;
    }
    shapes.push_back (s);
  }
  if (ggml_backend_vk_get_device_count () == 0) {
    fprintf (stderr, "ggml: no Vulkan device; GGML_VK_VISIBLE_DEVICES=0 lets "
                     "it take a processor's\n");
    return 1;
  }

  bool halves = getenv ("GGML_VK_DISABLE_F16") == nullptr;
  ggml_backend_t backend = ggml_backend_vk_init (0);
  char device[256];
  ggml_backend_vk_get_device_description (0, device, sizeof device);
  fprintf (stderr, "# ggml %s (%s) on %s, factors in %s\n", ggml_version (),
      ggml_commit (), device, halves ? "float16 if it can" : "float32");
  bool good = true;
  for (const Shape &s : shapes)
    good = measure (backend, s, halves ? 2e-3 : 1e-5) && good;
  ggml_backend_free (backend);
  return good ? 0 : 1;
}
