/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Pictures that the descriptor is trained on: the references of the benchmarks, and what they lack:
 * pictures with the statistics of photographs, pages of type, marks and plain shapes. */
#pragma once

#include <cairo.h>
#include <glib.h>

/* Picture `number` of `seed`, an ARGB32 surface without transparency that the caller destroys. The
 * same arguments give the same picture. Any thread. */
cairo_surface_t *lince_training_picture_new (guint64 seed, guint number);
