/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The description beside a reference, `ID.json`. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "media/collection_scan.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *name = NULL, *metadata = NULL;
  g_autoptr (GError) error = NULL;

  if (!lince_collection_parse_json ((const char *) data, size, &name, &metadata, &error)) {
    if (error == NULL || name != NULL || metadata != NULL)
      abort ();
    return 0;
  }
  if (error != NULL || (name != NULL && strlen (name) > LINCE_NAME_MAX) ||
      (metadata != NULL && (metadata[0] != '{' || strlen (metadata) > LINCE_METADATA_MAX)))
    abort ();
  return 0;
}

int
lince_fuzz_seed (unsigned number, uint8_t **data, size_t *size)
{
  static const char *const seeds[] = {
      "{\"name\": \"Caf\\u00e9 \\ud83d\\ude00\", \"metadata\": {\"a\": 12.5e3, \"b\": [true, \"x\\n\"]}}",
      "{\"metadata\": {\"a\": {\"b\": {\"c\": [[[[[[{}]]]]]]}}}}",
      "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
      "{\"name\": \"\xd0\xba\xd1\x96\xd0\xbd\xd0\xbe\"} trailing",
  };

  if (number >= G_N_ELEMENTS (seeds))
    return 0;
  *size = strlen (seeds[number]);
  *data = malloc (*size);
  memcpy (*data, seeds[number], *size);
  return 1;
}
