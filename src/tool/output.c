/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool/output.h"

#include <math.h>
#include <string.h>

#include "media/variant.h"

void
lince_output_string (GString *text, const char *string)
{
  g_autofree char *valid = g_utf8_make_valid (string, -1);

  g_string_append_c (text, '"');
  for (const char *p = valid; *p != '\0'; p++) {
    if (*p == '"' || *p == '\\')
      g_string_append_printf (text, "\\%c", *p);
    else if ((guchar) *p < 0x20 || *p == 0x7f)
      g_string_append_printf (text, "\\u%04x", (guint) (guchar) *p);
    else
      g_string_append_c (text, *p);
  }
  g_string_append_c (text, '"');
}

void
lince_output_number (GString *text, double number, int decimals)
{
  char digits[64], format[8];
  char *end;

  if (!isfinite (number))
    number = 0;
  g_snprintf (format, sizeof format, "%%.%df", decimals);
  g_ascii_formatd (digits, sizeof digits, format, number);
  if (strchr (digits, '.') != NULL) {
    for (end = digits + strlen (digits); end[-1] == '0';)
      *--end = '\0';
    if (end[-1] == '.')
      end[-1] = '\0';
  }
  g_string_append (text, strcmp (digits, "-0") == 0 ? "0" : digits);
}

static const char *
id_of (LinceIndex *index, guint32 object)
{
  LinceObject found;

  return lince_index_object (index, object, &found) ? found.id : "";
}

/* What is not told is left out. */
static void
append_look (GString *text, const LincePlacement *placement)
{
  const struct {
    const char *name;
    float value;
  } numbers[] = {
      {"opacity", placement->opacity},
      {"occluded", placement->occluded},
      {"cut_off", placement->cut_off},
      {"blur", placement->blur},
  };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    if (!(numbers[i].value >= 0))
      continue;
    g_string_append_printf (text, ", \"%s\": ", numbers[i].name);
    lince_output_number (text, numbers[i].value, 4);
  }
  g_string_append_printf (text, ", \"kind\": \"%s\"", placement->mark ? "mark" : "texture");
}

void
lince_output_variant (GString *text, LinceIndex *index, guint32 image)
{
  g_autofree char *name = NULL;
  LinceEnrolment enrolment;

  if (!lince_index_image (index, image, NULL, &enrolment) ||
      enrolment.variant.kind == LINCE_VARIANT_NONE)
    return;
  name = lince_variant_name (&enrolment.variant);
  g_string_append (text, ", \"variant\": ");
  lince_output_string (text, name);
}

static void
append_placement (GString *text, LinceIndex *index, const LincePlacement *placement)
{
  g_string_append (text, "{\"id\": ");
  lince_output_string (text, id_of (index, placement->object));
  g_string_append (text, ", \"quad\": [");
  for (int i = 0; i < 4; i++) {
    g_string_append (text, i > 0 ? ", [" : "[");
    lince_output_number (text, placement->corners[i].x, 3);
    g_string_append (text, ", ");
    lince_output_number (text, placement->corners[i].y, 3);
    g_string_append_c (text, ']');
  }
  g_string_append (text, "], \"confidence\": ");
  lince_output_number (text, placement->confidence, 4);
  append_look (text, placement);
  lince_output_variant (text, index, placement->image);
  for (guint i = 0; i < placement->alternative_count; i++) {
    g_string_append (text, i > 0 ? ", " : ", \"alternatives\": [");
    lince_output_string (text, id_of (index, placement->alternatives[i]));
  }
  g_string_append (text, placement->alternative_count > 0 ? "]}" : "}");
}

void
lince_output_placements (
    GString *text, LinceIndex *index, const LincePlacement *placements, guint count)
{
  g_string_append_c (text, '[');
  for (guint i = 0; i < count; i++) {
    if (i > 0)
      g_string_append (text, ", ");
    append_placement (text, index, &placements[i]);
  }
  g_string_append_c (text, ']');
}

char *
lince_output_time (gint64 time)
{
  gint64 ms = (time + 500000) / 1000000;

  return g_strdup_printf ("%d:%02d:%02d.%03d", (int) (ms / 3600000), (int) (ms / 60000 % 60),
      (int) (ms / 1000 % 60), (int) (ms % 1000));
}

char *
lince_output_generators (guint32 generators, const char *between, const char *none)
{
  static const char *const names[] = {"textured", "mark", "bug"};
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (generators & 1u << i)
      g_string_append_printf (text, "%s%s", text->len > 0 ? between : "", names[i]);
  return g_string_free (text->len > 0 ? text : g_string_assign (text, none), FALSE);
}
