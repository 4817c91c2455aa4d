/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The whole recogniser on drawn films that show marks: placements against truth, siblings, fading,
 * bugs in the mean of frames, looking back; determinism, allocation, formats. 25 frames a second.
 */
#include "../suite.h"
#include "allocations.h"
#include "marks.h"

#include "recognition/gather.h"
#include "recognition/kernels/kernels.h"
#include "recognition/lookahead.h"

#define WIDTH 480
#define HEIGHT 320
#define FRAME_TIME INT64_C (40000000)
#define ORANGE 0xf08020ffu
#define WHITE 0xf4f4f4ffu
#define BLUE 0x2040c0ffu
#define TEAL 0x20b0c0ffu
#define CLEAR 0u
#define FAINT 2.5 /* pixels by which a mark that hardly shows may be off */

/* ---- collections ---------------------------------------------------------------------------- */

typedef struct {
  const char *id;
  MarkKind kind;
  bool part;
  uint32_t ink, field;
} Enrolled;

/* The films show the first ones; siblings and strangers never stand. */
static const Enrolled flat = {"flat", MARK_FLAT, false, WHITE, BLUE};
static const Enrolled ring = {"ring", MARK_RING, false, ORANGE, CLEAR};
static const Enrolled word = {"word", MARK_WORD, false, WHITE, CLEAR};
static const Enrolled cross = {"cross", MARK_CROSS, false, WHITE, CLEAR};
static const Enrolled ring_part = {"ring-part", MARK_RING, true, ORANGE, CLEAR};
static const Enrolled ring_teal = {"ring-teal", MARK_RING, false, TEAL, CLEAR};
static const Enrolled angle = {"angle", MARK_ANGLE, false, WHITE, CLEAR};

static const Enrolled channel = {"channel", MARK_SMALL, false, WHITE, CLEAR};
static const Enrolled sister = {"sister", MARK_SMALL, true, WHITE, CLEAR};

static LinceIndex *
new_index (const Enrolled *const *enrolled, int count)
{
  LinceIndexBuilder *builder = new_builder ();
  LinceError error = {0};
  LinceIndex *index;

  for (int i = 0; i < count; i++) {
    const Enrolled *e = enrolled[i];
    DrawnPicture drawn = draw_mark (e->kind, e->part, e->ink, e->field);

    add_object (builder, e->id);
    ck_assert_msg (
        lince_index_builder_add_image (builder, e->id, e->id, &drawn.picture, NULL, &error), "%s",
        error.text);
    free_picture (&drawn);
  }
  index = lince_index_builder_finish (builder, &error);
  ck_assert_msg (index != NULL, "%s", error.text);
  lince_index_builder_free (builder);
  return index;
}

static const Enrolled *const family[] = {&angle, &flat, &ring, &ring_part, &ring_teal, &word};

/* ---- films ---------------------------------------------------------------------------------- */

typedef struct {
  const Enrolled *mark;
  double x, y, width, turn, tilt, opacity;
  double dx, dy, dturn; /* a frame */
} Standing;

typedef struct {
  Ground ground;
  bool chroma, interlaced;
  Standing marks[2];
  int from, to; /* frames on which they stand, from...to - 1 */
} Film;

static void
stand (const Standing *s, int frame, LincePoint corners[4])
{
  double height = s->width * (s->mark->kind == MARK_WORD       ? .3
                                 : s->mark->kind == MARK_SMALL ? .375
                                                               : 1);

  outline (s->x + frame * s->dx, s->y + frame * s->dy, s->width, height, s->turn + frame * s->dturn,
      s->tilt, corners);
}

static Canvas
draw_frame (const Film *film, int frame)
{
  Canvas canvas = new_canvas (WIDTH, HEIGHT, film->ground, frame);

  for (int i = 0; i < 2 && frame >= film->from && frame < film->to; i++) {
    const Standing *s = &film->marks[i];
    LincePoint corners[4];
    DrawnPicture drawn;

    if (s->mark == NULL)
      continue;
    drawn = draw_mark (s->mark->kind, s->mark->part, s->mark->ink, s->mark->field);
    stand (s, frame, corners);
    composite (&canvas, &drawn, corners, s->opacity, 1, 0);
    free_picture (&drawn);
  }
  return canvas;
}

static LinceRecognizer *
new_recognizer (LinceIndex *index, uint32_t threads)
{
  LinceSettings settings;
  LinceRecognizer *recognizer;

  lince_settings_default (&settings);
  settings.threads = threads;
  recognizer = lince_recognizer_new (&settings, NULL);
  ck_assert_ptr_nonnull (recognizer);
  lince_recognizer_set_index (recognizer, index);
  return recognizer;
}

static LinceFrame
film_frame (const Film *film, Canvas *canvas, int number)
{
  LinceFrame frame = canvas_frame (canvas, film->chroma, 77 + (uint32_t) number);

  frame.interlaced = film->interlaced;
  return frame;
}

/* Draws and analyses a frame. */
static const LinceResult *
show (LinceRecognizer *recognizer, const Film *film, int number)
{
  Canvas canvas = draw_frame (film, number);
  LinceFrame frame = film_frame (film, &canvas, number);
  const LinceResult *result = NULL;
  LinceError error = {0};

  ck_assert_msg (
      lince_recognizer_process (recognizer, &frame, number * FRAME_TIME, &result, &error), "%s",
      error.text);
  free_canvas (&canvas);
  return result;
}

/* The largest error over the inked part; what is transparent has no pixels to hold it. */
static double
ink_error (const Standing *s, int frame, const LincePoint corners[4])
{
  LincePoint truth[4];
  double a[9], b[9], most = 0;

  stand (s, frame, truth);
  ck_assert (
      lince_quad_to_homography (truth, 1, 1, a) && lince_quad_to_homography (corners, 1, 1, b));
  for (int i = 0; i < 20 * 20; i++) {
    double u = (i % 20 + .5) / 20, v = (i / 20 + .5) / 20, x, y, x0, y0;

    if (s->mark->field == CLEAR && !mark_has_ink (s->mark->kind, s->mark->part, u, v))
      continue;
    if (!lince_homography_map (a, u, v, &x0, &y0) || !lince_homography_map (b, u, v, &x, &y))
      return 1e9;
    most = fmax (most, hypot (x - x0, y - y0));
  }
  return most;
}

/* How many of the film's marks are placed; all else fails. */
static int
count_right (const Film *film, const LinceResult *result, int frame, double error)
{
  int right = 0;

  for (uint32_t i = 0; i < result->placement_count; i++) {
    const LincePlacement *p = &result->placements[i];
    const Standing *s = NULL;

    for (int k = 0; k < 2; k++)
      if (film->marks[k].mark &&
          !strcmp (film->marks[k].mark->id, id_of (result->index, p->object)))
        s = &film->marks[k];
    ck_assert_msg (s != NULL && frame >= film->from && frame < film->to,
        "frame %d: %s does not stand there", frame, id_of (result->index, p->object));
    ck_assert_msg (ink_error (s, frame, p->corners) < error, "frame %d: %s is off by %.2f pixels",
        frame, s->mark->id, ink_error (s, frame, p->corners));
    ck_assert_float_ge (p->confidence, 0.5f);
    right++;
  }
  return right;
}

/* Plays frames 0 to count - 1; returns the first frame from which on all marks are placed on every
 * one on which they stand, or `count`. */
static int
play (const Film *film, LinceIndex *index, int count, double error)
{
  LinceRecognizer *recognizer = new_recognizer (index, 1);
  int expected = (film->marks[0].mark != NULL) + (film->marks[1].mark != NULL), since = count;

  for (int i = 0; i < count; i++) {
    int right = count_right (film, show (recognizer, film, i), i, error);

    if (i >= film->from && i < film->to && right < expected)
      since = count;
    else if (right == expected && since == count)
      since = i;
  }
  lince_recognizer_free (recognizer);
  return since;
}

/* Marks that stand, on every ground; the error allowed, pixels, from the second frame on. */
static const struct {
  Film film;
  double error;
} stills[] = {
    {{GROUND_PLAIN, true, false, {{&flat, 150, 150, 110, 0, 0, 1, 0, 0, 0}}, 0, 99}, .5},
    {{GROUND_BUSY, true, false, {{&flat, 300, 160, 120, .2, .05, 1, 0, 0, 0}}, 0, 99}, .5},
    {{GROUND_PLAIN, true, false, {{&ring, 250.4, 160.3, 110, 0, 0, 1, 0, 0, 0}}, 0, 99}, .5},
    {{GROUND_SLOPE, true, false, {{&ring, 250.4, 160.3, 110, 0, 0, .7, 0, 0, 0}}, 0, 99}, .5},
    {{GROUND_SLOPE, true, false, {{&word, 250, 120.3, 220, 0, 0, .6, 0, 0, 0}}, 0, 99}, .5},
    {{GROUND_PLAIN, true, false, {{&word, 250, 150.3, 220, .05, 0, 1, 0, 0, 0}}, 0, 99}, .5},
    {{GROUND_MOVING, true, false, {{&ring, 200, 130, 120, 0, 0, 1, 0, 0, 0}}, 0, 99}, 1},
    /* without chroma there is less to go by */
    {{GROUND_PLAIN, false, false, {{&ring, 250, 160, 110, 0, 0, 1, 0, 0, 0}}, 0, 99}, .8},
    /* a field has half of the rows */
    {{GROUND_PLAIN, true, true, {{&ring, 250, 160, 130, 0, 0, 1, 0, 0, 0}}, 0, 99}, 1.6},
    {{GROUND_PLAIN, false, true, {{&flat, 250, 160, 130, 0, 0, 1, 0, 0, 0}}, 0, 99}, 2.5},
};

START_TEST (a_mark_that_stands_is_placed)
{
  LinceIndex *index = new_index (family, 6);

  for (size_t i = 0; i < sizeof stills / sizeof stills[0]; i++) {
    const Film *film = &stills[i].film;
    LinceRecognizer *recognizer = new_recognizer (index, 1);

    for (int k = 0; k < 4; k++) {
      const LinceResult *result = show (recognizer, film, k);

      ck_assert_msg (count_right (film, result, k, k < 2 ? 2.5 : stills[i].error) == 1,
          "film %zu, frame %d: nothing there", i, k);
      ck_assert_float_eq_tol (result->placements[0].opacity, (float) film->marks[0].opacity, 0.1f);
      ck_assert_msg (!film->chroma || result->placements[0].alternative_count == 0,
          "film %zu, frame %d", i, k);
    }
    lince_recognizer_free (recognizer);
  }
  lince_index_unref (index);
}
END_TEST

static const Film moving[] = {
    {GROUND_PLAIN, true, false, {{&flat, 150, 150, 110, 0, .05, 1, 4, 2, .01}}, 0, 99},
    {GROUND_SLOPE, true, false, {{&ring, 150, 120, 120, .1, 0, 1, 5, -1, .01}}, 0, 99},
    {GROUND_PLAIN, true, false, {{&word, 180, 130, 200, -.1, 0, 1, 3, 2, .01}}, 0, 99},
};

START_TEST (a_mark_that_moves_is_followed)
{
  LinceIndex *index = new_index (family, 6);

  for (size_t i = 0; i < sizeof moving / sizeof moving[0]; i++) {
    int since = play (&moving[i], index, 10, 1.5);

    ck_assert_msg (since == 0, "film %zu: there from frame %d only", i, since);
  }
  lince_index_unref (index);
}
END_TEST

/* A bug, too faint in a single frame of what moves behind it. */
static const Film bug = {
    GROUND_MOVING, true, false, {{&word, 330, 60, 200, 0, 0, .4, 0, 0, 0}}, 0, 99};

START_TEST (a_faint_bug_stands_out_of_the_mean)
{
  LinceIndex *index = new_index (family, 6);
  LinceRecognizer *recognizer = new_recognizer (index, 1);
  int seen = 0, first = -1, alone = 0;

  for (int i = 0; i < 25; i++) {
    seen += count_right (&bug, show (recognizer, &bug, i), i, FAINT);
    first = seen > 0 && first < 0 ? i : first;
  }
  ck_assert_int_ge (first, LINCE_GATHER_FIRST - 1);
  /* it hardly shows on some frames */
  ck_assert_int_gt (seen, (25 - first) / 2);
  for (int i = 0; i < 8; i++) {
    Canvas canvas = draw_frame (&bug, i);
    LinceFrame frame = film_frame (&bug, &canvas, i);
    const LinceResult *result;

    ck_assert (lince_recognizer_still (recognizer, &frame, &result, NULL));
    alone += result->placement_count > 0;
    free_canvas (&canvas);
  }
  ck_assert_int_eq (alone, 0);
  lince_recognizer_free (recognizer);
  lince_index_unref (index);
}
END_TEST

START_TEST (without_the_mark_there_is_nothing)
{
  LinceIndex *index = new_index (family, 6);

  for (int kind = GROUND_PLAIN; kind <= GROUND_MOVING; kind++) {
    Film film = {.ground = (Ground) kind, .chroma = true};
    LinceRecognizer *recognizer = new_recognizer (index, 1);

    for (int i = 0; i < (kind == GROUND_MOVING ? 25 : 5); i++)
      ck_assert_int_eq (count_right (&film, show (recognizer, &film, i), i, 0), 0);
    lince_recognizer_free (recognizer);
  }
  lince_index_unref (index);
}
END_TEST

/* Strangers alone in the collection: what stands is none of them. */
START_TEST (strangers_are_not_taken_for_it)
{
  static const Enrolled *const strangers[] = {&angle, &cross, &flat};
  LinceIndex *index = new_index (strangers, 3);

  for (size_t i = 3; i < 6; i++) {
    LinceRecognizer *recognizer = new_recognizer (index, 1);

    for (int k = 0; k < 5; k++) {
      const LinceResult *result = show (recognizer, &stills[i].film, k);

      ck_assert_msg (result->placement_count == 0, "film %zu, frame %d: %s, confidence %.3f", i, k,
          id_of (result->index, result->placements[0].object),
          (double) result->placements[0].confidence);
    }
    lince_recognizer_free (recognizer);
  }
  lince_index_unref (index);
}
END_TEST

/* Each of three siblings stands in its turn: it is placed, as that one and no other. */
START_TEST (siblings_are_told_apart)
{
  static const Enrolled *const siblings[] = {&ring, &ring_part, &ring_teal};
  LinceIndex *index = new_index (siblings, 3);

  for (int i = 0; i < 9; i++) {
    Film film = {(Ground[]){GROUND_PLAIN, GROUND_SLOPE, GROUND_MOVING}[i / 3], true, false,
        {{siblings[i % 3], 220, 140, 120, 0, 0, 1, 0, 0, 0}}, 0, 99};
    int since = play (&film, index, 5, 1.5);

    ck_assert_msg (since <= 1, "case %d: there from frame %d only", i, since);
  }
  lince_index_unref (index);
}
END_TEST

/* A channel whose sister only is in the collection: all but a small word agrees, on every frame. */
START_TEST (a_sister_is_not_taken_for_it)
{
  static const Enrolled *const both[] = {&channel, &sister}, *const one[] = {&sister};
  LinceIndex *known = new_index (both, 2), *unknown = new_index (one, 1);

  for (int i = 0; i < 3; i++) {
    Film film = {(Ground[]){GROUND_PLAIN, GROUND_SLOPE, GROUND_MOVING}[i], true, false,
        {{&channel, 250, 160, 260, 0, 0, i == 2 ? 1 : .6, 0, 0, 0}}, 0, 99};
    LinceRecognizer *recognizer = new_recognizer (unknown, 1);
    int since = play (&film, known, 10, 1.5);

    ck_assert_msg (since <= 2, "case %d: there from frame %d only", i, since);
    for (int k = 0; k < 16; k++)
      ck_assert_msg (show (recognizer, &film, k)->placement_count == 0, "case %d, frame %d", i, k);
    lince_recognizer_free (recognizer);
  }
  lince_index_unref (known);
  lince_index_unref (unknown);
}
END_TEST

/* It is gone in the result of the very frame on which it is gone; while it fades it is not another.
 */
START_TEST (what_fades_out_goes_with_its_last_frame)
{
  LinceIndex *index = new_index (family, 6);
  LinceRecognizer *recognizer = new_recognizer (index, 1);
  static const double opacities[] = {1, 1, 1, .85, .7, .55, .4, 0, 0, 0};
  Film film = {GROUND_SLOPE, true, false, {{&word, 240, 130, 220, 0, 0, 1, 0, 0, 0}}, 0, 7};

  for (int i = 0; i < 10; i++) {
    int right;

    film.marks[0].opacity = opacities[i];
    right = count_right (&film, show (recognizer, &film, i), i, 1.5);
    ck_assert_msg (right == (opacities[i] > 0), "frame %d: %d placed", i, right);
  }
  lince_recognizer_free (recognizer);
  lince_index_unref (index);
}
END_TEST

/* Turned by a little, it could as well be turned by a quarter more. */
START_TEST (a_symmetrical_mark_is_placed_as_it_stands)
{
  static const Enrolled *const crosses[] = {&cross};
  LinceIndex *index = new_index (crosses, 1);

  for (int i = 0; i < 5; i++) {
    double turn = -.6 + .3 * i;
    Film film = {GROUND_PLAIN, true, false, {{&cross, 220, 150, 130, turn, 0, 1, 0, 0, 0}}, 0, 99};
    LinceRecognizer *recognizer = new_recognizer (index, 1);
    const LinceResult *result = show (recognizer, &film, 0);

    ck_assert_msg (count_right (&film, result, 0, 1.5) == 1, "turned by %.1f", turn);
    lince_recognizer_free (recognizer);
  }
  lince_index_unref (index);
}
END_TEST

/* A mark that comes over another, which is followed, leaves both there: also where so much of their
 * outlines is common that one is asked whether it explains the other's pixels. */
START_TEST (marks_that_overlap_are_both_there)
{
  static const Standing over[] = {
      {NULL, 175, 222, 134, 0, 0, 1, 0, 0, 0}, {NULL, 178, 217, 142, 0, 0, 1, 0, 0, 0}};
  static const double common[] = {.27, .31};
  LinceIndex *index = new_index (family, 6);
  Film film = {GROUND_PLAIN, true, false, {{&flat, 230, 160, 240, 0, 0, 1, 0, 0, 0}}, 0, 99};
  LinceRecognizer *recognizer = new_recognizer (index, 1);
  LincePoint corners[2][4];

  film.marks[1] = over[_i];
  film.marks[1].mark = &ring;
  stand (&film.marks[0], 0, corners[0]);
  stand (&film.marks[1], 0, corners[1]);
  ck_assert_double_ge (lince_quad_overlap (corners[0], corners[1]), common[_i]);
  for (int i = 0; i < 9; i++) {
    int right;

    film.marks[1].mark = i < 3 ? NULL : &ring;
    right = count_right (&film, show (recognizer, &film, i), i, 2);
    ck_assert_msg (i == 3 || right == (i < 3 ? 1 : 2), "frame %d: %d placed", i, right);
  }
  lince_recognizer_free (recognizer);
  lince_index_unref (index);
}
END_TEST

/* Two films: a bug that comes with the mean, and a mark that moves among its siblings. */
static uint64_t
hash_films (LinceIndex *index, uint32_t threads)
{
  uint64_t hash = 14695981039346656037u, count = 0;

  for (int k = 0; k < 2; k++) {
    const Film *film = k ? &moving[1] : &bug;
    LinceRecognizer *recognizer = new_recognizer (index, threads);

    for (int i = 0; i < (k ? 4 : 14); i++) {
      const LinceResult *result = show (recognizer, film, i);

      for (uint32_t n = 0; n < result->placement_count; n++) {
        const LincePlacement *p = &result->placements[n];
        float values[11] = {p->confidence, p->visible, p->opacity};
        const uint8_t *bytes = (const uint8_t *) values;

        memcpy (values + 3, p->corners, sizeof p->corners);
        for (size_t b = 0; b < sizeof values; b++)
          hash = (hash ^ bytes[b]) * 1099511628211u;
        hash = (hash ^ p->object ^ p->track << 8) * 1099511628211u;
        count++;
      }
    }
    lince_recognizer_free (recognizer);
  }
  ck_assert_uint_ge (count, 5);
  return hash;
}

START_TEST (threads_and_cpus_agree)
{
  LinceIndex *index = new_index (family, 6);
  uint64_t one = hash_films (index, 1);

  ck_assert_uint_eq (hash_films (index, 2), one);
  ck_assert_uint_eq (hash_films (index, 4), one);
  for (int level = LINCE_CPU_C; level < LINCE_CPU_LEVELS; level++) {
    if (lince_kernels_at ((LinceCpuLevel) level) == NULL)
      continue;
    lince_kernels_force ((LinceCpuLevel) level);
    ck_assert_uint_eq (hash_films (index, 1), one);
  }
  lince_index_unref (index);
}
END_TEST

START_TEST (no_frame_allocates)
{
  LinceIndex *index = new_index (family, 6);
  LinceRecognizer *recognizer = new_recognizer (index, 2);
  uint64_t sum = 0;
  uint32_t placed = 0;
  bool ok = true;

  show (recognizer, &bug, 0);
  for (int i = 1; i < 16; i++) {
    Canvas canvas = draw_frame (i < 13 ? &bug : &stills[0].film, i);
    LinceFrame frame = film_frame (&bug, &canvas, i);
    const LinceResult *result = NULL;
    uint64_t before = allocations;

    /* no assertion within: the test library allocates for each */
    ok = ok && lince_recognizer_process (recognizer, &frame, i * FRAME_TIME, &result, NULL);
    sum += allocations - before;
    placed += result->placement_count;
    free_canvas (&canvas);
  }
  ck_assert (ok);
  ck_assert_uint_gt (placed, 3);
  ck_assert_uint_eq (sum, 0);
  lince_recognizer_free (recognizer);
  lince_index_unref (index);
}
END_TEST

/* ---- looking back --------------------------------------------------------------------------- */

/* The frames that `film` shows, looked back upon; `index` serves from frame `late` on. */
static int
look_back (
    const Film *film, LinceIndex *index, LinceIndex *later, int late, int count, int per_frame[])
{
  LinceRecognizer *recognizer = new_recognizer (index, 1);
  LinceLookahead *lookahead;
  const LinceResult *result;
  LinceSettings settings;
  int popped = 0;

  lince_settings_default (&settings);
  lookahead = lince_lookahead_new (recognizer, &settings, INT64_C (2000000000), 64, NULL);
  ck_assert_ptr_nonnull (lookahead);
  for (int i = 0; i < count; i++) {
    Canvas canvas = draw_frame (film, i);
    LinceFrame frame = film_frame (film, &canvas, i);

    if (i == late)
      lince_recognizer_set_index (recognizer, later);
    ck_assert (lince_lookahead_push (lookahead, &frame, i * FRAME_TIME, NULL));
    /* the planes are kept: the caller's may go */
    free_canvas (&canvas);
  }
  while ((result = lince_lookahead_pop (lookahead, true))) {
    per_frame[popped] = count_right (film, result, popped, FAINT);
    popped++;
  }
  lince_lookahead_free (lookahead);
  lince_recognizer_free (recognizer);
  return popped;
}

START_TEST (a_bug_is_seen_from_its_first_frame)
{
  LinceIndex *index = new_index (family, 6);
  Film film = bug;
  int right[20];

  film.from = 3;
  film.marks[0].opacity = .5;
  ck_assert_int_eq (look_back (&film, index, index, 0, 20, right), 20);
  for (int k = 0; k < 20; k++)
    ck_assert_msg (right[k] == (k >= 3), "frame %d: %d", k, right[k]);
  lince_index_unref (index);
}
END_TEST

/* A ring of that ink, seen on all of eight frames though the index comes on the sixth. */
static void
check_late (uint32_t ink)
{
  const Enrolled coloured = {"coloured", MARK_RING, false, ink, CLEAR};
  const Enrolled *const only[] = {&coloured};
  LinceIndex *index = new_index (only, 1);
  const Film film = {
      GROUND_PLAIN, true, false, {{&coloured, 240, 150, 130, 0, 0, 1, 0, 0, 0}}, 0, 99};
  int right[8];

  ck_assert_int_eq (look_back (&film, NULL, index, 5, 8, right), 8);
  for (int i = 0; i < 8; i++)
    ck_assert_msg (right[i] == 1, "frame %d: %d", i, right[i]);
  lince_index_unref (index);
}

/* Hardly lighter than its ground. */
START_TEST (a_mark_found_late_is_seen_from_its_first_frame)
{
  check_late (0x7a66c8ff);
}
END_TEST

/* It differs from its ground in colour alone: the frames that are kept must be kept with it. */
START_TEST (a_mark_of_its_grounds_luma_is_seen_from_its_first_frame)
{
  check_late (0x705cc8ff);
}
END_TEST

/* Taken for its sibling as long as only that is in the collection; the right one comes to sort
 * behind, so that the other keeps its number. */
START_TEST (what_was_taken_for_another_gives_way_to_it)
{
  static const Enrolled right_one = {"taken", MARK_RING, false, ORANGE, CLEAR};
  static const Enrolled *const before[] = {&ring_part}, *const after[] = {&ring_part, &right_one};
  LinceIndex *first = new_index (before, 1), *index = new_index (after, 2);
  const Film film = {
      GROUND_PLAIN, true, false, {{&right_one, 240, 150, 130, 0, 0, 1, 0, 0, 0}}, 0, 99};
  int right[8];

  ck_assert_int_eq (look_back (&film, first, index, 5, 8, right), 8);
  for (int i = 0; i < 8; i++)
    ck_assert_msg (right[i] == 1, "frame %d: %d", i, right[i]);
  lince_index_unref (first);
  lince_index_unref (index);
}
END_TEST

/* ---- enrolment ------------------------------------------------------------------------------ */

START_TEST (what_is_plain_or_transparent_is_a_mark)
{
  LinceIndexBuilder *builder = new_builder ();
  LinceEnrolment report[4], read;
  char *folder = make_folder (), *path = path_in (folder, "index");
  LinceIndex *index;
  DrawnPicture pictures[4] = {draw_mark (MARK_FLAT, false, WHITE, BLUE),
      draw_mark (MARK_RING, false, ORANGE, CLEAR), draw_poster (300, 220, 3),
      draw_poster (300, 220, 4)};
  static const char *const ids[4] = {"a", "b", "c", "d"};

  fill_rectangle (&pictures[3], 0, 0, 60, 60, 0);
  for (int i = 0; i < 4; i++) {
    add_object (builder, ids[i]);
    ck_assert (lince_index_builder_add_image (
        builder, ids[i], ids[i], &pictures[i].picture, &report[i], NULL));
    ck_assert_int_eq (report[i].transparent, i % 2);
    ck_assert_int_eq (report[i].mark, i != 2);
    ck_assert_int_eq (report[i].keypoints >= 250, i >= 2);
    free_picture (&pictures[i]);
  }
  ck_assert (lince_index_builder_write (builder, path, NULL));
  lince_index_builder_free (builder);
  index = lince_index_open (path, NULL);
  ck_assert_ptr_nonnull (index);
  for (uint32_t i = 0, image = 0; i < 4; i++) {
    /* the first, small and opaque, has an image without its ground as well */
    do
      ck_assert (lince_index_image (index, image++, NULL, &read));
    while (read.variant.kind == LINCE_VARIANT_CUT_OUT);
    ck_assert_int_eq (read.mark, report[i].mark);
    ck_assert_int_eq (read.transparent, report[i].transparent);
    ck_assert_int_eq (read.textured, report[i].textured);
  }
  lince_index_unref (index);
  free (path);
  remove_folder (folder);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("mark film");
  TCase *tests = tcase_create ("mark film"), *back = tcase_create ("looking back");

  tcase_set_timeout (tests, 280);
  tcase_set_timeout (back, 280);
  tcase_add_test (tests, a_mark_that_stands_is_placed);
  tcase_add_test (tests, a_mark_that_moves_is_followed);
  tcase_add_test (tests, a_faint_bug_stands_out_of_the_mean);
  tcase_add_test (tests, without_the_mark_there_is_nothing);
  tcase_add_test (tests, strangers_are_not_taken_for_it);
  tcase_add_test (tests, siblings_are_told_apart);
  tcase_add_test (tests, a_sister_is_not_taken_for_it);
  tcase_add_test (tests, what_fades_out_goes_with_its_last_frame);
  tcase_add_test (tests, a_symmetrical_mark_is_placed_as_it_stands);
  tcase_add_loop_test (tests, marks_that_overlap_are_both_there, 0, 2);
  tcase_add_test (tests, threads_and_cpus_agree);
  tcase_add_test (tests, no_frame_allocates);
  tcase_add_test (back, a_bug_is_seen_from_its_first_frame);
  tcase_add_test (back, a_mark_found_late_is_seen_from_its_first_frame);
  tcase_add_test (back, a_mark_of_its_grounds_luma_is_seen_from_its_first_frame);
  tcase_add_test (back, what_was_taken_for_another_gives_way_to_it);
  tcase_add_test (tests, what_is_plain_or_transparent_is_a_mark);
  suite_add_tcase (suite, tests);
  suite_add_tcase (suite, back);
  return run_suite (suite);
}
