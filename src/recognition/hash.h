/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The 64-bit hash of index files: XXH64, written after its public specification
 * (Collet, "xxHash fast digest algorithm", version 0.1.1). It finds damage; it is no defence
 * against forgery. Internal to the room. */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint64_t lince_hash64 (const void *data, size_t size, uint64_t seed);
