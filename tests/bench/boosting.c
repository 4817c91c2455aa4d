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
  Class classes[2]; /* same, different */
  double rate;
  gint chosen[CHOSEN];
  gboolean taken[CANDIDATES];
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
put (Choice *choice, guint place, guint candidate)
{
  choice->chosen[place] = (gint) candidate;
  choice->taken[candidate] = TRUE;
  for (guint k = 0; k < 2; k++)
    count_in (&choice->classes[k], candidate, TRUE);
}

static void
take (Choice *choice, guint place)
{
  guint candidate = (guint) choice->chosen[place];

  choice->taken[candidate] = FALSE;
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

    if (choice->taken[c])
      continue;
    bound = log1p (up * share (&choice->classes[0], c)) +
            log1p (-down * share (&choice->classes[1], c));
    if (bound < least) {
      least = bound;
      best = c;
    }
  }
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
  list_candidates (choice);
  class_init (&choice->classes[0], choice, boosting->same, boosting->same_count);
  class_init (&choice->classes[1], choice, boosting->different, boosting->different_count);
  choose_all (choice, boosting->rounds);
  for (guint n = 0; n < CHOSEN; n++) {
    pairs->first[n] = choice->first[choice->chosen[n]];
    pairs->second[n] = choice->second[choice->chosen[n]];
  }
  for (guint k = 0; k < 2; k++)
    class_clear (&choice->classes[k]);
  g_free (choice);
}
