/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/lookahead.h"

#include <stdlib.h>
#include <string.h>

#include "recognition/exposure.h"
#include "recognition/quad.h"

#define MISSES 3 /* frames in a row on which an object may be lost while looking back */

typedef struct {
  int64_t time;
  bool cut;
  LinceFrame frame; /* its planes are in `pixels` */
  uint8_t *pixels;
  size_t size;
  LincePlacement placements[LINCE_MAX_PLACEMENTS];
  uint32_t count;
} Kept;

struct LinceLookahead {
  LinceRecognizer *recognizer;
  LinceSettings settings;
  LinceExposures *exposures;
  int64_t span;
  uint32_t capacity, first, count;
  LinceIndex *index;  /* that the kept frames' numbers refer to */
  bool index_changed; /* since the last pop() */
  Kept *kept;         /* a ring of `capacity` */
  LinceChange changes[LINCE_MAX_CHANGES];
  LinceResult result;
};

LinceLookahead *
lince_lookahead_new (LinceRecognizer *recognizer, const LinceSettings *settings, int64_t span,
    uint32_t frames, LinceError *error)
{
  LinceLookahead *lookahead;

  if (frames < 1 || frames > LINCE_LOOKAHEAD_MAX_FRAMES || span < 0) {
    lince_error_set (error, LINCE_ERROR_ARGUMENT,
        "looking ahead over %u frames is not possible: 1 to %d are", frames,
        LINCE_LOOKAHEAD_MAX_FRAMES);
    return NULL;
  }
  lookahead = calloc (1, sizeof *lookahead);
  if (!lookahead || !(lookahead->kept = calloc (frames, sizeof *lookahead->kept))) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory to look ahead");
    goto fail;
  }
  if (!(lookahead->exposures = lince_exposures_new (error)))
    goto fail;
  lookahead->recognizer = recognizer;
  lookahead->settings = *settings;
  lookahead->span = span;
  lookahead->capacity = frames;
  return lookahead;
fail:
  lince_lookahead_free (lookahead);
  return NULL;
}

void
lince_lookahead_free (LinceLookahead *lookahead)
{
  if (!lookahead)
    return;
  for (uint32_t i = 0; lookahead->kept && i < lookahead->capacity; i++)
    free (lookahead->kept[i].pixels);
  free (lookahead->kept);
  lince_index_unref (lookahead->index);
  lince_exposures_free (lookahead->exposures);
  free (lookahead);
}

/* The frame that is `back` frames older than the newest. */
static Kept *
kept_at (LinceLookahead *lookahead, uint32_t back)
{
  return &lookahead->kept[(lookahead->first + lookahead->count - 1 - back) % lookahead->capacity];
}

/* Copies a plane and points it at the copy; returns what follows. */
static uint8_t *
keep_plane (LincePlane *plane, int width, int height, uint8_t *out)
{
  const LincePlane from = *plane;

  *plane = (LincePlane){out, width, 1};
  for (int y = 0; y < height; y++) {
    const uint8_t *row = from.data + (ptrdiff_t) y * from.stride;

    for (int x = 0; x < width; x++)
      out[x] = row[(ptrdiff_t) x * from.step];
    out += width;
  }
  return out;
}

static bool
keep_planes (Kept *kept, const LinceFrame *frame, LinceError *error)
{
  bool chroma = frame->cb.data && frame->cr.data;
  size_t size = (size_t) frame->width * frame->height +
                (chroma ? 2 * (size_t) frame->chroma_width * frame->chroma_height : 0);
  uint8_t *out;

  if (kept->size != size) {
    free (kept->pixels);
    kept->size = 0;
    kept->pixels = malloc (size);
    if (!kept->pixels) {
      lince_error_set (error, LINCE_ERROR_MEMORY, "no memory to keep a frame of %d x %d pixels",
          frame->width, frame->height);
      return false;
    }
    kept->size = size;
  }
  kept->frame = *frame;
  out = keep_plane (&kept->frame.luma, frame->width, frame->height, kept->pixels);
  if (chroma) {
    out = keep_plane (&kept->frame.cb, frame->chroma_width, frame->chroma_height, out);
    keep_plane (&kept->frame.cr, frame->chroma_width, frame->chroma_height, out);
  } else {
    kept->frame.cb = kept->frame.cr = (LincePlane){NULL, 0, 0};
  }
  return true;
}

static LincePlacement *
find_track (Kept *kept, uint64_t track)
{
  for (uint32_t i = 0; i < kept->count; i++) {
    if (kept->placements[i].track == track)
      return &kept->placements[i];
  }
  return NULL;
}

/* Whether the frame has no place for the found one: another placement stands there that goes on in
 * the frame after, `later`. One that does not was taken for what is found now, and gives way. */
static bool
is_taken (Kept *kept, Kept *later, const LincePlacement *found)
{
  for (uint32_t i = 0; i < kept->count; i++) {
    if (lince_quad_overlap (kept->placements[i].corners, found->corners) <= 0.5)
      continue;
    if (kept->placements[i].object == found->object ||
        find_track (later, kept->placements[i].track) != NULL)
      return true;
    memmove (&kept->placements[i], &kept->placements[i + 1],
        (kept->count - i - 1) * sizeof kept->placements[0]);
    kept->count--;
    i--;
  }
  return kept->count == LINCE_MAX_PLACEMENTS;
}

/* Puts a placement in its place in the order of objects and tracks. */
static void
insert (Kept *kept, const LincePlacement *found)
{
  uint32_t i = kept->count++;

  for (; i > 0; i--) {
    const LincePlacement *before = &kept->placements[i - 1];

    if (before->object < found->object ||
        (before->object == found->object && before->track < found->track))
      break;
    kept->placements[i] = *before;
  }
  kept->placements[i] = *found;
}

/* Leaves those alternatives that `index` has too. */
static void
renumber_alternatives (LincePlacement *placement, const LinceIndex *old, const LinceIndex *index)
{
  uint32_t count = 0;
  LinceObject object;

  for (uint32_t i = 0; i < placement->alternative_count; i++) {
    int64_t number = lince_index_object (old, placement->alternatives[i], &object)
                         ? lince_index_find (index, object.id)
                         : -1;

    if (number >= 0)
      placement->alternatives[count++] = (uint32_t) number;
  }
  placement->alternative_count = count;
}

/* Tells what stands on a kept frame in the numbers of `index`; what it does not have is left out.
 */
static void
renumber (Kept *kept, const LinceIndex *old, const LinceIndex *index)
{
  uint32_t count = kept->count;

  kept->count = 0;
  for (uint32_t i = 0; i < count && old && index; i++) {
    LincePlacement placement = kept->placements[i];

    placement.image = lince_index_counterpart (old, placement.image, index);
    if (!lince_index_image (index, placement.image, &placement.object, NULL))
      continue;
    renumber_alternatives (&placement, old, index);
    insert (kept, &placement);
  }
}

static void
take_index (LinceLookahead *lookahead, LinceIndex *index)
{
  if (index == lookahead->index)
    return;
  for (uint32_t i = 0; i < lookahead->count; i++)
    renumber (kept_at (lookahead, i), lookahead->index, index);
  lince_index_unref (lookahead->index);
  lookahead->index = index ? lince_index_ref (index) : NULL;
  lookahead->index_changed = true;
}

/* Where an object stood `steps` frames before `now`, going by the `later` frame. */
static void
predict (
    const LincePlacement *now, const LincePlacement *later, uint32_t steps, LinceProposal *proposal)
{
  proposal->image = now->image;
  proposal->track = now->track;
  proposal->upright = now->upright;
  for (int i = 0; i < 4; i++) {
    proposal->corners[i] = now->corners[i];
    if (later) {
      proposal->corners[i].x += (float) steps * (now->corners[i].x - later->corners[i].x);
      proposal->corners[i].y += (float) steps * (now->corners[i].y - later->corners[i].y);
    }
  }
}

/* Follows a placement of the frame `back` frames ago to the frames before it. */
static bool
look_back (
    LinceLookahead *lookahead, uint32_t back, const LincePlacement *placement, LinceError *error)
{
  LincePlacement now = *placement, later = *placement;
  bool has_later = false;
  uint32_t misses = 0;

  for (; back + 1 < lookahead->count && misses <= MISSES; back++) {
    Kept *kept = kept_at (lookahead, back + 1);
    const LinceResult *result;
    LinceProposal proposal;

    /* a shot begins on the frame from which we look back; what is fixed to the screen outlasts it
     */
    if ((kept_at (lookahead, back)->cut && !now.upright) || find_track (kept, now.track) ||
        kept->frame.width != kept_at (lookahead, 0)->frame.width ||
        kept->frame.height != kept_at (lookahead, 0)->frame.height)
      break;
    predict (&now, has_later ? &later : NULL, misses + 1, &proposal);
    if (!lince_recognizer_propose (
            lookahead->recognizer, &kept->frame, &proposal, 1, &result, error))
      return false;
    if (result->placement_count == 0) {
      misses++;
      continue;
    }
    if (is_taken (kept, kept_at (lookahead, back), &result->placements[0]))
      break;
    insert (kept, &result->placements[0]);
    has_later = misses == 0;
    later = now;
    now = result->placements[0];
    misses = 0;
  }
  return true;
}

bool
lince_lookahead_push (
    LinceLookahead *lookahead, const LinceFrame *frame, int64_t time, LinceError *error)
{
  const LinceResult *result;
  Kept *kept;

  if (lookahead->count == lookahead->capacity) {
    lince_error_set (error, LINCE_ERROR_LIMIT, "the %u frames kept to look back are all in use",
        lookahead->capacity);
    return false;
  }
  kept = &lookahead->kept[(lookahead->first + lookahead->count) % lookahead->capacity];
  if (!lince_recognizer_process (lookahead->recognizer, frame, time, &result, error) ||
      !keep_planes (kept, frame, error))
    return false;
  kept->time = time;
  kept->cut = result->cut;
  kept->count = result->placement_count;
  memcpy (kept->placements, result->placements, kept->count * sizeof *kept->placements);
  take_index (lookahead, result->index);
  lookahead->count++;
  for (uint32_t i = 0; i < kept->count && lookahead->count > 1; i++) {
    LincePlacement placement = kept->placements[i];

    if (!find_track (kept_at (lookahead, 1), placement.track) &&
        !look_back (lookahead, 0, &placement, error))
      return false;
  }
  return true;
}

const LinceResult *
lince_lookahead_pop (LinceLookahead *lookahead, bool end)
{
  Kept *kept = &lookahead->kept[lookahead->first];
  uint32_t changes = 0;

  if (lookahead->count == 0 || (!end && lookahead->count < lookahead->capacity &&
                                   kept_at (lookahead, 0)->time - kept->time <= lookahead->span))
    return NULL;
  if (lookahead->index_changed)
    changes = lince_exposures_swap (
        lookahead->exposures, lookahead->index, kept->time, lookahead->changes, 0);
  lookahead->index_changed = false;
  changes = lince_exposures_update (lookahead->exposures, &lookahead->settings, lookahead->index,
      kept->time, kept->cut, kept->placements, kept->count, lookahead->changes, changes);
  lookahead->first = (lookahead->first + 1) % lookahead->capacity;
  lookahead->count--;
  lookahead->result = (LinceResult){
      .time = kept->time,
      .cut = kept->cut,
      .placements = kept->placements,
      .placement_count = kept->count,
      .changes = lookahead->changes,
      .change_count = changes,
      .index = lookahead->index,
  };
  return &lookahead->result;
}

const LinceResult *
lince_lookahead_end (LinceLookahead *lookahead)
{
  lookahead->result = (LinceResult){
      .changes = lookahead->changes,
      .change_count =
          lince_exposures_end (lookahead->exposures, LINCE_REASON_END, lookahead->changes),
      .index = lookahead->index,
  };
  return &lookahead->result;
}
