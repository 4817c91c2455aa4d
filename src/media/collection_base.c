/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/collection_base.h"

#include <string.h>

typedef struct {
  char *id, *stamp;
  guint64 content;
  guint32 generators; /* that its object said */
} Image;

/* What was read of an `ID.json`. */
typedef struct {
  char *stamp, *variants; /* names between blanks */
  guint32 generators;
} Description;

struct _LinceCollectionBase {
  LinceIndex *index;
  GHashTable *images;  /* Image, by the file's path within the directory */
  GHashTable *objects; /* Description, by id */
};

static void
image_free (gpointer data)
{
  Image *image = data;

  g_free (image->id);
  g_free (image->stamp);
  g_free (image);
}

static void
description_free (gpointer data)
{
  Description *description = data;

  g_free (description->stamp);
  g_free (description->variants);
  g_free (description);
}

static char *
join_variants (const LinceCollectionObject *object)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < object->variant_count; i++) {
    g_autofree char *name = lince_variant_name (&object->variants[i]);

    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", name);
  }
  return g_string_free (text, FALSE);
}

/* One image a line: "image", its path with its variant, id, stamp, content and generators, or
 * "json", id, stamp, generators and variants, escaped, between tabs. */
gboolean
lince_collection_base_write (const char *path, const LinceCollectionScan *scan, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < scan->images->len; i++) {
    const LinceCollectionImage *image = scan->images->pdata[i];
    g_autofree char *shown = g_strescape (image->shown, NULL);
    g_autofree char *id = g_strescape (image->id, NULL);

    if (image->usable)
      g_string_append_printf (text, "image\t%s\t%s\t%s\t%" G_GINT64_MODIFIER "x\t%x\n", shown, id,
          image->stamp, image->content, image->generators);
  }
  for (guint i = 0; i < scan->objects->len; i++) {
    const LinceCollectionObject *object = scan->objects->pdata[i];
    g_autofree char *id = g_strescape (object->id, NULL);

    g_autofree char *variants = join_variants (object);

    if (object->stamp != NULL)
      g_string_append_printf (
          text, "json\t%s\t%s\t%x\t%s\n", id, object->stamp, object->generators, variants);
  }
  g_string_append (text, "end\n");
  return g_file_set_contents (path, text->str, (gssize) text->len, error);
}

/* The next field of a line, ended by a tab or by the line's end. */
static char *
next_field (char **at)
{
  char *field = *at, *end = strchr (field, '\t');

  if (end != NULL)
    *end++ = '\0';
  *at = end != NULL ? end : field + strlen (field);
  return field;
}

static void
read_line (LinceCollectionBase *base, char *line)
{
  const char *kind = next_field (&line);
  g_autofree char *first = g_strcompress (next_field (&line));

  if (strcmp (kind, "json") == 0) {
    Description *description = g_new0 (Description, 1);

    description->stamp = g_strdup (next_field (&line));
    description->generators = (guint32) g_ascii_strtoull (next_field (&line), NULL, 16);
    description->variants = g_strdup (next_field (&line));
    g_hash_table_insert (base->objects, g_steal_pointer (&first), description);
  } else if (strcmp (kind, "image") == 0) {
    Image *image = g_new0 (Image, 1);

    image->id = g_strcompress (next_field (&line));
    image->stamp = g_strdup (next_field (&line));
    image->content = g_ascii_strtoull (next_field (&line), NULL, 16);
    image->generators = (guint32) g_ascii_strtoull (next_field (&line), NULL, 16);
    g_hash_table_insert (base->images, g_steal_pointer (&first), image);
  }
}

LinceCollectionBase *
lince_collection_base_read (const char *path, LinceIndex *index)
{
  g_autofree char *text = NULL;
  LinceCollectionBase *base;
  char *line, *end;

  if (!g_file_get_contents (path, &text, NULL, NULL) || !g_str_has_suffix (text, "end\n"))
    return NULL;
  base = g_new0 (LinceCollectionBase, 1);
  base->index = lince_index_ref (index);
  base->images = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, image_free);
  base->objects = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, description_free);
  for (line = text; (end = strchr (line, '\n')) != NULL; line = end + 1) {
    *end = '\0';
    read_line (base, line);
  }
  return base;
}

void
lince_collection_base_free (LinceCollectionBase *base)
{
  if (base == NULL)
    return;
  lince_index_unref (base->index);
  g_hash_table_unref (base->images);
  g_hash_table_unref (base->objects);
  g_free (base);
}

LinceIndex *
lince_collection_base_get_index (const LinceCollectionBase *base)
{
  return base->index;
}

/* The object's image with that content. */
static gint64
find_content (LinceIndex *index, const char *id, guint64 content)
{
  gint64 object = lince_index_find (index, id);
  uint32_t low = 0, high = lince_index_image_count (index), owner;
  LinceEnrolment enrolment;

  if (object < 0)
    return -1;
  /* images are in the order of objects */
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;

    if (lince_index_image (index, middle, &owner, NULL) && owner < object)
      low = middle + 1;
    else
      high = middle;
  }
  for (; lince_index_image (index, low, &owner, &enrolment) && owner == object; low++)
    if (enrolment.content == content)
      return low;
  return -1;
}

gint64
lince_collection_base_find (const LinceCollectionBase *base, const LinceCollectionImage *image)
{
  const Image *known = g_hash_table_lookup (base->images, image->shown);

  if (known == NULL || strcmp (known->stamp, image->stamp) != 0 ||
      strcmp (known->id, image->id) != 0 || known->generators != image->generators)
    return -1;
  return find_content (base->index, known->id, known->content);
}

static gboolean
split_variants (const char *text, LinceCollectionObject *object)
{
  g_auto (GStrv) names = g_strsplit (text, " ", -1);

  for (int i = 0; names[i] != NULL; i++)
    if (!lince_collection_object_add_variant (object, names[i])) {
      object->variant_count = 0;
      return FALSE;
    }
  return TRUE;
}

gboolean
lince_collection_base_describe (LinceCollectionObject *object, gpointer user_data)
{
  const LinceCollectionBase *base = user_data;
  const Description *description = g_hash_table_lookup (base->objects, object->id);
  LinceObject known;
  gint64 number;

  if (description == NULL || strcmp (description->stamp, object->stamp) != 0)
    return FALSE;
  number = lince_index_find (base->index, object->id);
  if (number < 0 || !lince_index_object (base->index, (uint32_t) number, &known) ||
      !split_variants (description->variants, object))
    return FALSE;
  object->name = g_strdup (known.name);
  object->metadata = g_strdup (known.metadata);
  object->generators = description->generators;
  return TRUE;
}
