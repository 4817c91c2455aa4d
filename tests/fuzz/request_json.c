/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A request's body, and a question to the account. */
#include <stdlib.h>
#include <string.h>

#include "replay.h"
#include "store/statistics.h"
#include "wire/request.h"

static void
ask_for_members (JsonObject *request)
{
  static const char *const names[] = {"text", "number", "yes", NULL};
  g_autoptr (GError) error = NULL;
  const char *text = NULL;
  gint64 number = 0;
  gboolean yes;

  if (!lince_request_check_members (request, names, &error))
    return;
  if (lince_request_get_text (request, "text", 16, &text, NULL) && text)
    g_assert_cmpuint (strlen (text), <=, 16);
  if (lince_request_get_integer (request, "number", -5, 5, &number, NULL))
    g_assert_cmpint (ABS (number), <=, 5);
  lince_request_get_boolean (request, "yes", &yes, NULL);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (JsonObject) request = lince_request_parse ((const char *) data, size, NULL);
  g_autofree char *text = g_strndup ((const char *) data, size);
  LinceStatisticsBy by;
  gint64 utc;

  if (request)
    ask_for_members (request);
  if (lince_statistics_parse_by (text, &by, NULL))
    g_assert_cmpuint (by, <, 16);
  lince_statistics_parse_time (text, NULL, &utc, NULL);
  return 0;
}

int
lince_fuzz_seed (unsigned number, uint8_t **data, size_t *size)
{
  static const char *const seeds[] = {
      "{\"text\":\"abc \\ud83d\\ude00\",\"number\":5,\"yes\":true}",
      "{\"a\":[1,-2.5e3,null,{\"b\":{\"c\":[]}}],\"d\":\"\\u00e9\"}",
      "object,stream,hour",
      "2026-11-23T05:42:06.5+01:00",
      "2026-11-23T05:42Z",
      "2026-11-23",
  };

  if (number >= G_N_ELEMENTS (seeds))
    return 0;
  *size = strlen (seeds[number]);
  *data = malloc (*size);
  memcpy (*data, seeds[number], *size);
  return 1;
}
