/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Posters, marks and a translucent channel bug in one film, with a cut: the same bits with any
 * number of threads and at any level of CPU, whatever the buffers held before; frames and fields in
 * turn, and stills in between. 25 frames a second. */
#include "../suite.h"
#include "allocations.h"
#include "marks.h"

#include "recognition/kernels/kernels.h"
#include "recognition/recognizer.h"

#define WIDTH 480
#define HEIGHT 360
#define FRAMES 28
#define CUT 16 /* the frame that begins the second shot; only the bug outlasts the first */
#define FRAME_TIME INT64_C (40000000)

static const char *const ids[] = {"channel", "poster", "ring", "small", "tilted"}; /* sorted */
enum { CHANNEL, POSTER, RING, SMALL, TILTED, OBJECTS };

static LinceIndex *collection;
static Canvas film[FRAMES], other, nothing; /* `other`: of another size */

static DrawnPicture
draw_object (int object)
{
  switch (object) {
    case CHANNEL:
      return draw_mark (MARK_WORD, false, 0xf4f4f4ffu, 0);
    case RING:
      return draw_mark (MARK_RING, false, 0xf08020ffu, 0);
    default:
      return draw_poster (object == TILTED ? 200 : 240, object == TILTED ? 260 : 180,
          object == POSTER  ? 21
          : object == SMALL ? 11
                            : 33);
  }
}

static void
draw_film (int number, const DrawnPicture drawn[OBJECTS])
{
  Canvas *canvas = &film[number];
  LincePoint corners[4];

  *canvas = new_canvas (
      WIDTH, HEIGHT, number < CUT ? GROUND_SLOPE : GROUND_MOVING, number < CUT ? 0 : number);
  if (number < CUT) {
    outline (110 + 2 * number, 250, 150, 112, .05, .05, corners);
    composite (canvas, &drawn[POSTER], corners, 1, .9, 5);
    outline (260, 240 - number, 90, 117, -.1 - .01 * number, .15, corners);
    composite (canvas, &drawn[TILTED], corners, 1, 1, 0);
    outline (390 - number, 240, 110, 110, .02 * number, 0, corners);
    composite (canvas, &drawn[RING], corners, 1, 1, 0);
    outline (60, 335, 44, 33, 0, 0, corners); /* for the tiles */
    composite (canvas, &drawn[SMALL], corners, 1, 1, 0);
  }
  outline (340, 50, 200, 60, 0, 0, corners);
  composite (canvas, &drawn[CHANNEL], corners, .6, 1, 0);
}

static void
make_film (void)
{
  LinceIndexBuilder *builder = new_builder ();
  DrawnPicture drawn[OBJECTS];
  LincePoint corners[4];

  for (int i = 0; i < OBJECTS; i++) {
    drawn[i] = draw_object (i);
    add_object (builder, ids[i]);
    ck_assert (
        lince_index_builder_add_image (builder, ids[i], ids[i], &drawn[i].picture, NULL, NULL));
  }
  collection = lince_index_builder_finish (builder, NULL);
  ck_assert_ptr_nonnull (collection);
  lince_index_builder_free (builder);
  for (int i = 0; i < FRAMES; i++)
    draw_film (i, drawn);
  nothing = new_canvas (WIDTH, HEIGHT, GROUND_BUSY, 9);
  other = new_canvas (640, 300, GROUND_BUSY, 3);
  outline (320, 150, 200, 150, 0, 0, corners);
  composite (&other, &drawn[POSTER], corners, 1, 1, 0);
  for (int i = 0; i < OBJECTS; i++)
    free_picture (&drawn[i]);
}

static void
drop_film (void)
{
  for (int i = 0; i < FRAMES; i++)
    free_canvas (&film[i]);
  free_canvas (&other);
  free_canvas (&nothing);
  lince_index_unref (collection);
}

static LinceFrame
take (int number, bool interlaced)
{
  LinceFrame frame = canvas_frame (&film[number], true, 50 + (uint32_t) number);

  frame.interlaced = interlaced;
  return frame;
}

static LinceRecognizer *
new_recognizer (LincePlanName plan, uint32_t threads)
{
  LinceSettings settings;
  LinceRecognizer *recognizer;

  lince_settings_default (&settings);
  settings.plan = plan;
  settings.threads = threads;
  recognizer = lince_recognizer_new (&settings, NULL);
  ck_assert_ptr_nonnull (recognizer);
  lince_recognizer_set_index (recognizer, collection);
  return recognizer;
}

static const LinceResult *
process (LinceRecognizer *recognizer, int number, bool interlaced)
{
  LinceFrame frame = take (number, interlaced);
  const LinceResult *result = NULL;
  LinceError error = {0};

  ck_assert_msg (
      lince_recognizer_process (recognizer, &frame, number * FRAME_TIME, &result, &error), "%s",
      error.text);
  return result;
}

/* ---- hashes -------------------------------------------------------------------------------- */

static void
hash_bytes (uint64_t *hash, const void *data, size_t size)
{
  for (size_t i = 0; i < size; i++)
    *hash = (*hash ^ ((const uint8_t *) data)[i]) * 1099511628211u;
}

/* Every field, but not what lies between them. */
static void
hash_placement (uint64_t *hash, const LincePlacement *p)
{
  const float values[] = {
      p->confidence, p->visible, p->opacity, p->cut_off, p->occluded, p->blur, p->area};
  const uint64_t numbers[] = {
      p->object, p->image, p->track, p->exposure, p->upright, p->mark, p->alternative_count};

  hash_bytes (hash, p->corners, sizeof p->corners);
  hash_bytes (hash, values, sizeof values);
  hash_bytes (hash, numbers, sizeof numbers);
  hash_bytes (hash, p->alternatives, p->alternative_count * sizeof *p->alternatives);
}

static void
hash_result (uint64_t *hash, const LinceResult *result)
{
  for (uint32_t i = 0; i < result->placement_count; i++)
    hash_placement (hash, &result->placements[i]);
  for (uint32_t i = 0; i < result->change_count; i++) {
    const LinceChange *c = &result->changes[i];
    const int64_t numbers[] = {c->type, c->reason, c->resumed, (int64_t) c->exposure, c->object,
        c->seen, c->first_seen, c->decided, (int64_t) c->frames, c->duration};

    hash_bytes (hash, numbers, sizeof numbers);
    hash_bytes (hash, &c->area_time, sizeof c->area_time);
    hash_placement (hash, &c->placement);
  }
}

static uint64_t
hash_run (LincePlanName plan, uint32_t threads)
{
  LinceRecognizer *recognizer = new_recognizer (plan, threads);
  uint64_t hash = 14695981039346656037u;

  for (int i = 0; i < FRAMES; i++)
    hash_result (&hash, process (recognizer, i, false));
  lince_recognizer_free (recognizer);
  return hash;
}

/* ---- what the film shows -------------------------------------------------------------------- */

/* Without this the others could agree on nothing. */
START_TEST (all_that_stands_is_found)
{
  const LincePlanName plan = _i ? LINCE_PLAN_LIVE : LINCE_PLAN_THOROUGH;
  LinceRecognizer *recognizer = new_recognizer (plan, 1);
  uint32_t marks = 0, prints = 0, small = 0, upright = 0;

  for (int i = 0; i < FRAMES; i++) {
    const LinceResult *result = process (recognizer, i, false);
    uint32_t last = UINT32_MAX, others = 0;

    ck_assert_int_eq (result->cut, i == CUT);
    for (uint32_t k = 0; k < result->placement_count; k++) {
      const LincePlacement *p = &result->placements[k];

      ck_assert_msg (
          i < CUT || p->object == CHANNEL, "frame %d: %s after the cut", i, ids[p->object]);
      ck_assert_msg (p->object != last, "frame %d: %s twice", i, ids[p->object]);
      last = p->object;
      marks += p->object == RING && p->mark;
      prints += p->object == POSTER || p->object == TILTED;
      upright += p->object == CHANNEL && p->upright;
      others += p->object == SMALL;
    }
    small += others;
    ck_assert_msg (i < 8 || result->placement_count - others == (i < CUT ? OBJECTS - 1 : 1),
        "%s, frame %d: %u placed", lince_plan_name (plan), i, result->placement_count);
  }
  ck_assert_uint_ge (marks, CUT - 8);
  ck_assert_uint_ge (prints, 2 * (CUT - 8));
  /* what a search of a single frame has found first stays that, so under `live` it may be none */
  ck_assert (plan == LINCE_PLAN_LIVE || upright >= FRAMES - 8);
  /* in the turn of its tile */
  ck_assert (plan == LINCE_PLAN_LIVE || small > 0);
  lince_recognizer_free (recognizer);
}
END_TEST

START_TEST (threads_and_cpus_agree)
{
  const LincePlanName plan = _i ? LINCE_PLAN_LIVE : LINCE_PLAN_THOROUGH;
  uint64_t one = hash_run (plan, 1);

  ck_assert_uint_eq (hash_run (plan, 2), one);
  ck_assert_uint_eq (hash_run (plan, 4), one);
  for (int level = LINCE_CPU_C; level < LINCE_CPU_LEVELS; level++) {
    if (lince_kernels_at ((LinceCpuLevel) level) == NULL)
      continue;
    lince_kernels_force ((LinceCpuLevel) level);
    ck_assert_msg (hash_run (plan, 1) == one, "%s: other bits at %s", lince_plan_name (plan),
        lince_cpu_level_name ((LinceCpuLevel) level));
  }
}
END_TEST

/* ---- frames and fields ---------------------------------------------------------------------- */

/* After one of each. Of an odd height the two differ by a row. */
START_TEST (frames_and_fields_in_turn_allocate_nothing)
{
  const LincePlanName plan = _i / 2 ? LINCE_PLAN_LIVE : LINCE_PLAN_THOROUGH;
  LinceRecognizer *recognizer = new_recognizer (plan, 2);
  uint64_t before = 0, after, first = allocations;
  uint32_t placed = 0;
  bool ok = true;

  /* no assertion within: the test library allocates for each */
  for (int i = 0; i < CUT; i++) {
    LinceFrame frame = take (i, i % 2);
    const LinceResult *result = NULL;

    frame.height -= _i % 2;
    before = i == 2 ? allocations : before;
    ok = ok && lince_recognizer_process (recognizer, &frame, i * FRAME_TIME, &result, NULL);
    placed += ok ? result->placement_count : 0;
  }
  after = allocations;
  ck_assert (ok);
  ck_assert_uint_eq (after - before, 0);
  ck_assert_uint_gt (before, first); /* the count works */
  ck_assert_uint_gt (placed, 2 * CUT);
  lince_recognizer_free (recognizer);
}
END_TEST

/* Buffers that have served frames, fields and another size give what new ones give. */
START_TEST (what_the_buffers_held_does_not_show)
{
  LinceRecognizer *used = new_recognizer (LINCE_PLAN_THOROUGH, 1);
  LinceFrame wider = canvas_frame (&other, true, 1);
  const LinceResult *result;

  for (int i = 0; i < 4; i++)
    process (used, i, i % 2);
  ck_assert (lince_recognizer_still (used, &wider, &result, NULL));
  for (int i = 0; i < 4; i++) {
    LinceRecognizer *fresh = new_recognizer (LINCE_PLAN_THOROUGH, 1);
    uint64_t hashes[2] = {0};

    for (int k = 0; k < 2; k++) {
      LinceFrame frame = take (4 + i / 2, i % 2);

      ck_assert (lince_recognizer_still (k ? used : fresh, &frame, &result, NULL));
      ck_assert_uint_ge (result->placement_count, 2);
      for (uint32_t p = 0; p < result->placement_count; p++) {
        LincePlacement placement = result->placements[p];

        placement.track = 0; /* counted on */
        hash_placement (&hashes[k], &placement);
      }
    }
    ck_assert_uint_eq (hashes[0], hashes[1]);
    lince_recognizer_free (fresh);
  }
  lince_recognizer_free (used);
}
END_TEST

/* ---- stills ---------------------------------------------------------------------------------- */

/* Stills of the video's size and of another one; where nothing is found, all their tiles are
 * searched. */
START_TEST (stills_leave_the_video_as_it_is)
{
  const LincePlanName plan = _i ? LINCE_PLAN_LIVE : LINCE_PLAN_THOROUGH;
  LinceRecognizer *recognizer = new_recognizer (plan, 1);
  uint64_t alone = hash_run (plan, 1), hash = 14695981039346656037u;

  for (int i = 0; i < FRAMES; i++) {
    Canvas *shown = i % 5 == 2 ? &nothing : i % 2 ? &film[(i + 9) % FRAMES] : &other;
    LinceFrame still = canvas_frame (shown, true, (uint32_t) i);
    const LinceResult *result;

    hash_result (&hash, process (recognizer, i, false));
    ck_assert (lince_recognizer_still (recognizer, &still, &result, NULL));
    ck_assert_uint_eq (result->change_count, 0);
    ck_assert (shown != &nothing || result->placement_count == 0);
  }
  ck_assert_uint_eq (hash, alone);
  lince_recognizer_free (recognizer);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("all kinds");
  TCase *tests = tcase_create ("all kinds");

  tcase_set_timeout (tests, 300);
  tcase_add_unchecked_fixture (tests, make_film, drop_film);
  tcase_add_loop_test (tests, all_that_stands_is_found, 0, 2);
  tcase_add_loop_test (tests, threads_and_cpus_agree, 0, 2);
  tcase_add_loop_test (tests, frames_and_fields_in_turn_allocate_nothing, 0, 4);
  tcase_add_test (tests, what_the_buffers_held_does_not_show);
  tcase_add_loop_test (tests, stills_leave_the_video_as_it_is, 0, 2);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
