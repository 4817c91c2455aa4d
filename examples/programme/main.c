/* SPDX-License-Identifier: LGPL-2.1-or-later
 * lince-programme: makes a sample programme, its references and the truth of every frame. */
#include <gst/gst.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "make.h"

typedef struct {
  char *output, *kind;
  double seconds;
  int width, height, fps, bitrate, objects, references, threads;
  gint64 seed;
  gboolean hard, version;
} Options;

static gboolean
check_range (const char *name, double value, double least, double most)
{
  if (value >= least && value <= most)
    return TRUE;
  g_printerr ("lince-programme: --%s %g is not possible: it goes from %g to %g\n", name, value,
      least, most);
  return FALSE;
}

static gboolean
check_options (const Options *o, LinceScriptKind *kind)
{
  static const char *const kinds[] = {"demo", "random", "empty"};
  gboolean good =
      check_range ("seconds", o->seconds, 0, 86400) && check_range ("width", o->width, 160, 4096) &&
      check_range ("height", o->height, 120, 2304) && check_range ("fps", o->fps, 1, 120) &&
      check_range ("bitrate", o->bitrate, 100, 100000) &&
      check_range ("objects", o->objects, 0, 1000) &&
      check_range ("references", o->references, 1, 100000) &&
      check_range ("threads", o->threads, 1, 64);
  if (!good)
    return FALSE;
  if (o->width % 2 || o->height % 2) {
    g_printerr (
        "lince-programme: %d x %d is not possible: both sides must be even\n", o->width, o->height);
    return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (strcmp (o->kind, kinds[i]) == 0) {
      *kind = (LinceScriptKind) i;
      return TRUE;
    }
  g_printerr ("lince-programme: --kind %s is unknown: demo, random or empty\n", o->kind);
  return FALSE;
}

static void
show_progress (double share, gpointer user_data)
{
  gint64 begun = *(gint64 *) user_data;
  double spent = (double) (g_get_monotonic_time () - begun) / 1e6;
  if (share > 0)
    g_printerr ("\r%3.0f %%, %.0f s left ", 100 * share, spent / share - spent);
}

static gboolean
parse_options (Options *o, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"output", 'o', 0, G_OPTION_ARG_FILENAME, &o->output,
          "Where to write programme.ts, programme.truth.json and collection/ (required)", "FOLDER"},
      {"seconds", 's', 0, G_OPTION_ARG_DOUBLE, &o->seconds,
          "Length (40); 0 writes the collection only", "N"},
      {"width", 0, 0, G_OPTION_ARG_INT, &o->width, "Width in pixels (1280)", "N"},
      {"height", 0, 0, G_OPTION_ARG_INT, &o->height, "Height in pixels (720)", "N"},
      {"fps", 0, 0, G_OPTION_ARG_INT, &o->fps, "Frames a second (25)", "N"},
      {"bitrate", 0, 0, G_OPTION_ARG_INT, &o->bitrate,
          "kbit/s (5000 at 720p25, by the number of pixels otherwise)", "N"},
      {"seed", 0, 0, G_OPTION_ARG_INT64, &o->seed, "Another seed, another programme (1)", "N"},
      {"kind", 'k', 0, G_OPTION_ARG_STRING, &o->kind,
          "demo: the demo's story; random: any object anywhere; empty: no object (demo)", "KIND"},
      {"objects", 0, 0, G_OPTION_ARG_INT, &o->objects,
          "How many of the references take part (6; random: 12)", "N"},
      {"references", 'r', 0, G_OPTION_ARG_INT, &o->references,
          "How many references the collection holds (12)", "N"},
      {"hard", 0, 0, G_OPTION_ARG_NONE, &o->hard,
          "Translucent bug, marks with few corners, more tilt, blur and noise", NULL},
      {"threads", 0, 0, G_OPTION_ARG_INT, &o->threads,
          "Threads that compose; the result is the same (as many as processors)", "N"},
      {"version", 0, 0, G_OPTION_ARG_NONE, &o->version, "Print the version", NULL},
      {NULL},
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_set_summary (context,
      "Makes a sample programme: H.264 in MPEG-TS that shows drawn objects of a drawn collection,\n"
      "and the truth of every frame. The same options and seed give the same programme.");
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error);
}

static int
print_version (void)
{
  g_print ("lince-programme %s\n", LINCE_VERSION);
  return EXIT_SUCCESS;
}

/* What depends on other options. */
static void
complete_options (Options *o)
{
  o->kind = o->kind ? o->kind : g_strdup ("demo");
  if (o->objects < 0)
    o->objects = strcmp (o->kind, "random") == 0 ? 12 : 6;
  if (o->bitrate == 0)
    o->bitrate =
        (int) CLAMP (5000.0 * o->width * o->height * o->fps / (1280 * 720 * 25), 800, 20000);
}

static LinceMakeSettings
make_settings (const Options *o, LinceScriptKind kind)
{
  return (LinceMakeSettings){.script = {.kind = kind,
                                 .width = o->width,
                                 .height = o->height,
                                 .fps = o->fps,
                                 .frame_count = (int) lrint (o->seconds * o->fps),
                                 .seed = (guint64) o->seed,
                                 .hard = o->hard,
                                 .object_count = MIN (o->objects, o->references)},
      .bitrate = o->bitrate,
      .reference_count = o->references,
      .threads = o->threads};
}

static int
make (const Options *o, LinceScriptKind kind)
{
  g_autoptr (GError) error = NULL;
  LinceMakeSettings settings = make_settings (o, kind);
  gint64 begun = g_get_monotonic_time ();
  gboolean seen = isatty (STDERR_FILENO);
  gst_init (NULL, NULL);
  gboolean done = lince_make (o->output, &settings, seen ? show_progress : NULL, &begun, &error);
  if (seen)
    g_printerr ("\r                        \r");
  if (!done) {
    g_printerr ("lince-programme: %s\n", error->message);
    return EX_CANTCREAT;
  }
  g_print ("%s: %d frames in %.1f s\n", o->output, settings.script.frame_count,
      (double) (g_get_monotonic_time () - begun) / 1e6);
  return EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  Options o = {.seconds = 40,
      .width = 1280,
      .height = 720,
      .fps = 25,
      .references = 12,
      .seed = 1,
      .objects = -1,
      .threads = (int) g_get_num_processors ()};
  g_autoptr (GError) error = NULL;
  LinceScriptKind kind;
  int status = EX_USAGE;
  if (!parse_options (&o, &argc, &argv, &error))
    g_printerr ("lince-programme: %s\n", error->message);
  else if (o.version)
    status = print_version ();
  else if (!o.output || argc > 1)
    g_printerr ("lince-programme: %s; see --help\n",
        o.output ? "too many arguments" : "--output is missing");
  else {
    complete_options (&o);
    if (check_options (&o, &kind))
      status = make (&o, kind);
  }
  g_free (o.output);
  g_free (o.kind);
  return status;
}
