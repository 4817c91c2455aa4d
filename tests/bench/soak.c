/* SPDX-License-Identifier: LGPL-2.1-or-later
 * An hour of frames: objects of every kind come and go, shots are cut, the collection and the size
 * of the frames change, and nothing grows. Fails where memory does, where a frame allocates, and
 * where one of the objects is not seen throughout. */
#include <inttypes.h>
#include <stdio.h>

#include "../suite.h"
#include "allocations.h"
#include "marks.h"

#include "recognition/recognizer.h"

#define WIDTH 320
#define HEIGHT 240
#define CLIPS 8
#define CLIP_FRAMES 36
#define FRAME_TIME INT64_C (40000000)
#define TENTHS 10
#define WARM 2000               /* frames after which every buffer has been filled */
#define LAST (2 * CLIP_FRAMES)  /* frames of a tenth that show the first clip */
#define CHANGE_INDEX 60         /* frames after which the other index serves, */
#define CHANGE_SIZE 180         /* their size changes, a multiple of it, */
#define SEEK 250                /* and all begins anew */
#define ROUND (2 * CHANGE_SIZE) /* after which index and size are the first again */
#define PAGES_SLACK 1024        /* by which what is resident may differ, for the heap scatters */

static const char *const ids[] = {"flat", "poster", "ring", "word"};
#define OBJECTS ((int) (sizeof ids / sizeof ids[0]))

/* What a clip shows: an object comes at frame 6 of CLIP_FRAMES. */
static const struct {
  int object; /* -1: none */
  Ground ground;
  double x, y, width, dx, opacity;
  bool interlaced;
} clips[CLIPS] = {
    {0, GROUND_PLAIN, 110, 110, 110, 1.5, 1, false},
    {1, GROUND_BUSY, 120, 120, 150, 1.2, 1, false},
    {2, GROUND_SLOPE, 190, 120, 110, -1, 1, false},
    {3, GROUND_MOVING, 200, 40, 180, 0, .6, false},
    {-1, GROUND_MOVING, 0, 0, 0, 0, 0, false},
    {1, GROUND_SLOPE, 180, 120, 140, 0, 1, true},
    {-1, GROUND_BUSY, 0, 0, 0, 0, 0, false},
    {3, GROUND_BUSY, 200, 40, 180, 0, 1, false},
};

typedef struct {
  LinceFrame frame; /* borrows from `canvas` */
  Canvas canvas;
} Still;

static Still stills[CLIPS][CLIP_FRAMES];
static uint8_t noisy[WIDTH * HEIGHT];

static DrawnPicture
draw_object (int object)
{
  switch (object) {
    case 0:
      return draw_mark (MARK_FLAT, false, 0xf4f4f4ffu, 0x2040c0ffu);
    case 1:
      return draw_poster (240, 180, 21);
    case 2:
      return draw_mark (MARK_RING, false, 0xf08020ffu, 0);
    default:
      return draw_mark (MARK_WORD, false, 0xf4f4f4ffu, 0);
  }
}

/* `from`: the object that is added first, so that numbers differ from index to index. */
static void
write_index (const char *path, int from)
{
  LinceIndexBuilder *builder = new_builder ();

  for (int i = 0; i < OBJECTS - (from > 0); i++) {
    int object = (i + from) % OBJECTS;
    DrawnPicture drawn = draw_object (object);

    add_object (builder, ids[object]);
    ck_assert (lince_index_builder_add_image (
        builder, ids[object], ids[object], &drawn.picture, NULL, NULL));
    free_picture (&drawn);
  }
  ck_assert (lince_index_builder_write (builder, path, NULL));
  lince_index_builder_free (builder);
}

static void
draw_still (int clip, int number, const DrawnPicture *drawn)
{
  Still *still = &stills[clip][number];
  LincePoint corners[4];

  still->canvas = new_canvas (WIDTH, HEIGHT, clips[clip].ground, number);
  if (drawn && number >= 6) {
    double height = clips[clip].width * drawn->picture.height / drawn->picture.width;

    outline (clips[clip].x + number * clips[clip].dx, clips[clip].y, clips[clip].width, height, 0,
        0, corners);
    composite (&still->canvas, drawn, corners, clips[clip].opacity, 1, 0);
  }
  still->frame = canvas_frame (&still->canvas, true, 0);
  for (int k = 0; k < 3; k++) {
    free (still->canvas.full[k]);
    still->canvas.full[k] = NULL;
  }
  still->frame.interlaced = clips[clip].interlaced;
}

static void
draw_clips (void)
{
  for (int c = 0; c < CLIPS; c++) {
    DrawnPicture drawn = {0};

    if (clips[c].object >= 0)
      drawn = draw_object (clips[c].object);
    for (int i = 0; i < CLIP_FRAMES; i++)
      draw_still (c, i, drawn.pixels ? &drawn : NULL);
    free_picture (&drawn);
  }
}

/* A frame as a camera gives it, never twice the same. */
static LinceFrame
take (const Still *still, uint32_t *seed, bool smaller)
{
  LinceFrame frame = still->frame;

  for (int i = 0; i < WIDTH * HEIGHT; i++) {
    int value = still->frame.luma.data[i];

    *seed = *seed * 1664525u + 1013904223u;
    value += (int) (*seed >> 30) - 2;
    noisy[i] = (uint8_t) (value < 0 ? 0 : value > 255 ? 255 : value);
  }
  frame.luma.data = noisy;
  frame.width -= smaller ? 24 : 0;
  frame.chroma_width -= smaller ? 12 : 0;
  return frame;
}

static uint64_t
resident_pages (void)
{
  uint64_t size = 0, resident = 0;
  FILE *file = fopen ("/proc/self/statm", "r");

  if (!file || fscanf (file, "%" SCNu64 " %" SCNu64, &size, &resident) != 2)
    resident = 0;
  if (file)
    fclose (file);
  return resident;
}

/* Blocks that the library allocated and has not freed. */
static uint64_t
blocks_in_use (void)
{
  return allocations - released;
}

/* What is counted in each tenth of the hour. */
typedef struct {
  uint64_t appeared[OBJECTS], vanished, frames_that_allocate;
} Tenth;

static void
count_changes (const LinceResult *result, Tenth *tenth)
{
  for (uint32_t i = 0; i < result->change_count; i++) {
    const LinceChange *change = &result->changes[i];

    for (int k = 0; k < OBJECTS && change->type == LINCE_APPEARED; k++)
      tenth->appeared[k] += strcmp (change->id, ids[k]) == 0;
    tenth->vanished += change->type == LINCE_VANISHED;
  }
}

static bool
change_index (LinceRecognizer *recognizer, const char *path)
{
  LinceIndex *index = lince_index_open (path, NULL);

  lince_recognizer_set_index (recognizer, index);
  lince_index_unref (index);
  return index != NULL;
}

/* No assertion within: the test library allocates. */
static bool
play (LinceRecognizer *recognizer, char *const paths[2], long from, long to, Tenth *tenth)
{
  static uint32_t seed = 1, clip, at;
  static bool served[2]; /* frames and fields of this size */

  for (long i = from; i < to; i++) {
    const LinceResult *result;
    LinceFrame frame;
    uint64_t before;
    bool is_new; /* the first of its size and scan, or another index */

    if (i % CHANGE_INDEX == 0 && !change_index (recognizer, paths[i / CHANGE_INDEX % 2]))
      return false;
    if (i % SEEK == SEEK - 1) {
      lince_recognizer_reset (recognizer, LINCE_REASON_RESET, &result);
      count_changes (result, tenth);
    }
    if (at++ == CLIP_FRAMES - 1) {
      at = 0;
      /* a tenth ends as the first one did */
      clip = to - i > LAST ? (clip + 3) % CLIPS : 0;
    }
    frame = take (&stills[clip][at], &seed, i / CHANGE_SIZE % 2);
    if (i % CHANGE_SIZE == 0)
      served[0] = served[1] = false;
    is_new = i % CHANGE_INDEX == 0 || !served[frame.interlaced];
    before = allocations;
    if (!lince_recognizer_process (recognizer, &frame, i * FRAME_TIME, &result, NULL))
      return false;
    tenth->frames_that_allocate += allocations != before && !is_new;
    served[frame.interlaced] = true;
    count_changes (result, tenth);
  }
  return true;
}

static void
print_tenth (int number, long frames, const Tenth *tenth, uint64_t blocks, uint64_t pages)
{
  printf ("%3d %%: %8ld frames; %" PRIu64 " blocks allocated, %6" PRIu64
          " pages resident; appeared",
      (number + 1) * 100 / TENTHS, frames, blocks, pages);
  for (int k = 0; k < OBJECTS; k++)
    printf (" %s %" PRIu64, ids[k], tenth->appeared[k]);
  printf (", vanished %" PRIu64 "\n", tenth->vanished);
  fflush (stdout);
}

static bool
is_wrong (const Tenth *tenth)
{
  bool wrong = tenth->frames_that_allocate > 0;

  for (int k = 0; k < OBJECTS; k++)
    wrong = wrong || tenth->appeared[k] == 0;
  return wrong;
}

/* Returns what is wrong, or NULL. */
static const char *
soak (LinceRecognizer *recognizer, char *const paths[2], long wanted)
{
  /* rounded up: every measure is taken in the same state */
  long tenth_frames = (wanted / TENTHS + ROUND - 1) / ROUND * ROUND;
  uint64_t first_pages = 0, pages = 0, first_blocks = 0, blocks = 0;

  for (int t = 0; t < TENTHS; t++) {
    Tenth tenth = {0};

    if (!play (recognizer, paths, t * tenth_frames, (t + 1) * tenth_frames, &tenth))
      return "a frame or an index was refused";
    blocks = blocks_in_use ();
    pages = resident_pages ();
    if (first_pages == 0 && (t + 1) * tenth_frames >= WARM) {
      first_blocks = blocks;
      first_pages = pages;
    }
    print_tenth (t, (t + 1) * tenth_frames, &tenth, blocks, pages);
    if (tenth.frames_that_allocate > 0)
      return "frames allocate";
    if (is_wrong (&tenth))
      return "something that stood was not seen";
  }
  if (blocks != first_blocks)
    return "what is allocated grows";
  return pages > first_pages + PAGES_SLACK ? "the process grows" : NULL;
}

static long frames = 90000; /* an hour at 25 a second */

START_TEST (nothing_grows)
{
  char *folder = make_folder (), *paths[2] = {path_in (folder, "one"), path_in (folder, "two")};
  LinceRecognizer *recognizer;
  LinceSettings settings;
  const char *wrong;

  write_index (paths[0], 0);
  write_index (paths[1], 2);
  draw_clips ();
  lince_settings_default (&settings);
  settings.plan = LINCE_PLAN_LIVE;
  settings.threads = 1;
  recognizer = lince_recognizer_new (&settings, NULL);
  ck_assert_ptr_nonnull (recognizer);
  wrong = soak (recognizer, paths, frames);
  lince_recognizer_free (recognizer);
  for (int c = 0; c < CLIPS; c++)
    for (int i = 0; i < CLIP_FRAMES; i++)
      free_canvas (&stills[c][i].canvas);
  for (int i = 0; i < 2; i++)
    free (paths[i]);
  remove_folder (folder);
  ck_assert_msg (wrong == NULL, "%s", wrong);
}
END_TEST

int
main (int argc, char **argv)
{
  Suite *suite = suite_create ("soak");
  TCase *tests = tcase_create ("soak");

  if (argc > 1)
    frames = strtol (argv[1], NULL, 10);
  tcase_set_timeout (tests, 3600);
  tcase_add_test (tests, nothing_grows);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
