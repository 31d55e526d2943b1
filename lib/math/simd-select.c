/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which of the compiled instruction sets this processor can run. */
#include "simd.h"

extern const VattSimd vatt_simd_baseline;
#ifdef __x86_64__
extern const VattSimd vatt_simd_x86_64_v3, vatt_simd_x86_64_v4;
#endif

const VattSimd *const *
vatt_simd_list (void)
{
#ifdef __x86_64__
  static const VattSimd *const sets[] = { &vatt_simd_x86_64_v4,
    &vatt_simd_x86_64_v3, &vatt_simd_baseline, NULL };
  if (__builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512vl")
      && __builtin_cpu_supports ("avx512bw")
      && __builtin_cpu_supports ("avx512dq"))
    return sets;
  if (__builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma")
      && __builtin_cpu_supports ("bmi2"))
    return sets + 1;
  return sets + 2;
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
