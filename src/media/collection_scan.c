/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/collection_scan.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#define MAX_JSON_SIZE (128 * 1024)
#define MAX_JSON_DEPTH 32

static const char *const endings[] = {".png", ".jpg", ".jpeg", ".webp", ".svg"};

LinceCollectionProblem *
lince_collection_problem_new (const char *shown, GError *error)
{
  LinceCollectionProblem *problem = g_new0 (LinceCollectionProblem, 1);

  problem->shown = g_strdup (shown);
  problem->error = error;
  return problem;
}

void
lince_collection_problem_free (LinceCollectionProblem *problem)
{
  g_free (problem->shown);
  g_error_free (problem->error);
  g_free (problem);
}

static void
free_image (gpointer data)
{
  LinceCollectionImage *image = data;

  g_free (image->id);
  g_free (image->path);
  g_free (image->shown);
  g_free (image->stamp);
  g_free (image);
}

static void
free_object (gpointer data)
{
  LinceCollectionObject *object = data;

  g_free (object->id);
  g_free (object->name);
  g_free (object->metadata);
  g_free (object->stamp);
  g_free (object);
}

void
lince_collection_scan_free (LinceCollectionScan *scan)
{
  if (scan == NULL)
    return;
  g_ptr_array_unref (scan->images);
  g_ptr_array_unref (scan->objects);
  g_ptr_array_unref (scan->problems);
  g_free (scan->fingerprint);
  g_free (scan);
}

static void G_GNUC_PRINTF (3, 4)
    add_problem (LinceCollectionScan *scan, const char *shown, const char *format, ...)
{
  g_autofree char *name = g_filename_display_name (shown);
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_ptr_array_add (scan->problems,
      lince_collection_problem_new (name,
          g_error_new (LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_OPEN, "%s %s", name, text)));
}

gboolean
lince_collection_id_is_valid (const char *id)
{
  if (!lince_object_id_is_valid (id) || !g_utf8_validate (id, -1, NULL))
    return FALSE;
  for (const char *p = id; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    /* scripts write some vowels as marks on the letter before */
    if (c >= 0x80 && !g_unichar_isalnum (c) && !g_unichar_ismark (c))
      return FALSE;
  }
  return TRUE;
}

/* The parser calls itself for each level, so depth is limited before it starts. */
static gboolean
check_depth (const char *text, gsize size, GError **error)
{
  gboolean quoted = FALSE;
  int depth = 0;

  for (gsize i = 0; i < size; i++) {
    if (quoted && text[i] == '\\')
      i++;
    else if (text[i] == '"')
      quoted = !quoted;
    else if (!quoted && (text[i] == '{' || text[i] == '['))
      depth++;
    else if (!quoted && (text[i] == '}' || text[i] == ']'))
      depth--;
    if (depth > MAX_JSON_DEPTH) {
      g_set_error (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_OPEN,
          "is nested more than %d levels deep", MAX_JSON_DEPTH);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
read_generators (JsonNode *node, guint32 *generators)
{
  static const char *const names[] = {"textured", "mark", "bug"};
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  guint count = array != NULL ? json_array_get_length (array) : 0;

  *generators = 0;
  for (guint i = 0; i < count; i++) {
    JsonNode *element = json_array_get_element (array, i);
    const char *name = JSON_NODE_HOLDS_VALUE (element) ? json_node_get_string (element) : NULL;
    guint number = 0;

    while (number < G_N_ELEMENTS (names) && g_strcmp0 (names[number], name) != 0)
      number++;
    if (number == G_N_ELEMENTS (names))
      return FALSE;
    *generators |= 1u << number;
  }
  return count > 0;
}

gboolean
lince_collection_object_add_variant (LinceCollectionObject *object, const char *name)
{
  LinceVariant variant;

  if (!lince_variant_parse (name, &variant))
    return FALSE;
  for (guint i = 0; i < object->variant_count; i++)
    if (lince_variant_equal (&object->variants[i], &variant))
      return TRUE;
  if (object->variant_count == LINCE_VARIANTS_MAX)
    return FALSE;
  object->variants[object->variant_count++] = variant;
  return TRUE;
}

static gboolean
read_variants (JsonNode *node, LinceCollectionObject *object, GError **error)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  guint count = array != NULL ? json_array_get_length (array) : 0;

  if (array == NULL || count > LINCE_VARIANTS_MAX) {
    g_set_error (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_OPEN,
        "has \"variants\" that are not a list of at most %d names", LINCE_VARIANTS_MAX);
    return FALSE;
  }
  for (guint i = 0; i < count; i++) {
    JsonNode *element = json_array_get_element (array, i);
    const char *name = JSON_NODE_HOLDS_VALUE (element) ? json_node_get_string (element) : NULL;

    if (name == NULL || !lince_collection_object_add_variant (object, name)) {
      g_autofree char *text = json_to_string (element, FALSE);

      g_set_error (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_OPEN,
          "has the variant %.40s in \"variants\"; there are \"black\", \"white\", \"inverse\" and "
          "colours as \"#RRGGBB\"",
          text);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
read_members (JsonObject *root, LinceCollectionObject *object, GError **error)
{
  JsonNode *node = json_object_get_member (root, "name");
  const char *text;

  if (node != NULL) {
    text = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
               ? json_node_get_string (node)
               : NULL;
    if (text == NULL || text[0] == '\0' || strlen (text) > LINCE_NAME_MAX ||
        !g_utf8_validate (text, -1, NULL)) {
      g_set_error (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_OPEN,
          "has a \"name\" that is not a text of 1 to %d bytes", LINCE_NAME_MAX);
      return FALSE;
    }
    object->name = g_strdup (text);
  }
  node = json_object_get_member (root, "metadata");
  if (node != NULL) {
    object->metadata = JSON_NODE_HOLDS_OBJECT (node) ? json_to_string (node, FALSE) : NULL;
    if (object->metadata == NULL || strlen (object->metadata) > LINCE_METADATA_MAX) {
      g_set_error (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_OPEN,
          "has \"metadata\" that is not a JSON object of at most %d bytes", LINCE_METADATA_MAX);
      return FALSE;
    }
  }
  node = json_object_get_member (root, "generators");
  if (node != NULL && !read_generators (node, &object->generators)) {
    g_set_error_literal (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_OPEN,
        "has \"generators\" that are not a list of some of \"textured\", \"mark\", \"bug\"");
    return FALSE;
  }
  node = json_object_get_member (root, "variants");
  return node == NULL || read_variants (node, object, error);
}

gboolean
lince_collection_parse_json (
    const char *text, gsize size, LinceCollectionObject *object, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  JsonNode *root;

  if (size > MAX_JSON_SIZE) {
    g_set_error (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_OPEN,
        "is larger than %d bytes", MAX_JSON_SIZE);
    return FALSE;
  }
  if (!check_depth (text, size, error) ||
      !json_parser_load_from_data (parser, text, (gssize) size, error))
    return FALSE;
  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error_literal (
        error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_OPEN, "is not one JSON object");
    return FALSE;
  }
  if (read_members (json_node_get_object (root), object, error))
    return TRUE;
  g_clear_pointer (&object->name, g_free);
  g_clear_pointer (&object->metadata, g_free);
  object->generators = 0;
  object->variant_count = 0;
  return FALSE;
}

static void
read_json (LinceCollectionScan *scan, const char *directory, LinceCollectionObject *object)
{
  g_autofree char *file = g_strconcat (object->id, ".json", NULL);
  g_autofree char *path = g_build_filename (directory, file, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  struct stat status;
  gsize size;

  if (g_stat (path, &status) == 0 && status.st_size > MAX_JSON_SIZE) {
    add_problem (scan, file, "is larger than %d bytes", MAX_JSON_SIZE);
    g_clear_pointer (&object->stamp, g_free);
    return;
  }
  if (!g_file_get_contents (path, &text, &size, &error) ||
      !lince_collection_parse_json (text, size, object, &error)) {
    add_problem (scan, file, "cannot be used: %s", error->message);
    g_clear_pointer (&object->stamp, g_free);
  }
}

static gboolean
has_ending (const char *name, const char *ending)
{
  gsize length = strlen (name), tail = strlen (ending);

  return length > tail && g_ascii_strcasecmp (name + length - tail, ending) == 0;
}

static gboolean
is_picture_name (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    if (has_ending (name, endings[i]))
      return TRUE;
  return FALSE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* All names in a directory but hidden ones, by byte; NULL with errno set when it cannot be read. */
static GPtrArray *
list_directory (const char *path)
{
  DIR *directory = opendir (path);
  GPtrArray *names;
  const struct dirent *entry;

  if (directory == NULL)
    return NULL;
  names = g_ptr_array_new_with_free_func (g_free);
  while ((entry = readdir (directory)) != NULL)
    if (entry->d_name[0] != '.')
      g_ptr_array_add (names, g_strdup (entry->d_name));
  closedir (directory);
  g_ptr_array_sort (names, compare_names);
  return names;
}

static char *
make_stamp (const struct stat *status)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT ".%09ld.%" G_GINT64_FORMAT
                          ".%09ld.%" G_GINT64_FORMAT,
      (gint64) status->st_size, (gint64) status->st_mtim.tv_sec, (long) status->st_mtim.tv_nsec,
      (gint64) status->st_ctim.tv_sec, (long) status->st_ctim.tv_nsec, (gint64) status->st_ino);
}

static void
add_to_fingerprint (GChecksum *checksum, const char *shown, const struct stat *status)
{
  g_autofree char *stamp = make_stamp (status);

  g_checksum_update (checksum, (const guchar *) shown, (gssize) strlen (shown) + 1);
  g_checksum_update (checksum, (const guchar *) stamp, (gssize) strlen (stamp) + 1);
}

typedef struct {
  LinceCollectionScan *scan;
  GChecksum *checksum;
  const char *root;
  struct stat self;  /* of the root */
  GHashTable *jsons; /* stamps of the files `ID.json`, by their names */
} Walk;

static void
add_image (Walk *walk, const char *id, const char *shown, const struct stat *status)
{
  LinceCollectionImage *image;

  if (!lince_collection_id_is_valid (id)) {
    add_problem (walk->scan, shown,
        "has a name that is no id: use 1 to %d bytes of letters, digits, . _ - before the ending",
        LINCE_ID_MAX);
    return;
  }
  image = g_new0 (LinceCollectionImage, 1);
  image->id = g_strdup (id);
  image->path = g_build_filename (walk->root, shown, NULL);
  image->shown = g_strdup (shown);
  image->stamp = make_stamp (status);
  g_ptr_array_add (walk->scan->images, image);
}

/* A link that leads nowhere or in a circle is somebody's reference that is not there. */
static gboolean
look_at (Walk *walk, const char *shown, struct stat *status)
{
  g_autofree char *path = g_build_filename (walk->root, shown, NULL);

  if (g_stat (path, status) == 0) {
    add_to_fingerprint (walk->checksum, shown, status);
    return TRUE;
  }
  g_checksum_update (walk->checksum, (const guchar *) shown, (gssize) strlen (shown) + 1);
  if (errno == ELOOP || is_picture_name (shown))
    add_problem (walk->scan, shown, "cannot be opened: %s",
        errno == ELOOP ? "it is a loop of symbolic links" : g_strerror (errno));
  return FALSE;
}

/* `ID/` with its pictures; what lies deeper is not looked at. */
static void
walk_object_directory (Walk *walk, const char *id)
{
  g_autofree char *path = g_build_filename (walk->root, id, NULL);
  g_autoptr (GPtrArray) names = list_directory (path);

  if (names == NULL) {
    add_problem (walk->scan, id, "cannot be read: %s", g_strerror (errno));
    return;
  }
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *shown = g_build_filename (id, names->pdata[i], NULL);
    struct stat status;

    if (is_picture_name (shown) && look_at (walk, shown, &status))
      add_image (walk, id, shown, &status);
  }
}

static void
walk_root (Walk *walk, GPtrArray *names)
{
  for (guint i = 0; i < names->len; i++) {
    const char *name = names->pdata[i];
    struct stat status;

    if (!look_at (walk, name, &status))
      continue;
    if (S_ISDIR (status.st_mode) && status.st_dev == walk->self.st_dev &&
        status.st_ino == walk->self.st_ino) {
      add_problem (walk->scan, name, "leads back to the collection itself; remove the link");
    } else if (S_ISDIR (status.st_mode)) {
      walk_object_directory (walk, name);
    } else if (is_picture_name (name)) {
      g_autofree char *id = g_strndup (name, (gsize) (strrchr (name, '.') - name));

      add_image (walk, id, name, &status);
    } else if (S_ISREG (status.st_mode) && g_str_has_suffix (name, ".json")) {
      g_hash_table_insert (walk->jsons, g_strdup (name), make_stamp (&status));
    }
  }
}

static void
collect_objects (const Walk *walk)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < walk->scan->images->len; i++) {
    const LinceCollectionImage *image = walk->scan->images->pdata[i];
    g_autofree char *json = NULL;
    LinceCollectionObject *object;

    if (!g_hash_table_add (seen, image->id))
      continue;
    json = g_strconcat (image->id, ".json", NULL);
    object = g_new0 (LinceCollectionObject, 1);
    object->id = g_strdup (image->id);
    object->stamp = g_strdup (g_hash_table_lookup (walk->jsons, json));
    g_ptr_array_add (walk->scan->objects, object);
  }
}

/* Adds an image and its variants, of the same file. */
static void
add_with_variants (
    GPtrArray *images, LinceCollectionImage *image, const LinceCollectionObject *object)
{
  image->generators = object->generators;
  g_ptr_array_add (images, image);
  for (guint i = 0; i < object->variant_count; i++) {
    LinceCollectionImage *variant = g_new0 (LinceCollectionImage, 1);
    g_autofree char *name = lince_variant_name (&object->variants[i]);

    variant->id = g_strdup (image->id);
    variant->path = g_strdup (image->path);
    variant->stamp = g_strdup (image->stamp);
    variant->shown = g_strdup_printf ("%s, %s", image->shown, name);
    variant->variant = object->variants[i];
    variant->generators = object->generators;
    g_ptr_array_add (images, variant);
  }
}

void
lince_collection_scan_describe (
    LinceCollectionScan *scan, const char *path, LinceCollectionKnown known, gpointer user_data)
{
  g_autoptr (GHashTable) objects = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *images = g_ptr_array_new_with_free_func (free_image);

  for (guint i = 0; i < scan->objects->len; i++) {
    LinceCollectionObject *object = scan->objects->pdata[i];

    if (object->stamp != NULL && (known == NULL || !known (object, user_data)))
      read_json (scan, path, object);
    g_hash_table_insert (objects, object->id, object);
  }
  for (guint i = 0; i < scan->images->len; i++) {
    LinceCollectionImage *image = scan->images->pdata[i];

    add_with_variants (images, image, g_hash_table_lookup (objects, image->id));
  }
  g_ptr_array_set_free_func (scan->images, NULL);
  g_ptr_array_unref (scan->images);
  scan->images = images;
}

LinceCollectionScan *
lince_collection_scan_new (const char *path, GError **error)
{
  g_autoptr (GPtrArray) names = list_directory (path);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GHashTable) jsons = NULL;
  LinceCollectionScan *scan;
  Walk walk;

  if (names == NULL) {
    g_autofree char *name = g_filename_display_name (path);

    g_set_error (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_OPEN,
        "the collection %s cannot be read: %s", name, g_strerror (errno));
    return NULL;
  }
  scan = g_new0 (LinceCollectionScan, 1);
  scan->images = g_ptr_array_new_with_free_func (free_image);
  scan->objects = g_ptr_array_new_with_free_func (free_object);
  scan->problems = g_ptr_array_new_with_free_func ((GDestroyNotify) lince_collection_problem_free);
  jsons = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  walk = (Walk){.scan = scan, .checksum = checksum, .root = path, .jsons = jsons};
  if (g_stat (path, &walk.self) != 0)
    walk.self = (struct stat){0};
  walk_root (&walk, names);
  collect_objects (&walk);
  scan->fingerprint = g_strdup (g_checksum_get_string (checksum));
  return scan;
}
