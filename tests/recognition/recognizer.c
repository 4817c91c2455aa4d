/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The whole recogniser on a drawn film: placements against truth, changes, determinism, formats. */
#include "allocations.h"
#include "golden.h"
#include "movie.h"

#include <inttypes.h>
#include <pthread.h>

#include "recognition/gather.h"
#include "recognition/kernels/kernels.h"
#include "recognition/profile.h"

static LinceIndex *collection;
static LinceSettings settings;

static void
make_collection (void)
{
  collection = movie_index ();
  (void) movie ();
}

static void
drop_collection (void)
{
  lince_index_unref (collection);
}

static void
set_up (void)
{
  lince_settings_default (&settings);
}

static LinceRecognizer *
new_recognizer (void)
{
  LinceError error = {0};
  LinceRecognizer *recognizer = lince_recognizer_new (&settings, &error);

  ck_assert_msg (recognizer != NULL, "%s", error.text);
  lince_recognizer_set_index (recognizer, collection);
  return recognizer;
}

static const LinceResult *
process (LinceRecognizer *recognizer, const Scene *scene, int64_t time)
{
  LinceFrame frame = scene_frame (scene);
  const LinceResult *result = NULL;
  LinceError error = {0};

  ck_assert_msg (
      lince_recognizer_process (recognizer, &frame, time, &result, &error), "%s", error.text);
  ck_assert_int_eq (result->time, time);
  return result;
}

/* Both ways: everything that stood on frame `since` already is found, nothing is that does not
 * stand.
 */
static void
check_placements_since (const LinceResult *result, int since, int frame)
{
  Shown shown[MOVIE_MAX];
  int count = movie_truth (frame, shown), missing = 0;
  double tolerance = settings.plan == LINCE_PLAN_THOROUGH ? 0.6 : 0.8; /* pixels */
  int wanted = movie_truth (since, (Shown[MOVIE_MAX]){0});
  bool used[MOVIE_MAX] = {false};

  for (uint32_t i = 0; i < result->placement_count; i++) {
    const LincePlacement *placement = &result->placements[i];
    bool right = false;

    for (int k = 0; k < count && !right; k++) {
      right = !used[k] && !strcmp (id_of (result->index, placement->object), shown[k].id) &&
              corner_error (placement->corners, shown[k].corners) < tolerance;
      used[k] = used[k] || right;
    }
    ck_assert_msg (right, "%s, frame %d: %s at (%.1f, %.1f) does not stand there",
        lince_plan_name (settings.plan), frame, id_of (result->index, placement->object),
        (double) placement->corners[0].x, (double) placement->corners[0].y);
    ck_assert_float_ge (placement->confidence, 0.5f);
    ck_assert_float_gt (placement->visible, 0.9f);
  }
  for (int k = 0; k < count; k++)
    missing += !used[k];
  ck_assert_msg (missing <= count - wanted, "%s, frame %d: %d are missing",
      lince_plan_name (settings.plan), frame, missing);
}

static void
check_placements (const LinceResult *result, int frame)
{
  check_placements_since (result, frame, frame);
}

START_TEST (every_frame_shows_what_stands_and_nothing_else)
{
  LinceRecognizer *recognizer = new_recognizer ();

  for (int i = 0; i < MOVIE_FRAMES; i++)
    check_placements (process (recognizer, &movie ()[i], i * FRAME_TIME), i);
  lince_recognizer_free (recognizer);
}
END_TEST

/* The numbers themselves, so that a change of any stage shows: frame, object, track, four corners,
 * confidence, visible. */
START_TEST (placements_are_those_on_record)
{
  static const double tolerances[] = {
      0, 0, 0, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.02, 0.03};
  LinceRecognizer *recognizer = new_recognizer ();
  Golden got = {.columns = 13};

  for (int i = 0; i < MOVIE_FRAMES; i += 3) {
    const LinceResult *result = process (recognizer, &movie ()[i], i * FRAME_TIME);

    for (uint32_t k = 0; k < result->placement_count; k++) {
      const LincePlacement *p = &result->placements[k];
      double row[13] = {i, p->object, (double) p->track};

      for (int c = 0; c < 4; c++) {
        row[3 + 2 * c] = p->corners[c].x;
        row[4 + 2 * c] = p->corners[c].y;
      }
      row[11] = p->confidence;
      row[12] = p->visible;
      golden_add (&got, row);
    }
  }
  golden_check (&got, "placements", tolerances);
  golden_clear (&got);
  lince_recognizer_free (recognizer);
}
END_TEST

START_TEST (changes_tell_the_same_story)
{
  LinceRecognizer *recognizer = new_recognizer ();
  int appeared = 0, vanished = 0;
  uint64_t tracks[MOVIE_MAX + 1] = {0};

  for (int i = 0; i < MOVIE_FRAMES; i++) {
    const LinceResult *result = process (recognizer, &movie ()[i], i * FRAME_TIME);

    ck_assert_int_eq (result->cut, i == MOVIE_CUT);
    for (uint32_t k = 0; k < result->change_count; k++) {
      const LinceChange *change = &result->changes[k];

      if (change->type == LINCE_APPEARED) {
        ck_assert_int_eq (change->decided - change->seen, 5 * FRAME_TIME);
        tracks[change->exposure] = change->placement.track;
        appeared++;
      } else {
        ck_assert_int_eq (change->reason, LINCE_REASON_CUT);
        ck_assert_int_eq (change->seen, (MOVIE_CUT - 1) * FRAME_TIME);
        ck_assert_uint_eq (change->placement.track, tracks[change->exposure]);
        ck_assert_uint_eq (
            change->frames, (uint64_t) ((change->seen - change->first_seen) / FRAME_TIME) + 1);
        vanished++;
      }
    }
  }
  ck_assert_int_eq (appeared, 3);
  ck_assert_int_eq (vanished, 3);
  lince_recognizer_free (recognizer);
}
END_TEST

/* All bytes that a run gives, those between fields left out. */
static uint64_t
hash_run (uint32_t threads)
{
  uint64_t hash = 14695981039346656037u;
  LinceRecognizer *recognizer;

  settings.threads = threads;
  recognizer = new_recognizer ();
  for (int i = 0; i < MOVIE_FRAMES; i++) {
    const LinceResult *result = process (recognizer, &movie ()[i], i * FRAME_TIME);

    for (uint32_t k = 0; k < result->placement_count; k++) {
      const LincePlacement *p = &result->placements[k];
      uint8_t bytes[sizeof p->corners + 4 * sizeof (uint64_t) + 3 * sizeof (float)], *at = bytes;
      uint64_t numbers[4] = {p->object, p->image, p->track, p->exposure};
      float values[3] = {p->confidence, p->visible, p->area};

      memcpy (at, p->corners, sizeof p->corners);
      memcpy (at + sizeof p->corners, numbers, sizeof numbers);
      memcpy (at + sizeof p->corners + sizeof numbers, values, sizeof values);
      for (size_t b = 0; b < sizeof bytes; b++)
        hash = (hash ^ bytes[b]) * 1099511628211u;
    }
  }
  lince_recognizer_free (recognizer);
  return hash;
}

START_TEST (any_number_of_threads_gives_the_same_bits)
{
  uint64_t thorough = 0, live = 0;

  for (int name = 0; name < LINCE_PLAN_COUNT; name++) {
    uint64_t one;

    settings.plan = (LincePlanName) name;
    one = hash_run (1);
    ck_assert_uint_eq (hash_run (2), one);
    ck_assert_uint_eq (hash_run (4), one);
    thorough = name == LINCE_PLAN_THOROUGH ? one : thorough;
    live = name == LINCE_PLAN_LIVE ? one : live;
  }
  ck_assert_uint_ne (thorough, live);
}
END_TEST

START_TEST (any_level_of_cpu_gives_the_same_bits)
{
  for (int name = LINCE_PLAN_THOROUGH; name <= LINCE_PLAN_LIVE; name++) {
    uint64_t plain;

    settings.plan = (LincePlanName) name;
    lince_kernels_force (LINCE_CPU_C);
    plain = hash_run (1);
    for (int level = LINCE_CPU_C + 1; level < LINCE_CPU_LEVELS; level++) {
      if (lince_kernels_at (level) == NULL)
        continue;
      lince_kernels_force (level);
      ck_assert_uint_eq (hash_run (1), plain);
    }
  }
}
END_TEST

START_TEST (no_frame_allocates)
{
  LinceRecognizer *recognizer = new_recognizer ();
  bool ok = true;
  uint64_t before;

  process (recognizer, &movie ()[0], 0);
  before = allocations;
  ck_assert_uint_gt (before, 0);
  /* no assertion within: the test library allocates for each */
  before = allocations;
  for (int i = 1; i < MOVIE_FRAMES * LINCE_PLAN_COUNT; i++) {
    LinceFrame frame = scene_frame (&movie ()[i % MOVIE_FRAMES]);

    settings.plan = (LincePlanName) (i / MOVIE_FRAMES);
    ok = ok && lince_recognizer_set_settings (recognizer, &settings, NULL);
    ok = ok && lince_recognizer_process (recognizer, &frame, i * FRAME_TIME, NULL, NULL);
  }
  before = allocations - before;
  ck_assert (ok);
  ck_assert_uint_eq (before, 0);
  lince_recognizer_free (recognizer);
}
END_TEST

START_TEST (the_frame_is_left_as_it_was)
{
  LinceRecognizer *recognizer = new_recognizer ();
  size_t size = MOVIE_WIDTH * MOVIE_HEIGHT;
  uint8_t *copy = malloc (size);

  memcpy (copy, movie ()[8].luma, size);
  process (recognizer, &movie ()[8], 0);
  ck_assert_mem_eq (copy, movie ()[8].luma, size);
  free (copy);
  lince_recognizer_free (recognizer);
}
END_TEST

/* The same picture in other clothes: packed, upside down in memory, with padding; buffers of
 * exactly their size. */
START_TEST (any_layout_of_luma_gives_the_same)
{
  const Scene *scene = &movie ()[10];
  LinceRecognizer *recognizer = new_recognizer ();
  const int w = scene->width, h = scene->height;
  const struct {
    int step, padding;
    bool flipped;
  } layouts[] = {{1, 0, false}, {1, 13, false}, {2, 0, false}, {4, 7, false}, {1, 5, true}};
  LincePlacement first[LINCE_MAX_PLACEMENTS];
  uint32_t count = 0;

  for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
    ptrdiff_t stride = (w - 1) * layouts[i].step + 1 + layouts[i].padding;
    size_t size = (size_t) (stride * (h - 1) + (w - 1) * layouts[i].step + 1);
    uint8_t *buffer = malloc (size);
    LinceFrame frame = scene_frame (scene);
    const LinceResult *result;

    memset (buffer, 0x55, size);
    frame.luma.step = layouts[i].step;
    frame.luma.stride = layouts[i].flipped ? -stride : stride;
    frame.luma.data = layouts[i].flipped ? buffer + stride * (h - 1) : buffer;
    for (int y = 0; y < h; y++)
      for (int x = 0; x < w; x++)
        buffer[(layouts[i].flipped ? h - 1 - y : y) * stride + x * layouts[i].step] =
            scene->luma[y * w + x];
    ck_assert (lince_recognizer_still (recognizer, &frame, &result, NULL));
    if (i == 0) {
      count = result->placement_count;
      ck_assert_uint_eq (count, 3);
      memcpy (first, result->placements, count * sizeof *first);
    }
    ck_assert_uint_eq (result->placement_count, count);
    for (uint32_t k = 0; k < count; k++) {
      ck_assert_uint_eq (result->placements[k].object, first[k].object);
      ck_assert_mem_eq (result->placements[k].corners, first[k].corners, sizeof first[k].corners);
    }
    free (buffer);
  }
  lince_recognizer_free (recognizer);
}
END_TEST

START_TEST (odd_sizes_and_interlaced_frames_are_read_within_their_bounds)
{
  static const int sizes[][2] = {{64, 64}, {65, 67}, {719, 479}, {640, 65}, {97, 480}, {353, 289}};

  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    LinceRecognizer *recognizer = new_recognizer ();
    Scene scene = new_scene (sizes[i][0], sizes[i][1], 7);
    DrawnPicture drawn = movie_picture (1);
    LincePoint place[4];

    outline (sizes[i][0] * 0.5, sizes[i][1] * 0.5, 150, 112, 0.1, 0, place);
    draw_placed (&scene, &drawn, place, 1, 0);
    for (int interlaced = 0; interlaced < 2; interlaced++) {
      LinceFrame frame = scene_frame (&scene);
      const LinceResult *result;

      frame.interlaced = interlaced != 0;
      ck_assert (lince_recognizer_process (recognizer, &frame, interlaced, &result, NULL));
      if (sizes[i][0] > 300 && sizes[i][1] > 200) {
        ck_assert_uint_eq (result->placement_count, 1);
        ck_assert_double_lt (corner_error (result->placements[0].corners, place), 1.5);
      }
    }
    free_picture (&drawn);
    free_scene (&scene);
    lince_recognizer_free (recognizer);
  }
}
END_TEST

START_TEST (a_still_leaves_the_tracks_alone)
{
  LinceRecognizer *recognizer = new_recognizer ();
  LinceFrame empty = scene_frame (&movie ()[MOVIE_FRAMES - 1]);
  const LinceResult *result;
  uint64_t track;

  for (int i = 0; i < 8; i++)
    result = process (recognizer, &movie ()[i], i * FRAME_TIME);
  track = result->placements[0].track;
  ck_assert (lince_recognizer_still (recognizer, &empty, &result, NULL));
  ck_assert_uint_eq (result->placement_count, 0);
  ck_assert_uint_eq (result->change_count, 0);
  result = process (recognizer, &movie ()[8], 8 * FRAME_TIME);
  ck_assert_uint_eq (result->placements[0].track, track);
  ck_assert_uint_ne (result->placements[0].exposure, 0);
  lince_recognizer_free (recognizer);
}
END_TEST

/* A print of the same design as poster `a`: everywhere it looks like it in part. */
static Scene
draw_sister (void)
{
  Scene scene = new_scene (MOVIE_WIDTH, MOVIE_HEIGHT, 40);
  DrawnPicture own = movie_picture (0), other = draw_poster (200, 260, 77);
  LincePoint corners[4];

  for (int i = 0; i < own.picture.stride * 260; i++)
    own.pixels[i] = (uint8_t) (0.36 * own.pixels[i] + (1 - 0.36) * other.pixels[i]);
  outline (360, 240, 300, 390, 0, 0, corners);
  draw_placed (&scene, &own, corners, 0.9, 8);
  free_picture (&own);
  free_picture (&other);
  return scene;
}

/* In video it is waited for a frame that shows all of it; one picture is all that a still has. */
START_TEST (a_print_of_the_same_design_is_not_reported)
{
  LinceRecognizer *recognizer = new_recognizer ();
  Scene scene = draw_sister ();
  LinceFrame frame = scene_frame (&scene);
  const LinceResult *result;

  ck_assert (lince_recognizer_still (recognizer, &frame, &result, NULL));
  ck_assert_uint_eq (result->placement_count, 1);
  for (int i = 0; i < 8; i++)
    ck_assert_uint_eq (process (recognizer, &scene, i * FRAME_TIME)->placement_count, 0);
  lince_recognizer_free (recognizer);
  free_scene (&scene);
}
END_TEST

START_TEST (a_proposal_is_verified_on_the_frame)
{
  LinceRecognizer *recognizer = new_recognizer ();
  const LinceResult *result = process (recognizer, &movie ()[10], 0);
  LinceFrame with = scene_frame (&movie ()[11]);
  LinceFrame without = scene_frame (&movie ()[MOVIE_FRAMES - 1]);
  LinceProposal proposal = {.image = result->placements[0].image, .track = 77};
  Shown shown[MOVIE_MAX];

  memcpy (proposal.corners, result->placements[0].corners, sizeof proposal.corners);
  ck_assert (lince_recognizer_propose (recognizer, &with, &proposal, 1, &result, NULL));
  ck_assert_uint_eq (result->placement_count, 1);
  ck_assert_uint_eq (result->placements[0].track, 77);
  movie_truth (11, shown);
  ck_assert (corner_error (result->placements[0].corners, shown[0].corners) < 0.6 ||
             corner_error (result->placements[0].corners, shown[1].corners) < 0.6);
  ck_assert (lince_recognizer_propose (recognizer, &without, &proposal, 1, &result, NULL));
  ck_assert_uint_eq (result->placement_count, 0);
  proposal.image = 4000000000u;
  ck_assert (lince_recognizer_propose (recognizer, &with, &proposal, 1, &result, NULL));
  ck_assert_uint_eq (result->placement_count, 0);
  lince_recognizer_free (recognizer);
}
END_TEST

/* Only `b` is left, as object 0: its track and exposure go on, the others vanish. */
START_TEST (another_index_takes_over_between_frames)
{
  LinceIndexBuilder *builder = new_builder ();
  DrawnPicture drawn = movie_picture (1);
  LinceRecognizer *recognizer = new_recognizer ();
  const LinceResult *result = NULL;
  uint64_t track, exposure;
  LinceIndex *smaller;

  add_object (builder, "b");
  ck_assert (lince_index_builder_add_image (builder, "b", "b", &drawn.picture, NULL, NULL));
  smaller = lince_index_builder_finish (builder, NULL);
  lince_index_builder_free (builder);
  free_picture (&drawn);
  for (int i = 0; i < 12; i++)
    result = process (recognizer, &movie ()[i], i * FRAME_TIME);
  ck_assert_uint_eq (result->placement_count, 3);
  ck_assert_uint_eq (result->placements[2].object, 1);
  track = result->placements[2].track;
  exposure = result->placements[2].exposure;
  lince_recognizer_set_index (recognizer, smaller);
  lince_index_unref (smaller);
  result = process (recognizer, &movie ()[12], 12 * FRAME_TIME);
  ck_assert_uint_eq (result->placement_count, 1);
  ck_assert_uint_eq (result->placements[0].object, 0);
  ck_assert_uint_eq (result->placements[0].track, track);
  ck_assert_uint_eq (result->placements[0].exposure, exposure);
  ck_assert_uint_eq (result->change_count, 2);
  for (uint32_t i = 0; i < 2; i++) {
    ck_assert_int_eq (result->changes[i].reason, LINCE_REASON_COLLECTION);
    ck_assert_str_eq (result->changes[i].id, "a");
  }
  lince_recognizer_set_index (recognizer, NULL);
  result = process (recognizer, &movie ()[13], 13 * FRAME_TIME);
  ck_assert_uint_eq (result->placement_count, 0);
  ck_assert_uint_eq (result->change_count, 1);
  lince_recognizer_free (recognizer);
}
END_TEST

START_TEST (a_reset_ends_all_and_lets_time_begin_anew)
{
  LinceRecognizer *recognizer = new_recognizer ();
  const LinceResult *result = NULL;

  for (int i = 0; i < 12; i++)
    result = process (recognizer, &movie ()[i], i * FRAME_TIME);
  lince_recognizer_reset (recognizer, LINCE_REASON_RESET, &result);
  ck_assert_uint_eq (result->change_count, 3);
  ck_assert_uint_eq (result->placement_count, 0);
  ck_assert_int_eq (result->changes[0].reason, LINCE_REASON_RESET);
  result = process (recognizer, &movie ()[0], 0);
  ck_assert_uint_eq (result->placement_count, 1);
  ck_assert_uint_gt (result->placements[0].track, 3);
  lince_recognizer_free (recognizer);
}
END_TEST

START_TEST (bad_calls_are_refused_and_change_nothing)
{
  LinceRecognizer *recognizer = new_recognizer ();
  LinceFrame frame = scene_frame (&movie ()[0]), bad = frame;
  LinceError error = {0};
  LinceSettings wrong = settings;

  ck_assert (lince_recognizer_process (recognizer, &frame, 100, NULL, NULL));
  ck_assert (!lince_recognizer_process (recognizer, &frame, 100, NULL, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_ARGUMENT);
  bad.width = LINCE_FRAME_MIN_SIDE - 1;
  ck_assert (!lince_recognizer_process (recognizer, &bad, 200, NULL, &error));
  bad = frame;
  bad.height = LINCE_FRAME_MAX_SIDE + 1;
  ck_assert (!lince_recognizer_process (recognizer, &bad, 200, NULL, &error));
  bad = frame;
  bad.luma.data = NULL;
  ck_assert (!lince_recognizer_process (recognizer, &bad, 200, NULL, &error));
  bad = frame;
  bad.luma.step = 0;
  ck_assert (!lince_recognizer_process (recognizer, &bad, 200, NULL, &error));
  for (int i = 0; i < 4; i++) {
    bad = frame;
    bad.cb = bad.cr = frame.luma;
    bad.chroma_width = i == 0 ? 0 : i == 1 ? frame.width + 1 : frame.width;
    bad.chroma_height = i == 2 ? -8 : frame.height;
    bad.cr.step = i == 3 ? 0 : 1;
    ck_assert (!lince_recognizer_process (recognizer, &bad, 200, NULL, &error));
    ck_assert (!lince_recognizer_still (recognizer, &bad, NULL, &error));
    ck_assert_int_eq (error.code, LINCE_ERROR_ARGUMENT);
  }
  ck_assert (lince_recognizer_process (recognizer, &frame, 101, NULL, NULL));
  wrong.threads = 2;
  ck_assert (!lince_recognizer_set_settings (recognizer, &wrong, &error));
  wrong = settings;
  wrong.minimum_confidence = NAN;
  ck_assert (!lince_recognizer_set_settings (recognizer, &wrong, &error));
  wrong = settings;
  wrong.plan = LINCE_PLAN_COUNT;
  ck_assert (!lince_recognizer_set_settings (recognizer, &wrong, &error));
  wrong = settings;
  wrong.merge_gap = -1;
  ck_assert (!lince_recognizer_set_settings (recognizer, &wrong, &error));
  wrong.threads = 17;
  ck_assert_ptr_null (lince_recognizer_new (&wrong, &error));
  lince_recognizer_free (recognizer);
}
END_TEST

START_TEST (stages_are_named_timed_and_counted)
{
  LinceRecognizer *recognizer = new_recognizer ();
  LinceStatistics statistics;
  uint64_t sum = 0;

  for (int i = 0; i < 4; i++)
    process (recognizer, &movie ()[i], i * FRAME_TIME);
  lince_recognizer_statistics (recognizer, &statistics);
  ck_assert_uint_eq (statistics.frames, 4);
  ck_assert_uint_gt (statistics.verified, 1);
  for (int i = 0; i < LINCE_STAGE_COUNT; i++) {
    ck_assert_uint_ge (statistics.nanoseconds[i], statistics.last_nanoseconds[i]);
    sum += statistics.nanoseconds[i];
    for (int k = 0; k < i; k++)
      ck_assert_str_ne (lince_stage_name (i), lince_stage_name (k));
  }
  ck_assert_uint_gt (sum, 0);
  ck_assert_str_eq (lince_stage_name (LINCE_STAGE_COUNT), "unknown");
  lince_recognizer_free (recognizer);
}
END_TEST

/* The frame of the last search that a plan makes up to `frame`, when the film begins at 0. */
static int
last_search (const LincePlan *plan, int frame)
{
  return frame < MOVIE_CUT ? frame - frame % (int) plan->interval
                           : frame - (frame - MOVIE_CUT) % (int) plan->interval;
}

/* What stands is followed on every frame, what comes is found by the next search. */
START_TEST (plans_search_at_their_intervals_and_follow_on_every_frame)
{
  for (int name = 0; name < LINCE_PLAN_COUNT; name++) {
    LinceStatistics statistics;
    LinceRecognizer *recognizer;
    uint64_t searches = 0;
    LincePlan plan;

    settings.plan = (LincePlanName) name;
    recognizer = new_recognizer ();
    lince_plan_make (settings.plan, MOVIE_WIDTH, MOVIE_HEIGHT, &plan);
    for (int i = 0; i < MOVIE_FRAMES; i++) {
      const LinceResult *result = process (recognizer, &movie ()[i], i * FRAME_TIME);

      check_placements_since (result, last_search (&plan, i), i);
      lince_recognizer_statistics (recognizer, &statistics);
      ck_assert_msg (statistics.searches - searches == (last_search (&plan, i) == i),
          "%s: frame %d", lince_plan_name (settings.plan), i);
      searches = statistics.searches;
    }
    ck_assert_uint_eq (statistics.searches + statistics.searches_skipped, MOVIE_FRAMES);
    ck_assert_uint_eq (statistics.frames_at[name], MOVIE_FRAMES);
    lince_recognizer_free (recognizer);
  }
}
END_TEST

/* A collection of one mark of two flat colours: a ring with a notch. */
static LinceIndex *
mark_index (void)
{
  static uint8_t pixels[200 * 200 * 4];
  LincePicture picture = {pixels, 200 * 4, 200, 200};
  LinceIndexBuilder *builder = new_builder ();
  LinceIndex *index;

  for (int y = 0; y < 200; y++)
    for (int x = 0; x < 200; x++) {
      int square = (x - 100) * (x - 100) + (y - 100) * (y - 100);
      bool ink =
          square < 85 * 85 && (square > 45 * 45 || x > 100) && !(x > 120 && y > 90 && y < 130);
      uint8_t *pixel = pixels + 4 * (y * 200 + x);

      pixel[0] = ink ? 200 : 250;
      pixel[1] = ink ? 30 : 250;
      pixel[2] = ink ? 40 : 250;
      pixel[3] = ink ? 255 : 0; /* a shape of its own: a mark */
    }
  add_object (builder, "mark");
  ck_assert (lince_index_builder_add_image (builder, "mark", "mark", &picture, NULL, NULL));
  index = lince_index_builder_finish (builder, NULL);
  lince_index_builder_free (builder);
  return index;
}

/* Whether the mean of the frames up to number i of a film is searched. */
static bool
is_mean_due (int i)
{
  return i + 1 == LINCE_GATHER_FIRST || (i + 1) % LINCE_GATHER_BLOCK == 0;
}

/* On the first frame that is searched neither for textured pictures nor in the mean, where there
 * are such. */
START_TEST (marks_are_searched_at_their_own_interval)
{
  LinceIndex *index = mark_index ();

  for (int name = LINCE_PLAN_THOROUGH; name <= LINCE_PLAN_LIVE; name++) {
    LinceStatistics statistics = {0}, before;
    LinceRecognizer *recognizer;
    uint32_t waited = 0, late = 0;
    LincePlan plan;

    settings.plan = (LincePlanName) name;
    lince_plan_make (settings.plan, MOVIE_WIDTH, MOVIE_HEIGHT, &plan);
    recognizer = new_recognizer ();
    lince_recognizer_set_index (recognizer, index);
    for (int i = 0; i < MOVIE_FRAMES; i++) {
      bool busy, due = i == 0 || i == MOVIE_CUT || ++waited >= plan.mark_interval;

      before = statistics;
      process (recognizer, &movie ()[i], i * FRAME_TIME);
      lince_recognizer_statistics (recognizer, &statistics);
      busy = plan.interval > 1 && (is_mean_due (i) || statistics.searches > before.searches);
      ck_assert_msg (statistics.mark_searches - before.mark_searches == (due && !busy),
          "%s: frame %d", lince_plan_name (settings.plan), i);
      late += due && busy;
      waited = due ? (busy ? plan.mark_interval : 0) : waited;
    }
    ck_assert (late > 0 || plan.interval == 1);
    lince_recognizer_free (recognizer);
  }
  lince_index_unref (index);
}
END_TEST

/* The mean of frames costs most of all: nothing else is searched beside it, but on a shot's first
 * frame. */
START_TEST (the_mean_is_searched_alone)
{
  LinceIndex *index = mark_index ();
  LinceStatistics statistics = {0}, before;
  LinceRecognizer *recognizer;

  settings.plan = LINCE_PLAN_LIVE;
  recognizer = new_recognizer ();
  lince_recognizer_set_index (recognizer, index);
  for (int i = 0; i < 4 * LINCE_GATHER_BLOCK; i++) {
    before = statistics;
    process (recognizer, &movie ()[MOVIE_CUT], i * FRAME_TIME);
    lince_recognizer_statistics (recognizer, &statistics);
    if (is_mean_due (i))
      ck_assert_msg (
          statistics.searches + statistics.mark_searches == before.searches + before.mark_searches,
          "frame %d", i);
  }
  ck_assert_uint_ge (statistics.searches, LINCE_GATHER_BLOCK);
  ck_assert_uint_ge (statistics.mark_searches, LINCE_GATHER_BLOCK * 2 / 3);
  lince_recognizer_free (recognizer);
  lince_index_unref (index);
}
END_TEST

/* Farther than the finest level reaches: the coarse ones are asked, without a search. */
START_TEST (a_jump_is_followed_under_any_plan)
{
  for (int name = 0; name < LINCE_PLAN_COUNT; name++) {
    DrawnPicture drawn = movie_picture (1);
    LinceRecognizer *recognizer;

    settings.plan = (LincePlanName) name;
    recognizer = new_recognizer ();
    for (int i = 0; i < 10; i++) {
      static const int jumps[] = {0, 0, 4, 0, 0, 8, 0, 0, 12, 0};
      int jump = jumps[i];
      Scene scene = new_scene (MOVIE_WIDTH, MOVIE_HEIGHT, 7);
      const LinceResult *result;
      LincePoint place[4];

      outline (300 + jump, 200 - jump, 200, 150, 0.1, 0, place);
      draw_placed (&scene, &drawn, place, 1, 0);
      result = process (recognizer, &scene, i * FRAME_TIME);
      ck_assert_msg (
          result->placement_count == 1, "%s: lost on frame %d", lince_plan_name (settings.plan), i);
      ck_assert_uint_eq (result->placements[0].track, 1);
      ck_assert_double_lt (corner_error (result->placements[0].corners, place), 0.8);
      free_scene (&scene);
    }
    free_picture (&drawn);
    lince_recognizer_free (recognizer);
  }
}
END_TEST

START_TEST (a_plan_changes_between_frames)
{
  LinceRecognizer *recognizer = new_recognizer ();
  LinceStatistics statistics;
  uint64_t track;

  track = process (recognizer, &movie ()[0], 0)->placements[0].track;
  settings.plan = LINCE_PLAN_LIVE_5;
  ck_assert (lince_recognizer_set_settings (recognizer, &settings, NULL));
  for (int i = 1; i < 10; i++) {
    const LinceResult *result = process (recognizer, &movie ()[i], i * FRAME_TIME);

    ck_assert_uint_eq (result->placement_count, 1);
    ck_assert_uint_eq (result->placements[0].track, track);
  }
  lince_recognizer_statistics (recognizer, &statistics);
  ck_assert_uint_eq (statistics.searches, 1);
  settings.plan = LINCE_PLAN_LIVE;
  ck_assert (lince_recognizer_set_settings (recognizer, &settings, NULL));
  ck_assert_uint_eq (process (recognizer, &movie ()[10], 10 * FRAME_TIME)->placement_count, 3);
  lince_recognizer_statistics (recognizer, &statistics);
  ck_assert_uint_eq (statistics.searches, 2);
  ck_assert_uint_eq (statistics.frames_at[LINCE_PLAN_THOROUGH], 1);
  ck_assert_uint_eq (statistics.frames_at[LINCE_PLAN_LIVE_5], 9);
  ck_assert_uint_eq (statistics.frames_at[LINCE_PLAN_LIVE], 1);
  lince_recognizer_free (recognizer);
}
END_TEST

static void *
change_index (void *data)
{
  for (int i = 0; i < 200; i++)
    lince_recognizer_set_index (data, i & 1 ? NULL : collection);
  lince_recognizer_set_index (data, collection);
  return NULL;
}

START_TEST (the_index_may_change_from_another_thread)
{
  LinceRecognizer *recognizer;
  pthread_t thread;

  settings.threads = 2;
  recognizer = new_recognizer ();
  ck_assert_int_eq (pthread_create (&thread, NULL, change_index, recognizer), 0);
  for (int i = 0; i < 10; i++)
    process (recognizer, &movie ()[i], i * FRAME_TIME);
  pthread_join (thread, NULL);
  check_placements (process (recognizer, &movie ()[10], 10 * FRAME_TIME), 10);
  lince_recognizer_free (recognizer);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("recognizer");
  TCase *tests = tcase_create ("recognizer");
  SRunner *runner;
  int failed;

  tcase_set_timeout (tests, 240);
  tcase_add_unchecked_fixture (tests, make_collection, drop_collection);
  tcase_add_checked_fixture (tests, set_up, NULL);
  tcase_add_test (tests, every_frame_shows_what_stands_and_nothing_else);
  tcase_add_test (tests, placements_are_those_on_record);
  tcase_add_test (tests, changes_tell_the_same_story);
  tcase_add_test (tests, any_number_of_threads_gives_the_same_bits);
  tcase_add_test (tests, any_level_of_cpu_gives_the_same_bits);
  tcase_add_test (tests, no_frame_allocates);
  tcase_add_test (tests, the_frame_is_left_as_it_was);
  tcase_add_test (tests, any_layout_of_luma_gives_the_same);
  tcase_add_test (tests, odd_sizes_and_interlaced_frames_are_read_within_their_bounds);
  tcase_add_test (tests, a_still_leaves_the_tracks_alone);
  tcase_add_test (tests, a_print_of_the_same_design_is_not_reported);
  tcase_add_test (tests, a_proposal_is_verified_on_the_frame);
  tcase_add_test (tests, another_index_takes_over_between_frames);
  tcase_add_test (tests, a_reset_ends_all_and_lets_time_begin_anew);
  tcase_add_test (tests, bad_calls_are_refused_and_change_nothing);
  tcase_add_test (tests, stages_are_named_timed_and_counted);
  tcase_add_test (tests, plans_search_at_their_intervals_and_follow_on_every_frame);
  tcase_add_test (tests, marks_are_searched_at_their_own_interval);
  tcase_add_test (tests, the_mean_is_searched_alone);
  tcase_add_test (tests, a_jump_is_followed_under_any_plan);
  tcase_add_test (tests, a_plan_changes_between_frames);
  tcase_add_test (tests, the_index_may_change_from_another_thread);
  suite_add_tcase (suite, tests);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
