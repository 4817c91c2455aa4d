/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/kernels/kernels.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static _Atomic (const LinceKernels *) chosen;

static bool
cpu_has (LinceCpuLevel level)
{
  if (level == LINCE_CPU_C)
    return true;
#ifdef LINCE_HAVE_X86
  __builtin_cpu_init ();
  if (level == LINCE_CPU_AVX2)
    return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("bmi2") &&
           __builtin_cpu_supports ("popcnt");
  if (level == LINCE_CPU_AVX512)
    return __builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw") &&
           __builtin_cpu_supports ("avx512dq") && __builtin_cpu_supports ("avx512vl") &&
           __builtin_cpu_supports ("avx512vbmi") && __builtin_cpu_supports ("avx512vnni") &&
           __builtin_cpu_supports ("avx512vpopcntdq");
#endif
  return false;
}

const LinceKernels *
lince_kernels_at (LinceCpuLevel level)
{
  if (!cpu_has (level))
    return NULL;
  switch (level) {
    case LINCE_CPU_C:
      return &lince_kernels_c;
#ifdef LINCE_HAVE_X86
    case LINCE_CPU_AVX2:
      return &lince_kernels_avx2;
    case LINCE_CPU_AVX512:
      return &lince_kernels_avx512;
#endif
    default:
      return NULL;
  }
}

const char *
lince_cpu_level_name (LinceCpuLevel level)
{
  static const char *const names[LINCE_CPU_LEVELS] = {"c", "avx2", "avx512"};

  return (unsigned) level < LINCE_CPU_LEVELS ? names[level] : "unknown";
}

void
lince_kernels_force (LinceCpuLevel level)
{
  const LinceKernels *kernels = NULL;

  for (int l = level; kernels == NULL; l--)
    kernels = lince_kernels_at ((LinceCpuLevel) l);
  atomic_store (&chosen, kernels);
}

const LinceKernels *
lince_kernels (void)
{
  const LinceKernels *kernels = atomic_load_explicit (&chosen, memory_order_acquire);
  const char *wanted;
  LinceCpuLevel level = LINCE_CPU_LEVELS - 1;

  if (kernels != NULL)
    return kernels;
  wanted = getenv ("LINCE_CPU_LEVEL");
  for (int l = 0; wanted != NULL && l < LINCE_CPU_LEVELS; l++)
    if (strcmp (wanted, lince_cpu_level_name ((LinceCpuLevel) l)) == 0)
      level = (LinceCpuLevel) l;
  lince_kernels_force (level);
  return atomic_load (&chosen);
}
