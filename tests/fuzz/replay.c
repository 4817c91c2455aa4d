/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "replay.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SIZE (1u << 24)

static unsigned long mutations = 2000, runs;
static uint64_t state;
/* the input that is running, to be found when it crashes */
static char present[512];

static uint32_t
next_random (uint32_t below)
{
  state = state * 6364136223846793005u + 1442695040888963407u;
  return below > 0 ? (uint32_t) (state >> 33) % below : 0;
}

static void
run (const uint8_t *data, size_t size)
{
  uint8_t *exact = malloc (size > 0 ? size : 1);

  if (exact == NULL)
    abort ();
  memcpy (exact, data, size);
  LLVMFuzzerTestOneInput (exact, size);
  free (exact);
  runs++;
}

/* Changes `data`, which has room for twice its size and 64 bytes more. */
static size_t
mutate (uint8_t *data, size_t size)
{
  static const uint32_t edges[] = {
      0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff};
  size_t at = next_random ((uint32_t) size), length = 1 + next_random (32), other;

  switch (size > 0 ? next_random (7) : 6) {
    case 0: /* a bit */
      data[at] ^= (uint8_t) (1u << next_random (8));
      return size;
    case 1: /* a byte */
      data[at] = (uint8_t) next_random (256);
      return size;
    case 2: /* a number at an edge */
      for (size_t i = 0; i < 4 && at + i < size; i++)
        data[at + i] = (uint8_t) (edges[length % 10] >> 8 * i);
      return size;
    case 3: /* cut off */
      return at;
    case 4: /* taken out */
      length = length < size - at ? length : size - at;
      memmove (data + at, data + at + length, size - at - length);
      return size - length;
    case 5: /* said twice */
      length = length < size - at ? length : size - at;
      memmove (data + at + length, data + at, size - at);
      return size + length;
    default: /* something copied over something else, or put at the end */
      other = next_random ((uint32_t) size);
      for (size_t i = 0; i < length; i++)
        data[size + i] = size > 0 ? data[(other + i) % size] : (uint8_t) next_random (256);
      return size + length;
  }
}

static void
replay (const char *name, const uint8_t *data, size_t size)
{
  uint8_t *work = malloc (2 * size + 512);

  if (work == NULL)
    abort ();
  snprintf (present, sizeof present, "%s", name);
  run (data, size);
  state = size;
  for (unsigned long i = 0; i < mutations; i++) {
    size_t length = size;

    memcpy (work, data, size);
    for (uint32_t times = 1 + next_random (4); times > 0 && length <= size + 128; times--)
      length = mutate (work, length);
    snprintf (present, sizeof present, "%s, mutation %lu", name, i);
    run (work, length);
  }
  free (work);
}

static void
replay_path (const char *path)
{
  struct stat status;
  char inside[4096];

  if (stat (path, &status) != 0 || status.st_size > MAX_SIZE) {
    fprintf (stderr, "%s cannot be replayed\n", path);
    exit (1);
  }
  if (S_ISDIR (status.st_mode)) {
    struct dirent **entries;
    int count = scandir (path, &entries, NULL, alphasort);

    for (int i = 0; i < count; i++) {
      snprintf (inside, sizeof inside, "%s/%s", path, entries[i]->d_name);
      if (entries[i]->d_name[0] != '.')
        replay_path (inside);
      free (entries[i]);
    }
    free (entries);
  } else {
    uint8_t *data = malloc ((size_t) status.st_size + 1);
    FILE *file = fopen (path, "rb");

    if (data == NULL || file == NULL ||
        fread (data, 1, (size_t) status.st_size, file) != (size_t) status.st_size) {
      fprintf (stderr, "%s cannot be read\n", path);
      exit (1);
    }
    fclose (file);
    replay (path, data, (size_t) status.st_size);
    free (data);
  }
}

static void
replay_seeds (void)
{
  uint8_t *data;
  size_t size;

  for (unsigned i = 0; lince_fuzz_seed != NULL && lince_fuzz_seed (i, &data, &size); i++) {
    char name[32];

    snprintf (name, sizeof name, "seed %u", i);
    replay (name, data, size);
    free (data);
  }
}

static void
tell_present (void)
{
  if (present[0] != '\0')
    fprintf (stderr, "the input was %s\n", present);
}

int
main (int argc, char **argv)
{
  int first = 1;

  if (argc > 2 && strcmp (argv[1], "--mutations") == 0) {
    mutations = strtoul (argv[2], NULL, 10);
    first = 3;
  }
  atexit (tell_present);
  replay_seeds ();
  for (int i = first; i < argc; i++)
    replay_path (argv[i]);
  if (runs == 0) {
    fprintf (stderr, "there was nothing to replay\n");
    return 1;
  }
  printf ("%lu inputs\n", runs);
  present[0] = '\0';
  return 0;
}
