/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Errors of the recogniser: a code for programs and a sentence for people.
 *
 * Every function that can fail takes a `LinceError *` last (may be NULL) and says failure by its
 * return value (NULL or false). The sentence names the thing, the place and the remedy. */
#pragma once

#include <stdarg.h>

#if defined(__GNUC__)
#define LINCE_API __attribute__ ((visibility ("default")))
#define LINCE_PRINTF(text, first) __attribute__ ((format (printf, text, first)))
#else
#define LINCE_API
#define LINCE_PRINTF(text, first)
#endif

typedef enum {
  LINCE_OK = 0,
  LINCE_ERROR_MEMORY,      /* an allocation failed */
  LINCE_ERROR_ARGUMENT,    /* the caller passed what the header forbids */
  LINCE_ERROR_IO,          /* open, read, write, map or rename failed; the text has errno's words */
  LINCE_ERROR_FORMAT,      /* not a file of this kind */
  LINCE_ERROR_VERSION,     /* a file of this kind, of a version that this build does not read */
  LINCE_ERROR_TRUNCATED,   /* shorter than its own header says */
  LINCE_ERROR_CHECKSUM,    /* a block's bytes are not those that were written */
  LINCE_ERROR_PICTURE_SIZE,/* a reference that is too small or too large */
  LINCE_ERROR_PICTURE_FLAT,/* a reference with no contrast inside and no edge in its transparency */
  LINCE_ERROR_LIMIT,       /* more of something than the documented limit */
} LinceErrorCode;

typedef struct {
  LinceErrorCode code;
  char text[512];
} LinceError;

/* Sets `error` (which may be NULL) to `code` and the formatted sentence, cut at its buffer's end. */
LINCE_API void lince_error_set (LinceError *error, LinceErrorCode code, const char *format, ...)
    LINCE_PRINTF (3, 4);

/* Puts a formatted text before the sentence that `error` holds, to say where it happened. */
LINCE_API void lince_error_prefix (LinceError *error, const char *format, ...) LINCE_PRINTF (2, 3);

/* The code's name in lower-kebab-case ("picture-flat"), a static string, never NULL. */
LINCE_API const char *lince_error_code_name (LinceErrorCode code);
