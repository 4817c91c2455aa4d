/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Why an object is found in a frame, or is not: how far it came in every stage, and by how much it
 * fell short.
 *
 * The frame is recognised as a still; then each stage is run again for the images of one object, and
 * what it came to is noted. Costs a few times a still's time and allocates; frames that nobody asks
 * about pay nothing. */
#pragma once

#include "recognition/recognizer.h"

/* Where an object's way through a frame ends; the later, the nearer it came. */
typedef enum {
  LINCE_OUTCOME_NO_FEATURES = 1, /* no generator has anything to find its images by */
  LINCE_OUTCOME_NO_KEYPOINTS,    /* the frame shows nothing that could be looked up */
  LINCE_OUTCOME_NO_MATCHES,      /* too few keypoints look like the object's */
  LINCE_OUTCOME_FEW_VOTES,       /* its matches do not agree on one place */
  LINCE_OUTCOME_NO_SHAPES,       /* no shape in the frame leads to a place of its mark */
  LINCE_OUTCOME_CROWDED,         /* they do, but too many others agree better */
  LINCE_OUTCOME_NO_OUTLINE,      /* no outline fits the matches of a place */
  LINCE_OUTCOME_NOT_TRIED,       /* its hypotheses come behind those that are verified */
  LINCE_OUTCOME_NOT_ALIGNED,     /* its pixels do not lie on the frame's anywhere near */
  LINCE_OUTCOME_NOT_VERIFIED,    /* they do, but say too little for it */
  LINCE_OUTCOME_RIVAL,           /* another object explains the same pixels better */
  LINCE_OUTCOME_BELOW_MINIMUM,   /* verified, below the minimum confidence that was set */
  LINCE_OUTCOME_FOUND,
} LinceOutcome;

/* "no-features", "no-keypoints", ...: a static string. */
LINCE_API const char *lince_outcome_name (LinceOutcome outcome);

#define LINCE_EXPLAIN_PEAKS 32
#define LINCE_EXPLAIN_TRIALS 32
#define LINCE_EXPLAIN_LEVELS 6
#define LINCE_EXPLAIN_RIVALS 8

/* A keypoint of the frame that looks like a feature of an image of the object. */
typedef struct {
  uint32_t image;
  LincePoint reference, frame; /* pixels of the reference picture, and of the frame */
  uint32_t distance;           /* of the descriptors, bits: 0 the same, 128 chance */
  int32_t peak;                /* number within `peaks`, -1: it agrees with no other */
} LinceExplainedMatch;

/* Matches of an image that agree on a place. */
typedef struct {
  uint32_t image;
  LincePoint centre; /* of the object, frame pixels */
  uint32_t matches, weight;
  bool followed;     /* heavy enough, and among the frame's heaviest */
  bool outlined;     /* an outline fits them */
  uint32_t inliers;  /* of the best outline */
  float score;
} LinceExplainedPeak;

/* A hypothesis of any generator, verified for itself. */
typedef struct {
  uint32_t image;
  LinceGenerator generator;
  uint32_t rank;          /* from 1, among the generator's hypotheses of the frame; 0: it is none of
                             them, for its peak was not followed up: what would have come of it */
  uint32_t votes, inliers;
  float score;
  LincePoint start[4];    /* the outline before alignment, clockwise, frame pixels */
  double to_reference[9]; /* row-major homography, frame pixels to reference picture pixels: of the
                             outline after alignment where it was judged, else before */
  uint32_t keypoints_near; /* keypoints of the frame inside it */
  bool tried;             /* it was among those that are verified in a frame */
  bool composed;          /* placed and compared by the compositing model, which has no levels and no
                             cells to show */
  uint32_t level_count;   /* levels aligned, coarse to fine */
  struct {
    int width, height;    /* of the reference, pixels */
    float correlation;    /* -1 to 1 */
  } levels[LINCE_EXPLAIN_LEVELS];
  bool judged;            /* aligned well enough to be compared: what follows is filled */
  LincePoint corners[4];  /* the outline after alignment */
  float evidence;         /* natural logarithm of the odds; 0 at a confidence of 0.5 */
  float correlation;      /* of the cells that agree */
  float agreement;        /* 0 to 1: share of the seen contrast that agrees */
  float inside, visible;  /* 0 to 1, shares of the outline */
  float opacity;          /* 0 to 1: 1 opaque */
  float confidence;       /* 0 to 1 */
} LinceExplainedTrial;

/* What a generator proposed in the frame, of all objects. */
typedef struct {
  LinceGenerator generator;
  uint32_t hypothesis_count, trial_limit; /* and how many of them are verified */
} LinceExplainedGenerator;

#define LINCE_EXPLAIN_GENERATORS 2

typedef enum {
  LINCE_CELL_SILENT, /* no contrast in the reference there, nor in the frame */
  LINCE_CELL_UNSEEN, /* outside the frame */
  LINCE_CELL_AGREES,
  LINCE_CELL_DISAGREES,
  LINCE_CELL_NOT_PLAIN, /* contrast in the frame where the reference has none: speaks against it */
} LinceCellState;

/* A cell of the pixel comparison. */
typedef struct {
  LinceCellState state;
  float correlation;     /* -1 to 1 */
  LincePoint corners[4]; /* frame pixels */
} LinceExplainedCell;

/* An object at the same place. */
typedef struct {
  uint32_t object;
  float evidence, own_evidence;
  bool equal;   /* the pixels do not tell them apart */
  bool gave_way; /* the object gave way to it; else it to the object */
} LinceExplainedRival;

/* The picture of an image, reduced: row by row, no padding. */
typedef struct {
  int width, height;
  int picture_width, picture_height; /* of the picture as enrolled */
  const uint8_t *luma;
  const uint8_t *mask; /* 0 transparent to 255 opaque; NULL: all opaque */
} LinceExplainedPicture;

/* All arrays belong to the explanation. Images are numbers within the index. */
typedef struct {
  uint32_t object;
  LinceOutcome outcome;
  uint32_t first_image, image_count; /* of the object */
  uint32_t generators;               /* of all its images: LinceGenerator bits */

  uint32_t keypoint_count;    /* of the frame */
  const LincePoint *keypoints;

  /* the `textured` generator */
  uint32_t feature_count;     /* of the object's images */
  uint32_t match_count;       /* at most 400 an image */
  const LinceExplainedMatch *matches;
  uint32_t best_distance;     /* 256 without a match */
  uint32_t least_matches;     /* of an image, for it to vote */
  uint32_t peak_count;        /* heaviest first */
  LinceExplainedPeak peaks[LINCE_EXPLAIN_PEAKS];
  uint32_t least_weight;      /* of a peak that is followed up */
  uint32_t peak_limit;        /* how many are, of all objects' */
  uint32_t least_inliers;     /* of an outline */
  float least_score;

  /* the `mark` generator */
  uint32_t region_count;      /* of the frame */
  uint32_t shape_match_count; /* those that look like regions of the object's images */
  uint32_t best_shape_distance; /* bits; UINT32_MAX without a match */

  /* hypotheses of all generators */
  LinceExplainedGenerator proposed[LINCE_EXPLAIN_GENERATORS];
  uint32_t trial_count;       /* of the object, those of rank 0 last */
  LinceExplainedTrial trials[LINCE_EXPLAIN_TRIALS];
  int32_t best;               /* the trial that came furthest, -1: there is none */
  float give_up;              /* correlation that alignment needs on each level */
  float minimum_confidence;   /* as set */
  uint32_t cell_count, cell_columns; /* of the best trial, where it was judged; row by row */
  const LinceExplainedCell *cells;
  LinceExplainedPicture picture; /* the image of the best trial, else the object's first */

  uint32_t rival_count;
  LinceExplainedRival rivals[LINCE_EXPLAIN_RIVALS];
  uint32_t placement_count;   /* of the object, at most LINCE_EXPLAIN_TRIALS */
  LincePlacement placements[LINCE_EXPLAIN_TRIALS];
} LinceExplanation;

/* Explains object number `object` of the index in use in `frame`. Uses the recogniser's buffers as
 * lince_recognizer_still() does. NULL with `error` for a frame that is not valid, without an index,
 * for a number that it does not have, or when memory is short. The caller frees the explanation; it
 * does not refer to the recogniser, the frame or the index. */
LINCE_API LinceExplanation *lince_recognizer_explain (LinceRecognizer *recognizer,
    const LinceFrame *frame, uint32_t object, LinceError *error);
LINCE_API void lince_explanation_free (LinceExplanation *explanation); /* NULL is allowed */
