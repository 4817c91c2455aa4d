/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "truth.h"

/* An object this faint, or this much covered, does not count as there. */
#define LEAST_OPACITY 0.02
#define LEAST_VISIBLE 0.01

static void
append_number (GString *text, const char *format, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append (text, g_ascii_formatd (buffer, sizeof buffer, format, value));
}

char *
lince_truth_frame (
    const LinceLayer *layers, int layer_count, GPtrArray *artworks, int width, int height)
{
  GString *text = g_string_new ("[");
  for (int i = 0; i < layer_count; i++) {
    if (layers[i].object < 0 || layers[i].opacity < LEAST_OPACITY)
      continue;
    double visible = lince_layer_visible (layers, layer_count, i, width, height);
    if (visible < LEAST_VISIBLE)
      continue;
    const LinceArtwork *artwork = artworks->pdata[layers[i].object];
    g_string_append_printf (
        text, "%s{\"id\": \"%s\", \"quad\": [", text->len > 1 ? ", " : "", artwork->id);
    for (int k = 0; k < 8; k++) {
      g_string_append (text, k == 0 ? "[" : k % 2 ? ", " : "], [");
      append_number (text, "%.2f", layers[i].quad.at[k]);
    }
    g_string_append (text, "]], \"opacity\": ");
    append_number (text, "%.3f", layers[i].opacity);
    g_string_append (text, ", \"visible\": ");
    append_number (text, "%.3f", visible);
    g_string_append (text, "}");
  }
  g_string_append (text, "]");
  return g_string_free (text, FALSE);
}

gboolean
lince_truth_write (const char *path, const char *clip, const LinceScriptSettings *settings,
    char *const *frames, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_append_printf (text,
      "{\"clip\": \"%s\", \"kind\": \"programme\", \"size\": [%d, %d], \"fps\": %d, \"frames\": "
      "[\n",
      clip, settings->width, settings->height, settings->fps);
  for (int i = 0; i < settings->frame_count; i++)
    g_string_append_printf (text, "%s%s\n", frames[i], i + 1 < settings->frame_count ? "," : "");
  g_string_append (text, "]}\n");
  return g_file_set_contents (path, text->str, (gssize) text->len, error);
}
