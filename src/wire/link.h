/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What lince-stream and linced say to each other over the Unix socket `RUN_DIR/streams.sock`: JSON
 * lines, both ways. linced listens; each lince-stream connects and reconnects by itself.
 *
 * stream to daemon, first line:
 *   {"lince":"link","v":1,"stream":ID,"run":RUN,"pid":N,"version":"0.1.0","unacknowledged":N}
 * daemon to stream, first line:
 *   {"lince":"link","v":1,"version":"0.1.0","acknowledged":N}    the highest n of that run in the
 * log or {"error":"sentence"} and close. then daemon to stream:
 *   {"configure":{"uri":…,"pipeline":…,"collection":PATH,"collection_id":ID,"mode":…,"interval":…,"budget":…,
 *                 "minimum_confidence":…}}      once after the greeting, again when it changes.
 *                 The URI with its secret travels here and nowhere else.
 *   {"acknowledge":N}     all lasting events of the run up to n = N are logged
 *   {"stop":true}         end in order: EOS, last events, exit 0
 * stream to daemon:
 *   an event line (event.h) without seq and received: lasting ones with run and n, or moved
 *   {"beat":{"main":N,"pipeline":N,"frames":N,"dropped":N,"pts":NS,"running_time":NS,
 *            "recognize_ns":NS,"state":"running"}}     every 500 ms; `main` counts main loop turns,
 *                 `pipeline` frames that passed lincerecognize's pads
 *
 *   {"objects":{"collection":ID,"revision":R,"part":K,"parts":N,"objects":[{"id":…,"name":…,"metadata":{…}},…]}}
 *                 after a collection was opened or reloaded, in parts below LINCE_EVENT_MAX_LINE
 *   {"problem":{"reference":FILE,"text":SENTENCE}}   a reference that is not usable
 * further daemon to stream:
 *   {"look":{"pictures":N,"width":W,"for_ms":T}}   somebody watches: N pictures a second, W pixels
 * wide, for T ms unless said again; N 0 ends it
 *
 * Pictures go over a second socket, `RUN_DIR/pictures.sock`, stream to daemon only: a JSON header
 * line
 *   {"lince":"picture","v":1,"stream":ID,"run":RUN,"pts":NS,"running_time":NS,"utc":"…","width":W,"height":H,
 *    "bytes":N,"placements":[as in moved]}
 * followed by N bytes of JPEG. A full socket drops pictures.
 *
 * Lasting events are kept by the stream until acknowledged and sent again after a reconnection;
 * the daemon drops those whose n it has. The writer never blocks: while the socket is full, moved
 * is dropped, newest wins. */
#pragma once

#include "wire/event.h"

G_BEGIN_DECLS

#define LINCE_LINK_VERSION 1
#define LINCE_LINK_SOCKET "streams.sock"
#define LINCE_PICTURES_SOCKET "pictures.sock"
#define LINCE_PICTURE_MAX_BYTES (512 * 1024)
#define LINCE_LINK_BEAT_INTERVAL_MS 500
#define LINCE_LINK_URI_MAX 4096
#define LINCE_LINK_PATH_MAX 4096
#define LINCE_LINK_METADATA_MAX 4096 /* bytes of an object's metadata as JSON text */

typedef enum {
  LINCE_LINK_GREETING,    /* the first line, both ways */
  LINCE_LINK_REFUSAL,     /* daemon to stream: {"error":…} */
  LINCE_LINK_CONFIGURE,   /* daemon to stream */
  LINCE_LINK_ACKNOWLEDGE, /* daemon to stream */
  LINCE_LINK_STOP,        /* daemon to stream */
  LINCE_LINK_LOOK,        /* daemon to stream */
  LINCE_LINK_EVENT,       /* stream to daemon */
  LINCE_LINK_BEAT,        /* stream to daemon */
  LINCE_LINK_OBJECTS,     /* stream to daemon */
  LINCE_LINK_PROBLEM,     /* stream to daemon */
  LINCE_LINK_UNKNOWN,     /* well-formed, of a newer version: to be ignored */
} LinceLinkType;

/* Strings are "" and numbers 0 where a field is absent, unless said otherwise. */
typedef struct {
  char stream[LINCE_EVENT_ID_MAX + 1]; /* from the stream; "" from the daemon */
  char run[33];                        /* from the stream */
  gint64 pid;                          /* from the stream */
  char version[32];
  guint64 unacknowledged; /* from the stream: lasting events that it still keeps */
  guint64 acknowledged;   /* from the daemon: the highest n of that run in the log */
} LinceLinkGreeting;

typedef struct {
  char uri[LINCE_LINK_URI_MAX + 1];         /* with its secret: never print this */
  char pipeline[LINCE_EVENT_ID_MAX + 1];    /* the template's name */
  char collection[LINCE_LINK_PATH_MAX + 1]; /* directory or index file */
  char collection_id[LINCE_EVENT_ID_MAX + 1];
  char mode[16];             /* sync, async; "" for the element's default */
  gint64 interval;           /* ns between analysed frames, 0 all; -1 default */
  gint64 budget;             /* ns of CPU a frame; -1 default */
  double minimum_confidence; /* 0 to 1; -1 default */
} LinceLinkConfigure;

typedef struct {
  guint64 main_turns;       /* "main": turns of the main loop */
  guint64 pipeline_frames;  /* "pipeline": frames through lincerecognize's pads */
  guint64 frames;           /* analysed */
  guint64 dropped;          /* moved messages that the socket had no room for */
  gint64 pts, running_time; /* ns, LINCE_TIME_NONE */
  gint64 recognize_ns;      /* mean time of the recogniser on a frame since the last beat */
  LinceStreamState state;
} LinceLinkBeat;

typedef struct {
  guint pictures; /* a second, 0 to 30; 0 ends it */
  guint width;    /* pixels, 16 to 4096; 0 with pictures 0 */
  guint for_ms;   /* at most 60000 */
} LinceLinkLook;

typedef struct {
  char id[LINCE_EVENT_ID_MAX + 1];
  char name[LINCE_EVENT_TEXT_MAX + 1];
  char metadata[LINCE_LINK_METADATA_MAX + 1]; /* the text of a JSON object, "" for none */
} LinceLinkObject;

typedef struct {
  char collection[LINCE_EVENT_ID_MAX + 1];
  char revision[17];
  guint part, parts; /* part 1 to parts */
  GArray *objects;   /* of LinceLinkObject, owned by the message */
} LinceLinkObjects;

typedef struct {
  char reference[LINCE_LINK_PATH_MAX + 1];
  char text[LINCE_EVENT_TEXT_MAX + 1];
} LinceLinkProblem;

/* One line, read. Make one with lince_link_message_new and use it for all lines. */
typedef struct {
  LinceLinkType type;
  union {
    LinceLinkGreeting greeting;
    char refusal[LINCE_EVENT_TEXT_MAX + 1];
    LinceLinkConfigure configure;
    guint64 acknowledge;
    LinceLinkLook look;
    LinceEvent event; /* its placements lie in this message */
    LinceLinkBeat beat;
    LinceLinkObjects objects;
    LinceLinkProblem problem;
  };
  LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS];
} LinceLinkMessage;

LinceLinkMessage *lince_link_message_new (void);
void lince_link_message_free (LinceLinkMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceLinkMessage, lince_link_message_free)

/* Reads one line (the newline optional) into `message`, whose former content is gone. Strict as
 * lince_event_read: known fields once, of the right type and range; unknown ones skipped. FALSE
 * with `error` (LINCE_EVENT_ERROR), which never quotes a URI. */
gboolean lince_link_read (
    const char *line, gsize length, LinceLinkMessage *message, GError **error);

/* Each appends one line, newline included. Events: lince_event_write. */
void lince_link_write_greeting (const LinceLinkGreeting *greeting, GString *line);
void lince_link_write_refusal (const char *sentence, GString *line);
void lince_link_write_configure (const LinceLinkConfigure *configure, GString *line);
void lince_link_write_acknowledge (guint64 number, GString *line);
void lince_link_write_stop (GString *line);
void lince_link_write_look (const LinceLinkLook *look, GString *line);
void lince_link_write_beat (const LinceLinkBeat *beat, GString *line);
void lince_link_write_problem (const char *reference, const char *text, GString *line);
/* As many lines (parts) as it takes, each below LINCE_EVENT_MAX_LINE; at least one. An object's
 * metadata that is no JSON object or too long is left out. */
void lince_link_write_objects (const char *collection, const char *revision,
    const LinceLinkObject *objects, guint count, GString *lines);

/* The header line of a picture. */
typedef struct {
  char stream[LINCE_EVENT_ID_MAX + 1];
  char run[33];
  gint64 pts, running_time;              /* ns, LINCE_TIME_NONE */
  gint64 utc;                            /* µs, LINCE_TIME_NONE */
  gint width, height;                    /* of the JPEG */
  guint bytes;                           /* of the JPEG, 1 to LINCE_PICTURE_MAX_BYTES */
  const LinceEventPlacement *placements; /* when read: in `placements` of the call */
  guint placement_count;
} LincePictureHeader;

void lince_link_write_picture (const LincePictureHeader *header, GString *line);
gboolean lince_link_read_picture (const char *line, gsize length, LincePictureHeader *header,
    LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS], GError **error);

G_END_DECLS
