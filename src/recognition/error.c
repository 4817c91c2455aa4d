/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/error.h"

#include <stdio.h>
#include <string.h>

void
lince_error_set (LinceError *error, LinceErrorCode code, const char *format, ...)
{
  va_list arguments;

  if (error == NULL)
    return;
  error->code = code;
  va_start (arguments, format);
  vsnprintf (error->text, sizeof error->text, format, arguments);
  va_end (arguments);
}

void
lince_error_prefix (LinceError *error, const char *format, ...)
{
  char old[sizeof error->text];
  va_list arguments;
  int length;

  if (error == NULL)
    return;
  memcpy (old, error->text, sizeof old);
  va_start (arguments, format);
  length = vsnprintf (error->text, sizeof error->text, format, arguments);
  va_end (arguments);
  if (length >= 0 && (size_t) length < sizeof error->text)
    snprintf (error->text + length, sizeof error->text - (size_t) length, "%s", old);
}

const char *
lince_error_code_name (LinceErrorCode code)
{
  static const char *const names[] = {
    [LINCE_OK] = "ok",
    [LINCE_ERROR_MEMORY] = "memory",
    [LINCE_ERROR_ARGUMENT] = "argument",
    [LINCE_ERROR_IO] = "io",
    [LINCE_ERROR_FORMAT] = "format",
    [LINCE_ERROR_VERSION] = "version",
    [LINCE_ERROR_TRUNCATED] = "truncated",
    [LINCE_ERROR_CHECKSUM] = "checksum",
    [LINCE_ERROR_PICTURE_SIZE] = "picture-size",
    [LINCE_ERROR_PICTURE_FLAT] = "picture-flat",
    [LINCE_ERROR_LIMIT] = "limit",
  };

  if ((unsigned) code >= sizeof names / sizeof names[0])
    return "unknown";
  return names[code];
}
