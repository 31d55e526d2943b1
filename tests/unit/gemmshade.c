/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which body and tile a matrix product gets, and how it is cut up. */
#include "gemmshade.h"

static const VattShader direct, shuffle, tile, matrix;
static const VattGemmShaders shaders = {
  .direct = &direct, .shuffle = &shuffle, .tile = &tile, .matrix = &matrix
};

static VattShaderCaps
gpu (void)
{
  return (VattShaderCaps){ .subgroup = 32,
    .shuffle = TRUE,
    .group_limit = 1024,
    .shared_bytes = 49152,
    .units = 32,
    .binding_bytes = 128 << 20,
    .gemm = VATT_GEMM_TILE,
    .tiles = { { 256, 128, 128, 16, 8, 8 }, { 128, 64, 64, 16, 4, 8 },
        { 64, 32, 32, 32, 4, 4 } } };
}

static VattGemmChoice
choose (const VattShaderCaps *caps, size_t rows, size_t columns, size_t depth)
{
  const VattGemmShape shape = { .rows = rows,
    .columns = columns,
    .depth = depth,
    .flags = depth % 4 ? 0 : GEMM_A_VECTORS };
  return vatt_gemm_choose (caps, &shaders, &shape, MAX (columns, depth));
}

/* The largest tile that leaves no unit idle. */
static void
test_size (void)
{
  const VattShaderCaps caps = gpu ();
  g_assert_cmpuint (choose (&caps, 1024, 1024, 64).tile.rows, ==, 128);
  g_assert_cmpuint (choose (&caps, 1024, 896, 64).tile.rows, ==, 64);
  g_assert_cmpuint (choose (&caps, 100, 100, 64).tile.rows, ==, 32);
  /* One row of many: not in tiles that are nearly empty. */
  g_assert_cmpuint (choose (&caps, 1, 1 << 20, 64).tile.rows, ==, 32);
}

static void
test_room (void)
{
  VattShaderCaps caps = gpu ();
  caps.shared_bytes = 16384; /* 64 less than the largest takes */
  g_assert_cmpuint (choose (&caps, 4096, 4096, 64).tile.rows, ==, 64);
  caps = gpu ();
  caps.group_limit = 128;
  g_assert_cmpuint (choose (&caps, 4096, 4096, 64).tile.rows, ==, 64);
}

static void
test_body (void)
{
  VattShaderCaps caps = gpu ();
  g_assert_true (choose (&caps, 64, 64, 64).shader == &tile);
  caps.gemm = VATT_GEMM_MATRIX;
  g_assert_true (choose (&caps, 64, 64, 64).shader == &matrix);
  caps.gemm = VATT_GEMM_DIRECT;
  for (guint t = 0; t < VATT_GEMM_TILES; t++)
    caps.tiles[t] = (VattGemmTile){ 32, 32, 128, 4, 32, 4 };
  g_assert_true (choose (&caps, 64, 64, 64).shader == &shuffle);
  caps.subgroup = 16; /* a group would be two */
  g_assert_true (choose (&caps, 64, 64, 64).shader == &direct);
  caps.subgroup = 32;
  caps.shuffle = FALSE;
  g_assert_true (choose (&caps, 64, 64, 64).shader == &direct);
}

/* Parts of rows begin at multiples of 64 elements and fit a binding; trips of
 * a loop stay below what drivers run. */
static void
test_parts (void)
{
  VattShaderCaps caps = gpu ();
  g_assert_cmpuint (choose (&caps, 5000, 100, 7).most_rows, ==, 5000);
  caps.binding_bytes = 65536;
  g_assert_cmpuint (choose (&caps, 5000, 100, 7).most_rows, ==, 128);
  g_assert_cmpuint (choose (&caps, 5000, 7, 100).most_rows, ==, 128);
  caps.gemm = VATT_GEMM_DIRECT;
  g_assert_cmpuint (choose (&caps, 64, 64, 7).most_terms, ==, VATT_MAX_TRIPS);
  g_assert_cmpuint (
      choose (&caps, 64, 64, 8).most_terms, ==, 4 * VATT_MAX_TRIPS);
  for (VattGemmBody body = VATT_GEMM_TILE; body <= VATT_GEMM_MATRIX; body++) {
    caps.gemm = body;
    const VattGemmChoice choice = choose (&caps, 4096, 4096, 64);
    g_assert_cmpuint (choice.most_terms % choice.tile.depth, ==, 0);
    g_assert_cmpuint (
        choice.most_terms / choice.tile.depth * (choice.tile.depth / 4 + 2), <=,
        VATT_MAX_TRIPS);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gemmshade/size", test_size);
  g_test_add_func ("/gemmshade/room", test_room);
  g_test_add_func ("/gemmshade/body", test_body);
  g_test_add_func ("/gemmshade/parts", test_parts);
  return g_test_run ();
}
