/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/minute_sums.h"

#include <string.h>

#define MINUTE (60 * G_USEC_PER_SEC)
/* how long an exposure's clock is kept after its stay, for a stay that is resumed; ns */
#define KEEP_CLOSED (G_GINT64_CONSTANT (60000000000))

typedef struct {
  guint64 number;
  gboolean open;
  gint64 anchor_running, anchor_utc; /* the exposure's clock */
  gint64 counted_to;                 /* running time up to which time is in the sums */
  double area;                       /* at counted_to */
  LinceMinuteSumsPiece piece;        /* since the last hand-out */
  double area_time;                  /* the piece's, before rounding */
  guint64 given_frames;              /* handed out already of this stay */
  gint64 given_area_time;
} Exposure;

struct _LinceMinuteSums {
  GHashTable *exposures; /* number -> Exposure */
  LinceMinuteSumsStanding standing;
  gpointer user_data;
};

LinceMinuteSums *
lince_minute_sums_new (LinceMinuteSumsStanding standing, gpointer user_data)
{
  LinceMinuteSums *sums = g_new0 (LinceMinuteSums, 1);

  sums->exposures = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  sums->standing = standing;
  sums->user_data = user_data;
  return sums;
}

void
lince_minute_sums_free (LinceMinuteSums *sums)
{
  if (!sums)
    return;
  g_hash_table_unref (sums->exposures);
  g_free (sums);
}

static gint64
utc_of (const Exposure *exposure, gint64 running_time)
{
  return exposure->anchor_utc + (running_time - exposure->anchor_running) / 1000;
}

static gint64
minute_of (gint64 utc)
{
  return utc - ((utc % MINUTE) + MINUTE) % MINUTE;
}

/* Counts the time up to `running_time`, the area held as it was. */
static void
count_to (Exposure *exposure, gint64 running_time)
{
  gint64 time = running_time - exposure->counted_to;

  if (time <= 0)
    return;
  exposure->piece.time += time;
  exposure->area_time += exposure->area * time;
  exposure->counted_to = running_time;
}

static void
take_piece (Exposure *exposure, LinceMinuteSumsPiece *piece)
{
  *piece = exposure->piece;
  piece->area_time = CLAMP ((gint64) (exposure->area_time + 0.5), 0, piece->time);
  exposure->given_frames += piece->frames;
  exposure->given_area_time += piece->area_time;
  exposure->area_time = 0;
  memset (&exposure->piece, 0, sizeof exposure->piece);
  exposure->piece.peak_area = exposure->area;
}

/* As count_to(), but hands a piece out at the end of each minute on the way. */
static void
advance (LinceMinuteSums *sums, Exposure *exposure, gint64 running_time)
{
  LinceMinuteSumsPiece piece;
  gint64 next = exposure->piece.minute + MINUTE;

  while (utc_of (exposure, running_time) >= next) {
    count_to (exposure, exposure->anchor_running + (next - exposure->anchor_utc) * 1000);
    take_piece (exposure, &piece);
    exposure->piece.minute = next;
    sums->standing (exposure->number, &piece, sums->user_data);
    next += MINUTE;
  }
  count_to (exposure, running_time);
}

static void
forget_old (LinceMinuteSums *sums, gint64 running_time)
{
  GHashTableIter iter;
  Exposure *exposure;

  g_hash_table_iter_init (&iter, sums->exposures);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &exposure)) {
    if (!exposure->open && running_time - exposure->counted_to > KEEP_CLOSED)
      g_hash_table_iter_remove (&iter);
  }
}

static Exposure *
find (LinceMinuteSums *sums, guint64 number)
{
  return g_hash_table_lookup (sums->exposures, &number);
}

static Exposure *
find_open (LinceMinuteSums *sums, guint64 number)
{
  Exposure *exposure = find (sums, number);

  return exposure && exposure->open ? exposure : NULL;
}

void
lince_minute_sums_open (LinceMinuteSums *sums, guint64 number, gint64 first_seen, gint64 utc,
    guint64 frames, double area)
{
  Exposure *exposure;

  forget_old (sums, first_seen);
  exposure = find (sums, number);
  if (exposure && exposure->open)
    return;
  if (!exposure) {
    exposure = g_new0 (Exposure, 1);
    exposure->number = number;
    exposure->anchor_running = first_seen;
    exposure->anchor_utc = utc;
    g_hash_table_insert (sums->exposures, &exposure->number, exposure);
  }
  exposure->open = TRUE;
  /* a stay that is resumed never counts time that the stay before it has counted */
  exposure->counted_to = MAX (first_seen, exposure->counted_to);
  exposure->area = area;
  exposure->area_time = 0;
  exposure->given_frames = 0;
  exposure->given_area_time = 0;
  memset (&exposure->piece, 0, sizeof exposure->piece);
  exposure->piece.minute = minute_of (utc_of (exposure, exposure->counted_to));
  exposure->piece.frames = frames;
  exposure->piece.peak_area = area;
}

void
lince_minute_sums_advance (LinceMinuteSums *sums, guint64 number, gint64 running_time)
{
  Exposure *exposure = find_open (sums, number);

  if (exposure)
    advance (sums, exposure, running_time);
}

void
lince_minute_sums_see (LinceMinuteSums *sums, guint64 number, gint64 running_time, double area)
{
  Exposure *exposure = find_open (sums, number);

  if (!exposure || running_time <= exposure->counted_to)
    return;
  advance (sums, exposure, running_time);
  exposure->area = area;
  exposure->piece.frames++;
  exposure->piece.peak_area = MAX (exposure->piece.peak_area, area);
}

gboolean
lince_minute_sums_close (LinceMinuteSums *sums, guint64 number, gint64 last_seen,
    gint64 total_frames, gint64 total_area_time, LinceMinuteSumsPiece *piece)
{
  Exposure *exposure = find_open (sums, number);

  if (!exposure)
    return FALSE;
  advance (sums, exposure, last_seen);
  if (total_frames >= 0)
    exposure->piece.frames = MAX (total_frames - (gint64) exposure->given_frames, 0);
  if (total_area_time >= 0)
    exposure->area_time = MAX (total_area_time - exposure->given_area_time, 0);
  take_piece (exposure, piece);
  exposure->open = FALSE;
  return TRUE;
}

gint64
lince_minute_sums_utc (LinceMinuteSums *sums, guint64 number, gint64 running_time)
{
  Exposure *exposure = find (sums, number);

  return exposure ? utc_of (exposure, running_time) : LINCE_TIME_NONE;
}

gint64
lince_minute_sums_last_seen (LinceMinuteSums *sums, guint64 number)
{
  Exposure *exposure = find_open (sums, number);

  return exposure ? exposure->counted_to : LINCE_TIME_NONE;
}

static int
compare_numbers (gconstpointer a, gconstpointer b)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;

  return (x > y) - (x < y);
}

GArray *
lince_minute_sums_list_open (LinceMinuteSums *sums)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (guint64));
  GHashTableIter iter;
  Exposure *exposure;

  g_hash_table_iter_init (&iter, sums->exposures);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &exposure)) {
    if (exposure->open)
      g_array_append_val (list, exposure->number);
  }
  g_array_sort (list, compare_numbers);
  return list;
}
