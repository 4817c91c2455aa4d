/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool/enrol_report.h"

#include "media/variant.h"
#include "tool/output.h"
#include "tool/progress.h"

#define HAIR_LINES 0.43f  /* fineness from which a picture is made of hair-lines */
#define LARGE_SHARE 0.04f /* of the frame: what is only recognised so large is named */
#define FLAT_TILT 25.f    /* degrees: what is lost before is named */
#define MAX_THREADS 16

/* What the threads share. */
typedef struct {
  LinceEnrolReport *report;
  gint next;         /* image */
  GAsyncQueue *done; /* a pointer for each image that is finished */
  GMutex lock;
  LinceError problem; /* the first */
} Work;

static void
take_problem (Work *work, const LinceError *problem)
{
  g_mutex_lock (&work->lock);
  if (work->problem.code == LINCE_OK)
    work->problem = *problem;
  g_mutex_unlock (&work->lock);
}

/* After a failure the images are only counted. */
static gpointer
simulate_images (gpointer data)
{
  Work *work = data;
  LinceError problem = {0};
  LinceSimulator *simulator = lince_simulator_new (work->report->index, &problem);
  gint image;

  while ((image = g_atomic_int_add (&work->next, 1)) < (gint) work->report->count) {
    if (simulator == NULL || !lince_simulator_run (simulator, (guint32) image,
                                 &work->report->rows[image].simulated, &problem))
      take_problem (work, &problem);
    g_async_queue_push (work->done, work);
  }
  lince_simulator_free (simulator);
  return NULL;
}

static gboolean
simulate (LinceEnrolReport *report, guint threads, LinceError *error)
{
  Work work = {.report = report, .done = g_async_queue_new ()};
  GThread *running[MAX_THREADS];
  LinceProgress progress;

  threads = threads > 0 ? threads : g_get_num_processors ();
  threads = CLAMP (threads, 1, MIN (MAX_THREADS, MAX (report->count, 1)));
  g_mutex_init (&work.lock);
  for (guint i = 0; i < threads; i++)
    running[i] = g_thread_new ("simulate", simulate_images, &work);
  lince_progress_start (&progress, "simulating");
  for (guint done = 0; done < report->count; done++) {
    lince_progress_update (&progress, (double) done / report->count);
    g_async_queue_pop (work.done);
  }
  lince_progress_clear (&progress);
  for (guint i = 0; i < threads; i++)
    g_thread_join (running[i]);
  g_mutex_clear (&work.lock);
  g_async_queue_unref (work.done);
  *error = work.problem;
  return work.problem.code == LINCE_OK;
}

static const char *
object_id (const LinceEnrolReport *report, guint32 number)
{
  LinceObject object;

  return lince_index_object (report->index, number, &object) ? object.id : "?";
}

static void
add_twin (const LinceEnrolReport *report, LinceEnrolRow *row, guint32 object)
{
  const char *id = object_id (report, object);

  if (row->object != object && !g_ptr_array_find (row->twins, id, NULL))
    g_ptr_array_add (row->twins, (gpointer) id);
}

/* Equal pictures under several ids. */
static gboolean
find_twins (LinceEnrolReport *report, LinceError *error)
{
  g_autoptr (GHashTable) seen =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) g_array_unref);

  for (guint i = 0; i < report->count; i++) {
    guint64 hash;
    GArray *same;

    if (!lince_simulate_hash (report->index, i, &hash, error))
      return FALSE;
    same = g_hash_table_lookup (seen, &hash);
    if (same == NULL) {
      same = g_array_new (FALSE, FALSE, sizeof (guint));
      g_hash_table_insert (seen, g_memdup2 (&hash, sizeof hash), same);
    }
    for (guint k = 0; k < same->len; k++) {
      LinceEnrolRow *other = &report->rows[g_array_index (same, guint, k)];

      add_twin (report, &report->rows[i], other->object);
      add_twin (report, other, report->rows[i].object);
    }
    g_array_append_val (same, i);
  }
  return TRUE;
}

LinceEnrolReport *
lince_enrol_report_new (LinceIndex *index, gboolean with, guint threads, LinceError *error)
{
  g_autoptr (LinceEnrolReport) report = g_new0 (LinceEnrolReport, 1);

  report->index = index;
  report->simulate = with;
  report->count = lince_index_image_count (index);
  report->rows = g_new0 (LinceEnrolRow, report->count + 1);
  for (guint i = 0; i < report->count; i++) {
    LinceEnrolRow *row = &report->rows[i];

    row->twins = g_ptr_array_new ();
    lince_index_image (index, i, &row->object, &row->enrolment);
    row->number = i > 0 && row[-1].object == row->object ? row[-1].number + 1 : 1;
  }
  if (!find_twins (report, error) || (with && !simulate (report, threads, error)))
    return NULL;
  return g_steal_pointer (&report);
}

void
lince_enrol_report_free (LinceEnrolReport *report)
{
  for (guint i = 0; i < report->count; i++)
    if (report->rows[i].twins != NULL)
      g_ptr_array_unref (report->rows[i].twins);
  g_free (report->rows);
  g_free (report);
}

guint
lince_enrol_report_count_lost (const LinceEnrolReport *report)
{
  guint lost = 0;

  for (guint i = 0; i < report->count; i++)
    lost += report->simulate && !report->rows[i].simulated.recognized &&
            report->rows[i].enrolment.variant.kind != LINCE_VARIANT_CUT_OUT;
  return lost;
}

/* The object that looks most like it, without its twins; NULL: none does. */
static const LinceConfusion *
likest (const LinceEnrolReport *report, const LinceEnrolRow *row, gboolean equal)
{
  for (guint i = 0; i < row->simulated.confusion_count; i++) {
    const LinceConfusion *confusion = &row->simulated.confusions[i];

    if (!g_ptr_array_find (row->twins, object_id (report, confusion->object), NULL) &&
        (equal ? confusion->equal : confusion->taken))
      return confusion;
  }
  return NULL;
}

/* Why those generators. Transfer full. */
static char *
describe_generators (const LinceEnrolment *enrolment)
{
  g_autofree char *names = lince_output_generators (enrolment->generators, ", ", "no generator");

  if (enrolment->generators & LINCE_GENERATOR_TEXTURED)
    return g_strdup_printf ("%s: %u features", names, enrolment->keypoints);
  return g_strdup_printf ("%s: %u feature%s, too few for textured", names, enrolment->keypoints,
      enrolment->keypoints == 1 ? "" : "s");
}

static char *
advise_on_lost (const LinceEnrolRow *row)
{
  if (row->enrolment.variant.kind == LINCE_VARIANT_CUT_OUT)
    return g_strdup ("without the ground that it was cut out with it is not recognised, so it is "
                     "found on such a ground only: use a picture with a transparent ground");
  if (row->simulated.fineness > HAIR_LINES)
    return g_strdup ("its lines are so fine that nothing is left of them at usual sizes: "
                     "use a bolder picture of it");
  return g_strdup ("it is not recognised at any size: use a picture with more detail, cut close to "
                   "the object, or its surroundings where they always go with it");
}

static char *
advise_on_found (const LinceEnrolRow *row)
{
  const LinceSimulated *simulated = &row->simulated;

  if (simulated->least_share > LARGE_SHARE)
    return g_strdup ("it must be shown large: cut the picture closer to what has detail");
  if (simulated->fineness > HAIR_LINES)
    return g_strdup ("its lines are fine and vanish with compression: use a bolder picture of it");
  if (simulated->steepest < FLAT_TILT)
    return g_strdup ("it is lost when tilted: add a picture of it seen from aside");
  return NULL;
}

/* What to do about it: one sentence, or NULL. Transfer full. */
static char *
advise (const LinceEnrolReport *report, const LinceEnrolRow *row)
{
  const LinceConfusion *like;

  if (row->twins->len > 0)
    return g_strdup_printf ("it is the same picture as %s's: remove one, or make them one object",
        (const char *) row->twins->pdata[0]);
  if (!report->simulate)
    return row->enrolment.generators != 0
               ? NULL
               : g_strdup ("too little texture to be found: use a picture with more detail");
  if ((like = likest (report, row, TRUE)) != NULL)
    return g_strdup_printf ("it cannot be told apart from %s: remove one, or make them one object",
        object_id (report, like->object));
  if (!row->simulated.recognized)
    return advise_on_lost (row);
  if ((like = likest (report, row, FALSE)) != NULL)
    return g_strdup_printf (
        "it differs from %s only in part, and may be taken for it where that part is small or "
        "covered: cut both pictures to what differs, or make them one object",
        object_id (report, like->object));
  return advise_on_found (row);
}

/* Blanks up to a column, by characters, not bytes. */
static void
append_padded (GString *text, const char *word, glong width)
{
  g_string_append_printf (text, "%s%*s", word, (int) MAX (2, width - g_utf8_strlen (word, -1)), "");
}

static void
append_simulated (GString *text, const LinceSimulated *simulated)
{
  if (!simulated->recognized) {
    g_string_append (text, "  never recognised");
    return;
  }
  g_string_append_printf (
      text, "  from %d x %d (", simulated->least_width, simulated->least_height);
  lince_output_number (text, 100 * (double) simulated->least_share, 2);
  g_string_append_printf (text, " %%), to %.0f\302\260", (double) simulated->steepest);
}

void
lince_enrol_report_append_text (
    const LinceEnrolReport *report, guint number, glong id_width, GString *text)
{
  const LinceEnrolRow *row = &report->rows[number];
  const LinceEnrolment *enrolment = &row->enrolment;
  g_autofree char *variant = lince_variant_name (&enrolment->variant);
  g_autofree char *size = g_strdup_printf ("%d x %d%s%s%s", enrolment->width, enrolment->height,
      enrolment->transparent ? " masked" : "", variant[0] != '\0' ? " " : "", variant);
  g_autofree char *generators = describe_generators (enrolment);
  g_autofree char *advice = advise (report, row);

  append_padded (text, object_id (report, row->object), id_width);
  append_padded (text, size, 20);
  append_padded (text, generators, 26);
  g_string_append_printf (text, "score %.2f", (double) enrolment->score);
  if (report->simulate)
    append_simulated (text, &row->simulated);
  g_string_append_c (text, '\n');
  for (guint i = 0; i < row->simulated.confusion_count; i++)
    g_string_append_printf (text, "    looks like %s: likeness %.2f%s\n",
        object_id (report, row->simulated.confusions[i].object),
        (double) row->simulated.confusions[i].likeness,
        row->simulated.confusions[i].equal ? ", not told apart" : "");
  if (advice != NULL)
    g_string_append_printf (text, "    %s\n", advice);
}

static void
append_confusions (const LinceEnrolReport *report, const LinceSimulated *simulated, GString *text)
{
  g_string_append (text, ", \"looks_like\": [");
  for (guint i = 0; i < simulated->confusion_count; i++) {
    const LinceConfusion *confusion = &simulated->confusions[i];

    g_string_append (text, i > 0 ? ", {\"id\": " : "{\"id\": ");
    lince_output_string (text, object_id (report, confusion->object));
    g_string_append (text, ", \"likeness\": ");
    lince_output_number (text, (double) confusion->likeness, 3);
    g_string_append_printf (text, ", \"taken\": %s, \"equal\": %s}",
        confusion->taken ? "true" : "false", confusion->equal ? "true" : "false");
  }
  g_string_append_c (text, ']');
}

static void
append_simulation (const LinceEnrolReport *report, const LinceSimulated *simulated, GString *text)
{
  g_string_append_printf (text, ", \"recognized\": %s", simulated->recognized ? "true" : "false");
  if (simulated->recognized) {
    g_string_append_printf (text,
        ", \"smallest\": {\"width\": %d, \"height\": %d, \"share\": ", simulated->least_width,
        simulated->least_height);
    lince_output_number (text, (double) simulated->least_share, 6);
    g_string_append (text, "}, \"steepest\": ");
    lince_output_number (text, (double) simulated->steepest, 0);
  }
  g_string_append (text, ", \"fineness\": ");
  lince_output_number (text, (double) simulated->fineness, 3);
  g_string_append_printf (
      text, ", \"hair_lines\": %s", simulated->fineness > HAIR_LINES ? "true" : "false");
  append_confusions (report, simulated, text);
}

static void
append_variant (GString *text, const LinceVariant *variant)
{
  g_autofree char *name = lince_variant_name (variant);

  if (name[0] != '\0')
    lince_output_string (text, name);
  else
    g_string_append (text, "null");
}

void
lince_enrol_report_append_json (const LinceEnrolReport *report, guint number, GString *text)
{
  const LinceEnrolRow *row = &report->rows[number];
  const LinceEnrolment *enrolment = &row->enrolment;
  g_autofree char *generators = lince_output_generators (enrolment->generators, "\", \"", "");
  g_autofree char *advice = advise (report, row);
  const char *quote = enrolment->generators != 0 ? "\"" : "";
  LinceObject object;

  lince_index_object (report->index, row->object, &object);
  g_string_append (text, "{\"id\": ");
  lince_output_string (text, object.id);
  g_string_append (text, ", \"name\": ");
  lince_output_string (text, object.name);
  g_string_append_printf (text, ", \"image\": %u, \"width\": %d, \"height\": %d, \"keypoints\": %u",
      row->number, enrolment->width, enrolment->height, enrolment->keypoints);
  g_string_append_printf (text, ", \"generators\": [%s%s%s], \"textured\": %s, \"transparent\": %s",
      quote, generators, quote, enrolment->textured ? "true" : "false",
      enrolment->transparent ? "true" : "false");
  g_string_append (text, ", \"variant\": ");
  append_variant (text, &enrolment->variant);
  g_string_append (text, ", \"score\": ");
  lince_output_number (text, (double) enrolment->score, 3);
  g_string_append (text, ", \"same_as\": [");
  for (guint i = 0; i < row->twins->len; i++) {
    g_string_append (text, i > 0 ? ", " : "");
    lince_output_string (text, row->twins->pdata[i]);
  }
  g_string_append_c (text, ']');
  if (report->simulate)
    append_simulation (report, &row->simulated, text);
  g_string_append (text, ", \"advice\": ");
  if (advice != NULL)
    lince_output_string (text, advice);
  else
    g_string_append (text, "null");
  g_string_append (text, "}\n");
}
