/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool/explain_report.h"

#include "media/variant.h"
#include "tool/output.h"

static const char *
object_name (LinceIndex *index, guint32 number)
{
  LinceObject object;

  return lince_index_object (index, number, &object) ? object.id : "?";
}

static const LinceExplainedTrial *
best_trial (const LinceExplanation *explanation)
{
  return explanation->best >= 0 ? &explanation->trials[explanation->best] : NULL;
}

static const LinceExplainedGenerator *
proposed_by (const LinceExplanation *e, const LinceExplainedTrial *trial)
{
  guint at = 0;

  while (at + 1 < LINCE_EXPLAIN_GENERATORS && e->proposed[at].generator != trial->generator)
    at++;
  return &e->proposed[at];
}

static guint
count_proposed (const LinceExplanation *e)
{
  guint count = 0;

  for (guint i = 0; i < LINCE_EXPLAIN_GENERATORS; i++)
    count += e->proposed[i].hypothesis_count;
  return count;
}

static float
worst_level (const LinceExplainedTrial *trial)
{
  return trial->level_count > 0 ? trial->levels[trial->level_count - 1].correlation : -1;
}

/* What would have come of the best place, had it been followed up. */
static const char *
prospect (const LinceExplanation *e)
{
  const LinceExplainedTrial *best = best_trial (e);

  if (best == NULL)
    return "";
  return best->judged && best->confidence >= 0.5f ? "; followed up, it would have been found"
                                                  : "; followed up, it would not have held";
}

/* What generators came to without a hypothesis. */
static char *
sentence_of_generators (const LinceExplanation *e)
{
  const LinceExplainedPeak *peak = e->peak_count > 0 ? &e->peaks[0] : NULL;

  switch (e->outcome) {
    case LINCE_OUTCOME_NO_FEATURES:
      return g_strdup ("its pictures have nothing to be found by: no generator could use them");
    case LINCE_OUTCOME_NO_KEYPOINTS:
      return g_strdup ("the frame has no point with contrast around it");
    case LINCE_OUTCOME_NO_MATCHES:
      return g_strdup_printf ("only %u of the frame's %u keypoints look like it; it takes %u",
          e->match_count, e->keypoint_count, e->least_matches);
    case LINCE_OUTCOME_FEW_VOTES:
      return g_strdup_printf ("%u keypoints look like it, but they agree on a place with a weight "
                              "of %u only; it takes %u%s",
          e->match_count, peak != NULL ? peak->weight : 0, e->least_weight, prospect (e));
    case LINCE_OUTCOME_NO_SHAPES:
      return g_strdup_printf (
          "none of the frame's %u regions leads to a place of its mark: %u look "
          "like one of its shapes",
          e->region_count, e->shape_match_count);
    case LINCE_OUTCOME_CROWDED:
      return g_strdup_printf ("its matches agree on a place with a weight of %u, but only the "
                              "frame's %u heaviest are followed up%s",
          peak != NULL ? peak->weight : 0, e->peak_limit, prospect (e));
    default:
      return g_strdup_printf ("its matches agree on a place, but no outline fits them: %u inliers "
                              "with a score of %.1f; it takes %u and %.1f",
          peak != NULL ? peak->inliers : 0, peak != NULL ? (double) peak->score : 0,
          e->least_inliers, (double) e->least_score);
  }
}

static char *
sentence_of_rival (const LinceExplanation *e, LinceIndex *index)
{
  for (guint i = 0; i < e->rival_count; i++) {
    const LinceExplainedRival *rival = &e->rivals[i];

    if (rival->gave_way)
      return g_strdup_printf ("%s explains the same pixels %s: evidence %.1f against %.1f",
          object_name (index, rival->object), rival->equal ? "as well" : "better",
          (double) rival->evidence, (double) rival->own_evidence);
  }
  return g_strdup ("another object explains the same pixels better");
}

char *
lince_explain_report_sentence (const LinceExplanation *e, LinceIndex *index)
{
  const LinceExplainedTrial *best = best_trial (e);

  if (e->outcome == LINCE_OUTCOME_FOUND)
    return g_strdup_printf ("found, confidence %.2f", (double) e->placements[0].confidence);
  if (e->outcome == LINCE_OUTCOME_RIVAL)
    return sentence_of_rival (e, index);
  if (best == NULL || best->rank == 0)
    return sentence_of_generators (e);
  switch (e->outcome) {
    case LINCE_OUTCOME_NOT_TRIED:
      return g_strdup_printf ("its best hypothesis is number %u of %u; only %u are verified",
          best->rank, proposed_by (e, best)->hypothesis_count, proposed_by (e, best)->trial_limit);
    case LINCE_OUTCOME_NOT_ALIGNED:
      if (best->composed)
        return g_strdup ("its picture, laid over the frame there, does not explain the pixels");
      return g_strdup_printf ("its picture does not lie on the frame's pixels: correlation %.2f; "
                              "it takes %.2f",
          (double) worst_level (best), (double) e->give_up);
    case LINCE_OUTCOME_BELOW_MINIMUM:
      return g_strdup_printf ("verified with confidence %.2f, below the minimum of %.2f",
          (double) best->confidence, (double) e->minimum_confidence);
    default:
      return g_strdup_printf ("too little of it agrees with the frame: evidence %.1f, %.0f %% of "
                              "its contrast; confidence %.2f, it takes 0.50",
          (double) best->evidence, 100 * (double) best->agreement, (double) best->confidence);
  }
}

static void G_GNUC_PRINTF (3, 4)
    add_line (GPtrArray *lines, const char *stage, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_ptr_array_add (lines, g_strdup_printf ("%-14s%s", stage, text));
}

static void
add_textured_lines (GPtrArray *lines, const LinceExplanation *e)
{
  const LinceExplainedTrial *best = best_trial (e);
  g_autofree char *near =
      best != NULL ? g_strdup_printf (", %u within its best hypothesis", best->keypoints_near)
                   : g_strdup ("");

  add_line (lines, "keypoints", "%u in the frame%s", e->keypoint_count, near);
  if (e->match_count > 0)
    add_line (lines, "matches",
        "%u look like it (takes %u an image), the nearest differs by %u bits", e->match_count,
        e->least_matches, e->best_distance);
  else
    add_line (lines, "matches", "none (takes %u an image)", e->least_matches);
  for (guint i = 0; i < e->peak_count && i < 3; i++) {
    const LinceExplainedPeak *peak = &e->peaks[i];

    add_line (lines, i == 0 ? "votes" : "",
        "weight %u (takes %u) of %u matches around %.0f,%.0f: %u inliers (%u), score %.1f (%.1f)%s",
        peak->weight, e->least_weight, peak->matches, (double) peak->centre.x,
        (double) peak->centre.y, peak->inliers, e->least_inliers, (double) peak->score,
        (double) e->least_score,
        !peak->followed  ? ", not followed up"
        : peak->outlined ? ", a hypothesis"
                         : ", no outline");
  }
  if (e->peak_count == 0)
    add_line (lines, "votes", "none");
}

static void
add_mark_lines (GPtrArray *lines, const LinceExplanation *e)
{
  if ((e->generators & LINCE_GENERATOR_MARK) == 0)
    return;
  if (e->shape_match_count > 0)
    add_line (lines, "shapes",
        "%u of the frame's %u regions look like it, the nearest differs by %u",
        e->shape_match_count, e->region_count, e->best_shape_distance);
  else
    add_line (lines, "shapes", "none of the frame's %u regions looks like it", e->region_count);
}

static guint
count_ranked (const LinceExplanation *e)
{
  guint count = 0;

  while (count < e->trial_count && e->trials[count].rank > 0)
    count++;
  return count;
}

/* The name of an image's variant between two words; "" for the picture as it is. Transfer full. */
static char *
describe_variant (const char *before, LinceIndex *index, guint32 image, const char *after)
{
  LinceEnrolment enrolment = {0};
  g_autofree char *name = NULL;

  lince_index_image (index, image, NULL, &enrolment);
  name = lince_variant_name (&enrolment.variant);
  return name[0] != '\0' ? g_strconcat (before, name, after, NULL) : g_strdup ("");
}

/* The variants among the object's images. Transfer full. */
static char *
list_variants (const LinceExplanation *e, LinceIndex *index)
{
  GString *text = g_string_new (NULL);

  for (guint32 i = 0; i < e->image_count; i++) {
    g_autofree char *variant =
        describe_variant (text->len > 0 ? ", " : " (", index, e->first_image + i, "");

    g_string_append (text, variant);
  }
  if (text->len > 0)
    g_string_append_c (text, ')');
  return g_string_free (text, FALSE);
}

static void
add_hypothesis_line (GPtrArray *lines, const LinceExplanation *e, LinceIndex *index)
{
  const LinceExplainedTrial *best = best_trial (e);
  g_autofree char *generator = NULL, *variant = NULL;

  if (best == NULL || best->rank == 0) {
    add_line (lines, "hypotheses", "none of it, %u of others%s", count_proposed (e),
        best != NULL ? "; what would have come of its best place:" : "");
    return;
  }
  generator = lince_output_generators (best->generator, "", "");
  variant = describe_variant (", variant ", index, best->image, ",");
  add_line (lines, "hypotheses",
      "%u of it; the best%s is number %u of the frame's %u from %s (%u are verified)%s",
      count_ranked (e), variant, best->rank, proposed_by (e, best)->hypothesis_count, generator,
      proposed_by (e, best)->trial_limit, best->tried ? "" : ": not tried");
}

static void
add_alignment_line (GPtrArray *lines, const LinceExplanation *e, const LinceExplainedTrial *trial)
{
  g_autoptr (GString) levels = g_string_new (NULL);

  if (trial->composed) {
    add_line (lines, "alignment", "as a mark laid over the frame%s",
        trial->judged ? "" : ": given up, it does not explain the pixels");
    return;
  }
  for (guint i = 0; i < trial->level_count; i++)
    g_string_append_printf (levels, "%s%.2f at %d x %d", i > 0 ? ", " : "",
        (double) trial->levels[i].correlation, trial->levels[i].width, trial->levels[i].height);
  add_line (lines, "alignment", "correlation %s (takes %.2f)",
      trial->level_count > 0 ? levels->str : "none: no plausible outline", (double) e->give_up);
}

static void
add_trial_lines (GPtrArray *lines, const LinceExplanation *e, LinceIndex *index)
{
  const LinceExplainedTrial *best = best_trial (e);

  add_hypothesis_line (lines, e, index);
  if (best == NULL)
    return;
  add_alignment_line (lines, e, best);
  if (!best->judged) {
    add_line (lines, "verification", "not reached");
    return;
  }
  add_line (lines, "verification",
      "evidence %.1f (takes 0), %.0f %% of its contrast agrees, %.0f %% inside the frame, "
      "confidence %.2f (takes 0.50, minimum %.2f)",
      (double) best->evidence, 100 * (double) best->agreement, 100 * (double) best->inside,
      (double) best->confidence, (double) e->minimum_confidence);
}

static void
add_rival_lines (GPtrArray *lines, const LinceExplanation *e, LinceIndex *index)
{
  for (guint i = 0; i < e->rival_count; i++) {
    const LinceExplainedRival *rival = &e->rivals[i];

    add_line (lines, i == 0 ? "rivals" : "", "%s %s, evidence %.1f against %.1f%s",
        rival->gave_way ? "dropped for" : "stands against", object_name (index, rival->object),
        (double) rival->evidence, (double) rival->own_evidence,
        rival->equal ? ": the pixels do not tell them apart" : "");
  }
  if (e->rival_count == 0)
    add_line (lines, "rivals", "none");
}

/* One place for each generator's own lines: after `reference`. */
GPtrArray *
lince_explain_report_lines (const LinceExplanation *e, LinceIndex *index)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *generators = lince_output_generators (e->generators, " and ", "none");
  g_autofree char *sentence = lince_explain_report_sentence (e, index);
  g_autofree char *variants = list_variants (e, index);

  add_line (lines, "reference", "%u image%s%s, generators: %s; %u features", e->image_count,
      e->image_count == 1 ? "" : "s", variants, generators, e->feature_count);
  add_textured_lines (lines, e);
  add_mark_lines (lines, e);
  add_trial_lines (lines, e, index);
  add_rival_lines (lines, e, index);
  add_line (lines, "outcome", "%s", sentence);
  return lines;
}

static void
append_member (GString *text, const char *name, double number, int decimals)
{
  g_string_append_printf (text, ", \"%s\": ", name);
  lince_output_number (text, number, decimals);
}

static void
append_quad (GString *text, const char *name, const LincePoint corners[4])
{
  g_string_append_printf (text, ", \"%s\": [", name);
  for (int i = 0; i < 4; i++) {
    g_string_append (text, i > 0 ? ", [" : "[");
    lince_output_number (text, (double) corners[i].x, 2);
    g_string_append (text, ", ");
    lince_output_number (text, (double) corners[i].y, 2);
    g_string_append_c (text, ']');
  }
  g_string_append_c (text, ']');
}

static void
append_peaks (GString *text, const LinceExplanation *e)
{
  g_string_append (text, ", \"peaks\": [");
  for (guint i = 0; i < e->peak_count; i++) {
    const LinceExplainedPeak *peak = &e->peaks[i];

    g_string_append_printf (text,
        "%s{\"image\": %u, \"matches\": %u, \"weight\": %u, \"followed\": %s", i > 0 ? ", " : "",
        peak->image - e->first_image, peak->matches, peak->weight,
        peak->followed ? "true" : "false");
    g_string_append_printf (text, ", \"outlined\": %s, \"inliers\": %u",
        peak->outlined ? "true" : "false", peak->inliers);
    append_member (text, "score", (double) peak->score, 2);
    append_member (text, "x", (double) peak->centre.x, 1);
    append_member (text, "y", (double) peak->centre.y, 1);
    g_string_append_c (text, '}');
  }
  g_string_append_c (text, ']');
}

static void
append_trial (
    GString *text, const LinceExplanation *e, const LinceExplainedTrial *trial, LinceIndex *index)
{
  g_autofree char *generator = lince_output_generators (trial->generator, "", "");

  g_string_append_printf (text,
      "{\"image\": %u, \"generator\": \"%s\", \"rank\": %u, \"tried\": %s, \"inliers\": %u",
      trial->image - e->first_image, generator, trial->rank, trial->tried ? "true" : "false",
      trial->inliers);
  lince_output_variant (text, index, trial->image);
  g_string_append_printf (text, ", \"keypoints_near\": %u", trial->keypoints_near);
  append_quad (text, "start", trial->start);
  g_string_append (text, ", \"alignment\": [");
  for (guint i = 0; i < trial->level_count; i++) {
    g_string_append (text, i > 0 ? ", " : "");
    lince_output_number (text, (double) trial->levels[i].correlation, 3);
  }
  g_string_append (text, "]");
  if (trial->judged) {
    append_quad (text, "quad", trial->corners);
    append_member (text, "evidence", (double) trial->evidence, 2);
    append_member (text, "agreement", (double) trial->agreement, 3);
    append_member (text, "inside", (double) trial->inside, 3);
    append_member (text, "confidence", (double) trial->confidence, 4);
  }
  g_string_append_c (text, '}');
}

static void
append_rivals (GString *text, const LinceExplanation *e, LinceIndex *index)
{
  g_string_append (text, ", \"rivals\": [");
  for (guint i = 0; i < e->rival_count; i++) {
    const LinceExplainedRival *rival = &e->rivals[i];

    g_string_append (text, i > 0 ? ", {\"id\": " : "{\"id\": ");
    lince_output_string (text, object_name (index, rival->object));
    append_member (text, "evidence", (double) rival->evidence, 2);
    append_member (text, "own_evidence", (double) rival->own_evidence, 2);
    g_string_append_printf (text, ", \"equal\": %s, \"gave_way\": %s}",
        rival->equal ? "true" : "false", rival->gave_way ? "true" : "false");
  }
  g_string_append_c (text, ']');
}

static void
append_needs (GString *text, const LinceExplanation *e)
{
  g_string_append_printf (text,
      ", \"needs\": {\"matches\": %u, \"weight\": %u, \"peaks\": %u, \"inliers\": %u",
      e->least_matches, e->least_weight, e->peak_limit, e->least_inliers);
  append_member (text, "score", (double) e->least_score, 2);
  if (e->trial_count > 0)
    append_member (text, "alignment", (double) e->give_up, 3);
  append_member (text, "minimum_confidence", (double) e->minimum_confidence, 3);
  g_string_append_c (text, '}');
}

void
lince_explain_report_json (GString *text, const char *name, const LinceFrame *frame,
    const LinceExplanation *e, LinceIndex *index)
{
  g_autofree char *sentence = lince_explain_report_sentence (e, index);
  g_autofree char *generators = lince_output_generators (e->generators, "\", \"", "");
  const char *quote = e->generators != 0 ? "\"" : "";

  g_string_append (text, "{\"frame\": ");
  lince_output_string (text, name);
  g_string_append_printf (
      text, ", \"width\": %d, \"height\": %d, \"id\": ", frame->width, frame->height);
  lince_output_string (text, object_name (index, e->object));
  g_string_append_printf (
      text, ", \"outcome\": \"%s\", \"why\": ", lince_outcome_name (e->outcome));
  lince_output_string (text, sentence);
  g_string_append_printf (text,
      ", \"images\": %u, \"generators\": [%s%s%s], \"features\": %u, \"keypoints\": %u, "
      "\"matches\": %u",
      e->image_count, quote, generators, quote, e->feature_count, e->keypoint_count,
      e->match_count);
  if (e->match_count > 0)
    g_string_append_printf (text, ", \"best_distance\": %u", e->best_distance);
  append_peaks (text, e);
  g_string_append_printf (text,
      ", \"regions\": %u, \"shape_matches\": %u, \"hypotheses\": %u, \"trials\": [",
      e->region_count, e->shape_match_count, count_proposed (e));
  for (guint i = 0; i < e->trial_count; i++) {
    g_string_append (text, i > 0 ? ", " : "");
    append_trial (text, e, &e->trials[i], index);
  }
  g_string_append_c (text, ']');
  if (e->best >= 0)
    g_string_append_printf (text, ", \"best\": %d", e->best);
  append_rivals (text, e, index);
  append_needs (text, e);
  g_string_append (text, ", \"placements\": ");
  lince_output_placements (text, index, e->placements, e->placement_count);
  g_string_append_c (text, '}');
}
