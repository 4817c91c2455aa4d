/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a fuzz target is made of. A target is a file NAME.c with LLVMFuzzerTestOneInput() and maybe
 * lince_fuzz_seed(); linked with replay.c it is a test that replays its seeds and deterministic
 * mutations of them, linked with -fsanitize=fuzzer it is a fuzzer.
 *
 * usage of the test: NAME [--mutations N] [FILE|DIRECTORY...]
 * Each file is an input; each input is run as it is, then in N mutations (default 2,000), always
 * from a buffer of exactly its size, so that sanitizers and valgrind see a read beyond it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Optional: input number `number` (0, 1, ...) from malloc(), for inputs that are made by the
 * present code rather than kept in files. 0 when there is no such input. */
int lince_fuzz_seed (unsigned number, uint8_t **data, size_t *size) __attribute__ ((weak));
