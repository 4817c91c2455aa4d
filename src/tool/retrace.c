/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool/retrace.h"

#include <math.h>
#include <string.h>

/* Frames on which a track may be missing on the way back: a flash, something passing in front. */
#define MISSES 3
/* Corners that are nearer to another placement's, in its own sides, mean the same thing. */
#define SAME 0.25f

typedef struct {
  LinceRetraceFrame frame;
  LinceFrame shape; /* without pixels */
  guint8 *luma;     /* rows of width bytes */
  gsize size;
} Kept;

/* A track on its way back. */
typedef struct {
  LinceProposal proposal; /* for the frame that is being looked at */
  LincePoint seen[4];     /* corners where it was verified last, going back */
  LincePoint velocity[4]; /* pixels a frame, backwards */
  gint64 time;            /* of the frame where it was verified last */
  guint misses;           /* frames since */
  gboolean ended;
} Trail;

struct _LinceRetrace {
  LinceRecognizer *recognizer;
  gint64 window;
  gsize memory, used; /* bytes of luma that may be kept, and are */
  GQueue kept;        /* of Kept, oldest first */
  GQueue spare;       /* of Kept, their buffers to be used again */
  Kept *popped;
  GHashTable *seen; /* track to Gain: every track of the last two windows */
};

typedef struct {
  LinceRetraceGain gain;
  gint64 last; /* running time of its last frame */
} Seen;

static void
free_kept (gpointer data)
{
  Kept *kept = data;

  g_array_unref (kept->frame.placements);
  g_free (kept->luma);
  g_free (kept);
}

LinceRetrace *
lince_retrace_new (LinceRecognizer *recognizer, gint64 window, gsize memory)
{
  LinceRetrace *retrace = g_new0 (LinceRetrace, 1);

  retrace->recognizer = recognizer;
  retrace->window = window;
  retrace->memory = memory;
  g_queue_init (&retrace->kept);
  g_queue_init (&retrace->spare);
  retrace->seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  return retrace;
}

void
lince_retrace_free (LinceRetrace *retrace)
{
  if (retrace == NULL)
    return;
  g_queue_clear_full (&retrace->kept, free_kept);
  g_queue_clear_full (&retrace->spare, free_kept);
  g_clear_pointer (&retrace->popped, free_kept);
  g_hash_table_unref (retrace->seen);
  g_free (retrace);
}

static Kept *
take_spare (LinceRetrace *retrace, gsize size)
{
  Kept *kept = g_queue_pop_head (&retrace->spare);

  if (kept != NULL && kept->size != size)
    g_clear_pointer (&kept, free_kept);
  if (kept == NULL) {
    kept = g_new0 (Kept, 1);
    kept->frame.placements = g_array_new (FALSE, FALSE, sizeof (LincePlacement));
    kept->luma = g_malloc (size);
    kept->size = size;
  }
  return kept;
}

static void
copy_luma (Kept *kept, const LinceFrame *frame)
{
  for (int y = 0; y < frame->height; y++) {
    const guint8 *from = frame->luma.data + y * frame->luma.stride;
    guint8 *to = kept->luma + (gsize) y * (gsize) frame->width;

    if (frame->luma.step == 1)
      memcpy (to, from, (gsize) frame->width);
    else
      for (int x = 0; x < frame->width; x++)
        to[x] = from[x * frame->luma.step];
  }
  kept->shape = *frame;
  kept->shape.luma = (LincePlane){kept->luma, frame->width, 1};
  kept->shape.cb = kept->shape.cr = (LincePlane){0};
  kept->shape.chroma_width = kept->shape.chroma_height = 0;
}

static gboolean
same_place (const LincePoint *one, const LincePoint *other)
{
  float side = hypotf (other[0].x - other[2].x, other[0].y - other[2].y);

  for (int i = 0; i < 4; i++)
    if (hypotf (one[i].x - other[i].x, one[i].y - other[i].y) > SAME * side)
      return FALSE;
  return TRUE;
}

/* Whether the frame knows of the same image there already, under whatever track. */
static gboolean
is_known (const Kept *kept, const LinceProposal *proposal)
{
  for (guint i = 0; i < kept->frame.placements->len; i++) {
    const LincePlacement *placement = &g_array_index (kept->frame.placements, LincePlacement, i);

    if (placement->image == proposal->image && same_place (placement->corners, proposal->corners))
      return TRUE;
  }
  return FALSE;
}

/* Along the trail's motion to the frame before. */
static void
predict (Trail *trail)
{
  float steps = (float) (trail->misses + 1);

  for (int i = 0; i < 4; i++) {
    trail->proposal.corners[i].x = trail->seen[i].x + steps * trail->velocity[i].x;
    trail->proposal.corners[i].y = trail->seen[i].y + steps * trail->velocity[i].y;
  }
}

static void
accept (Trail *trail, const LincePlacement *placement)
{
  float steps = (float) (trail->misses + 1);

  for (int i = 0; i < 4; i++) {
    trail->velocity[i].x = (placement->corners[i].x - trail->seen[i].x) / steps;
    trail->velocity[i].y = (placement->corners[i].y - trail->seen[i].y) / steps;
  }
  memcpy (trail->seen, placement->corners, sizeof trail->seen);
  trail->misses = 0;
}

static int
compare_placements (gconstpointer a, gconstpointer b)
{
  const LincePlacement *one = a, *other = b;

  if (one->object != other->object)
    return one->object < other->object ? -1 : 1;
  return (one->track > other->track) - (one->track < other->track);
}

static void
count_gain (LinceRetrace *retrace, const Trail *trail, const Kept *kept, float area)
{
  Seen *seen = g_hash_table_lookup (retrace->seen, &trail->proposal.track);

  seen->gain.frames++;
  seen->gain.area_time += (double) area * (double) (trail->time - kept->frame.time);
  seen->gain.from = kept->frame.time;
}

/* The frame's own placements go in beside the trails, so that what competes for the same pixels is
 * settled among all of them; their results are not taken again. */
static guint
gather_proposals (const Kept *kept, const GArray *trails, LinceProposal *proposals)
{
  guint count = 0;

  for (guint i = 0; i < trails->len && count < LINCE_MAX_PLACEMENTS; i++) {
    Trail *trail = &g_array_index (trails, Trail, i);

    if (!trail->ended)
      proposals[count++] = trail->proposal;
  }
  for (guint i = 0; count > 0 && i < kept->frame.placements->len && count < LINCE_MAX_PLACEMENTS;
       i++) {
    const LincePlacement *placement = &g_array_index (kept->frame.placements, LincePlacement, i);

    proposals[count] = (LinceProposal){placement->image, placement->track, {{0}}};
    memcpy (proposals[count++].corners, placement->corners, sizeof placement->corners);
  }
  return count;
}

static const LincePlacement *
find_placement (const LinceResult *result, guint64 track)
{
  for (guint i = 0; i < result->placement_count; i++)
    if (result->placements[i].track == track)
      return &result->placements[i];
  return NULL;
}

static void
take_results (LinceRetrace *retrace, Kept *kept, GArray *trails, const LinceResult *result)
{
  for (guint i = 0; i < trails->len; i++) {
    Trail *trail = &g_array_index (trails, Trail, i);
    const LincePlacement *placement = find_placement (result, trail->proposal.track);

    if (trail->ended)
      continue;
    if (placement == NULL) {
      trail->ended = ++trail->misses > MISSES;
      continue;
    }
    accept (trail, placement);
    count_gain (retrace, trail, kept, placement->area);
    trail->time = kept->frame.time;
    g_array_append_vals (kept->frame.placements, placement, 1);
  }
  g_array_sort (kept->frame.placements, compare_placements);
}

/* One step back, to the frame `kept`. */
static gboolean
step_back (LinceRetrace *retrace, Kept *kept, GArray *trails, LinceError *error)
{
  LinceProposal proposals[LINCE_MAX_PLACEMENTS];
  const LinceResult *result;
  guint count;

  for (guint i = 0; i < trails->len; i++) {
    Trail *trail = &g_array_index (trails, Trail, i);

    predict (trail);
    trail->ended = trail->ended || is_known (kept, &trail->proposal);
  }
  count = gather_proposals (kept, trails, proposals);
  if (count == 0)
    return TRUE;
  if (!lince_recognizer_propose (
          retrace->recognizer, &kept->shape, proposals, count, &result, error))
    return FALSE;
  take_results (retrace, kept, trails, result);
  return TRUE;
}

/* The tracks of the newest frame that no earlier frame had. */
static GArray *
begin_trails (LinceRetrace *retrace, const Kept *newest)
{
  GArray *trails = g_array_new (FALSE, TRUE, sizeof (Trail));

  for (guint i = 0; i < newest->frame.placements->len; i++) {
    const LincePlacement *placement = &g_array_index (newest->frame.placements, LincePlacement, i);
    Seen *seen = g_hash_table_lookup (retrace->seen, &placement->track);
    Trail trail = {.proposal = {.image = placement->image, .track = placement->track},
        .time = newest->frame.time};

    if (seen == NULL) {
      seen = g_new0 (Seen, 1);
      seen->gain.from = newest->frame.time;
      g_hash_table_insert (
          retrace->seen, g_memdup2 (&placement->track, sizeof placement->track), seen);
      memcpy (trail.seen, placement->corners, sizeof trail.seen);
      g_array_append_val (trails, trail);
    }
    seen->last = newest->frame.time;
  }
  return trails;
}

static gboolean
all_ended (const GArray *trails)
{
  for (guint i = 0; i < trails->len; i++)
    if (!g_array_index (trails, Trail, i).ended)
      return FALSE;
  return TRUE;
}

static gboolean
look_back (LinceRetrace *retrace, LinceError *error)
{
  GList *at = retrace->kept.tail;
  g_autoptr (GArray) trails = begin_trails (retrace, at->data);

  for (at = at->prev; at != NULL && !all_ended (trails); at = at->prev) {
    const Kept *kept = at->data, *newest = retrace->kept.tail->data;

    /* nothing is followed over a change of size */
    if (kept->shape.width != newest->shape.width || kept->shape.height != newest->shape.height)
      break;
    if (!step_back (retrace, at->data, trails, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_forgotten (gpointer key, gpointer value, gpointer user_data)
{
  const Seen *seen = value;
  const gint64 *before = user_data;

  return seen->last < *before;
}

gboolean
lince_retrace_add (LinceRetrace *retrace, guint64 number, gint64 time, const LinceFrame *frame,
    const LinceResult *result, LinceError *error)
{
  Kept *kept = take_spare (retrace, (gsize) frame->width * (gsize) frame->height);
  gint64 before = time - 2 * retrace->window;

  copy_luma (kept, frame);
  kept->frame.number = number;
  kept->frame.time = time;
  g_array_set_size (kept->frame.placements, 0);
  g_array_append_vals (kept->frame.placements, result->placements, result->placement_count);
  g_queue_push_tail (&retrace->kept, kept);
  retrace->used += kept->size;
  g_hash_table_foreach_remove (retrace->seen, is_forgotten, &before);
  return look_back (retrace, error);
}

const LinceRetraceFrame *
lince_retrace_pop (LinceRetrace *retrace, gboolean all)
{
  const Kept *oldest = g_queue_peek_head (&retrace->kept);
  const Kept *newest = g_queue_peek_tail (&retrace->kept);

  if (retrace->popped != NULL)
    g_queue_push_head (&retrace->spare, g_steal_pointer (&retrace->popped));
  if (oldest == NULL || (!all && newest->frame.time - oldest->frame.time < retrace->window &&
                            retrace->used <= retrace->memory))
    return NULL;
  retrace->popped = g_queue_pop_head (&retrace->kept);
  retrace->used -= retrace->popped->size;
  return &retrace->popped->frame;
}

gboolean
lince_retrace_get_gain (const LinceRetrace *retrace, guint64 track, LinceRetraceGain *gain)
{
  const Seen *seen = g_hash_table_lookup (retrace->seen, &track);

  if (seen == NULL || seen->gain.frames == 0)
    return FALSE;
  *gain = seen->gain;
  return TRUE;
}
