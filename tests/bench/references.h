/* SPDX-License-Identifier: LGPL-2.1-or-later
 * References by the thousand, as varied as printed matter is: the sample programme's artwork and
 * pictures that look like photographs, each with its own grain and bent in its own way. */
#pragma once

#include <cairo.h>
#include <glib.h>

#include "recognition/frame.h"

typedef struct {
  char id[64];
  LincePicture picture; /* its pixels belong to it */
} LinceBenchReference;

/* Reference `number` of the set of `seed`; the same arguments give the same pixels. Any thread. */
LinceBenchReference *lince_bench_reference_new (guint64 seed, guint number);
void lince_bench_reference_free (LinceBenchReference *reference);

/* A picture without transparency as an ARGB32 surface, which the caller destroys. */
cairo_surface_t *lince_bench_surface_new (const LincePicture *picture);
