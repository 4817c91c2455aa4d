/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boosting.h"

#include <math.h>
#include <string.h>

#define SAMPLES LINCE_DESCRIPTOR_SAMPLES
#define CANDIDATES (SAMPLES * (SAMPLES - 1) / 2)
#define CHOSEN (64 * LINCE_DESCRIPTOR_WORDS)
#define PLANES 16   /* bits of a weight */
#define REPORTED 32 /* comparisons between lines of progress */

/* Pairs of one class: for each candidate a bit a pair, 64 to the word. */
typedef struct {
  guint count, words;
  guint64 *differs; /* CANDIDATES times `words` */
  guint64 *weights; /* PLANES times `words`: bit by bit */
  double total;     /* sum of the weights */
  guint16 *distances;
} Class;

typedef struct {
  guint8 first[CANDIDATES], second[CANDIDATES];
  Class classes[2];   /* same, different */
  guint words, pairs; /* of `answers` */
  guint64 *answers;   /* CANDIDATES times `words`: each one's bits of the second keypoints */
  guint ones[CANDIDATES];
  double rate, limit;
  gint chosen[CHOSEN];
  guint16 barred[CANDIDATES]; /* by how many of those chosen, itself being one */
} Choice;

static void
class_init (Class *class, const Choice *choice, const LinceSamplePair *pairs, guint count)
{
  class->count = count;
  class->words = (count + 63) / 64;
  class->differs = g_new0 (guint64, (gsize) CANDIDATES * class->words);
  class->weights = g_new0 (guint64, (gsize) PLANES * class->words);
  class->distances = g_new0 (guint16, count);
  for (guint c = 0; c < CANDIDATES; c++) {
    guint64 *differs = class->differs + (gsize) c * class->words;
    guint i = choice->first[c], j = choice->second[c];

    for (guint p = 0; p < count; p++) {
      const guint8 *a = pairs[p].first, *b = pairs[p].second;

      differs[p / 64] |= (guint64) ((a[i] < a[j]) != (b[i] < b[j])) << (p % 64);
    }
  }
}

static void
class_clear (Class *class)
{
  g_free (class->differs);
  g_free (class->weights);
  g_free (class->distances);
}

/* exp (rate distance), the largest being all planes' bits. */
static void
weigh (Class *class, double rate)
{
  guint least = G_MAXUINT16, most = 0, table[CHOSEN + 1];

  for (guint p = 0; p < class->count; p++) {
    least = MIN (least, class->distances[p]);
    most = MAX (most, class->distances[p]);
  }
  for (guint d = least; d <= most; d++)
    table[d] =
        (guint) (((1 << PLANES) - 1) *
                     exp (rate * ((double) d - (rate > 0 ? (double) most : (double) least))) +
                 .5);
  memset (class->weights, 0, (gsize) PLANES * class->words * sizeof *class->weights);
  class->total = 0;
  for (guint p = 0; p < class->count; p++) {
    guint weight = table[class->distances[p]];

    class->total += weight;
    for (guint b = 0; b < PLANES; b++)
      class->weights[b * class->words + p / 64] |= (guint64) (weight >> b & 1) << (p % 64);
  }
}

/* One sum of whole numbers on every machine, sooner where bits are counted by an instruction. */
#if defined(__x86_64__)
#define CLONES __attribute__ ((target_clones ("arch=icelake-server", "popcnt", "default")))
#else
#define CLONES
#endif

CLONES static guint64
count_common (const guint64 *a, const guint64 *b, guint words)
{
  guint64 count = 0;

  for (guint w = 0; w < words; w++)
    count += (guint64) __builtin_popcountll (a[w] & b[w]);
  return count;
}

/* The weight of the pairs that the candidate tells apart, as a share of all. */
static double
share (const Class *class, guint candidate)
{
  const guint64 *differs = class->differs + (gsize) candidate * class->words;
  guint64 sum = 0;

  for (guint b = 0; b < PLANES; b++)
    sum += count_common (differs, class->weights + b * class->words, class->words) << b;
  return (double) sum / class->total;
}

/* Adds a candidate's bit to the distances, or takes it away. */
static void
count_in (Class *class, guint candidate, gboolean in)
{
  const guint64 *differs = class->differs + (gsize) candidate * class->words;

  for (guint p = 0; p < class->count; p++) {
    guint bit = (guint) (differs[p / 64] >> (p % 64) & 1);

    class->distances[p] = (guint16) (in ? class->distances[p] + bit : class->distances[p] - bit);
  }
}

static void
answer_all (Choice *choice, const LinceSamplePair *pairs, guint count)
{
  choice->pairs = count;
  choice->words = (count + 63) / 64;
  choice->answers = g_new0 (guint64, (gsize) CANDIDATES * choice->words);
  for (guint c = 0; c < CANDIDATES; c++) {
    guint64 *answers = choice->answers + (gsize) c * choice->words;

    for (guint p = 0; p < count; p++) {
      const guint8 *samples = pairs[p].second;

      answers[p / 64] |= (guint64) (samples[choice->first[c]] < samples[choice->second[c]])
                         << (p % 64);
    }
    choice->ones[c] = (guint) count_common (answers, answers, choice->words);
  }
}

/* Of the bits of two candidates, without its sign: which of the two samples is first means nothing.
 */
static double
correlation (const Choice *choice, guint a, guint b)
{
  const guint64 *first = choice->answers + (gsize) a * choice->words;
  const guint64 *second = choice->answers + (gsize) b * choice->words;
  double count = choice->pairs, p = choice->ones[a] / count, q = choice->ones[b] / count;
  double both = (double) count_common (first, second, choice->words) / count;

  return fabs (both - p * q) / sqrt (p * (1 - p) * q * (1 - q) + 1e-12);
}

/* Bars those that say much the same as the candidate, or lets them in again. */
static void
bar (Choice *choice, guint candidate, gboolean in)
{
  for (guint c = 0; c < CANDIDATES; c++) {
    if (c != candidate &&
        (choice->limit >= 1 || correlation (choice, c, candidate) <= choice->limit))
      continue;
    choice->barred[c] = (guint16) (in ? choice->barred[c] + 1 : choice->barred[c] - 1);
  }
}

static void
put (Choice *choice, guint place, guint candidate)
{
  choice->chosen[place] = (gint) candidate;
  bar (choice, candidate, TRUE);
  for (guint k = 0; k < 2; k++)
    count_in (&choice->classes[k], candidate, TRUE);
}

static void
take (Choice *choice, guint place)
{
  guint candidate = (guint) choice->chosen[place];

  bar (choice, candidate, FALSE);
  for (guint k = 0; k < 2; k++)
    count_in (&choice->classes[k], candidate, FALSE);
}

/* The candidate that is best beside those chosen; the first of equals. */
static guint
choose (Choice *choice)
{
  double least = INFINITY, up = expm1 (choice->rate), down = -expm1 (-choice->rate);
  guint best = 0;

  weigh (&choice->classes[0], choice->rate);
  weigh (&choice->classes[1], -choice->rate);
  for (guint c = 0; c < CANDIDATES; c++) {
    double bound;

    if (choice->barred[c] > 0)
      continue;
    bound = log1p (up * share (&choice->classes[0], c)) +
            log1p (-down * share (&choice->classes[1], c));
    if (bound < least) {
      least = bound;
      best = c;
    }
  }
  if (least == INFINITY)
    g_error ("no comparison is left whose correlation with those chosen is within %g: raise the "
             "limit or train with more pairs",
        choice->limit);
  return best;
}

static void
list_candidates (Choice *choice)
{
  guint count = 0;

  for (guint i = 0; i < SAMPLES; i++)
    for (guint j = i + 1; j < SAMPLES; j++) {
      choice->first[count] = (guint8) i;
      choice->second[count++] = (guint8) j;
    }
}

static void
choose_all (Choice *choice, guint rounds)
{
  for (guint n = 0; n < CHOSEN; n++) {
    put (choice, n, choose (choice));
    if ((n + 1) % REPORTED == 0)
      g_printerr ("%u of %d comparisons are chosen\n", n + 1, CHOSEN);
  }
  for (guint n = 0; n < rounds * CHOSEN; n++) {
    take (choice, n % CHOSEN);
    put (choice, n % CHOSEN, choose (choice));
  }
}

void
lince_boost_pairs (const LinceBoosting *boosting, LincePairs *pairs)
{
  Choice *choice = g_new0 (Choice, 1);

  choice->rate = boosting->rate;
  choice->limit = boosting->limit;
  list_candidates (choice);
  answer_all (choice, boosting->same, boosting->same_count);
  class_init (&choice->classes[0], choice, boosting->same, boosting->same_count);
  class_init (&choice->classes[1], choice, boosting->different, boosting->different_count);
  choose_all (choice, boosting->rounds);
  for (guint n = 0; n < CHOSEN; n++) {
    pairs->first[n] = choice->first[choice->chosen[n]];
    pairs->second[n] = choice->second[choice->chosen[n]];
  }
  for (guint k = 0; k < 2; k++)
    class_clear (&choice->classes[k]);
  g_free (choice->answers);
  g_free (choice);
}
