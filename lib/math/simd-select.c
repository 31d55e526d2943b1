/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which of the compiled instruction sets this processor can run: it is asked
 * for every flag that meson.build gives the compiler. */
#include "simd.h"

extern const VattSimd vatt_simd_baseline;
#ifdef __x86_64__
extern const VattSimd vatt_simd_avx2, vatt_simd_avx512;
#endif

const VattSimd *const *
vatt_simd_list (void)
{
#ifdef __x86_64__
  static const VattSimd *const sets[] = { &vatt_simd_avx512, &vatt_simd_avx2,
    &vatt_simd_baseline, NULL };
  if (!__builtin_cpu_supports ("avx2") || !__builtin_cpu_supports ("fma") ||
      !__builtin_cpu_supports ("bmi") || !__builtin_cpu_supports ("bmi2"))
    return sets + 2;
  if (!__builtin_cpu_supports ("avx512f") ||
      !__builtin_cpu_supports ("avx512vl") ||
      !__builtin_cpu_supports ("avx512bw") ||
      !__builtin_cpu_supports ("avx512dq"))
    return sets + 1;
  return sets;
#else
  static const VattSimd *const sets[] = { &vatt_simd_baseline, NULL };
  return sets;
#endif
}

const VattSimd *
vatt_simd (void)
{
  return vatt_simd_list ()[0];
}
