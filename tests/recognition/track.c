/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Tracks of marks, from hypotheses that a test gives: how one that is symmetrical is turned, and
 * how siblings at one place are told apart over frames. */
#include "drawn_reference.h"
#include "marks.h"

#include "recognition/track.h"

#define WIDTH 320
#define HEIGHT 240
#define FRAME_TIME INT64_C (40000000)
#define WHITE 0xf4f4f4ffu
#define ORANGE 0xf08020ffu

static DrawnReference marks[2];
static LinceTracker *tracker;
static LincePyramid *pyramid;
static LincePool *pool;
static LincePlan plan;
static LincePoint place[4];

static const LinceReference *
load (void *context, uint32_t image)
{
  return image < 2 ? &marks[image].reference : NULL;
}

static const LinceReferences references = {NULL, load};

static void
set_up (void)
{
  tracker = lince_tracker_new (1, false, NULL);
  pyramid = lince_pyramid_new (NULL);
  pool = lince_pool_new (1, NULL);
  lince_plan_make (LINCE_PLAN_THOROUGH, WIDTH, HEIGHT, &plan);
}

static void
tear_down (void)
{
  for (int i = 0; i < 2; i++)
    free_reference (&marks[i]);
  lince_pool_free (pool);
  lince_pyramid_free (pyramid);
  lince_tracker_free (tracker);
}

static void
use_marks (MarkKind kind, uint32_t ink)
{
  for (uint32_t i = 0; i < 2; i++) {
    marks[i] = new_reference (draw_mark (kind, i == 1, ink, 0));
    marks[i].reference.mark = true;
    marks[i].reference.object = i;
  }
}

/* A frame that shows mark `shown` at `place`. */
static Canvas
show (uint32_t shown, uint32_t frame)
{
  Canvas canvas = new_canvas (WIDTH, HEIGHT, GROUND_PLAIN, 0);
  LinceFrame view;

  composite (&canvas, &marks[shown].drawn, place, 1, 1, 0);
  view = canvas_frame (&canvas, true, 7 + frame);
  ck_assert (lince_pyramid_resize (pyramid, &view, NULL));
  lince_pyramid_build (pyramid, &view, pool);
  return canvas;
}

/* `image` at `corners`, their first one `turned` places on. */
static LinceHypothesis
suppose (uint32_t image, int turned)
{
  LinceHypothesis hypothesis = {.image = image};
  const LinceReference *reference = &marks[image].reference;
  LincePoint corners[4];

  for (int i = 0; i < 4; i++)
    corners[i] = place[(i + turned) % 4];
  ck_assert (lince_quad_to_homography (
      corners, reference->width, reference->height, hypothesis.homography));
  return hypothesis;
}

static uint32_t
propose (const LinceHypothesis *hypotheses, uint32_t count, LincePlacement *placements)
{
  LinceStatistics statistics = {0};

  lince_tracker_propose (tracker, pyramid, &references, pool, hypotheses, count, plan.mark_trials,
      plan.trial_steps, &statistics);
  return lince_tracker_placements (tracker, pyramid, &references, 0.5f, placements);
}

/* It looks the same at each quarter turn: of these it is taken to be turned least. */
START_TEST (a_symmetrical_mark_is_turned_least)
{
  use_marks (MARK_CROSS, WHITE);
  for (int turned = 0; turned < 4; turned++)
    for (int i = 0; i < 3; i++) {
      LincePlacement placements[LINCE_MAX_PLACEMENTS];
      LinceHypothesis hypothesis;
      Canvas canvas;

      outline (160, 120, 130, 130, -.5 + .5 * i, 0, place);
      canvas = show (0, 0);
      hypothesis = suppose (0, turned);
      ck_assert_uint_eq (propose (&hypothesis, 1, placements), 1);
      ck_assert_msg (corner_error (placements[0].corners, place) < 1.5,
          "a supposed turn by %d quarters too many stays", turned);
      lince_tracker_clear (tracker);
      free_canvas (&canvas);
    }
}
END_TEST

/* One that does not look the same stays upside down. */
START_TEST (any_other_mark_is_turned_as_it_stands)
{
  LincePlacement placements[LINCE_MAX_PLACEMENTS];
  LinceHypothesis hypothesis;
  Canvas canvas;

  use_marks (MARK_RING, ORANGE);
  outline (160, 120, 130, 130, 2.9, 0, place);
  canvas = show (0, 0);
  hypothesis = suppose (0, 0);
  ck_assert_uint_eq (propose (&hypothesis, 1, placements), 1);
  ck_assert_double_lt (corner_error (placements[0].corners, place), 2);
  free_canvas (&canvas);
}
END_TEST

/* Follows to a frame that shows `shown`; the one placement there is. */
static LincePlacement
follow (uint32_t shown, uint32_t frame)
{
  LincePlacement placements[LINCE_MAX_PLACEMENTS];
  Canvas canvas = show (shown, frame);
  uint32_t count;

  lince_tracker_follow (
      tracker, pyramid, &references, pool, &plan, (int64_t) frame * FRAME_TIME, false);
  count = lince_tracker_placements (tracker, pyramid, &references, 0.5f, placements);
  ck_assert_msg (count == 1, "frame %u: %u stand", frame, count);
  free_canvas (&canvas);
  return placements[0];
}

/* Evidence is gathered: what a frame or two say against it does not undo what several said. */
START_TEST (siblings_change_places_when_more_speaks_for_the_other)
{
  LincePlacement placements[LINCE_MAX_PLACEMENTS];
  LinceHypothesis hypotheses[2];
  uint64_t first, other = 0;
  int changed = -1;
  Canvas canvas;

  use_marks (MARK_RING, ORANGE);
  outline (160, 120, 130, 130, .1, 0, place);
  canvas = show (0, 0);
  hypotheses[0] = suppose (0, 0);
  hypotheses[1] = suppose (1, 0);
  ck_assert_uint_eq (propose (hypotheses, 2, placements), 1);
  ck_assert_uint_eq (placements[0].object, 0);
  ck_assert_uint_eq (placements[0].alternative_count, 0);
  ck_assert_uint_eq (lince_tracker_count (tracker), 2);
  first = placements[0].track;
  free_canvas (&canvas);
  for (uint32_t i = 1; i < 5; i++)
    ck_assert_uint_eq (follow (0, i).track, first);
  for (uint32_t i = 5; i < 20; i++) {
    LincePlacement placement = follow (1, i);

    if (placement.object == 0) {
      ck_assert_uint_eq (placement.track, first);
      ck_assert_msg (changed < 0, "frame %u: back again", i);
    } else {
      changed = changed < 0 ? (int) i : changed;
      other = other == 0 ? placement.track : other;
      ck_assert_uint_eq (placement.track, other);
    }
  }
  ck_assert_int_ge (changed, 7);
  ck_assert_int_le (changed, 12);
  /* it was followed all the while */
  ck_assert_uint_le (other, 2);
}
END_TEST

START_TEST (one_whose_leader_is_gone_stands_for_itself)
{
  const uint32_t map[2] = {UINT32_MAX, 1};
  LincePlacement placements[LINCE_MAX_PLACEMENTS];
  LinceHypothesis hypotheses[2];
  Canvas canvas;

  use_marks (MARK_RING, ORANGE);
  outline (160, 120, 130, 130, .1, 0, place);
  canvas = show (0, 0);
  hypotheses[0] = suppose (0, 0);
  hypotheses[1] = suppose (1, 0);
  ck_assert_uint_eq (propose (hypotheses, 2, placements), 1);
  ck_assert_uint_eq (placements[0].object, 0);
  free_canvas (&canvas);
  lince_tracker_renumber (tracker, map, 2);
  ck_assert_uint_eq (follow (1, 1).object, 1);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("track");
  TCase *tests = tcase_create ("track");
  SRunner *runner;
  int failed;

  tcase_set_timeout (tests, 120);
  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, a_symmetrical_mark_is_turned_least);
  tcase_add_test (tests, any_other_mark_is_turned_as_it_stands);
  tcase_add_test (tests, siblings_change_places_when_more_speaks_for_the_other);
  tcase_add_test (tests, one_whose_leader_is_gone_stands_for_itself);
  suite_add_tcase (suite, tests);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
