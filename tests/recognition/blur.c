/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Blur of known size on drawn frames: how near the measure comes. */
#include "../suite.h"
#include "drawing.h"
#include "drawn_reference.h"

#include "recognition/align.h"
#include "recognition/composite.h"
#include "recognition/verify.h"

#define WIDTH 640
#define HEIGHT 480

static LincePyramid *pyramid;
static LincePool *pool;
static Scene scene;

static void
set_up (void)
{
  pyramid = lince_pyramid_new (NULL);
  pool = lince_pool_new (1, NULL);
  scene = new_scene (WIDTH, HEIGHT, 3);
}

static void
tear_down (void)
{
  free_scene (&scene);
  lince_pool_free (pool);
  lince_pyramid_free (pyramid);
}

/* The whole frame through a Gaussian, along one axis. */
static void
blur_axis (const double *in, double *out, double sigma, int dx, int dy)
{
  int radius = (int) ceil (4 * sigma);

  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) {
      double sum = 0, weights = 0;

      for (int k = -radius; k <= radius; k++) {
        int px = x + k * dx, py = y + k * dy;
        double w = exp (-k * k / (2 * sigma * sigma));

        if (px < 0 || py < 0 || px >= WIDTH || py >= HEIGHT)
          continue;
        sum += w * in[py * WIDTH + px];
        weights += w;
      }
      out[y * WIDTH + x] = sum / weights;
    }
}

static void
blur_scene (double sigma)
{
  static double a[WIDTH * HEIGHT], b[WIDTH * HEIGHT];

  for (int i = 0; i < WIDTH * HEIGHT; i++)
    a[i] = scene.luma[i];
  if (sigma > 0) {
    blur_axis (a, b, sigma, 1, 0);
    blur_axis (b, a, sigma, 0, 1);
  }
  for (int i = 0; i < WIDTH * HEIGHT; i++)
    scene.luma[i] = (uint8_t) (a[i] + 0.5);
}

/* A mark of two greys: a ring and a bar on transparent ground. */
static DrawnPicture
draw_mark (int side)
{
  DrawnPicture drawn = draw_poster (side, side, 5);

  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++) {
      uint8_t *pixel = drawn.pixels + y * drawn.picture.stride + 4 * x;
      double u = (x + 0.5) / side - 0.5, v = (y + 0.5) / side - 0.5, r = hypot (u, v);
      bool ring = r > 0.3 && r < 0.47, bar = fabs (u) < 0.08 && fabs (v) < 0.25;

      pixel[0] = pixel[1] = pixel[2] = ring ? 240 : 20;
      pixel[3] = ring || bar ? 255 : 0;
    }
  return drawn;
}

/* Draws what is opaque of the picture, nearest of 4 x 4 samples a pixel, at an opacity. */
static void
draw_masked (Scene *to, const DrawnPicture *drawn, const LincePoint corners[4], double opacity)
{
  double forward[9], back[9];

  ck_assert (
      lince_quad_to_homography (corners, drawn->picture.width, drawn->picture.height, forward));
  ck_assert (lince_homography_inverse (forward, back));
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) {
      double sum = 0, ground = to->luma[y * WIDTH + x];

      for (int i = 0; i < 16; i++) {
        double px, py;
        bool hit =
            lince_homography_map (back, x + (i % 4 + 0.5) / 4, y + (i / 4 + 0.5) / 4, &px, &py);
        bool inside =
            hit && px >= 0 && py >= 0 && px < drawn->picture.width && py < drawn->picture.height;
        double alpha =
            inside
                ? opacity * drawn->pixels[(int) py * drawn->picture.stride + 4 * (int) px + 3] / 255
                : 0;

        sum +=
            (1 - alpha) * ground +
            (alpha > 0 ? alpha * (16 + 219.0 / 255 * picture_luma (drawn, (int) px, (int) py)) : 0);
      }
      to->luma[y * WIDTH + x] = (uint8_t) (sum / 16 + 0.5);
    }
}

/* As the recogniser does: aligned on the blurred frame from the true place. */
static float
measure (
    const DrawnPicture *drawn, bool mark, double width, double height, double gain, double sigma)
{
  DrawnReference made = new_reference (*drawn);
  LinceFrame frame;
  LincePoint place[4];
  double h[9];
  float blur = -1;

  outline (320.3, 240.6, width, height, mark ? 0 : 0.2, 0, place);
  free_scene (&scene);
  scene = new_scene (WIDTH, HEIGHT, 3);
  if (mark)
    draw_masked (&scene, drawn, place, gain);
  else
    draw_placed (&scene, drawn, place, gain, 20);
  blur_scene (sigma);
  frame = scene_frame (&scene);
  ck_assert (lince_pyramid_resize (pyramid, &frame, NULL));
  lince_pyramid_build (pyramid, &frame, pool);
  ck_assert (lince_quad_to_homography (place, made.reference.width, made.reference.height, h));
  if (mark) {
    LinceCompositor *compositor = lince_compositor_new (NULL);
    LinceCompositePlan plan = {2, 6, 4096, 0, true, .blur = true};
    LinceComposition composition;

    ck_assert (
        lince_composite_align (compositor, pyramid, &made.reference, h, &plan, &composition));
    blur = composition.blur;
    lince_compositor_free (compositor);
  } else {
    LinceAligner *aligner = lince_aligner_new (NULL);
    LinceAlignPlan plan = {3, 8, LINCE_VERIFY_SIDE, 0.2f, 0};
    LinceAlignment alignment;

    ck_assert (lince_align (aligner, pyramid, &made.reference, h, &plan, &alignment));
    blur = lince_align_blur (aligner, pyramid, &made.reference, &alignment);
    lince_aligner_free (aligner);
  }
  lince_reference_clear (&made.source); /* the picture is the caller's */
  return blur;
}

static const double sigmas[] = {0, 0.7, 1, 1.5, 2, 3};

static void
check_series (const DrawnPicture *drawn, bool mark, double width, double height, double gain)
{
  float before = -1;

  for (size_t i = 0; i < sizeof sigmas / sizeof sigmas[0]; i++) {
    float blur = measure (drawn, mark, width, height, gain, sigmas[i]);

    ck_assert_msg (blur > before, "%g px: %g after %g", sigmas[i], (double) blur, (double) before);
    if (sigmas[i] > 0)
      ck_assert_msg (fabs ((double) blur - sigmas[i]) <= 0.25 * sigmas[i], "%g px reads %g",
          sigmas[i], (double) blur);
    else
      ck_assert_float_lt (blur, 0.5f);
    before = blur;
  }
}

START_TEST (of_a_texture)
{
  DrawnPicture poster = draw_poster (240, 180, 11);

  check_series (&poster, false, 128, 96, 1);
  check_series (&poster, false, 160, 120, 0.6);
  check_series (&poster, false, 240, 180, 1);
  free_picture (&poster);
}
END_TEST

START_TEST (of_a_mark)
{
  DrawnPicture mark = draw_mark (200);

  check_series (&mark, true, 64, 64, 1);
  check_series (&mark, true, 96, 96, 0.5);
  free_picture (&mark);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("blur");
  TCase *tests = tcase_create ("blur");

  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_set_timeout (tests, 120);
  tcase_add_test (tests, of_a_texture);
  tcase_add_test (tests, of_a_mark);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
