/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/log_numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/log_line.h"
#include "store/log_reader.h"
#include "wire/fields.h"

#define SLOT_SIZE 512

typedef struct {
  gint64 generation, reserved, next;
  char log[37], boot[37], state[16];
} Slot;

#define MEMBER(member) offsetof (Slot, member), sizeof (((Slot *) NULL)->member)

static const LinceFlatField slot_fields[] = {
    {"lince", LINCE_FLAT_CONSTANT, 0, 0, TRUE, 0, 0, 0, "numbers"},
    {"v", LINCE_FLAT_VERSION, 0, 0, TRUE, 1, 1, 0},
    {"generation", LINCE_FLAT_INTEGER, MEMBER (generation), TRUE, 0, G_MAXINT64, 0},
    {"log", LINCE_FLAT_UUID, MEMBER (log), TRUE},
    {"boot", LINCE_FLAT_TEXT, MEMBER (boot), FALSE},
    {"reserved", LINCE_FLAT_INTEGER, MEMBER (reserved), TRUE, 0, G_MAXINT64, 0},
    {"next", LINCE_FLAT_INTEGER, MEMBER (next), TRUE, 0, G_MAXINT64, 0},
    {"state", LINCE_FLAT_CODE, MEMBER (state), TRUE},
};

struct _LinceLogNumbers {
  int fd;
  Slot slot;
  LinceNumbersState left;
  gboolean written; /* what lies on the disk says that the log is open */
  char boot[37];
};

static gboolean
read_slot (const char *bytes, Slot *slot)
{
  char line[SLOT_SIZE];
  LinceJsonReader json;
  const char *wrong;

  memcpy (line, bytes, SLOT_SIZE);
  const char *newline = memchr (line, '\n', SLOT_SIZE);
  gsize length = newline ? lince_log_line_open (line, (gsize) (newline - line)) : 0;
  return length > 0 && lince_json_reader_init (&json, line, length) &&
         lince_flat_read (&json, slot_fields, G_N_ELEMENTS (slot_fields), slot, NULL, NULL, &wrong);
}

static gboolean
write_slot (LinceLogNumbers *numbers)
{
  g_autoptr (GString) line = g_string_sized_new (SLOT_SIZE);

  numbers->slot.generation++;
  memcpy (numbers->slot.boot, numbers->boot, sizeof numbers->boot);
  lince_flat_append (line, slot_fields, G_N_ELEMENTS (slot_fields), &numbers->slot, FALSE);
  lince_log_line_seal (line, 0);
  g_assert (line->len <= SLOT_SIZE);
  while (line->len < SLOT_SIZE)
    g_string_append_c (line, '\n');
  gssize written =
      pwrite (numbers->fd, line->str, SLOT_SIZE, numbers->slot.generation % 2 ? SLOT_SIZE : 0);
  if (written >= 0 && written < SLOT_SIZE)
    errno = ENOSPC;
  numbers->written = written == SLOT_SIZE && fdatasync (numbers->fd) == 0;
  return numbers->written;
}

static void
read_boot_id (char boot[37])
{
  g_autofree char *text = NULL;

  if (g_file_get_contents ("/proc/sys/kernel/random/boot_id", &text, NULL, NULL) &&
      strlen (g_strchomp (text)) == 36)
    memcpy (boot, text, 37);
}

static LinceNumbersState
judge (LinceLogNumbers *numbers)
{
  char bytes[2 * SLOT_SIZE] = {0};
  Slot slots[2];
  gssize got = pread (numbers->fd, bytes, sizeof bytes, 0);
  gboolean valid[2] = {read_slot (bytes, &slots[0]), read_slot (bytes + SLOT_SIZE, &slots[1])};

  if (got == 0)
    return LINCE_NUMBERS_NEW;
  if (!valid[0] && !valid[1])
    return LINCE_NUMBERS_DAMAGED;
  numbers->slot = slots[!valid[0] || (valid[1] && slots[1].generation > slots[0].generation)];
  if (strcmp (numbers->slot.state, "closed") == 0)
    return LINCE_NUMBERS_CLOSED;
  if (strcmp (numbers->slot.state, "open") == 0 && numbers->boot[0] &&
      strcmp (numbers->slot.boot, numbers->boot) == 0)
    return LINCE_NUMBERS_KILLED;
  return LINCE_NUMBERS_LOST;
}

LinceLogNumbers *
lince_log_numbers_open (const char *directory, GError **error)
{
  g_autofree char *path = g_build_filename (directory, "numbers", NULL);
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0) {
    g_set_error (
        error, LINCE_LOG_ERROR_DOMAIN, LINCE_LOG_ERROR_IO, "%s: %s", path, g_strerror (errno));
    return NULL;
  }
  if (flock (fd, LOCK_EX | LOCK_NB) < 0) {
    g_set_error (error, LINCE_LOG_ERROR_DOMAIN, LINCE_LOG_ERROR_LOCKED,
        "%s: another process keeps this log; end it, or use another state directory", directory);
    close (fd);
    return NULL;
  }
  LinceLogNumbers *numbers = g_new0 (LinceLogNumbers, 1);
  numbers->fd = fd;
  read_boot_id (numbers->boot);
  numbers->left = judge (numbers);
  g_strlcpy (numbers->slot.state, "open", sizeof numbers->slot.state);
  return numbers;
}

void
lince_log_numbers_free (LinceLogNumbers *numbers)
{
  if (numbers == NULL)
    return;
  close (numbers->fd);
  g_free (numbers);
}

LinceNumbersState
lince_log_numbers_left (const LinceLogNumbers *numbers)
{
  return numbers->left;
}

guint64
lince_log_numbers_reserved (const LinceLogNumbers *numbers)
{
  return (guint64) numbers->slot.reserved;
}

guint64
lince_log_numbers_next (const LinceLogNumbers *numbers)
{
  return (guint64) numbers->slot.next;
}

const char *
lince_log_numbers_log (const LinceLogNumbers *numbers)
{
  return numbers->slot.log;
}

void
lince_log_numbers_set_log (LinceLogNumbers *numbers, const char *log)
{
  g_strlcpy (numbers->slot.log, log, sizeof numbers->slot.log);
}

gboolean
lince_log_numbers_reserve (LinceLogNumbers *numbers, guint64 up_to)
{
  gint64 before = numbers->slot.reserved;

  if (up_to <= (guint64) before && numbers->written)
    return TRUE;
  numbers->slot.reserved = (gint64) (up_to + LINCE_LOG_BLOCK);
  if (write_slot (numbers))
    return TRUE;
  numbers->slot.reserved = before;
  return FALSE;
}

gboolean
lince_log_numbers_set_unlogged (LinceLogNumbers *numbers, gboolean unlogged)
{
  g_strlcpy (numbers->slot.state, unlogged ? "unlogged" : "open", sizeof numbers->slot.state);
  return write_slot (numbers);
}

gboolean
lince_log_numbers_close (LinceLogNumbers *numbers, guint64 next)
{
  g_strlcpy (numbers->slot.state, "closed", sizeof numbers->slot.state);
  numbers->slot.next = (gint64) next;
  return write_slot (numbers);
}
