// SPDX-License-Identifier: LGPL-2.1-or-later
// Follows Lince's events and goes on where it was after a lost connection.
//
//   in a page:              import {follow} from "./follow.js"; follow("ws://127.0.0.1:8770", console.log);
//   with Node 22 or newer:  node follow.js ws://127.0.0.1:8770
//
// A page's origin must be the daemon's own or among its `allowed-origins`.

export function follow(server, onEvent, types = "appeared,standing,vanished,stream,moved") {
  const known = {log: null, sequence: 0, ended: false};
  const connect = () => {
    const address = new URL("/api/v1/events", server);
    address.searchParams.set("type", types);
    if (known.log) {
      address.searchParams.set("log", known.log);
      address.searchParams.set("after", known.sequence);
    }
    const socket = new WebSocket(address);
    socket.onmessage = ({data}) => {
      const message = JSON.parse(data);
      if (message.type === "hello")
        known.log = message.log;
      if (message.seq !== undefined)
        known.sequence = message.seq;
      onEvent(message);
    };
    socket.onclose = () => known.ended || setTimeout(connect, 1000);
    known.socket = socket;
  };
  connect();
  return () => {
    known.ended = true;
    known.socket.close();
  };
}

if (typeof process !== "undefined" && process.argv[1]?.endsWith("follow.js"))
  follow(process.argv[2] || "ws://127.0.0.1:8770", (message) => console.log(JSON.stringify(message)));
