/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Tracks, from hypotheses that a test gives: how a mark that is symmetrical is turned, how siblings
 * at one place are told apart over frames, and when a print or a bug that agrees in part is taken
 * for another of its design. */
#include "../suite.h"
#include "drawn_reference.h"
#include "golden.h"
#include "marks.h"

#include "recognition/align.h"
#include "recognition/palette.h"
#include "recognition/track.h"

#define WIDTH 320
#define HEIGHT 240
#define FRAME_TIME INT64_C (40000000)
#define WHITE 0xf4f4f4ffu
#define ORANGE 0xf08020ffu
#define COVERED .53 /* share of a print; more is not recognised */

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

static void
look_at (Canvas *canvas, uint32_t frame)
{
  LinceFrame view = canvas_frame (canvas, true, 7 + frame);

  ck_assert (lince_pyramid_resize (pyramid, &view, NULL));
  lince_pyramid_build (pyramid, &view, pool);
}

/* A frame that shows mark `shown` at `place`. */
static Canvas
show (uint32_t shown, uint32_t frame)
{
  Canvas canvas = new_canvas (WIDTH, HEIGHT, GROUND_PLAIN, 0);

  composite (&canvas, &marks[shown].drawn, place, 1, 1, 0);
  look_at (&canvas, frame);
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

/* Proposes both at `place`, on a frame that shows the first: one alone may be placed. */
static void
propose_both (LincePlacement *placements)
{
  Canvas canvas = show (0, 0);
  LinceHypothesis hypotheses[2] = {suppose (0, 0), suppose (1, 0)};

  ck_assert_uint_eq (propose (hypotheses, 2, placements), 1);
  free_canvas (&canvas);
}

/* Mark 0 stands where both are supposed: it alone is placed, the other is followed unseen. Returns
 * its track. */
static uint64_t
stand_between_siblings (void)
{
  LincePlacement placements[LINCE_MAX_PLACEMENTS];

  use_marks (MARK_RING, ORANGE);
  outline (160, 120, 130, 130, .1, 0, place);
  propose_both (placements);
  ck_assert_uint_eq (placements[0].object, 0);
  ck_assert_uint_eq (placements[0].alternative_count, 0);
  ck_assert_uint_eq (lince_tracker_count (tracker), 2);
  return placements[0].track;
}

/* Evidence is gathered: what a frame or two say against it does not undo what several said. */
START_TEST (siblings_change_places_when_more_speaks_for_the_other)
{
  uint64_t first, other = 0;
  int changed = -1;

  first = stand_between_siblings ();
  for (uint32_t i = 1; i < 5; i++)
    ck_assert_uint_eq (follow (0, i).track, first);
  for (uint32_t i = 5; i < 20; i++) {
    LincePlacement placement = follow (1, i);

    if (placement.object == 0) {
      ck_assert_uint_eq (placement.track, first);
      ck_assert_msg (changed < 0, "frame %u: back again", i);
    } else {
      /* what it took to change places still speaks for it */
      ck_assert (changed >= 0 || placement.alternative_count == 0);
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

/* Under a plan that is frugal one that was beaten clearly is looked at now and then only, moves
 * with what beat it in between, and changes places with it all the same. */
START_TEST (a_beaten_sibling_rests)
{
  const LinceRivalry *rivalries;
  float evidence = 0;
  int looks = 0, changed = -1;

  lince_plan_make (LINCE_PLAN_LIVE, WIDTH, HEIGHT, &plan);
  stand_between_siblings ();
  for (uint32_t i = 1; i < 28; i++) {
    outline (160 + 1.5 * i, 120, 130, 130, .1, 0, place);
    ck_assert_uint_eq (follow (0, i).object, 0);
    ck_assert_uint_eq (lince_tracker_rivalries (tracker, &rivalries), 1);
    ck_assert_uint_eq (rivalries->falls.object, 1);
    ck_assert_double_lt (corner_error (rivalries->falls.corners, place), 4);
    looks += i >= 12 && rivalries->falls.evidence != evidence;
    evidence = rivalries->falls.evidence;
  }
  /* of 16 frames */
  ck_assert_int_ge (looks, 1);
  ck_assert_int_le (looks, 3);
  for (uint32_t i = 28; i < 60 && changed < 0; i++)
    changed = follow (1, i).object == 1 ? (int) i : -1;
  ck_assert_int_ge (changed, 28);
}
END_TEST

/* Of two that look the same, marks or prints, one is placed and the other named with it. */
START_TEST (what_cannot_be_told_apart_is_an_alternative)
{
  for (int print = 0; print < 2; print++) {
    LincePlacement placements[LINCE_MAX_PLACEMENTS];

    for (uint32_t i = 0; i < 2; i++) {
      marks[i] = new_reference (
          print ? draw_poster (130, 130, 11) : draw_mark (MARK_RING, false, ORANGE, 0));
      marks[i].reference.mark = !print;
      marks[i].reference.object = i;
    }
    outline (160, 120, 130, 130, .1, 0, place);
    propose_both (placements);
    ck_assert_uint_eq (placements[0].alternative_count, 1);
    ck_assert_uint_eq (placements[0].alternatives[0], 1 - placements[0].object);
    lince_tracker_clear (tracker);
    for (int i = 0; i < 2 && !print; i++)
      free_reference (&marks[i]);
  }
}
END_TEST

/* Of a mark that fades out its sibling may hold for longer: it does not stand for that. */
START_TEST (a_sibling_does_not_outlast_a_mark_that_fades)
{
  const uint32_t map[2] = {UINT32_MAX, 1};
  LincePlacement placements[LINCE_MAX_PLACEMENTS];

  stand_between_siblings ();
  for (uint32_t i = 1; i < 3; i++) {
    Canvas canvas = new_canvas (WIDTH, HEIGHT, GROUND_PLAIN, 0);

    composite (&canvas, &marks[0].drawn, place, 1 - .1 * i, 1, 0);
    look_at (&canvas, i);
    if (i == 2)
      lince_tracker_renumber (tracker, map, 2);
    lince_tracker_follow (
        tracker, pyramid, &references, pool, &plan, (int64_t) i * FRAME_TIME, false);
    ck_assert_uint_eq (
        lince_tracker_placements (tracker, pyramid, &references, 0.5f, placements), i == 1);
    free_canvas (&canvas);
  }
}
END_TEST

/* What regions tell of the sides of a small mark may be wrong. */
START_TEST (a_mark_of_the_screen_is_found_from_sides_that_are_not_its_own)
{
  static const double widths[] = {.72, 1.3};

  use_marks (MARK_RING, ORANGE);
  for (int i = 0; i < 2; i++) {
    LincePlacement placements[LINCE_MAX_PLACEMENTS];
    LinceStatistics statistics = {0};
    LinceHypothesis hypothesis;
    LincePoint right[4];
    Canvas canvas;

    outline (160, 120, 54, 54, 0, 0, place);
    memcpy (right, place, sizeof right);
    canvas = show (0, 0);
    outline (160, 120, 54 * widths[i], 54, 0, 0, place);
    hypothesis = suppose (0, 0);
    hypothesis.upright = true;
    lince_tracker_propose_gathered (tracker, pyramid, pyramid, &references, pool, &hypothesis, 1,
        plan.mark_trials, plan.trial_steps, 0, &statistics);
    ck_assert_msg (lince_tracker_placements (tracker, pyramid, &references, 0.5f, placements) == 1,
        "not found from %.2f of its width", widths[i]);
    ck_assert_double_lt (corner_error (placements[0].corners, right), 1);
    lince_tracker_clear (tracker);
    free_canvas (&canvas);
  }
}
END_TEST

/* One that goes slowly shows in a mean of frames too, but it is where this frame has it, and did
 * not stand. */
START_TEST (a_mark_that_moves_is_placed_where_it_is_now)
{
  LincePyramid *gathered = pyramid;
  LincePlacement placements[LINCE_MAX_PLACEMENTS];
  LinceStatistics statistics = {0};
  LinceHypothesis hypothesis;
  LincePoint now[4];
  Canvas before, canvas;

  use_marks (MARK_RING, ORANGE);
  outline (160, 120, 90, 90, 0, 0, place);
  before = show (0, 0);
  hypothesis = suppose (0, 0);
  hypothesis.upright = true;
  pyramid = lince_pyramid_new (NULL);
  outline (167, 123, 90, 90, 0, 0, place);
  memcpy (now, place, sizeof now);
  canvas = show (0, 1);
  lince_tracker_propose_gathered (tracker, pyramid, gathered, &references, pool, &hypothesis, 1,
      plan.mark_trials, plan.trial_steps, 5 * FRAME_TIME, &statistics);
  ck_assert_uint_eq (lince_tracker_placements (tracker, pyramid, &references, 0.5f, placements), 1);
  ck_assert_double_lt (corner_error (placements[0].corners, now), 1);
  ck_assert_int_eq (placements[0].stood, 0);
  lince_pyramid_free (gathered);
  free_canvas (&before);
  free_canvas (&canvas);
}
END_TEST

START_TEST (one_whose_leader_is_gone_stands_for_itself)
{
  const uint32_t map[2] = {UINT32_MAX, 1};

  stand_between_siblings ();
  lince_tracker_renumber (tracker, map, 2);
  ck_assert_uint_eq (follow (1, 1).object, 1);
}
END_TEST

/* The picture's luma in the opposite colours. */
static DrawnPicture
draw_in_other_colours (const DrawnPicture *drawn)
{
  int width = drawn->picture.width, height = drawn->picture.height;
  DrawnPicture other = new_picture (width, height);

  for (int i = 0; i < width * height; i++) {
    const uint8_t *from = drawn->pixels + 4 * (size_t) i;
    double luma = picture_luma (drawn, i % width, i / width);

    for (int k = 0; k < 3; k++)
      other.pixels[4 * (size_t) i + (size_t) k] =
          (uint8_t) fmin (255, fmax (0, 2 * luma - from[k] + .5));
    other.pixels[4 * (size_t) i + 3] = 255;
  }
  return other;
}

/* How many placements a frame has that shows `drawn` where image 0 is supposed, a plain thing over
 * that share of it. */
static uint32_t
place_covered (const DrawnPicture *drawn, double covered, bool chroma)
{
  Canvas canvas = new_canvas (WIDTH, HEIGHT, GROUND_SLOPE, 0);
  LincePlacement placements[LINCE_MAX_PLACEMENTS];
  LinceHypothesis hypothesis = suppose (0, 0);
  LinceFrame view;
  uint32_t count;

  composite (&canvas, drawn, place, 1, .9, 5);
  for (int y = 0; y < HEIGHT; y++)
    for (int x = (int) (place[1].x - covered * (place[1].x - place[0].x)); x < WIDTH; x++) {
      canvas.full[0][y * WIDTH + x] = 90;
      canvas.full[1][y * WIDTH + x] = 30;
      canvas.full[2][y * WIDTH + x] = -10;
    }
  view = canvas_frame (&canvas, chroma, 5);
  ck_assert (lince_pyramid_resize (pyramid, &view, NULL));
  lince_pyramid_build (pyramid, &view, pool);
  count = propose (&hypothesis, 1, placements);
  lince_tracker_clear (tracker);
  free_canvas (&canvas);
  return count;
}

/* Of a print half of which is seen the colours tell whether it is another of the same design. One
 * that agrees all over may have any, and where a frame has none nothing speaks against it. */
START_TEST (a_covered_print_is_placed_and_one_in_other_colours_is_not)
{
  DrawnPicture other;

  marks[0] = new_reference (draw_poster (160, 120, 11));
  other = draw_in_other_colours (&marks[0].drawn);
  outline (160, 120, 240, 180, 0, 0, place);
  ck_assert_uint_eq (place_covered (&marks[0].drawn, COVERED, true), 1);
  ck_assert_uint_eq (place_covered (&marks[0].drawn, COVERED, false), 1);
  ck_assert_uint_eq (place_covered (&other, COVERED, true), 0);
  ck_assert_uint_eq (place_covered (&other, COVERED, false), 1);
  ck_assert_uint_eq (place_covered (&other, 0, true), 1);
  free_picture (&other);
}
END_TEST

/* How well the colours of image 0 agree with `drawn` where that is shown, tinted by `tint`, a
 * plain thing over that share of it. */
static double
colours_agree (const DrawnPicture *drawn, float tint, double covered)
{
  LinceAligner *aligner = lince_aligner_new (NULL);
  Canvas canvas = new_canvas (WIDTH, HEIGHT, GROUND_PLAIN, 0);
  LinceHypothesis hypothesis = suppose (0, 0);
  LinceAlignment alignment;
  double agreement;

  for (int i = 0; i < WIDTH * HEIGHT; i++)
    canvas.full[1][i] += 60; /* behind what is transparent */
  composite (&canvas, drawn, place, 1, 1, 0);
  for (int i = 0; i < WIDTH * HEIGHT; i++) {
    bool under = i % WIDTH >= (double) place[1].x - covered * (double) (place[1].x - place[0].x);

    canvas.full[0][i] = under ? 90 : canvas.full[0][i];
    canvas.full[1][i] = under ? 60 : canvas.full[1][i];
    canvas.full[2][i] = under ? -50 : canvas.full[2][i] + tint;
  }
  look_at (&canvas, 0);
  ck_assert (lince_align_compare (
      aligner, pyramid, &marks[0].reference, hypothesis.homography, 128, &alignment));
  agreement = (double) lince_palette_agreement (&alignment, pyramid, &marks[0].reference);
  lince_aligner_free (aligner);
  free_canvas (&canvas);
  return agreement;
}

/* A tint, what covers a part and what shows through do not change how colours agree; a picture
 * without colours has none that disagree. */
START_TEST (colours_agree_where_the_picture_is_seen)
{
  DrawnPicture poster = draw_poster (160, 120, 11), grey = new_picture (160, 120), other;

  for (int i = 0; i < 160 * 120; i++) {
    memset (grey.pixels + 4 * i, (int) picture_luma (&poster, i % 160, i / 160), 3);
    grey.pixels[4 * i + 3] = 255;
  }
  outline (160, 120, 240, 180, 0, 0, place);
  marks[0] = new_reference (poster);
  other = draw_in_other_colours (&marks[0].drawn);
  ck_assert_double_gt (colours_agree (&marks[0].drawn, 0, 0), .95);
  ck_assert_double_gt (colours_agree (&marks[0].drawn, 40, 0), .95);
  ck_assert_double_gt (colours_agree (&marks[0].drawn, 0, .5), .95);
  ck_assert_double_lt (colours_agree (&other, 0, 0), -.9);
  ck_assert_double_eq (colours_agree (&grey, 0, 0), 1);
  free_reference (&marks[0]);
  free_picture (&other);
  marks[0] = new_reference (grey);
  poster = draw_poster (160, 120, 11);
  ck_assert_double_eq (colours_agree (&poster, 0, 0), 1);
  free_reference (&marks[0]);
  for (int i = 0; i < 160 * 120; i++)
    if (hypot (i % 160 - 79.5, i / 160 - 59.5) > 60)
      poster.pixels[4 * i + 3] = 0;
  marks[0] = new_reference (poster);
  ck_assert_double_gt (colours_agree (&marks[0].drawn, 0, 0), .995);
}
END_TEST

/* Rows: frame, track, corners, confidence, visible, opacity, of a mark that moves, turns, is
 * covered in part and goes; nothing is proposed after the first frame. */
START_TEST (tracks_are_as_ever)
{
  static const double tolerances[] = {
      .1, .1, .15, .15, .15, .15, .15, .15, .15, .15, .01, .03, .02};
  const LincePoint least = {120, 90};
  Golden got = {.columns = 13};

  use_marks (MARK_RING, ORANGE);
  for (int i = 0; i < 10; i++) {
    LincePlacement placements[LINCE_MAX_PLACEMENTS];
    uint32_t count;
    Canvas canvas;

    outline ((double) least.x + 6 * i, (double) least.y + 3 * i, 100, 100, .03 * i, 0, place);
    canvas = new_canvas (WIDTH, HEIGHT, GROUND_SLOPE, 0);
    if (i < 8)
      composite (&canvas, &marks[0].drawn, place, 1, 1, 0);
    for (int y = 0; y < 60 + 10 * i && i >= 4; y++)
      for (int k = 0; k < 3; k++)
        for (int x = 60; x < 120; x++)
          canvas.full[k][y * WIDTH + x] = k ? 0 : 90;
    look_at (&canvas, (uint32_t) i);
    lince_tracker_follow (tracker, pyramid, &references, pool, &plan, i * FRAME_TIME, false);
    if (i == 0) {
      LinceHypothesis hypothesis = suppose (0, 0);

      count = propose (&hypothesis, 1, placements);
    } else {
      count = lince_tracker_placements (tracker, pyramid, &references, 0.5f, placements);
    }
    ck_assert_uint_eq (count, i < 8);
    if (count > 0) {
      const LincePlacement *p = placements;
      double row[13] = {i, (double) p->track};

      for (int c = 0; c < 4; c++) {
        row[2 + 2 * c] = (double) p->corners[c].x;
        row[3 + 2 * c] = (double) p->corners[c].y;
      }
      row[10] = (double) p->confidence;
      row[11] = (double) p->visible;
      row[12] = (double) p->opacity;
      golden_add (&got, row);
    }
    free_canvas (&canvas);
  }
  golden_check (&got, "tracks", tolerances);
  golden_clear (&got);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("track");
  TCase *tests = tcase_create ("track");

  tcase_set_timeout (tests, 120);
  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, tracks_are_as_ever);
  tcase_add_test (tests, a_symmetrical_mark_is_turned_least);
  tcase_add_test (tests, any_other_mark_is_turned_as_it_stands);
  tcase_add_test (tests, siblings_change_places_when_more_speaks_for_the_other);
  tcase_add_test (tests, a_beaten_sibling_rests);
  tcase_add_test (tests, what_cannot_be_told_apart_is_an_alternative);
  tcase_add_test (tests, a_sibling_does_not_outlast_a_mark_that_fades);
  tcase_add_test (tests, a_mark_of_the_screen_is_found_from_sides_that_are_not_its_own);
  tcase_add_test (tests, a_mark_that_moves_is_placed_where_it_is_now);
  tcase_add_test (tests, one_whose_leader_is_gone_stands_for_itself);
  tcase_add_test (tests, a_covered_print_is_placed_and_one_in_other_colours_is_not);
  tcase_add_test (tests, colours_agree_where_the_picture_is_seen);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
