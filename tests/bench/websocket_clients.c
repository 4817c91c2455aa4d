/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Many WebSocket clients in one process: reads what linced sends to each, and checks that the
 * numbers rise by one without gap.
 *
 *   websocket_clients HOST PORT CLIENTS SILENT SECONDS
 *
 * CLIENTS read, SILENT more connect and never read. Counts for SECONDS after all are connected, and
 * prints one JSON line. Exits 1 where a number was left out or given twice. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (256 * 1024)
#define MAX_LATENCIES (8 * 1000 * 1000)

typedef struct {
  int fd;
  int upgraded;
  size_t have;
  uint64_t sequence; /* of the last lasting event; 0 before the hello */
  uint64_t lasting, moved, wrong, missed;
  char *buffer;
} Client;

static uint32_t *latencies; /* µs */
static size_t latency_count;
static int counting;

static double
now_seconds (clockid_t clock)
{
  struct timespec time;
  clock_gettime (clock, &time);
  return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static void
fail (const char *what)
{
  perror (what);
  exit (2);
}

static int
open_connection (const char *host, int port, int receive_buffer)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons ((uint16_t) port)};
  inet_pton (AF_INET, host, &address.sin_addr);
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer)
    setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  if (fd < 0 || connect (fd, (struct sockaddr *) &address, sizeof address) != 0)
    fail ("connect");
  int one = 1;
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  char request[512];
  int length = snprintf (request, sizeof request,
      "GET /api/v1/events HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
      host, port);
  if (write (fd, request, (size_t) length) != length)
    fail ("write");
  return fd;
}

/* The number behind `"name":` in JSON that holds no such text elsewhere; 0 where there is none. */
static uint64_t
find_number (const char *text, size_t length, const char *name)
{
  const char *found = memmem (text, length, name, strlen (name));
  return found ? strtoull (found + strlen (name), NULL, 10) : 0;
}

/* From the daemon's taking the event to here, by the clock that both read. */
static void
note_latency (const char *text, size_t length)
{
  static const char name[] = "\"received\":\"";
  const char *found = memmem (text, length, name, sizeof name - 1);
  struct tm parts = {0};
  char *fraction = found ? strptime (found + sizeof name - 1, "%Y-%m-%dT%H:%M:%S", &parts) : NULL;
  if (!counting || !fraction || *fraction != '.' || latency_count == MAX_LATENCIES)
    return;
  double sent = (double) timegm (&parts) + strtod (fraction, NULL);
  double age = now_seconds (CLOCK_REALTIME) - sent;
  latencies[latency_count++] = age > 0 ? (uint32_t) (age * 1e6) : 0;
}

static void
take_message (Client *client, const char *text, size_t length)
{
  if (memmem (text, length < 200 ? length : 200, "\"type\":\"moved\"", 14)) {
    client->moved += (uint64_t) counting;
    note_latency (text, length);
    return;
  }
  if (memmem (text, length < 200 ? length : 200, "\"type\":\"missed\"", 15)) {
    client->missed++;
    client->sequence = find_number (text, length, "\"last\":");
    return;
  }
  uint64_t sequence = find_number (text, length, "\"seq\":");
  if (client->sequence > 0 && sequence != client->sequence + 1)
    client->wrong++;
  if (client->sequence > 0) {
    client->lasting += (uint64_t) counting;
    note_latency (text, length);
  }
  client->sequence = sequence;
}

/* All whole frames in the buffer. */
static void
take_frames (Client *client)
{
  size_t at = 0;
  if (!client->upgraded) {
    char *end = memmem (client->buffer, client->have, "\r\n\r\n", 4);
    if (!end)
      return;
    if (strncmp (client->buffer, "HTTP/1.1 101", 12) != 0) {
      fprintf (stderr, "refused: %.100s\n", client->buffer);
      exit (2);
    }
    client->upgraded = 1;
    at = (size_t) (end + 4 - client->buffer);
  }
  while (client->have - at >= 2) {
    const unsigned char *frame = (unsigned char *) client->buffer + at;
    size_t header = 2, length = frame[1] & 0x7f;
    if (length == 126 && client->have - at >= 4) {
      header = 4;
      length = (size_t) frame[2] << 8 | frame[3];
    } else if (length == 127 && client->have - at >= 10) {
      header = 10;
      length =
          (size_t) frame[6] << 24 | (size_t) frame[7] << 16 | (size_t) frame[8] << 8 | frame[9];
    } else if (length >= 126) {
      break;
    }
    if (client->have - at < header + length)
      break;
    if ((frame[0] & 0x0f) == 1)
      take_message (client, client->buffer + at + header, length);
    at += header + length;
  }
  memmove (client->buffer, client->buffer + at, client->have - at);
  client->have -= at;
}

static void
read_client (Client *client)
{
  ssize_t count =
      recv (client->fd, client->buffer + client->have, BUFFER - client->have, MSG_DONTWAIT);
  if (count == 0 || (count < 0 && errno != EAGAIN)) {
    fprintf (stderr, "a client was cut off\n");
    exit (2);
  }
  if (count > 0)
    client->have += (size_t) count;
  take_frames (client);
}

static void
run (int epoll, double until)
{
  struct epoll_event events[64];
  double now;
  while ((now = now_seconds (CLOCK_MONOTONIC)) < until) {
    int count = epoll_wait (epoll, events, 64, (int) ((until - now) * 1000) + 1);
    for (int i = 0; i < count; i++)
      read_client (events[i].data.ptr);
  }
}

static int
compare (const void *a, const void *b)
{
  uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
  return (x > y) - (x < y);
}

static double
percentile (double share)
{
  if (latency_count == 0)
    return 0;
  return latencies[(size_t) (share * (double) (latency_count - 1))] / 1000.0;
}

static int
report (const Client *clients, int count, int seconds)
{
  uint64_t lasting = 0, moved = 0, wrong = 0, missed = 0, fewest = UINT64_MAX;
  for (int i = 0; i < count; i++) {
    lasting += clients[i].lasting;
    moved += clients[i].moved;
    wrong += clients[i].wrong;
    missed += clients[i].missed;
    if (clients[i].lasting + clients[i].moved < fewest)
      fewest = clients[i].lasting + clients[i].moved;
  }
  qsort (latencies, latency_count, sizeof *latencies, compare);
  printf ("{\"clients\":%d,\"messages_a_second\":%.0f,\"moved\":%llu,\"lasting\":%llu,"
          "\"fewest_a_second_of_a_client\":%.1f,\"wrong_numbers\":%llu,\"missed\":%llu,"
          "\"latency_ms_p50\":%.2f,\"latency_ms_p99\":%.2f,\"latency_ms_max\":%.2f}\n",
      count, (double) (lasting + moved) / seconds, (unsigned long long) moved,
      (unsigned long long) lasting, (double) fewest / seconds, (unsigned long long) wrong,
      (unsigned long long) missed, percentile (0.5), percentile (0.99), percentile (1));
  return wrong > 0;
}

int
main (int argc, char **argv)
{
  if (argc != 6) {
    fprintf (stderr, "usage: websocket_clients HOST PORT CLIENTS SILENT SECONDS\n");
    return 64;
  }
  int port = atoi (argv[2]), count = atoi (argv[3]), silent = atoi (argv[4]),
      seconds = atoi (argv[5]);
  int epoll = epoll_create1 (EPOLL_CLOEXEC);
  Client *clients = calloc ((size_t) count, sizeof *clients);
  latencies = calloc (MAX_LATENCIES, sizeof *latencies);
  for (int i = 0; i < silent; i++)
    open_connection (argv[1], port, 4096);
  for (int i = 0; i < count; i++) {
    clients[i].fd = open_connection (argv[1], port, 0);
    clients[i].buffer = malloc (BUFFER);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};
    epoll_ctl (epoll, EPOLL_CTL_ADD, clients[i].fd, &event);
    run (epoll, 0);
  }
  run (epoll, now_seconds (CLOCK_MONOTONIC) + 2);
  printf ("ready\n");
  fflush (stdout);
  counting = 1;
  run (epoll, now_seconds (CLOCK_MONOTONIC) + seconds);
  return report (clients, count, seconds);
}
