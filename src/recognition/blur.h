/* SPDX-License-Identifier: LGPL-2.1-or-later
 * How blurred the frame shows a reference. Internal to the room.
 *
 * The roughness of a picture is its gradient energy over its variance, which no gain and no lift
 * changes. The model of what the frame should show is smoothed until it is as rough as the frame.
 * Gaussians add in variance, and a step of contrast c smoothed by sigma has the gradient energy
 * c^2 / (2 sigma sqrt (pi)), so between two smoothings the variance runs about as the inverse
 * square of the roughness, and is interpolated so. Taken off is what sampling the frame at the
 * model's pixels did: a sample is the mean of one octave pixel, between two of them (o octave
 * pixels a model pixel: o^2 / 6 + (o^2 - 1) / 12 of the model's squared pixels). */
#pragma once

/* Row-major planes of `stride` * `rows` floats, which belong to the caller. */
typedef struct {
  int stride, rows;
  float *model;        /* levels; is overwritten */
  float *scratch;      /* is overwritten */
  const float *frame;  /* levels, sampled at the model's pixels */
  const float *weight; /* 1 counts, 0 does not */
  double scale;        /* frame pixels for one of the model's */
  double octave;       /* frame pixels for one of those that `frame` was sampled from */
} LinceBlurPlanes;

/* The standard deviation of the blur against the model, in frame pixels; a blur of more than four
 * model pixels reads as four. Negative where too little is seen to tell. */
float lince_blur_measure (const LinceBlurPlanes *planes);
