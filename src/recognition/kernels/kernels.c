/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/kernels/kernels.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#if defined(LINCE_HAVE_NEON) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

static _Atomic (const LinceKernels *) chosen;

#ifdef LINCE_HAVE_X86
static bool
cpu_has_avx2 (void)
{
  return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("bmi2") &&
         __builtin_cpu_supports ("popcnt");
}

static bool
cpu_has_avx512 (void)
{
  return cpu_has_avx2 () && __builtin_cpu_supports ("avx512f") &&
         __builtin_cpu_supports ("avx512bw") && __builtin_cpu_supports ("avx512dq") &&
         __builtin_cpu_supports ("avx512vl");
}

static bool
cpu_has_avx512icl (void)
{
  return cpu_has_avx512 () && __builtin_cpu_supports ("avx512vbmi") &&
         __builtin_cpu_supports ("avx512vnni") && __builtin_cpu_supports ("avx512vpopcntdq");
}
#endif

#ifdef LINCE_HAVE_NEON
static bool
cpu_has_neon (void)
{
#ifdef __linux__
  return (getauxval (AT_HWCAP) & HWCAP_ASIMD) != 0;
#else
  return true; /* part of every other system's calling convention */
#endif
}
#endif

const LinceKernels *
lince_kernels_at (LinceCpuLevel level)
{
#ifdef LINCE_HAVE_X86
  __builtin_cpu_init ();
#endif
  switch (level) {
    case LINCE_CPU_C:
      return &lince_kernels_c;
#ifdef LINCE_HAVE_NEON
    case LINCE_CPU_NEON:
      return cpu_has_neon () ? &lince_kernels_neon : NULL;
#endif
#ifdef LINCE_HAVE_X86
    case LINCE_CPU_AVX2:
      return cpu_has_avx2 () ? &lince_kernels_avx2 : NULL;
    case LINCE_CPU_AVX512:
      return cpu_has_avx512 () ? &lince_kernels_avx512 : NULL;
    case LINCE_CPU_AVX512ICL:
      return cpu_has_avx512icl () ? &lince_kernels_avx512icl : NULL;
#endif
    default:
      return NULL;
  }
}

const char *
lince_cpu_level_name (LinceCpuLevel level)
{
  static const char *const names[LINCE_CPU_LEVELS] = {"c", "neon", "avx2", "avx512", "avx512icl"};

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
