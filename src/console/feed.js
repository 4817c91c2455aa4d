// SPDX-License-Identifier: LGPL-2.1-or-later
// The event feed: connects, resumes after the last number it has, and never gives up.

import {getJson, socketAddress} from "./api.js";

export const TYPES = "appeared,standing,vanished,stream,gap,notice";
const LONGEST_WAIT = 10000;
const SILENCE = 10000; // for the connection to open

export class Feed {
  // handlers: state(name, text), hello(message, resumed), event(message), missed(message)
  constructor(handlers) {
    this.handlers = handlers;
    this.log = null;
    this.sequence = 0;
    this.wait = 500;
  }

  start() {
    this.connect().catch((problem) => this.retry(problem.message));
  }

  async connect() {
    this.handlers.state("connecting", "Connecting");
    await getJson("streams"); // asks for the token where one is needed: a WebSocket cannot tell
    const fields = {type: TYPES};
    if (this.log) {
      fields.log = this.log;
      fields.after = this.sequence;
    }
    const socket = new WebSocket(await socketAddress(fields));
    const timer = setTimeout(() => socket.close(), SILENCE);
    socket.addEventListener("message", (message) => {
      clearTimeout(timer);
      this.receive(JSON.parse(message.data));
    });
    socket.addEventListener("close", (event) => {
      clearTimeout(timer);
      this.retry(event.reason);
    });
  }

  retry(reason) {
    const wait = this.wait * (0.8 + 0.4 * Math.random());
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    this.handlers.state("closed", "No connection, trying again", reason);
    setTimeout(() => this.start(), wait);
  }

  receive(message) {
    if (message.type === "hello") {
      const resumed = this.log === message.log && message.resumed !== false;
      this.log = message.log;
      if (!resumed)
        this.sequence = message.seq;
      this.wait = 500;
      this.handlers.state("open", "Live");
      this.handlers.hello(message, resumed);
    } else if (message.type === "missed") {
      this.sequence = Math.max(this.sequence, message.last || 0);
      this.handlers.missed(message);
    } else if (message.type === "error") {
      this.handlers.state("closed", message.text);
    } else if (message.seq) {
      this.sequence = Math.max(this.sequence, message.seq);
      this.handlers.event(message);
    }
  }
}
