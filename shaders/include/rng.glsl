/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Random numbers of lib/math/rng.h, the same bits: numbers of 64 bits are two
 * words, the low one first. */

/* One block: the ten rounds of Philox4x32. */
uvec4
random_block (uvec2 key, uvec2 block, uvec2 stream)
{
  uvec4 c = uvec4 (block, stream);
  [[unroll]] for (uint round = 0; round < 10; round++)
  {
    uvec2 high, low;
    umulExtended (uvec2 (0xD2511F53u, 0xCD9E8D57u), c.xz, high, low);
    c = uvec4 (high.y ^ c.y ^ key.x, low.y, high.x ^ c.w ^ key.y, low.x);
    key += uvec2 (0x9E3779B9u, 0xBB67AE85u);
  }
  return c;
}

/* Numbers of a group of vatt_rng_spread(), 128 of 16 bits, lie in 16 blocks:
 * the lane's block has its numbers lane + 16 w and, in the high halves, lane +
 * 16 w + 64, of words w. */
const uint SPREAD_GROUP = 128;
const uint SPREAD_BLOCKS = 16;

uvec4
random_spread (uvec2 key, uvec2 stream, uint group, uint lane)
{
  return random_block (
      key, uvec2 (SPREAD_BLOCKS * group + lane, group >> 28), stream);
}
