/* SPDX-License-Identifier: LGPL-2.1-or-later
 * lince-programme: makes a sample programme, its references and the truth of every frame. */
#include <gst/gst.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "make.h"

typedef struct {
  char *output, *kind, *name, *show, *graphics;
  double seconds;
  int width, height, fps, bitrate, objects, references, threads;
  gint64 seed, artwork_seed;
  gboolean hard, interlaced, clip_only, version;
  LinceSweep sweep;
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

static const char *const kinds[] = {"demo", "random", "empty", "sweep", "negative", NULL};
static const char *const shows[] = {"textured", "marks", "bugs", "mixed", NULL};
static const char *const graphics[] = {
    "all", "subtitles", "ticker", "clock", "scores", "titles", "credits", "still", "black", NULL};

static gboolean
choose (const char *name, const char *given, const char *const *choices, int *choice)
{
  g_autofree char *all = g_strjoinv (", ", (char **) choices);
  for (*choice = 0; choices[*choice]; ++*choice)
    if (strcmp (given, choices[*choice]) == 0)
      return TRUE;
  g_printerr ("lince-programme: --%s %s is unknown: one of %s\n", name, given, all);
  return FALSE;
}

static gboolean
check_sweep (const Options *o)
{
  const LinceSweep *s = &o->sweep;
  return check_range ("size", s->size, 0.01, 1) && check_range ("tilt", s->tilt, 0, 85) &&
         check_range ("turn", s->turn, 0, 360) && check_range ("blur", s->blur, 0, 20) &&
         check_range ("motion", s->motion, 0, 30) && check_range ("cover", s->cover, 0, 1) &&
         check_range ("noise", s->noise, 0, 60) && check_range ("opacity", s->opacity, 0, 1) &&
         check_range ("cut", s->cut, 0, 3600) && check_range ("speed", s->speed, 0, 2) &&
         check_range ("instances", s->instances, 1, 50) &&
         check_range ("at-once", s->at_once, 0, 50) &&
         check_range ("animated", s->animated, 0, 1) && check_range ("tall", s->tall, 0, 0.4) &&
         check_range ("gap", s->gap, 0, 3600) && check_range ("fade", s->fade, 0, 60);
}

static gboolean
check_options (const Options *o, int *kind)
{
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
  if (o->interlaced && o->height % 4) {
    g_printerr (
        "lince-programme: %d rows are not possible: interlaced, they go by four\n", o->height);
    return FALSE;
  }
  if (strchr (o->name, '/')) {
    g_printerr ("lince-programme: --name %s is not possible: a name without a folder\n", o->name);
    return FALSE;
  }
  int shown;
  return check_sweep (o) && choose ("graphics", o->graphics, graphics, &shown) &&
         choose ("kind", o->kind, kinds, kind);
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
          "Where to write NAME.ts, NAME.truth.json and collection/ (required)", "FOLDER"},
      {"name", 0, 0, G_OPTION_ARG_STRING, &o->name, "What the files are called (programme)",
          "NAME"},
      {"clip-only", 0, 0, G_OPTION_ARG_NONE, &o->clip_only, "The collection is there already",
          NULL},
      {"seconds", 's', 0, G_OPTION_ARG_DOUBLE, &o->seconds,
          "Length (40); 0 writes the collection only", "N"},
      {"width", 0, 0, G_OPTION_ARG_INT, &o->width, "Width in pixels (1280)", "N"},
      {"height", 0, 0, G_OPTION_ARG_INT, &o->height, "Height in pixels (720)", "N"},
      {"fps", 0, 0, G_OPTION_ARG_INT, &o->fps, "Frames a second (25)", "N"},
      {"bitrate", 0, 0, G_OPTION_ARG_INT, &o->bitrate,
          "kbit/s (5000 at 720p25, by the number of pixels otherwise)", "N"},
      {"seed", 0, 0, G_OPTION_ARG_INT64, &o->seed, "Another seed, another programme (1)", "N"},
      {"artwork-seed", 0, 0, G_OPTION_ARG_INT64, &o->artwork_seed,
          "Another seed, other references (--seed)", "N"},
      {"kind", 'k', 0, G_OPTION_ARG_STRING, &o->kind,
          "demo: the demo's story; random: any object anywhere; empty: no object; sweep: objects "
          "under one condition; negative: no object, but graphics, stills, black (demo)",
          "KIND"},
      {"objects", 0, 0, G_OPTION_ARG_INT, &o->objects,
          "How many of the references take part (6; random: 12; sweep: 12 of a kind, 8 bugs)", "N"},
      {"graphics", 0, 0, G_OPTION_ARG_STRING, &o->graphics,
          "What a negative programme shows: all (in turn), subtitles, ticker, clock, scores, "
          "titles, credits, still or black (all)",
          "KIND"},
      {"interlaced", 0, 0, G_OPTION_ARG_NONE, &o->interlaced, "Two fields a frame", NULL},
      {"references", 'r', 0, G_OPTION_ARG_INT, &o->references,
          "How many references the collection holds (12)", "N"},
      {"hard", 0, 0, G_OPTION_ARG_NONE, &o->hard,
          "Translucent bug, marks with few corners, more tilt, blur and noise", NULL},
      {"threads", 0, 0, G_OPTION_ARG_INT, &o->threads,
          "Threads that compose; the result is the same (as many as processors)", "N"},
      {"version", 0, 0, G_OPTION_ARG_NONE, &o->version, "Print the version", NULL},
      {NULL},
  };
  LinceSweep *s = &o->sweep;
  const GOptionEntry sweep_entries[] = {
      {"show", 0, 0, G_OPTION_ARG_STRING, &o->show,
          "textured, marks, bugs or mixed, the first two by turns (textured)", "KIND"},
      {"size", 0, 0, G_OPTION_ARG_DOUBLE, &s->size,
          "Share of the frame's width and height into which an object fits (0.4; marks 0.2; bugs "
          "0.11)",
          "SHARE"},
      {"tilt", 0, 0, G_OPTION_ARG_DOUBLE, &s->tilt, "Out of the picture's plane (0)", "DEGREES"},
      {"turn", 0, 0, G_OPTION_ARG_DOUBLE, &s->turn, "In the picture's plane (0)", "DEGREES"},
      {"blur", 0, 0, G_OPTION_ARG_DOUBLE, &s->blur, "Of the lens, sigma (0)", "PIXELS"},
      {"motion", 0, 0, G_OPTION_ARG_DOUBLE, &s->motion, "While the shutter is open (0)", "PIXELS"},
      {"cover", 0, 0, G_OPTION_ARG_DOUBLE, &s->cover, "What something stands before (0)", "SHARE"},
      {"noise", 0, 0, G_OPTION_ARG_DOUBLE, &s->noise, "Sigma (2)", "STEPS"},
      {"opacity", 0, 0, G_OPTION_ARG_DOUBLE, &s->opacity, "Of the objects (1)", "SHARE"},
      {"cut", 0, 0, G_OPTION_ARG_DOUBLE, &s->cut, "Time between cuts (as objects need)", "SECONDS"},
      {"speed", 0, 0, G_OPTION_ARG_DOUBLE, &s->speed, "Heights of the frame a second (0.03)", "N"},
      {"instances", 0, 0, G_OPTION_ARG_INT, &s->instances,
          "Of an object at once, as many as fit (1)", "N"},
      {"at-once", 0, 0, G_OPTION_ARG_INT, &s->at_once, "Objects at once, as many as fit (6)", "N"},
      {"animated", 0, 0, G_OPTION_ARG_DOUBLE, &s->animated,
          "Share of the time a bug moves in its "
          "place (0)",
          "SHARE"},
      {"tall", 0, 0, G_OPTION_ARG_DOUBLE, &s->tall,
          "Height of a bug, of the frame's, in place of --size", "SHARE"},
      {"gap", 0, 0, G_OPTION_ARG_DOUBLE, &s->gap, "Time between two groups of bugs (0)",
          "SECONDS"},
      {"fade", 0, 0, G_OPTION_ARG_DOUBLE, &s->fade, "Time in which bugs come and go (0)",
          "SECONDS"},
      {NULL},
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_set_summary (context,
      "Makes a sample programme: H.264 in MPEG-TS that shows drawn objects of a drawn collection,\n"
      "and the truth of every frame. The same options and seed give the same programme.");
  g_option_context_add_main_entries (context, entries, NULL);
  GOptionGroup *group = g_option_group_new (
      "sweep", "Conditions of --kind sweep", "Show the sweep's options", NULL, NULL);
  g_option_group_add_entries (group, sweep_entries);
  g_option_context_add_group (context, group);
  return g_option_context_parse (context, argc, argv, error);
}

static int
print_version (void)
{
  g_print ("lince-programme %s\n", LINCE_VERSION);
  return EXIT_SUCCESS;
}

/* What depends on other options. */
static gboolean
complete_options (Options *o)
{
  static const double sizes[] = {0.4, 0.2, 0.11, 0.1};
  int show = LINCE_SWEEP_TEXTURED;
  o->kind = o->kind ? o->kind : g_strdup ("demo");
  o->name = o->name ? o->name : g_strdup ("programme");
  o->graphics = o->graphics ? o->graphics : g_strdup ("all");
  o->artwork_seed = o->artwork_seed < 0 ? o->seed : o->artwork_seed;
  if (o->show && !choose ("show", o->show, shows, &show))
    return FALSE;
  o->sweep.show = (LinceSweepKind) show;
  o->sweep.size = o->sweep.size > 0 ? o->sweep.size : sizes[show];
  if (o->objects < 0)
    o->objects = strcmp (o->kind, "demo") == 0 ? 6 : show == LINCE_SWEEP_BUG ? 8 : 12;
  o->sweep.shown = o->objects;
  if (o->bitrate == 0)
    o->bitrate =
        (int) CLAMP (5000.0 * o->width * o->height * o->fps / (1280 * 720 * 25), 800, 20000);
  return TRUE;
}

static LinceMakeSettings
make_settings (const Options *o, LinceScriptKind kind)
{
  bool sweep = kind == LINCE_SCRIPT_SWEEP || kind == LINCE_SCRIPT_NEGATIVE;
  int shown = LINCE_GRAPHICS_ALL;
  choose ("graphics", o->graphics, graphics, &shown);
  return (LinceMakeSettings){
      .script = {.kind = kind,
          .width = o->width,
          .height = o->height,
          .fps = o->fps,
          .frame_count = (int) lrint (o->seconds * o->fps),
          .seed = (guint64) o->seed,
          .artwork_seed = (guint64) o->artwork_seed,
          .artwork_set = sweep     ? LINCE_ARTWORK_SET_SWEEP
                         : o->hard ? LINCE_ARTWORK_SET_HARD
                                   : LINCE_ARTWORK_SET_STORY,
          .hard = o->hard,
          .interlaced = o->interlaced,
          .sweep = o->sweep,
          .graphics = (LinceGraphics) shown,
          .object_count = MIN (sweep ? 3 * o->objects : o->objects, o->references)},
      .name = o->name,
      .clip_only = o->clip_only,
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
      .artwork_seed = -1,
      .sweep = {.instances = 1, .noise = 2, .opacity = 1, .speed = 0.03},
      .threads = (int) g_get_num_processors ()};
  g_autoptr (GError) error = NULL;
  int kind, status = EX_USAGE;
  if (!parse_options (&o, &argc, &argv, &error))
    g_printerr ("lince-programme: %s\n", error->message);
  else if (o.version)
    status = print_version ();
  else if (!o.output || argc > 1)
    g_printerr ("lince-programme: %s; see --help\n",
        o.output ? "too many arguments" : "--output is missing");
  else if (complete_options (&o) && check_options (&o, &kind))
    status = make (&o, (LinceScriptKind) kind);
  g_free (o.output);
  g_free (o.kind);
  g_free (o.name);
  g_free (o.show);
  g_free (o.graphics);
  return status;
}
