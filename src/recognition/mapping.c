/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/mapping.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOTS 1024

/* The handler may run at any moment, so a slot is read without a lock: `turn` is even while the
 * slot is free or being changed, odd while it is live, and never the same twice. */
typedef struct {
  atomic_uint taken;
  atomic_uint_fast64_t turn;
  atomic_uintptr_t begin, end;
  atomic_uint damaged;
} Slot;

static Slot slots[SLOTS];
static struct sigaction previous_action;
static uintptr_t page_size;
static pthread_once_t install_once = PTHREAD_ONCE_INIT;
static bool installed;

/* Lays zero pages from the fault's page to the mapping's end: what lies behind a missing page of a
 * truncated file is missing too. */
static bool
cover_hole (uintptr_t address)
{
  for (int i = 0; i < SLOTS; i++) {
    uint_fast64_t turn = atomic_load (&slots[i].turn);
    uintptr_t begin = atomic_load (&slots[i].begin), end = atomic_load (&slots[i].end);
    uintptr_t page = address & ~(page_size - 1);

    if (turn % 2 == 0 || atomic_load (&slots[i].turn) != turn || address < begin || address >= end)
      continue;
    if (mmap ((void *) page, end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
            0) == MAP_FAILED)
      return false;
    atomic_store (&slots[i].damaged, 1);
    return true;
  }
  return false;
}

static void
handle_bus_error (int number, siginfo_t *info, void *context)
{
  int saved_errno = errno;
  bool covered = info->si_code > 0 && cover_hole ((uintptr_t) info->si_addr);

  errno = saved_errno;
  if (covered)
    return;
  if (previous_action.sa_flags & SA_SIGINFO)
    previous_action.sa_sigaction (number, info, context);
  else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN)
    previous_action.sa_handler (number);
  else {
    /* the fault happens again on return and ends the process as it would have without us */
    signal (SIGBUS, SIG_DFL);
    if (info->si_code <= 0)
      raise (SIGBUS);
  }
}

static void
install_handler (void)
{
  struct sigaction action = {
      .sa_sigaction = handle_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};

  page_size = (uintptr_t) sysconf (_SC_PAGESIZE);
  sigemptyset (&action.sa_mask);
  /* read the old action first: the new one may be called as soon as it is set */
  installed =
      sigaction (SIGBUS, NULL, &previous_action) == 0 && sigaction (SIGBUS, &action, NULL) == 0;
}

static int
claim_slot (void)
{
  for (int i = 0; i < SLOTS; i++) {
    unsigned expected = 0;

    if (atomic_compare_exchange_strong (&slots[i].taken, &expected, 1))
      return i;
  }
  return -1;
}

static bool
read_all (int fd, void *data, size_t size, LinceError *error)
{
  for (size_t done = 0; done < size;) {
    ssize_t n = pread (fd, (char *) data + done, size - done, (off_t) done);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      lince_error_set (error, LINCE_ERROR_IO, "cannot be read: %s", strerror (errno));
      return false;
    }
    if (n == 0) {
      lince_error_set (error, LINCE_ERROR_TRUNCATED, "ends at byte %zu of %zu", done, size);
      return false;
    }
    done += (size_t) n;
  }
  return true;
}

static bool
open_copy (LinceMapping *mapping, int fd, size_t size, LinceError *error)
{
  void *data = malloc (size);

  if (data == NULL) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for %zu bytes", size);
    return false;
  }
  if (!read_all (fd, data, size, error)) {
    free (data);
    return false;
  }
  lince_mapping_take (mapping, data, size);
  return true;
}

bool
lince_mapping_open (LinceMapping *mapping, int fd, size_t size, LinceError *error)
{
  int slot;
  void *data;

  pthread_once (&install_once, install_handler);
  slot = installed ? claim_slot () : -1;
  if (slot < 0)
    return open_copy (mapping, fd, size, error);
  data = mmap (NULL, size, PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) {
    lince_error_set (error, LINCE_ERROR_IO, "cannot be mapped: %s", strerror (errno));
    atomic_store (&slots[slot].taken, 0);
    return false;
  }
  atomic_store (&slots[slot].damaged, 0);
  atomic_store (&slots[slot].begin, (uintptr_t) data);
  atomic_store (&slots[slot].end, (uintptr_t) data + size);
  atomic_fetch_add (&slots[slot].turn, 1);
  *mapping = (LinceMapping){.data = data, .size = size, .slot = slot};
  return true;
}

void
lince_mapping_take (LinceMapping *mapping, void *data, size_t size)
{
  *mapping = (LinceMapping){.data = data, .size = size, .slot = -1};
}

void
lince_mapping_close (LinceMapping *mapping)
{
  if (mapping->data == NULL)
    return;
  if (mapping->slot < 0) {
    free ((void *) mapping->data);
  } else {
    Slot *slot = &slots[mapping->slot];

    atomic_fetch_add (&slot->turn, 1);
    atomic_store (&slot->begin, 0);
    atomic_store (&slot->end, 0);
    munmap ((void *) mapping->data, mapping->size);
    atomic_store (&slot->taken, 0);
  }
  *mapping = (LinceMapping){.slot = -1};
}

bool
lince_mapping_damaged (const LinceMapping *mapping)
{
  return mapping->data != NULL && mapping->slot >= 0 &&
         atomic_load (&slots[mapping->slot].damaged) != 0;
}
