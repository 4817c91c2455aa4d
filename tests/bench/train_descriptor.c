/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Trains the descriptor's comparisons and writes them in the form of src/recognition/pairs.c.
 * Prints how well tables part pairs of the same place from pairs of different ones, on pictures
 * that it has not trained with: one chosen at random, those of the files given, and the new one.
 *
 * What was tried, with g (boosting.h), the limit of correlation, and of 40,000 pairs of 800 drawn
 * pictures the bits between keypoints of the same place and of different ones, the share of
 * different ones as near as 95 % of the same, the share of the same that is missed where 1 in 1,000
 * of the different ones is not, and that within 64 bits and nearer than 10,000 others; then the
 * share missed and nearer of 3,566 pairs of 24 printed pictures in compressed film:
 *
 *                      same  different  false, %  missed  within  nearest     missed  nearest
 *   by chance         46.59      95.18     32.03   0.624   0.816    0.454      0.679    0.527
 *   src/.../pairs.c   55.77     111.01     12.64   0.397   0.688    0.529      0.436    0.602
 *   g 0.08            51.66     107.47     10.31   0.388   0.764    0.542      0.432    0.607
 *   g 0.14                                                                     0.457    0.605
 *   g 0.08, 0.7       55.23     113.55     11.41   0.384   0.697    0.538      0.441    0.603
 *   g 0.08, 0.6       56.39     114.62     12.47   0.406   0.678    0.540      0.424    0.613
 *   g 0.08, 0.5       56.53     113.94     12.88   0.391   0.676    0.543      0.412    0.620
 *   g 0.08, 0.4       fewer than 256 are left
 *   g 0.12, 0.6       56.01     111.55     12.62   0.399   0.687    0.541      0.456    0.613
 *   g 0.05, 0.6       56.50     117.25     12.05   0.409   0.672    0.538      0.432    0.589
 *
 * Without a limit, one round of exchanges and 100,000 pairs instead of 40,000 changed less than the
 * pictures do. Pairs that a table finds hard (the nearest of 64 different ones) teach the next one
 * less than any pairs do: they are as often places that do look alike. Fewer bits between the same
 * places mean other limits in bits elsewhere (enrol.c, matching.c, proposal.c: 4 in 64 less for g
 * 0.08 alone); with the limit of correlation they stay as they are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "boosting.h"
#include "random.h"
#include "recognition/descriptor.h"
#include "training.h"

#define SEED 20
#define HELD_OUT_SEED 4000 /* of pictures that are only measured with */
#define SAMPLES LINCE_DESCRIPTOR_SAMPLES
#define BITS (64 * LINCE_DESCRIPTOR_WORDS)
#define DIFFERENT 2  /* random pairs of different places for each one of the same */
#define QUERIES 4000 /* that are looked for, each */
#define OTHERS 10000 /* among so many keypoints of other pictures */
#define LIMIT 64     /* bits up to which search takes matches (src/recognition/matching.c) */
#define CHANCE 1e-3  /* share of different places within the distance that `missed` is beyond */
#define COMPARED 16  /* different places each one is compared with */

static int pictures = 3200, held_out = 800, most_pairs = 40000, threads = 2, rounds = 0;
static double rate = .08, limit = .5;
static char *output, *material;
static gboolean judge;
static char **tables;

static const GOptionEntry options[] = {
    {"pictures", 'n', 0, G_OPTION_ARG_INT, &pictures, "how many are trained with", "N"},
    {"held-out", 0, 0, G_OPTION_ARG_INT, &held_out, "and how many are measured with", "N"},
    {"pairs", 0, 0, G_OPTION_ARG_INT, &most_pairs, "of each, evenly taken from all", "N"},
    {"threads", 't', 0, G_OPTION_ARG_INT, &threads, "that draw", "N"},
    {"rate", 0, 0, G_OPTION_ARG_DOUBLE, &rate, "of the boosting, a bit (boosting.h)", "G"},
    {"correlation", 0, 0, G_OPTION_ARG_DOUBLE, &limit, "of any two, at most; 1: any", "R"},
    {"rounds", 0, 0, G_OPTION_ARG_INT, &rounds, "of exchanges", "N"},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "where the table is written", "FILE"},
    {"material", 0, 0, G_OPTION_ARG_FILENAME, &material,
        "where the pairs stay: FILE.train, FILE.held; those that are there are used", "FILE"},
    {"judge", 0, 0, G_OPTION_ARG_NONE, &judge,
        "fail unless the new table is better than the random one", NULL},
    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &tables, NULL,
        "[TABLE...]  files as pairs.c whose figures are printed beside"},
    {0}};

/* --- pairs --- */

typedef LinceTrainingPair Pair;

static const Pair *
at (const GArray *pairs, guint i)
{
  return &g_array_index (pairs, Pair, i);
}

/* Number of a pair whose reference is of another picture and the same polarity. */
static guint
other_picture (LinceRandom *random, const GArray *pairs, const Pair *pair)
{
  const Pair *other;
  guint i;

  do {
    i = (guint) lince_random_below (random, (int) pairs->len);
    other = at (pairs, i);
  } while (other->picture == pair->picture || other->dark != pair->dark);
  return i;
}

static LinceDescriptor
describe (const guint8 *samples, const LincePairs *table)
{
  LinceDescriptor descriptor;

  lince_kernels ()->describe (samples, table, &descriptor);
  return descriptor;
}

static guint
distance (const LinceDescriptor *a, const LinceDescriptor *b)
{
  guint sum = 0;

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    sum += (guint) __builtin_popcountll (a->words[w] ^ b->words[w]);
  return sum;
}

/* Both sides of all pairs by one table. */
typedef struct {
  LinceDescriptor *references, *frames;
} Described;

static Described
describe_all (const GArray *pairs, const LincePairs *table)
{
  Described all = {g_new (LinceDescriptor, pairs->len), g_new (LinceDescriptor, pairs->len)};

  for (guint i = 0; i < pairs->len; i++) {
    all.references[i] = describe (at (pairs, i)->reference, table);
    all.frames[i] = describe (at (pairs, i)->frame, table);
  }
  return all;
}

static void
described_clear (Described *all)
{
  g_free (all->references);
  g_free (all->frames);
}

/* --- training --- */

static void
train (const GArray *pairs, LincePairs *table)
{
  LinceRandom random = lince_random_for (SEED, 0);
  LinceSamplePair *same = g_new (LinceSamplePair, pairs->len);
  LinceSamplePair *different = g_new (LinceSamplePair, pairs->len * DIFFERENT);
  LinceBoosting boosting = {
      same, different, pairs->len, pairs->len * DIFFERENT, rate, limit, (guint) rounds};

  for (guint i = 0; i < pairs->len; i++) {
    same[i] = (LinceSamplePair){at (pairs, i)->frame, at (pairs, i)->reference};
    for (guint k = 0; k < DIFFERENT; k++) {
      guint other = other_picture (&random, pairs, at (pairs, i));

      different[DIFFERENT * i + k] =
          (LinceSamplePair){at (pairs, i)->frame, at (pairs, other)->reference};
    }
  }
  lince_boost_pairs (&boosting, table);
  g_free (same);
  g_free (different);
}

static void
choose_any (LincePairs *table)
{
  LinceRandom random = lince_random_for (SEED, 1000);

  for (int i = 0; i < BITS; i++) {
    table->first[i] = (guint8) lince_random_below (&random, SAMPLES);
    table->second[i] =
        (guint8) ((table->first[i] + 1 + lince_random_below (&random, SAMPLES - 1)) % SAMPLES);
  }
}

/* --- figures --- */

typedef struct {
  double same, different; /* mean distance, bits */
  double false_share; /* of the pairs of different places that are as near as 95 % of the same */
  double missed;      /* of the same ones, beyond the distance that a CHANCE of the others keep */
  double within;      /* of the same ones, within LIMIT */
  double nearest;     /* of the same ones, nearer than all OTHERS */
} Figures;

/* The share of the frame's keypoints that are nearer to their own than to all others. */
static double
search (LinceRandom *random, const GArray *pairs, const Described *all)
{
  guint *others = g_new (guint, OTHERS), found = 0, queries = MIN (QUERIES, pairs->len);

  for (guint k = 0; k < OTHERS; k++)
    others[k] = (guint) lince_random_below (random, (int) pairs->len);
  for (guint q = 0; q < queries; q++) {
    guint i = (guint) ((guint64) q * pairs->len / queries), k = 0;
    guint own = distance (&all->frames[i], &all->references[i]);

    while (k < OTHERS && (at (pairs, others[k])->picture == at (pairs, i)->picture ||
                             at (pairs, others[k])->dark != at (pairs, i)->dark ||
                             distance (&all->frames[i], &all->references[others[k]]) > own))
      k++;
    found += k == OTHERS;
  }
  g_free (others);
  return (double) found / queries;
}

/* How many pairs are at each distance. */
typedef struct {
  guint same[BITS + 1], different[BITS + 1];
} Distances;

static void
count_distances (const GArray *pairs, const Described *all, Distances *distances)
{
  LinceRandom random = lince_random_for (SEED, 2000);

  memset (distances, 0, sizeof *distances);
  for (guint i = 0; i < pairs->len; i++) {
    distances->same[distance (&all->frames[i], &all->references[i])]++;
    for (guint k = 0; k < COMPARED; k++) {
      guint other = other_picture (&random, pairs, at (pairs, i));

      distances->different[distance (&all->frames[i], &all->references[other])]++;
    }
  }
}

static Figures
sum_up (const Distances *distances, double count)
{
  Figures figures = {0};
  double near = 0, false_near = 0;

  for (int d = 0; d <= BITS; d++) {
    figures.same += d * distances->same[d] / count;
    figures.different += d * distances->different[d] / (COMPARED * count);
    if (near < .95 * count)
      figures.false_share += distances->different[d] / (COMPARED * count);
    near += distances->same[d];
    false_near += distances->different[d];
    if (d <= LIMIT)
      figures.within = near / count;
    if (d == 0 || false_near <= CHANCE * COMPARED * count)
      figures.missed = 1 - near / count;
  }
  return figures;
}

static Figures
print_figures (const char *name, const GArray *pairs, const LincePairs *table)
{
  LinceRandom random = lince_random_for (SEED, 3000);
  Described all = describe_all (pairs, table);
  Distances distances;
  Figures figures;

  count_distances (pairs, &all, &distances);
  figures = sum_up (&distances, pairs->len);
  figures.nearest = search (&random, pairs, &all);
  described_clear (&all);
  g_print ("%-28s %6.2f %9.2f %8.2f %8.4f %8.4f %8.4f\n", name, figures.same, figures.different,
      100 * figures.false_share, figures.missed, figures.within, figures.nearest);
  return figures;
}

/* --- files --- */

/* Reads the numbers of a table as this program writes it. */
static void
read_table (const char *path, LincePairs *table)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  char *next;

  if (!g_file_get_contents (path, &text, NULL, &error))
    g_error ("%s", error->message);
  next = strstr (text, "lince_pairs = {");
  for (int i = 0; i < 2 * BITS; i++) {
    guint64 number;

    next = next ? strpbrk (next, "0123456789") : NULL;
    number = next ? g_ascii_strtoull (next, &next, 10) : SAMPLES;
    if (number >= SAMPLES)
      g_error ("%s: number %d of %d is missing or too large", path, i, 2 * BITS);
    (i < BITS ? table->first : table->second)[i % BITS] = (guint8) number;
  }
}

static void
write_numbers (GString *text, const guint8 numbers[BITS])
{
  for (int i = 0; i < BITS; i++)
    g_string_append_printf (text, "%s%d",
        i == 0        ? "{"
        : i % 20 == 0 ? ",\n        "
                      : ", ",
        numbers[i]);
  g_string_append (text, "}");
}

static void
write_table (const char *path, const LincePairs *table)
{
  g_autoptr (GString) text =
      g_string_new ("/* SPDX-License-Identifier: LGPL-2.1-or-later\n"
                    " * The descriptor's comparisons, as tests/bench/train_descriptor.c has chosen "
                    "them. */\n"
                    "#include \"recognition/descriptor.h\"\n\n"
                    "/* clang-format off */\n"
                    "const LincePairs lince_pairs = {\n    ");
  g_autoptr (GError) error = NULL;

  write_numbers (text, table->first);
  g_string_append (text, ",\n    ");
  write_numbers (text, table->second);
  g_string_append (text, ",\n};\n/* clang-format on */\n");
  if (!g_file_set_contents (path, text->str, (gssize) text->len, &error))
    g_error ("%s", error->message);
}

/* At most as many as are wanted, from all pictures alike. */
static GArray *
thin (GArray *pairs)
{
  guint count = MIN (pairs->len, (guint) most_pairs);
  GArray *some = g_array_new (FALSE, FALSE, sizeof (Pair));

  for (guint i = 0; i < count; i++)
    g_array_append_vals (some, at (pairs, (guint) ((guint64) i * pairs->len / count)), 1);
  g_array_unref (pairs);
  return some;
}

static GArray *
take_pairs (guint64 seed, int count, const char *name)
{
  g_autofree char *path = material ? g_strconcat (material, name, NULL) : NULL, *data = NULL;
  g_autoptr (GError) error = NULL;
  GArray *pairs;
  gsize size;

  if (path != NULL && g_file_get_contents (path, &data, &size, NULL)) {
    pairs = g_array_new (FALSE, FALSE, sizeof (Pair));
    g_array_append_vals (pairs, data, (guint) (size / sizeof (Pair)));
    return thin (pairs);
  }
  pairs = lince_training_pairs (seed, 0, (guint) count, (guint) threads);
  if (path != NULL &&
      !g_file_set_contents (path, pairs->data, (gssize) (pairs->len * sizeof (Pair)), &error))
    g_error ("%s", error->message);
  return thin (pairs);
}

static gboolean
parse (int *argc, char ***argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (context,
      "Trains the descriptor's comparisons on pictures that it draws, and prints how well they and "
      "those of each TABLE\npart keypoints of the same place from others, on pictures not trained "
      "with.");
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, argc, argv, &error)) {
    g_printerr ("%s; --help lists the options\n", error->message);
    return FALSE;
  }
  if (pictures < 2 || held_out < 2 || threads < 1 || threads > 16 || most_pairs < 2 || rounds < 0 ||
      !(rate > 0 && rate < 1) || !(limit > 0 && limit <= 1)) {
    g_printerr ("a number is out of range: at least 2 pictures and pairs of each, 1 to 16 threads, "
                "a rate between 0 and 1, a correlation up to 1\n");
    return FALSE;
  }
  return TRUE;
}

/* Whether the trained table is better than one chosen at random. */
static gboolean
report (const GArray *held, const LincePairs *trained)
{
  LincePairs other;
  Figures by_chance, by_training;

  g_print ("%-28s %6s %9s %8s %8s %8s %8s\n", "", "same", "different", "false, %", "missed",
      "within", "nearest");
  choose_any (&other);
  by_chance = print_figures ("random", held, &other);
  for (int i = 0; tables != NULL && tables[i] != NULL; i++) {
    read_table (tables[i], &other);
    print_figures (tables[i], held, &other);
  }
  by_training = print_figures ("trained", held, trained);
  return by_training.false_share < by_chance.false_share && by_training.nearest > by_chance.nearest;
}

int
main (int argc, char **argv)
{
  g_autoptr (GArray) pairs = NULL, held = NULL;
  LincePairs table;
  gboolean better;

  if (!parse (&argc, &argv))
    return 2;
  pairs = take_pairs (SEED, pictures, ".train");
  held = take_pairs (HELD_OUT_SEED, held_out, ".held");
  g_print ("%u pairs of %d pictures; measured with %u of %d others\n", pairs->len, pictures,
      held->len, held_out);
  train (pairs, &table);
  better = report (held, &table);
  if (output != NULL)
    write_table (output, &table);
  if (judge && !better) {
    g_printerr ("the trained table is no better than the random one\n");
    return 1;
  }
  return 0;
}
