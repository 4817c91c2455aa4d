/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Marks over frames: where they are placed, in what light, what speaks for them, and for one
 * against another. */
#include "../suite.h"
#include "drawn_reference.h"
#include "golden.h"
#include "marks.h"

#include "recognition/canvas.h"
#include "recognition/gather.h"
#include "recognition/ground.h"
#include "recognition/increment.h"
#include "recognition/lanes.h"
#include "recognition/light.h"
#include "recognition/verify.h"

#define WIDTH 320
#define HEIGHT 240
#define ORANGE 0xf08020ffu
#define WHITE 0xf4f4f4ffu
#define BLUE 0x2040c0ffu
#define CLEAR 0u

static LinceCompositor *compositor;
static LincePyramid *pyramid;
static LincePool *pool;
static Canvas canvas;

static const LinceCompositePlan free_plan = {2, 8, 12288, 0, false};
static const LinceCompositePlan upright_plan = {2, 8, 12288, 0, true, true};

static DrawnReference
new_mark (MarkKind kind, bool part, uint32_t ink, uint32_t field)
{
  DrawnReference mark = new_reference (draw_mark (kind, part, ink, field));

  mark.reference.mark = true;
  return mark;
}

static void
set_up (void)
{
  compositor = lince_compositor_new (NULL);
  pyramid = lince_pyramid_new (NULL);
  pool = lince_pool_new (1, NULL);
  canvas = new_canvas (WIDTH, HEIGHT, GROUND_SLOPE, 0);
}

static void
tear_down (void)
{
  free_canvas (&canvas);
  lince_pool_free (pool);
  lince_pyramid_free (pyramid);
  lince_compositor_free (compositor);
}

static void
ground (Ground kind)
{
  free_canvas (&canvas);
  canvas = new_canvas (WIDTH, HEIGHT, kind, 0);
}

static void
look (bool chroma)
{
  LinceFrame frame = canvas_frame (&canvas, chroma, 5);

  ck_assert (lince_pyramid_resize (pyramid, &frame, NULL));
  lince_pyramid_build (pyramid, &frame, pool);
}

/* A mark's verdict: `fixed` to the screen or not, new or followed. */
static bool
judge (const LinceComposition *composition, const LincePyramid *of, const LinceReference *reference,
    bool fixed, float prior, LinceVerdict *verdict)
{
  LinceMarkClaim claim = {.upright = fixed, .translucent = fixed, .followed = prior > 0};

  return lince_verify_mark (composition, of, reference, &claim, verdict);
}

/* Aligns from `place` moved by some pixels, upright: all corners alike; and judges it. */
static bool
align (const DrawnReference *mark, const LincePoint place[4], float off, bool upright,
    LinceComposition *composition, LinceVerdict *verdict)
{
  static const float x[4] = {1, 0.6f, 0.4f, 0.8f}, y[4] = {-0.7f, -0.4f, -0.5f, -0.2f};
  LincePoint start[4];
  double h[9];

  for (int i = 0; i < 4; i++)
    start[i] =
        (LincePoint){place[i].x + off * x[upright ? 0 : i], place[i].y + off * y[upright ? 0 : i]};
  ck_assert (lince_quad_to_homography (start, mark->reference.width, mark->reference.height, h));
  return lince_composite_align (compositor, pyramid, &mark->reference, h,
             upright ? &upright_plan : &free_plan, composition) &&
         judge (composition, pyramid, &mark->reference, upright, 0, verdict);
}

/* The cases on record. */
static const struct {
  MarkKind kind;
  uint32_t ink, field;
  Ground ground;
  double opacity, gain, lift, turn;
  bool upright, chroma, tells; /* whether the ground tells opacity and gain apart */
} cases[] = {
    {MARK_FLAT, WHITE, BLUE, GROUND_PLAIN, 1, 1, 0, 0, false, true, true},
    {MARK_FLAT, WHITE, BLUE, GROUND_BUSY, 1, .9, 5, .3, false, true, true},
    {MARK_FLAT, WHITE, BLUE, GROUND_SLOPE, .7, 1, 0, 0, true, true, false},
    {MARK_RING, ORANGE, CLEAR, GROUND_PLAIN, 1, .95, 0, .2, false, true, false},
    {MARK_RING, ORANGE, CLEAR, GROUND_BUSY, 1, .95, 0, -.4, false, true, true},
    {MARK_RING, ORANGE, CLEAR, GROUND_SLOPE, .35, 1, 0, 0, true, true, true},
    {MARK_RING, ORANGE, CLEAR, GROUND_SLOPE, .5, 1, 0, 0, true, true, true},
    {MARK_RING, ORANGE, CLEAR, GROUND_SLOPE, .8, .9, 0, 0, true, true, true},
    {MARK_ANGLE, WHITE, CLEAR, GROUND_SLOPE, .6, .9, 0, 0, true, true, true},
    {MARK_ANGLE, WHITE, CLEAR, GROUND_SLOPE, 1, .9, 0, .25, false, true, true},
    {MARK_ANGLE, WHITE, CLEAR, GROUND_SLOPE, 1, .9, 0, .25, false, false, true},
    {MARK_WORD, WHITE, CLEAR, GROUND_SLOPE, .4, 1, 0, 0, true, true, true},
    {MARK_WORD, WHITE, CLEAR, GROUND_BUSY, 1, 1, 0, .1, false, true, true},
    {MARK_WORD, ORANGE, CLEAR, GROUND_PLAIN, 1, 1, 0, 0, true, true, false},
};

#define CASES ((int) (sizeof cases / sizeof cases[0]))

static DrawnReference
draw_case (int number, LincePoint place[4])
{
  DrawnReference mark =
      new_mark (cases[number].kind, false, cases[number].ink, cases[number].field);
  bool word = cases[number].kind == MARK_WORD;

  ground (cases[number].ground);
  outline (163.3, 118.6, word ? 180 : 96, word ? 54 : 96, cases[number].turn,
      cases[number].turn != 0 ? .08 : 0, place);
  composite (
      &canvas, &mark.drawn, place, cases[number].opacity, cases[number].gain, cases[number].lift);
  look (cases[number].chroma);
  return mark;
}

/* The largest error where there is ink: what is transparent has no pixels to hold it. */
static double
ink_error (const DrawnReference *mark, MarkKind kind, const double h[9], const LincePoint place[4])
{
  double truth[9], most = 0;

  ck_assert (
      lince_quad_to_homography (place, mark->reference.width, mark->reference.height, truth));
  for (int i = 0; i < 20 * 20; i++) {
    double u = (i % 20 + .5) / 20, v = (i / 20 + .5) / 20, x, y, x0, y0;

    if (kind != MARK_FLAT && !mark_has_ink (kind, false, u, v))
      continue;
    u *= mark->reference.width;
    v *= mark->reference.height;
    ck_assert (lince_homography_map (truth, u, v, &x0, &y0));
    ck_assert (lince_homography_map (h, u, v, &x, &y));
    most = fmax (most, hypot (x - x0, y - y0));
  }
  return most;
}

START_TEST (a_mark_is_placed_in_its_light)
{
  for (int i = 0; i < CASES; i++) {
    LincePoint place[4];
    DrawnReference mark = draw_case (i, place);
    LinceComposition c;
    LinceVerdict v;

    for (int off = 0; off <= 4; off += 2) {
      double error;

      ck_assert_msg (align (&mark, place, (float) off, cases[i].upright, &c, &v), "case %d", i);
      error = ink_error (&mark, cases[i].kind, c.homography, place);
      ck_assert_msg (error < 0.5, "case %d from %d: off by %.2f pixels", i, off, error);
      ck_assert_msg (!cases[i].tells || fabs ((double) c.light.opacity - cases[i].opacity) < 0.1,
          "case %d from %d: opacity %.2f", i, off, (double) c.light.opacity);
      ck_assert_float_eq (v.light.opacity, c.light.opacity);
      ck_assert_msg (c.agreement > 0.95f, "case %d: agreement %.3f", i, (double) c.agreement);
      ck_assert_msg (v.confidence >= 0.5f, "case %d: confidence %.3f", i, (double) v.confidence);
    }
    free_reference (&mark);
  }
}
END_TEST

/* Case, four corners, opacity, gain, lift, agreement. */
START_TEST (compositions_are_those_on_record)
{
  static const double tolerances[] = {0, .15, .15, .15, .15, .15, .15, .15, .15, .02, .02, .5, .02};
  Golden got = {.columns = 13};

  for (int i = 0; i < CASES; i++) {
    LincePoint place[4];
    DrawnReference mark = draw_case (i, place);
    LinceComposition c;
    LinceVerdict v;
    double row[13] = {i};

    ck_assert (align (&mark, place, 3, cases[i].upright, &c, &v));
    for (int k = 0; k < 4; k++) {
      row[1 + 2 * k] = v.corners[k].x;
      row[2 + 2 * k] = v.corners[k].y;
    }
    row[9] = c.light.opacity;
    row[10] = c.light.gain;
    row[11] = c.light.lift;
    row[12] = c.agreement;
    golden_add (&got, row);
    free_reference (&mark);
  }
  golden_check (&got, "compositions", tolerances);
  golden_clear (&got);
}
END_TEST

/* Makes of what is drawn in BT.601 what a camera of BT.709 would have sent. */
static void
recode_in_bt709 (void)
{
  for (int i = 0; i < canvas.width * canvas.height; i++) {
    double y = (double) canvas.full[0][i] - 16, cb = (double) canvas.full[1][i],
           cr = (double) canvas.full[2][i];
    double scale = 219.0 / 224.0; /* chroma as it is in luma's steps */
    double red = y + 1.402 * scale * cr, blue = y + 1.772 * scale * cb;
    double green = (y - .299 * red - .114 * blue) / .587;
    double luma = .2126 * red + .7152 * green + .0722 * blue;

    canvas.full[0][i] = (float) (16 + luma);
    canvas.full[1][i] = (float) ((blue - luma) / 1.8556 / scale);
    canvas.full[2][i] = (float) ((red - luma) / 1.5748 / scale);
  }
}

START_TEST (the_matrix_of_the_frame_counts)
{
  LincePoint place[4];
  DrawnReference mark = new_mark (MARK_RING, false, 0x20c040ff, CLEAR);
  LinceComposition before, after;
  LinceVerdict v;
  LinceFrame frame;

  outline (163.3, 118.6, 96, 96, 0, 0, place);
  ground (GROUND_SLOPE);
  composite (&canvas, &mark.drawn, place, .6, 1, 0);
  look (true);
  ck_assert (align (&mark, place, 2, true, &before, &v));
  recode_in_bt709 ();
  frame = canvas_frame (&canvas, true, 5);
  frame.matrix = LINCE_COLOUR_BT709;
  ck_assert (lince_pyramid_resize (pyramid, &frame, NULL));
  lince_pyramid_build (pyramid, &frame, pool);
  ck_assert (align (&mark, place, 2, true, &after, &v));
  ck_assert_float_eq_tol (after.light.opacity, before.light.opacity, 0.03f);
  ck_assert_float_eq_tol (after.light.gain, before.light.gain, 0.03f);
  ck_assert_float_eq_tol (after.light.lift, before.light.lift, 1.5f);
  ck_assert_float_eq_tol (after.evidence, before.evidence, 0.05f * before.evidence);
  /* and is not taken for granted */
  frame.matrix = LINCE_COLOUR_UNKNOWN;
  lince_pyramid_build (pyramid, &frame, pool);
  ck_assert (align (&mark, place, 2, true, &after, &v));
  ck_assert_float_gt (fabsf (after.light.gain - before.light.gain), 0.05f);
  free_reference (&mark);
}
END_TEST

/* As light as its ground: only chroma shows it. */
START_TEST (colour_alone_places_a_mark)
{
  DrawnReference mark = new_mark (MARK_RING, false, 0xc84a3cff, CLEAR);
  double colour[4];
  LincePoint place[4];
  LinceComposition c;
  LinceVerdict v = {0};

  video_colour (mark.drawn.pixels + 4 * (40 * 120 + 15), colour);
  ck_assert_double_eq_tol (colour[3], 1, 1e-6);
  ck_assert_double_gt (fabs (colour[1]) + fabs (colour[2]), 40);
  outline (160.6, 120.3, 100, 100, 0, 0, place);
  ground (GROUND_PLAIN);
  composite (&canvas, &mark.drawn, place, 1, .95, 110 - .95 * colour[0]);
  look (true);
  ck_assert (align (&mark, place, 2, true, &c, &v));
  ck_assert_double_lt (corner_error (v.corners, place), 0.5);
  ck_assert_float_ge (v.confidence, 0.5f);
  look (false);
  ck_assert (!align (&mark, place, 2, true, &c, &v) || v.confidence < 0.1f);
  free_reference (&mark);
}
END_TEST

START_TEST (nothing_is_seen_where_nothing_stands)
{
  const DrawnReference marks[] = {new_mark (MARK_FLAT, false, WHITE, BLUE),
      new_mark (MARK_RING, false, ORANGE, CLEAR), new_mark (MARK_WORD, false, WHITE, CLEAR)};

  for (int kind = GROUND_PLAIN; kind <= GROUND_BUSY; kind++) {
    ground ((Ground) kind);
    look (true);
    for (int i = 0; i < 60; i++) {
      LincePoint place[4];
      LinceComposition c;
      LinceVerdict v = {0};
      const DrawnReference *mark = &marks[i % 3];

      outline (60 + 3 * i, 60 + 2 * i, i % 3 == 2 ? 120 : 60 + i / 2, i % 3 == 2 ? 36 : 60 + i / 2,
          i % 2 ? 0 : 0.1 * i, 0, place);
      ck_assert_msg (!align (mark, place, 0, i % 2, &c, &v) || v.confidence < 0.3f,
          "ground %d, place %d: confidence %.3f", kind, i, (double) v.confidence);
    }
  }
  for (int i = 0; i < 3; i++) {
    DrawnReference mark = marks[i];

    free_reference (&mark);
  }
}
END_TEST

/* Another mark, in place of the right one, by its shape or its colours. */
START_TEST (another_mark_is_refused)
{
  DrawnReference right = new_mark (MARK_ANGLE, false, WHITE, CLEAR);
  DrawnReference wrong[] = {new_mark (MARK_RING, false, WHITE, CLEAR),
      new_mark (MARK_FLAT, false, WHITE, BLUE), new_mark (MARK_WORD, false, WHITE, CLEAR),
      new_mark (MARK_ANGLE, false, 0x101010ff, CLEAR),
      new_mark (MARK_ANGLE, false, 0x00c000ff, CLEAR)};
  LincePoint place[4];

  outline (160, 120, 100, 100, 0, 0, place);
  composite (&canvas, &right.drawn, place, 1, 1, 0);
  look (true);
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    for (int off = 0; off <= 6; off += 2) {
      LinceComposition c;
      LinceVerdict v = {0};

      ck_assert_msg (!align (&wrong[i], place, (float) off, off % 4, &c, &v) || v.confidence < 0.3f,
          "mark %zu: confidence %.3f", i, (double) v.confidence);
    }
    free_reference (&wrong[i]);
  }
  free_reference (&right);
}
END_TEST

static float
rivals (const DrawnReference *first, const DrawnReference *second, const LincePoint place[4])
{
  LinceComposition a = {0}, b = {0};

  ck_assert (lince_quad_to_homography (
      place, first->reference.width, first->reference.height, a.homography));
  ck_assert (lince_quad_to_homography (
      place, second->reference.width, second->reference.height, b.homography));
  return lince_composite_rivals (
      compositor, pyramid, &first->reference, &a, &second->reference, &b, 12288);
}

/* Siblings that differ in a part or in colour only, opaque and translucent, on every ground. */
START_TEST (the_pixels_speak_for_the_right_sibling)
{
  static const MarkKind kinds[] = {MARK_FLAT, MARK_RING, MARK_ANGLE, MARK_WORD};

  for (int i = 0; i < 4 * 2 * 3; i++) {
    MarkKind kind = kinds[i % 4];
    bool colour = i / 4 % 2;
    Ground over = i / 8 == 0 ? GROUND_PLAIN : i / 8 == 1 ? GROUND_SLOPE : GROUND_BUSY;
    DrawnReference mark = new_mark (kind, false, ORANGE, kind == MARK_FLAT ? BLUE : CLEAR);
    DrawnReference sibling =
        new_mark (kind, !colour, colour ? 0x20b0c0ff : ORANGE, kind == MARK_FLAT ? BLUE : CLEAR);
    LincePoint place[4];
    float for_it, against;

    ground (over);
    outline (160, 120, kind == MARK_WORD ? 180 : 100, kind == MARK_WORD ? 54 : 100, 0, 0, place);
    composite (&canvas, &mark.drawn, place, over == GROUND_SLOPE ? .6 : 1, 1, 0);
    look (true);
    for_it = rivals (&mark, &sibling, place);
    against = rivals (&sibling, &mark, place);
    ck_assert_msg (for_it > 3 && against < -3, "case %d: %.1f for it, %.1f for its sibling", i,
        (double) for_it, (double) against);
    ck_assert_float_eq_tol (for_it, -against, 0.35f * for_it);
    ck_assert_float_eq (rivals (&mark, &mark, place), 0);
    free_reference (&mark);
    free_reference (&sibling);
  }
}
END_TEST

/* Chroma of half the sides takes most of the colour from strokes of two pixels: they agree as if it
 * had not. */
START_TEST (thin_strokes_keep_their_luma_and_agree)
{
  DrawnReference mark = new_mark (MARK_SMALL, false, 0x00d050ff, CLEAR);
  LincePoint place[4];
  LinceComposition c;
  LinceVerdict v = {0};

  ground (GROUND_PLAIN);
  outline (160, 120, 72, 27, 0, 0, place);
  composite (&canvas, &mark.drawn, place, 1, 1, 0);
  look (true);
  ck_assert (align (&mark, place, .5f, true, &c, &v));
  ck_assert_float_gt (c.agreement, 0.99f);
  ck_assert_float_gt (c.evidence / c.contrast, 4.6f); /* 4.4 if chroma were as sharp as luma */
  free_reference (&mark);
}
END_TEST

/* The frame's ground changes below a mark that is wide, where nothing but what shows through tells
 * it. */
START_TEST (what_shows_through_a_mark_is_its_ground)
{
  DrawnReference mark = new_mark (MARK_FLAT, false, WHITE, BLUE);
  LincePoint place[4];
  LinceComposition c;
  LinceVerdict v = {0};

  ground (GROUND_PLAIN);
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) {
      float far = hypotf ((float) x - 160, (float) y - 120) / 20;

      canvas.full[0][y * WIDTH + x] -= 90 * expf (-far * far);
    }
  outline (160, 120, 140, 140, 0, 0, place);
  composite (&canvas, &mark.drawn, place, .3, 1, 0);
  look (true);
  ck_assert (align (&mark, place, .5f, true, &c, &v));
  ck_assert_float_eq_tol (c.light.opacity, 0.3f, 0.03f);
  ck_assert_float_gt (c.evidence / c.contrast, 3.33f); /* 3.28 from what lies around alone */
  free_reference (&mark);
}
END_TEST

/* Of small words nothing is left beside the edges. */
START_TEST (a_word_of_a_few_pixels_counts)
{
  DrawnReference mark = new_mark (MARK_SMALL, false, WHITE, 0xccd0d4ff);
  DrawnReference sibling = new_mark (MARK_SMALL, true, WHITE, 0xccd0d4ff);
  LincePoint place[4];

  ground (GROUND_SLOPE);
  outline (160, 120, 48, 18, 0, 0, place);
  composite (&canvas, &mark.drawn, place, 1, 1, 0);
  look (true);
  ck_assert_float_gt (rivals (&mark, &sibling, place), 0.5f);
  ck_assert_float_lt (rivals (&sibling, &mark, place), -0.5f);
  free_reference (&mark);
  free_reference (&sibling);
}
END_TEST

/* A word tells siblings apart although the right one lies a part of a pixel beside its place, in a
 * light that was measured before. */
START_TEST (a_word_counts_for_more_than_all_edges)
{
  DrawnReference mark = new_mark (MARK_SMALL, false, ORANGE, CLEAR);
  DrawnReference sibling = new_mark (MARK_SMALL, true, ORANGE, CLEAR);
  LinceComposition a = {.light = {.8f, .95f, 0}}, b = {.light = {.9f, 1, 0}};
  LincePoint place[4], beside[4];
  float for_it, against;

  ground (GROUND_SLOPE);
  outline (160, 120, 240, 90, 0, 0, place);
  composite (&canvas, &mark.drawn, place, .9, 1, 0);
  look (true);
  for (int i = 0; i < 4; i++)
    beside[i] = (LincePoint){place[i].x + 1, place[i].y - 1};
  ck_assert (
      lince_quad_to_homography (beside, mark.reference.width, mark.reference.height, a.homography));
  ck_assert (lince_quad_to_homography (
      place, sibling.reference.width, sibling.reference.height, b.homography));
  for_it = lince_composite_rivals (
      compositor, pyramid, &mark.reference, &a, &sibling.reference, &b, 12288);
  against = lince_composite_rivals (
      compositor, pyramid, &sibling.reference, &b, &mark.reference, &a, 12288);
  ck_assert_float_gt (for_it, 3);
  ck_assert_float_lt (against, -3);
  free_reference (&mark);
  free_reference (&sibling);
}
END_TEST

/* Faded to nothing, also one that was followed is refused; before that it is held. */
START_TEST (what_fades_out_is_refused_when_it_is_gone)
{
  DrawnReference mark = new_mark (MARK_WORD, false, WHITE, CLEAR);
  float last = 1.01f;

  for (int i = 5; i >= 0; i--) {
    LincePoint place[4];
    LinceComposition c;
    LinceVerdict v = {0};
    bool placed;

    ground (GROUND_SLOPE);
    outline (160, 120, 180, 54, 0, 0, place);
    composite (&canvas, &mark.drawn, place, i / 5., 1, 0);
    look (true);
    placed = align (&mark, place, .5f, true, &c, &v) &&
             judge (&c, pyramid, &mark.reference, true, LINCE_VERIFY_FOLLOWED, &v);
    if (i == 0)
      ck_assert (!placed || v.confidence < 0.1f);
    else {
      ck_assert_msg (placed && v.confidence >= 0.5f, "opacity %.1f", i / 5.);
      ck_assert_float_lt (c.light.opacity, last);
      last = c.light.opacity;
    }
  }
  free_reference (&mark);
}
END_TEST

/* What raises doubt lowers confidence; a mark that is followed needs less. */
START_TEST (a_verdict_weighs_votes_agreement_and_light)
{
  DrawnReference mark = new_mark (MARK_FLAT, false, WHITE, BLUE);
  const LinceComposition good = {.homography = {1, 0, 50, 0, 1, 40, 0, 0, 1},
      .light = {1, .95f, 0},
      .evidence = 125,
      .contrast = 50,
      .agreement = 1};
  LinceComposition worse[6];
  LinceVerdict v, w;

  look (true);
  ck_assert (judge (&good, pyramid, &mark.reference, false, 0, &v));
  ck_assert_float_eq (v.inside, 1);
  ck_assert_float_eq (v.visible, 1);
  ck_assert_float_eq_tol (v.corners[2].x, 170, 1e-3f);
  for (int i = 0; i < 6; i++)
    worse[i] = good;
  worse[0].evidence = 100;
  worse[1].agreement = .8f;
  worse[2].light.gain = .6f;
  worse[3].light.lift = 15;
  worse[4].light.opacity = .6f;
  worse[5].contrast = worse[5].evidence = 0;
  for (int i = 0; i < 5; i++) {
    ck_assert (judge (&worse[i], pyramid, &mark.reference, false, 0, &w));
    ck_assert_msg (w.confidence < v.confidence && w.evidence < v.evidence, "doubt %d", i);
    ck_assert (judge (&worse[i], pyramid, &mark.reference, false, LINCE_VERIFY_FOLLOWED, &v));
    ck_assert_float_gt (v.evidence, w.evidence);
    ck_assert (judge (&good, pyramid, &mark.reference, false, 0, &v));
  }
  ck_assert (!judge (&worse[5], pyramid, &mark.reference, false, 0, &w));
  /* a mark fixed to the screen may be translucent */
  ck_assert (judge (&good, pyramid, &mark.reference, true, 0, &v));
  ck_assert (judge (&worse[4], pyramid, &mark.reference, true, 0, &w));
  ck_assert_float_eq (w.evidence, v.evidence);
  free_reference (&mark);
}
END_TEST

/* The buffers are of exactly their size, for the address sanitizer to see. */
START_TEST (no_place_leads_out_of_the_frame)
{
  static const double maps[][9] = {
      {1, 0, WIDTH - 60, 0, 1, HEIGHT - 60, 0, 0, 1},
      {1, 0, -60, 0, 1, -60, 0, 0, 1},
      {NAN, 0, 0, 0, 1, 0, 0, 0, 1},
      {1, 0, 0, 0, 1, 0, 0, 0, NAN},
      {1, 0, 0, 0, 1, 0, 0, 0, 0},
      {0, 0, 0, 0, 0, 0, 0, 0, 1},
      {1e30, 0, 0, 0, 1e30, 0, 0, 0, 1},
      {1, 0, 0, 0, 1, 0, -1.0 / 120, 0, 1},
      {1, 0, 0, 0, 1, 0, 1e9, 1e9, 1},
      {-1, 0, 128, 0, -1, 96, 0, 0, -1},
      {3, 0, -40, 0, 3, -60, 0, 0, 1},
      {.02, 0, 10, 0, .02, 10, 0, 0, 1},
      {1, 0, 60, .0, .2, 60, 0, 0, 1},
  };
  DrawnReference mark = new_mark (MARK_RING, false, ORANGE, CLEAR);
  DrawnReference other = new_mark (MARK_WORD, false, WHITE, CLEAR);

  ground (GROUND_BUSY);
  look (true);
  for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
    LinceComposition c, a = {0}, b = {0};

    if (lince_composite_align (compositor, pyramid, &mark.reference, maps[i], &free_plan, &c)) {
      ck_assert (isfinite (c.evidence) && isfinite (c.light.opacity) && isfinite (c.homography[2]));
      ck_assert_msg (i < 2 || i == 9 || i == 10, "map %zu is not plausible", i);
    }
    memcpy (a.homography, maps[i], sizeof maps[i]);
    memcpy (b.homography, maps[(i + 1) % 2], sizeof maps[i]);
    ck_assert (isfinite (lince_composite_rivals (
        compositor, pyramid, &mark.reference, &a, &other.reference, &b, 4096)));
    ck_assert (isfinite (lince_composite_rivals (
        compositor, pyramid, &other.reference, &b, &mark.reference, &a, 4096)));
  }
  free_reference (&mark);
  free_reference (&other);
}
END_TEST

/* Displacements that a known warp of the picture causes give back the homography. */
START_TEST (an_increment_undoes_a_warp)
{
  const double expected[LINCE_INCREMENT_PARAMETERS] = {1, 1, 1, 1, 1, 1, 1, 1};
  const double to_reference[9] = {50, 0, 50, 0, 50, 50, 0, 0, 1};
  const double warp[8] = {.01, -.02, .03, .015, -.01, -.02, .004, -.003};
  double h[9] = {1, 0, 20, 0, 1, 30, 0, 0, 1}, x, y, moved;
  LinceIncrement increment = {0};

  for (int i = 0; i < 81; i++) {
    double u = (i % 9) / 4. - 1, v = (i / 9) / 4. - 1;
    double w = 1 + warp[6] * u + warp[7] * v;
    double du = ((1 + warp[0]) * u + warp[1] * v + warp[2]) / w - u;
    double dv = (warp[3] * u + (1 + warp[4]) * v + warp[5]) / w - v;
    double tensor[3] = {40, 5, 30};

    lince_increment_add (&increment, u, v, 50, 1, tensor,
        (double[2]){
            50 * (tensor[0] * du + tensor[1] * dv), 50 * (tensor[1] * du + tensor[2] * dv)});
  }
  moved = lince_increment_apply (&increment, expected, 50, to_reference, h);
  ck_assert_double_gt (moved, 1);
  ck_assert_double_lt (moved, 2);
  /* the point that the warp takes to (u, v) is where (u, v) was seen before */
  for (int i = 0; i < 9; i++) {
    double u = i % 3 - 1., v = i / 3 - 1., w = 1 + warp[6] * u + warp[7] * v;
    double wu = ((1 + warp[0]) * u + warp[1] * v + warp[2]) / w;
    double wv = (warp[3] * u + (1 + warp[4]) * v + warp[5]) / w;

    ck_assert (lince_homography_map (h, 50 + 50 * wu, 50 + 50 * wv, &x, &y));
    ck_assert_double_eq_tol (x, 20 + 50 + 50 * u, .15);
    ck_assert_double_eq_tol (y, 30 + 50 + 50 * v, .15);
  }
}
END_TEST

START_TEST (an_increment_of_nothing_or_not_a_number_is_safe)
{
  const double expected[LINCE_INCREMENT_PARAMETERS] = {1, 1, 1, 1, 1, 1, 1, 1};
  const double to_reference[9] = {50, 0, 50, 0, 50, 50, 0, 0, 1};
  double h[9] = {1, 0, 20, 0, 1, 30, 0, 0, 1}, before[9];
  LinceIncrement increment = {0};

  memcpy (before, h, sizeof h);
  ck_assert_double_eq_tol (
      lince_increment_apply (&increment, expected, 50, to_reference, h), 0, 1e-12);
  for (int i = 0; i < 9; i++)
    ck_assert_double_eq_tol (h[i], before[i], 1e-9);
  memcpy (before, h, sizeof h);
  memset (&increment, 0, sizeof increment);
  lince_increment_add (&increment, 0, 0, 50, 1, (double[3]){NAN, 0, 1}, (double[2]){1, 1});
  ck_assert_double_lt (lince_increment_apply (&increment, expected, 50, to_reference, h), 0);
  ck_assert_mem_eq (h, before, sizeof h);
}
END_TEST

START_TEST (lanes_stay_within_the_picture)
{
  uint8_t *pixels = malloc (12);
  LinceGrey grey = {pixels, 4, 4, 3};
  const LinceLanes x = {-5, 0, 1.5f, 3, 99, NAN, INFINITY, .25f};
  const LinceLanes y = {-1, 0, .5f, 2, 99, NAN, -INFINITY, 1};
  const float expected[8] = {0, 0, 20 * .5f + 1.5f * 1, 43, 43, 0, 3, 20.25f};
  float got[8];

  for (int i = 0; i < 12; i++)
    pixels[i] = (uint8_t) (20 * (i / 4) + i % 4);
  lince_lanes_store (got, lince_lanes_sample (&grey, x, y));
  for (int i = 0; i < 8; i++)
    ck_assert_float_eq_tol (got[i], expected[i], .25f);
  ck_assert_float_eq (got[2], expected[2]);
  ck_assert_float_eq (lince_lanes_sum ((LinceLanes){1, 2, 3, 4, 5, 6, 7, 8}), 36);
  free (pixels);
}
END_TEST

/* --- the ground ------------------------------------------------------------------------------ */

#define GROUND_SIDE 24
#define GROUND_RADIUS 6 /* a quarter of the side */

/* A solid square with an edge around it on a slope, of which the first two rows lie outside of the
 * frame. */
static void
draw_ground (LinceCanvas *c)
{
  c->columns = c->rows = c->stride = GROUND_SIDE;
  c->count = GROUND_SIDE * GROUND_SIDE;
  c->components = LINCE_CANVAS_COMPONENTS;
  for (int i = 0; i < c->count; i++) {
    int x = i % GROUND_SIDE, y = i / GROUND_SIDE, far = abs (2 * x - 23) + 1;

    far = (far > abs (2 * y - 23) + 1 ? far : abs (2 * y - 23) + 1) / 2;
    c->alpha[i] = far <= 4 ? 1 : far == 5 ? .5f : 0;
    c->soft_alpha[i] = .9f * c->alpha[i];
    c->valid[i] = y >= 2;
    for (int k = 0; k < c->components; k++) {
      c->colour[k][i] = (float) (200 - 60 * k + x);
      c->frame[k][i] = far <= 4 ? (float) (150 - 20 * k + y) : (float) (80 - 10 * k + x + 2 * y);
    }
  }
}

/* The mean that the ground should be at a pixel: of all around it by their weights, with two of the
 * whole canvas' mean. */
static double
mean_around (const double *weights, const double *values, int x, int y)
{
  double all = 0, sum = 0, near = 2, near_sum = 0;

  for (int i = 0; i < GROUND_SIDE * GROUND_SIDE; i++) {
    all += weights[i];
    sum += weights[i] * values[i];
    if (abs (i % GROUND_SIDE - x) <= GROUND_RADIUS && abs (i / GROUND_SIDE - y) <= GROUND_RADIUS) {
      near += weights[i];
      near_sum += weights[i] * values[i];
    }
  }
  return (near_sum + 2 * sum / all) / near;
}

static void
check_ground (const LinceCanvas *c, int k, const double *weights, const double *values)
{
  for (int i = 0; i < c->count; i++)
    ck_assert_double_eq_tol ((double) c->ground[k][i],
        mean_around (weights, values, i % GROUND_SIDE, i / GROUND_SIDE), 2e-3);
}

/* An edge tells a fiftieth, a solid part nothing; seen through, the square of what is clear. */
START_TEST (the_ground_is_a_weighted_mean)
{
  static const float lights[][3] = {{.6f, .5f, 7}, {1, .95f, -3}};
  static double weights[GROUND_SIDE * GROUND_SIDE], values[GROUND_SIDE * GROUND_SIDE];
  LinceCanvas *c = calloc (1, sizeof *c);

  draw_ground (c);
  lince_ground_estimate (c);
  for (int k = 0; k < c->components; k++) {
    for (int i = 0; i < c->count; i++) {
      weights[i] = c->alpha[i] == 1 ? 0 : c->alpha[i] > 0 ? .5 * .02 : 1;
      weights[i] *= (double) c->valid[i];
      values[i] = (double) c->frame[k][i];
    }
    check_ground (c, k, weights, values);
  }
  for (int n = 0; n < 2; n++) {
    const float *light = lights[n];

    lince_ground_look_through (c, light);
    for (int k = 0; k < c->components; k++) {
      for (int i = 0; i < c->count; i++) {
        double clear = 1 - (double) light[0], a = c->alpha[i] == 1 ? (k == 0 ? 1 : .9) : 0;
        double mark = (double) light[1] * (double) c->colour[k][i];

        weights[i] = c->alpha[i] == 1 ? clear * clear : c->alpha[i] > 0 ? .5 * .02 : 1;
        weights[i] *= (double) c->valid[i];
        values[i] = (double) c->frame[k][i] - a * (mark + (k == 0 ? (double) light[2] : 0));
        values[i] /= fmax (1 - a * (double) light[0], .05);
      }
      check_ground (c, k, weights, values);
    }
  }
  free (c);
}
END_TEST

/* The mark as it is seen in a light, on a slope, above row `end`; below in another. */
static void
draw_in_light (LinceCanvas *c, const LinceLight *above, int end, const LinceLight *below)
{
  draw_ground (c);
  for (int k = 0; k < c->components; k++)
    for (int i = 0; i < c->count; i++) {
      const LinceLight *light = i / GROUND_SIDE < end ? above : below;
      float alpha = k == 0 ? c->alpha[i] : c->soft_alpha[i], lift = k == 0 ? light->lift : 0;

      c->ground[k][i] = (float) (40 + 2 * (i % GROUND_SIDE) - 10 * k);
      c->frame[k][i] = c->ground[k][i] + alpha * (light->scale * c->colour[k][i] + lift -
                                                     light->opacity * c->ground[k][i]);
    }
}

/* In one light it is found; in two, the one that explains more, from wherever the search begins;
 * where nothing is seen, the usual. */
START_TEST (the_light_explains_most)
{
  const LinceLight opaque = {1, .95f, 0}, half = {.5f, .475f, 0}, open = {.7f, .665f, 0},
                   dim = {.8f, .56f, 0};
  LinceCanvas *c = calloc (1, sizeof *c);
  LinceLight light;

  draw_in_light (c, &open, GROUND_SIDE, &open);
  lince_light_fit (c, .15f, &light);
  ck_assert_float_eq_tol (light.opacity, .7f, .02f);
  ck_assert_float_eq_tol (light.scale, .665f, .02f);
  ck_assert_float_eq_tol (light.lift, 0, .5f);
  draw_in_light (c, &opaque, 14, &half);
  lince_light_fit (c, .15f, &light);
  ck_assert_float_gt (light.opacity, .85f);
  draw_in_light (c, &half, 14, &opaque);
  lince_light_fit (c, .15f, &light);
  ck_assert_float_lt (light.opacity, .65f);
  draw_in_light (c, &dim, GROUND_SIDE, &dim);
  lince_light_fit (c, .15f, &light);
  /* dimmer than usual: .75 if the usual did not weigh the more the more pixels there are */
  ck_assert_float_eq_tol (light.opacity, .723f, .01f);
  memset (c->valid, 0, sizeof c->valid);
  lince_light_fit (c, .15f, &light);
  ck_assert_float_eq_tol (light.opacity, .8f, 1e-3f);
  ck_assert_float_eq_tol (light.scale, .76f, 1e-3f);
  ck_assert_float_eq_tol (light.lift, 0, 1e-3f);
  free (c);
}
END_TEST

/* Where a mark leaves the frame its pixels do not count: nor those within half a pixel of the edge,
 * which would be sampled beyond it. */
START_TEST (what_leaves_the_frame_does_not_count)
{
  static const double corners[][2] = {
      {100, 80}, {-30, 60}, {WIDTH - 80, 60}, {90, -40}, {90, HEIGHT - 70}};
  DrawnReference mark = new_mark (MARK_RING, false, ORANGE, CLEAR);
  LinceCanvas *c = calloc (1, sizeof *c);

  look (true);
  lince_canvas_take_reference (c, &mark.reference, 0);
  for (int n = 0; n < 5; n++) {
    const double h[9] = {1, 0, corners[n][0], 0, 1, corners[n][1], 0, 0, 1};

    ck_assert (lince_canvas_take_frame (c, pyramid, h, 1));
    for (int i = 0; i < c->count; i++) {
      double x = i % c->stride + .5 - c->margin + corners[n][0];
      double y = i / c->stride + .5 - c->margin + corners[n][1];
      bool inside =
          i % c->stride < c->columns && x > .5 && y > .5 && x < WIDTH - .5 && y < HEIGHT - .5;

      ck_assert_msg (c->valid[i] == (inside ? 1 : 0), "place %d, pixel %d", n, i);
    }
  }
  free (c);
  free_reference (&mark);
}
END_TEST

/* Frames of which each is `base` and its number: planar or packed, means against sums of their own.
 */
static uint8_t
gathered_sample (int frame, int k, int x, int y)
{
  return (uint8_t) (x * 3 + y * 5 + k * 40 + frame * (7 + k) + (frame * x) % 11);
}

static void
fill_frame (int number, uint8_t *planes[3], int width, int height, int step)
{
  for (int k = 0; k < 3; k++)
    for (int y = 0; y < (k ? height / 2 : height); y++)
      for (int x = 0; x < (k ? width / 2 : width); x++)
        planes[k][(y * (k ? width / 2 : width) + x) * step] = gathered_sample (number, k, x, y);
}

static void
check_mean (const LinceGather *gather, int component, int first, int last, int width, int height)
{
  const LincePyramid *mean = lince_gather_pyramid (gather);
  const LinceGrey *grey = component == 0 ? &lince_pyramid_octave (mean, 0)->grey
                                         : &lince_pyramid_chroma (mean, component - 1, 0)->grey;

  ck_assert_int_eq (grey->width, width);
  ck_assert_int_eq (grey->height, height);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      double sum = 0;

      for (int i = first; i <= last; i++)
        sum += gathered_sample (i, component, x, y);
      ck_assert_double_eq_tol (grey->data[y * grey->stride + x], sum / (last - first + 1), .52);
    }
}

START_TEST (means_are_of_the_last_two_blocks)
{
  enum { W = 66, H = 70, FRAMES = 3 * LINCE_GATHER_BLOCK };

  for (int round = 0; round < 4; round++) {
    int step = round & 1 ? 2 : 1;
    bool with_chroma = round < 2;
    LinceGather *gather = lince_gather_new (NULL);
    LincePool *threads = lince_pool_new (round == 3 ? 4 : 1, NULL);
    uint8_t *planes[3];
    LinceFrame frame = {.width = W, .height = H, .par_numerator = 1, .par_denominator = 1};
    int means = 0;

    for (int k = 0; k < 3; k++)
      planes[k] = calloc ((size_t) ((k ? W * H / 4 : W * H) - 1) * (size_t) step + 1, 1);
    frame.luma = (LincePlane){planes[0], W * step, step};
    if (with_chroma) {
      frame.cb = (LincePlane){planes[1], W / 2 * step, step};
      frame.cr = (LincePlane){planes[2], W / 2 * step, step};
      frame.chroma_width = W / 2;
      frame.chroma_height = H / 2;
    }
    ck_assert (lince_gather_resize (gather, &frame, NULL));
    for (int i = 0; i < FRAMES; i++) {
      int number = i + 1;
      bool due = number == LINCE_GATHER_FIRST || number % LINCE_GATHER_BLOCK == 0;
      int first = number <= 2 * LINCE_GATHER_BLOCK ? 0 : number - 2 * LINCE_GATHER_BLOCK;

      fill_frame (i, planes, W, H, step);
      ck_assert (lince_gather_resize (gather, &frame, NULL));
      ck_assert_int_eq (lince_gather_add (gather, &frame, threads), due);
      if (!due)
        continue;
      means++;
      check_mean (gather, 0, first, i, W, H);
      ck_assert_int_eq (
          lince_pyramid_chroma_count (lince_gather_pyramid (gather)) > 0, with_chroma);
      for (int k = 1; k < 3 && with_chroma; k++)
        check_mean (gather, k, first, i, W / 2, H / 2);
    }
    ck_assert_int_eq (means, 4);
    /* begins anew, without what was before */
    lince_gather_clear (gather);
    for (int i = 0; i < LINCE_GATHER_FIRST; i++) {
      fill_frame (i + 50, planes, W, H, step);
      ck_assert_int_eq (lince_gather_add (gather, &frame, threads), i + 1 == LINCE_GATHER_FIRST);
    }
    check_mean (gather, 0, 50, 49 + LINCE_GATHER_FIRST, W, H);
    for (int k = 0; k < 3; k++)
      free (planes[k]);
    lince_gather_free (gather);
    lince_pool_free (threads);
  }
}
END_TEST

/* The mean of frames of another size begins anew; fields and whole frames go on in one. */
START_TEST (another_size_begins_anew_another_scan_does_not)
{
  LinceGather *gather = lince_gather_new (NULL);
  uint8_t *luma = calloc (80, 80);
  LinceFrame frame = {
      .width = 80, .height = 80, .luma = {luma, 80, 1}, .par_numerator = 1, .par_denominator = 1};

  for (int size = 80; size >= 72; size -= 8) {
    frame.width = size;
    for (int k = 0; k < LINCE_GATHER_BLOCK; k++) {
      bool due = k + 1 == LINCE_GATHER_FIRST || k + 1 == LINCE_GATHER_BLOCK;
      const LinceGrey *mean;

      frame.interlaced = k % 2;
      memset (luma, size + k, 80 * 80);
      ck_assert (lince_gather_resize (gather, &frame, NULL));
      ck_assert_int_eq (lince_gather_add (gather, &frame, pool), due);
      if (!due)
        continue;
      mean = &lince_pyramid_octave (lince_gather_pyramid (gather), 0)->grey;
      ck_assert_int_eq (mean->height, frame.interlaced ? 40 : 80);
      ck_assert_int_le (abs (2 * mean->data[5] - 2 * size - k), 1); /* k / 2, rounded */
    }
  }
  free (luma);
  lince_gather_free (gather);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("composite");
  TCase *tests = tcase_create ("composite");

  tcase_set_timeout (tests, 60);
  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, a_mark_is_placed_in_its_light);
  tcase_add_test (tests, compositions_are_those_on_record);
  tcase_add_test (tests, the_matrix_of_the_frame_counts);
  tcase_add_test (tests, colour_alone_places_a_mark);
  tcase_add_test (tests, nothing_is_seen_where_nothing_stands);
  tcase_add_test (tests, another_mark_is_refused);
  tcase_add_test (tests, the_pixels_speak_for_the_right_sibling);
  tcase_add_test (tests, thin_strokes_keep_their_luma_and_agree);
  tcase_add_test (tests, what_shows_through_a_mark_is_its_ground);
  tcase_add_test (tests, the_ground_is_a_weighted_mean);
  tcase_add_test (tests, the_light_explains_most);
  tcase_add_test (tests, what_leaves_the_frame_does_not_count);
  tcase_add_test (tests, a_word_of_a_few_pixels_counts);
  tcase_add_test (tests, a_word_counts_for_more_than_all_edges);
  tcase_add_test (tests, what_fades_out_is_refused_when_it_is_gone);
  tcase_add_test (tests, a_verdict_weighs_votes_agreement_and_light);
  tcase_add_test (tests, no_place_leads_out_of_the_frame);
  tcase_add_test (tests, an_increment_undoes_a_warp);
  tcase_add_test (tests, an_increment_of_nothing_or_not_a_number_is_safe);
  tcase_add_test (tests, lanes_stay_within_the_picture);
  tcase_add_test (tests, means_are_of_the_last_two_blocks);
  tcase_add_test (tests, another_size_begins_anew_another_scan_does_not);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
