/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What lince-stream and linced say to each other over the Unix socket `RUN_DIR/streams.sock`: JSON
 * lines, both ways. linced listens; each lince-stream connects and reconnects by itself.
 *
 * stream to daemon, first line:
 *   {"lince":"link","v":1,"stream":ID,"run":RUN,"pid":N,"version":"0.1.0","unacknowledged":N}
 * daemon to stream, first line:
 *   {"lince":"link","v":1,"version":"0.1.0","acknowledged":N}    the highest n of that run in the log
 *   or {"error":"sentence"} and close.
 * then daemon to stream:
 *   {"configure":{"uri":…,"pipeline":…,"collection":…,"mode":…,"interval":…,"budget":…,
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
 *   {"look":{"pictures":N,"width":W,"for_ms":T}}   somebody watches: N pictures a second, W pixels wide,
 *                 for T ms unless said again; N 0 ends it
 *
 * Pictures go over a second socket, `RUN_DIR/pictures.sock`, stream to daemon only: a JSON header line
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

G_END_DECLS
