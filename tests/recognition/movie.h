/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A short drawn film with its truth, for tests of the whole recogniser. 25 frames a second.
 *
 * Poster `a` moves and turns through frames 0 to 23, a second one of it stands at the left from
 * frame 6 on; poster `b` tilts from frame 3 on. Frame 24 cuts to a shot with nothing in it. Two
 * more posters never show. */
#pragma once

#include "drawing.h"

#include "recognition/recognizer.h"

#define MOVIE_FRAMES 32
#define MOVIE_CUT 24
#define MOVIE_WIDTH 720
#define MOVIE_HEIGHT 480
#define MOVIE_MAX 3
#define FRAME_TIME INT64_C (40000000)

typedef struct {
  const char *id;
  LincePoint corners[4];
} Shown;

static inline DrawnPicture
movie_picture (int number)
{
  return draw_poster (number & 1 ? 240 : 200, number & 1 ? 180 : 260, 21 + (uint32_t) number);
}

static inline LinceIndex *
movie_index (void)
{
  static const char *const ids[] = {"a", "b", "c", "d"};
  LinceIndexBuilder *builder = new_builder ();
  LinceError error = {0};
  LinceIndex *index;

  for (int i = 0; i < 4; i++) {
    DrawnPicture drawn = movie_picture (i);

    add_object (builder, ids[i]);
    ck_assert (
        lince_index_builder_add_image (builder, ids[i], ids[i], &drawn.picture, NULL, &error));
    free_picture (&drawn);
  }
  index = lince_index_builder_finish (builder, &error);
  ck_assert_msg (index != NULL, "%s", error.text);
  lince_index_builder_free (builder);
  return index;
}

/* What stands on a frame; returns how many. */
static inline int
movie_truth (int frame, Shown shown[MOVIE_MAX])
{
  int count = 0;

  if (frame >= MOVIE_CUT)
    return 0;
  shown[count].id = "a";
  outline (
      470 + 4 * frame, 150 + 2 * frame, 150, 195, 0.2 + 0.01 * frame, 0.1, shown[count++].corners);
  if (frame >= 6) {
    shown[count].id = "a";
    outline (130, 160, 140, 182, -0.15, 0, shown[count++].corners);
  }
  if (frame >= 3) {
    shown[count].id = "b";
    outline (290 + frame, 370, 200, 150, 0.02 * frame, 0.15, shown[count++].corners);
  }
  return count;
}

static inline Scene
movie_frame (int frame)
{
  Scene scene = new_scene (MOVIE_WIDTH, MOVIE_HEIGHT, frame < MOVIE_CUT ? 40 : 900);
  Shown shown[MOVIE_MAX];
  int count = movie_truth (frame, shown);

  if (frame >= MOVIE_CUT)
    for (int i = 0; i < MOVIE_WIDTH * MOVIE_HEIGHT; i++)
      scene.luma[i] = (uint8_t) (250 - scene.luma[i] - (i % MOVIE_WIDTH) / 8);
  for (int i = 0; i < count; i++) {
    DrawnPicture drawn = movie_picture (shown[i].id[0] - 'a');

    draw_placed (&scene, &drawn, shown[i].corners, 0.9, 8);
    free_picture (&drawn);
  }
  return scene;
}

/* All frames, drawn once for each process. */
static inline const Scene *
movie (void)
{
  static Scene scenes[MOVIE_FRAMES];

  if (scenes[0].luma == NULL)
    for (int i = 0; i < MOVIE_FRAMES; i++)
      scenes[i] = movie_frame (i);
  return scenes;
}
