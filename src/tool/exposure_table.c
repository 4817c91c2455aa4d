/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool/exposure_table.h"

#include <stdio.h>
#include <string.h>

static void
clear_row (gpointer data)
{
  LinceExposureRow *row = data;

  g_free (row->id);
  g_free (row->name);
}

void
lince_exposure_table_init (LinceExposureTable *table)
{
  table->rows = g_array_new (FALSE, TRUE, sizeof (LinceExposureRow));
  g_array_set_clear_func (table->rows, clear_row);
}

void
lince_exposure_table_clear (LinceExposureTable *table)
{
  g_clear_pointer (&table->rows, g_array_unref);
}

/* Looked for from the end: what vanishes began not long ago. */
static LinceExposureRow *
find_row (LinceExposureTable *table, guint64 exposure)
{
  for (guint i = table->rows->len; i > 0; i--) {
    LinceExposureRow *row = &g_array_index (table->rows, LinceExposureRow, i - 1);

    if (row->exposure == exposure)
      return row;
  }
  return NULL;
}

static LinceExposureRow *
new_row (LinceExposureTable *table, const LinceResult *result, const LinceChange *change)
{
  LinceExposureRow row = {.exposure = change->exposure, .from = change->first_seen};
  LinceObject object;
  gboolean known = lince_index_object (result->index, change->object, &object);

  row.id = g_strdup (change->id);
  row.name = g_strdup (known && strcmp (object.id, change->id) == 0 ? object.name : change->id);
  g_array_append_val (table->rows, row);
  return &g_array_index (table->rows, LinceExposureRow, table->rows->len - 1);
}

void
lince_exposure_table_add (LinceExposureTable *table, const LinceResult *result)
{
  for (guint i = 0; i < result->change_count; i++) {
    const LinceChange *change = &result->changes[i];
    LinceExposureRow *row;

    if (change->type != LINCE_VANISHED)
      continue;
    row = find_row (table, change->exposure);
    if (row == NULL)
      row = new_row (table, result, change);
    row->to = change->seen;
    row->duration += change->duration;
    row->frames += change->frames;
    row->area_time += change->area_time;
  }
}

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  const LinceExposureRow *one = a, *other = b;

  if (one->from != other->from)
    return one->from < other->from ? -1 : 1;
  return (one->exposure > other->exposure) - (one->exposure < other->exposure);
}

static double
share (const LinceExposureRow *row)
{
  return row->duration > 0 ? row->area_time / (double) row->duration : 0;
}

static void
print_json (const LinceExposureRow *row)
{
  g_autoptr (GString) line = g_string_new ("{\"id\": ");

  lince_output_string (line, row->id);
  g_string_append (line, ", \"name\": ");
  lince_output_string (line, row->name);
  g_string_append (line, ", \"from\": ");
  lince_output_number (line, (double) row->from / 1e9, 3);
  g_string_append (line, ", \"to\": ");
  lince_output_number (line, (double) row->to / 1e9, 3);
  g_string_append (line, ", \"seconds\": ");
  lince_output_number (line, (double) row->duration / 1e9, 3);
  g_string_append_printf (line, ", \"frames\": %" G_GUINT64_FORMAT ", \"share\": ", row->frames);
  lince_output_number (line, share (row), 5);
  g_string_append (line, "}\n");
  fputs (line->str, stdout);
}

static void
print_table (const LinceExposureTable *table)
{
  glong width = strlen ("object");

  for (guint i = 0; i < table->rows->len; i++)
    width = MAX (width, g_utf8_strlen (g_array_index (table->rows, LinceExposureRow, i).name, -1));
  printf (
      "object%*s  %11s  %11s  %8s  %6s\n", (int) width - 6, "", "from", "to", "seconds", "share");
  for (guint i = 0; i < table->rows->len; i++) {
    const LinceExposureRow *row = &g_array_index (table->rows, LinceExposureRow, i);
    g_autofree char *from = lince_output_time (row->from);
    g_autofree char *to = lince_output_time (row->to);

    printf ("%s%*s  %11s  %11s  %8.2f  %4.1f %%\n", row->name,
        (int) (width - g_utf8_strlen (row->name, -1)), "", from, to, (double) row->duration / 1e9,
        100 * share (row));
  }
}

void
lince_exposure_table_print (LinceExposureTable *table, gboolean json)
{
  g_array_sort (table->rows, compare_rows);
  if (!json) {
    if (table->rows->len > 0)
      print_table (table);
    else
      printf ("nothing of the collection was seen\n");
    return;
  }
  for (guint i = 0; i < table->rows->len; i++)
    print_json (&g_array_index (table->rows, LinceExposureRow, i));
}
