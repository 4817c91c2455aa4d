/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/simulate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/hash.h"
#include "recognition/inspection.h"
#include "recognition/quad.h"
#include "recognition/render.h"

/* The frame that is drawn is a window of the simulated one, at its scale: a larger one takes longer
 * and shows no more. */
#define WIDTH 960
#define HEIGHT 540
#define BLUR 0.7f
#define NOISE 3
#define VIEWS 2       /* of a size or a tilt; all must be recognised */
#define LARGEST 420.0 /* pixels of the longer side */
#define SMALLEST 12.0
#define SIZE_STEPS 20 /* from the largest to the smallest, even ratios */
#define FIRST_STEP 3  /* of sizes that are tried until one is recognised, */
#define FIRST_STEPS 9 /* and the last of them */
#define TILT_STEPS 15 /* of 5 degrees */
#define TILT_STEP 5.0
#define TILT_SIDE 160.0 /* tilts are shown no smaller, */
#define FOCAL 1600.0    /* by a lens of that many pixels */
#define SAME_PLACE 0.5  /* overlap of what is found with what was drawn */
#define CANDIDATES 12   /* images with the most matches that are tried in the reference's place */
#define LIKE 0.35f      /* likeness from which an object is named */
#define SMALL_SIDE 32

struct LinceSimulator {
  LinceIndex *index;
  LinceRecognizer *recognizer;
  LinceCanvas canvas, background;
};

/* How the reference is held up. */
typedef struct {
  double side; /* its longer side, pixels */
  double tilt; /* radians */
  int number;  /* of the view: turn, place and the tilt's axis */
} Pose;

LinceSimulator *
lince_simulator_new (LinceIndex *index, LinceError *error)
{
  LinceSimulator *simulator = calloc (1, sizeof *simulator);
  LinceSettings settings;

  lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for a simulation");
  if (!simulator)
    return NULL;
  lince_settings_default (&settings);
  simulator->index = lince_index_ref (index);
  simulator->recognizer = lince_recognizer_new (&settings, error);
  if (!lince_canvas_init (&simulator->canvas, WIDTH, HEIGHT) ||
      !lince_canvas_init (&simulator->background, WIDTH, HEIGHT) || !simulator->recognizer)
    goto fail;
  lince_render_background (&simulator->background, 1);
  lince_recognizer_set_index (simulator->recognizer, index);
  if (error)
    *error = (LinceError){0};
  return simulator;
fail:
  lince_simulator_free (simulator);
  return NULL;
}

void
lince_simulator_free (LinceSimulator *simulator)
{
  if (!simulator)
    return;
  lince_recognizer_free (simulator->recognizer);
  lince_index_unref (simulator->index);
  lince_canvas_clear (&simulator->canvas);
  lince_canvas_clear (&simulator->background);
  free (simulator);
}

/* The outline of a picture of `width` x `height` in that pose: turned a little in its plane, tilted
 * about its upright or its level axis, seen by a lens. */
static void
hold_up (const Pose *pose, int width, int height, LincePoint corners[4])
{
  double scale = pose->side / (width > height ? width : height);
  double turn = pose->number % 2 ? -0.09 : 0.05, c = cos (turn), s = sin (turn);
  double x0 = WIDTH * 0.5 + (pose->number % 2 ? -31.3 : 17.7);
  double y0 = HEIGHT * 0.5 + (pose->number % 2 ? 9.6 : -4.2);

  for (int i = 0; i < 4; i++) {
    double x = scale * width * (i == 1 || i == 2 ? 0.5 : -0.5);
    double y = scale * height * (i >= 2 ? 0.5 : -0.5), depth = FOCAL;

    if (pose->number % 2) {
      depth += x * sin (pose->tilt);
      x *= cos (pose->tilt);
    } else {
      depth += y * sin (pose->tilt);
      y *= cos (pose->tilt);
    }
    x *= FOCAL / depth;
    y *= FOCAL / depth;
    corners[i] = (LincePoint){(float) (x0 + x * c - y * s), (float) (y0 + x * s + y * c)};
  }
}

/* Draws the reference into the frame. False when it cannot be held up like that. */
static bool
draw (LinceSimulator *simulator, const LinceReference *reference, const Pose *pose,
    LincePoint corners[4])
{
  LinceView view = {.opacity = 1,
      .video_range = true,
      .blur = BLUR,
      .noise = NOISE,
      .seed = (uint32_t) (pose->number + 1)};

  hold_up (pose, reference->width, reference->height, corners);
  memcpy (view.corners, corners, sizeof view.corners);
  lince_canvas_copy (&simulator->canvas, &simulator->background);
  return lince_render_reference (&simulator->canvas, reference, &view);
}

/* Whether a placement names the object: as itself, or as one that cannot be told from it. */
static bool
names (const LincePlacement *placement, uint32_t object)
{
  if (placement->object == object)
    return true;
  for (uint32_t i = 0; i < placement->alternative_count; i++)
    if (placement->alternatives[i] == object)
      return true;
  return false;
}

static bool
is_recognized (LinceSimulator *simulator, const LinceReference *reference, const Pose *pose,
    bool *recognized, LinceError *error)
{
  LinceFrame frame = lince_canvas_frame (&simulator->canvas);
  const LinceResult *result;
  LincePoint corners[4];

  *recognized = false;
  if (!draw (simulator, reference, pose, corners))
    return true;
  if (!lince_recognizer_still (simulator->recognizer, &frame, &result, error))
    return false;
  for (uint32_t i = 0; i < result->placement_count && !*recognized; i++)
    *recognized = names (&result->placements[i], reference->object) &&
                  lince_quad_overlap (result->placements[i].corners, corners) > SAME_PLACE;
  return true;
}

static bool
all_recognized (LinceSimulator *simulator, const LinceReference *reference, double side,
    double tilt, bool *recognized, LinceError *error)
{
  *recognized = true;
  for (int i = 0; i < VIEWS && *recognized; i++)
    if (!is_recognized (simulator, reference, &(Pose){side, tilt, i}, recognized, error))
      return false;
  return true;
}

static double
side_of (int step)
{
  return LARGEST * pow (SMALLEST / LARGEST, (double) step / SIZE_STEPS);
}

/* Whether the step of a series is recognised: of tilts for a picture of that side; of sizes where
 * it is 0. */
static bool
try_step (LinceSimulator *simulator, const LinceReference *reference, double side, int step,
    bool *recognized, LinceError *error)
{
  double tilt = side > 0 ? step * TILT_STEP * M_PI / 180 : 0;

  return all_recognized (
      simulator, reference, side > 0 ? side : side_of (step), tilt, recognized, error);
}

/* The last of `steps` that is recognised: from one of the first that is (some pictures show their
 * detail only when they are not too large), by bisection. -1: none. */
static bool
last_recognized (LinceSimulator *simulator, const LinceReference *reference, double side, int steps,
    int *last, LinceError *error)
{
  int good = -1, bad = steps + 1;
  bool recognized = false;

  for (int step = 0; step <= FIRST_STEPS && !recognized; step += FIRST_STEP) {
    if (!try_step (simulator, reference, side, step, &recognized, error))
      return false;
    good = recognized ? step : -1;
    if (side > 0)
      break;
  }
  while (good >= 0 && bad - good > 1) {
    int step = (good + bad) / 2;

    if (!try_step (simulator, reference, side, step, &recognized, error))
      return false;
    if (recognized)
      good = step;
    else
      bad = step;
  }
  *last = good;
  return true;
}

static void
fill_size (const LinceReference *reference, double side, LinceSimulated *simulated)
{
  double scale =
      side / (reference->width > reference->height ? reference->width : reference->height);
  double width = scale * reference->width, height = scale * reference->height;

  simulated->recognized = true;
  simulated->least_width = (int) ceil (width);
  simulated->least_height = (int) ceil (height);
  simulated->least_share =
      (float) (width * height / ((double) LINCE_SIMULATED_WIDTH * LINCE_SIMULATED_HEIGHT));
}

/* The evidence with which an image is verified at a place of the frame, from 0; below, 0. */
static float
evidence_at (const LinceInspection *from, uint32_t image, const LincePoint corners[4],
    LinceTrialTrace *trace)
{
  const LinceReference *reference = from->references.load (from->references.context, image);
  LinceHypothesis hypothesis = {.image = image};

  if (!reference || !lince_quad_to_homography (
                        corners, reference->width, reference->height, hypothesis.homography))
    return 0;
  lince_tracker_try (from->tracker, from->pyramid, reference, &hypothesis, trace);
  /* aligned away from where the reference is, it does not stand for it */
  if (!trace->judged || lince_quad_overlap (trace->verdict.corners, corners) < SAME_PLACE)
    return 0;
  return trace->verdict.evidence > 0 ? trace->verdict.evidence : 0;
}

/* Keeps the likest objects, likest first; of one object the likest image. */
static void
add_confusion (LinceSimulated *simulated, const LinceConfusion *confusion)
{
  LinceConfusion *all = simulated->confusions;
  uint32_t at = 0;

  while (at < simulated->confusion_count && all[at].object != confusion->object)
    at++;
  if (at == LINCE_MAX_CONFUSIONS)
    at--;
  if (at < simulated->confusion_count && all[at].likeness >= confusion->likeness)
    return;
  simulated->confusion_count += at == simulated->confusion_count;
  for (; at > 0 && all[at - 1].likeness < confusion->likeness; at--)
    all[at] = all[at - 1];
  all[at] = *confusion;
}

static bool
is_equal (const LinceInspection *from, uint32_t object, uint32_t other)
{
  for (uint32_t i = 0; i < from->placement_count; i++)
    if (names (&from->placements[i], object) && names (&from->placements[i], other))
      return true;
  return false;
}

/* The images of other objects that are the likest by one measure, likest first. */
typedef struct {
  uint32_t count, images[CANDIDATES];
  float scores[CANDIDATES];
} Candidates;

static void
add_candidate (Candidates *candidates, uint32_t image, float score)
{
  uint32_t at = candidates->count;

  for (uint32_t i = 0; i < candidates->count; i++)
    if (candidates->images[i] == image)
      return;
  if (at == CANDIDATES && score <= candidates->scores[at - 1])
    return;
  candidates->count += at < CANDIDATES;
  at = at == CANDIDATES ? at - 1 : at;
  for (; at > 0 && candidates->scores[at - 1] < score; at--) {
    candidates->scores[at] = candidates->scores[at - 1];
    candidates->images[at] = candidates->images[at - 1];
  }
  candidates->scores[at] = score;
  candidates->images[at] = image;
}

/* By matches of keypoints. */
static void
find_textured (const LinceInspection *from, uint32_t object, Candidates *candidates)
{
  uint32_t owner;

  for (uint32_t i = 0; lince_index_image (from->index, i, &owner, NULL); i++) {
    uint32_t matches = lince_search_match_count (from->search, i);

    if (owner != object && matches > 0)
      add_candidate (candidates, i, (float) matches);
  }
}

/* By what the other generators propose, in their order. */
static void
find_proposed (const LinceInspection *from, uint32_t object, Candidates *candidates)
{
  for (int g = 0; g < LINCE_PROPOSING; g++) {
    const LinceProposed *proposed = &from->proposed[g];
    uint32_t owner;

    if (proposed->generator == LINCE_GENERATOR_TEXTURED)
      continue;
    for (uint32_t i = 0; i < proposed->count; i++)
      if (lince_index_image (from->index, proposed->hypotheses[i].image, &owner, NULL) &&
          owner != object)
        add_candidate (candidates, proposed->hypotheses[i].image, -(float) i);
  }
}

/* Tries the candidates where the reference stands, and keeps those that look like it. */
static void
compare_candidates (const LinceInspection *from, const Candidates *candidates, uint32_t object,
    float own, const LincePoint corners[4], LinceSimulated *simulated)
{
  for (uint32_t i = 0; i < candidates->count && own > 0; i++) {
    LinceTrialTrace trace;
    float evidence = evidence_at (from, candidates->images[i], corners, &trace);
    LinceConfusion confusion = {.likeness = evidence < own ? evidence / own : 1};

    if (evidence < LIKE * own ||
        !lince_index_image (from->index, candidates->images[i], &confusion.object, NULL))
      continue;
    confusion.taken = trace.verdict.confidence >= 0.5f;
    confusion.equal = is_equal (from, object, confusion.object);
    add_confusion (simulated, &confusion);
  }
}

/* Which other objects would be seen where the reference stands? */
static bool
find_confusions (LinceSimulator *simulator, uint32_t image, const LinceReference *reference,
    double side, LinceSimulated *simulated, LinceError *error)
{
  LinceFrame frame = lince_canvas_frame (&simulator->canvas);
  Candidates textured = {0}, proposed = {0};
  LinceTrialTrace trace;
  LinceInspection from;
  LincePoint corners[4];
  float own;

  if (!draw (simulator, reference, &(Pose){side, 0, 0}, corners))
    return true;
  if (!lince_recognizer_inspect (simulator->recognizer, &frame, &from, error))
    return false;
  own = evidence_at (&from, image, corners, &trace);
  find_textured (&from, reference->object, &textured);
  find_proposed (&from, reference->object, &proposed);
  compare_candidates (&from, &textured, reference->object, own, corners, simulated);
  compare_candidates (&from, &proposed, reference->object, own, corners, simulated);
  return true;
}

/* Standard deviation of the opaque part, grey levels; where it has a mask, of the mask too. */
static double
contrast_of (const LinceReferenceLevel *level)
{
  double sums[2] = {0}, squares[2] = {0}, weight = 0, count = (double) level->width * level->height;
  double deviations[2];

  for (int i = 0; i < level->width * level->height; i++) {
    double mask = level->mask ? level->mask[i] : 255;

    sums[0] += mask * level->luma[i];
    squares[0] += mask * level->luma[i] * level->luma[i];
    sums[1] += mask;
    squares[1] += mask * mask;
    weight += mask;
  }
  if (!(weight > 0))
    return 0;
  deviations[0] = squares[0] / weight - sums[0] / weight * (sums[0] / weight);
  deviations[1] = squares[1] / count - sums[1] / count * (sums[1] / count);
  return sqrt (fmax (0, fmax (deviations[0], deviations[1])));
}

static float
fineness_of (const LinceReference *reference)
{
  double full = contrast_of (&reference->levels[0]), small = full;

  for (int i = 1; i < reference->level_count; i++) {
    const LinceReferenceLevel *level = &reference->levels[i];

    small = contrast_of (level);
    if (level->width <= SMALL_SIDE && level->height <= SMALL_SIDE)
      break;
  }
  return full > 0 && small < full ? (float) (1 - small / full) : 0;
}

static bool
simulate (LinceSimulator *simulator, uint32_t image, const LinceReference *reference,
    LinceSimulated *simulated, LinceError *error)
{
  double side;
  int last;

  simulated->fineness = fineness_of (reference);
  if (!last_recognized (simulator, reference, 0, SIZE_STEPS, &last, error))
    return false;
  if (last >= 0)
    fill_size (reference, side_of (last), simulated);
  side = last >= 0 ? fmin (LARGEST, fmax (TILT_SIDE, 2 * side_of (last))) : LARGEST;
  if (!find_confusions (simulator, image, reference, side, simulated, error))
    return false;
  if (last >= 0 && !last_recognized (simulator, reference, side, TILT_STEPS, &last, error))
    return false;
  simulated->steepest = last > 0 ? (float) (last * TILT_STEP) : 0;
  return true;
}

bool
lince_simulator_run (
    LinceSimulator *simulator, uint32_t image, LinceSimulated *simulated, LinceError *error)
{
  LinceReference reference;

  *simulated = (LinceSimulated){0};
  if (image >= lince_index_image_count (simulator->index)) {
    lince_error_set (error, LINCE_ERROR_ARGUMENT, "the index has no image number %u", image);
    return false;
  }
  return lince_index_reference (simulator->index, image, &reference, error) &&
         simulate (simulator, image, &reference, simulated, error);
}

bool
lince_simulate_hash (LinceIndex *index, uint32_t image, uint64_t *hash, LinceError *error)
{
  LinceReference reference;
  const LinceReferenceLevel *level = &reference.levels[0];
  size_t size, chroma;

  if (image >= lince_index_image_count (index)) {
    lince_error_set (error, LINCE_ERROR_ARGUMENT, "the index has no image number %u", image);
    return false;
  }
  if (!lince_index_reference (index, image, &reference, error))
    return false;
  size = (size_t) level->width * (size_t) level->height;
  chroma = (size_t) lince_reference_chroma_width (level) *
           (size_t) lince_reference_chroma_height (level);
  *hash =
      lince_hash64 (level->luma, size, (uint64_t) level->width << 32 | (uint32_t) level->height);
  *hash = lince_hash64 (level->cb, chroma, *hash);
  *hash = lince_hash64 (level->cr, chroma, *hash);
  if (level->mask)
    *hash = lince_hash64 (level->mask, size, *hash);
  return true;
}
