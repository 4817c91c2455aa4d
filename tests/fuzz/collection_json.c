/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The description beside a reference, `ID.json`. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "media/collection_scan.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  LinceCollectionObject object = {0};
  g_autoptr (GError) error = NULL;

  if (!lince_collection_parse_json ((const char *) data, size, &object, &error)) {
    if (error == NULL || object.name != NULL || object.metadata != NULL || object.generators != 0)
      abort ();
    return 0;
  }
  if (error != NULL || (object.name != NULL && strlen (object.name) > LINCE_NAME_MAX) ||
      (object.metadata != NULL &&
          (object.metadata[0] != '{' || strlen (object.metadata) > LINCE_METADATA_MAX)) ||
      (object.generators & ~LINCE_GENERATORS_ALL) != 0)
    abort ();
  g_free (object.name);
  g_free (object.metadata);
  return 0;
}

int
lince_fuzz_seed (unsigned number, uint8_t **data, size_t *size)
{
  static const char *const seeds[] = {
      "{\"name\": \"Caf\\u00e9 \\ud83d\\ude00\"}",
      "{\"metadata\": {\"a\": 12.5e3, \"b\": [true, \"x\\n\"]}}",
      "{\"metadata\": {\"a\": {\"b\": {\"c\": [[[[[[{}]]]]]]}}}}",
      "{\"generators\": [\"textured\", \"bug\"]}",
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
