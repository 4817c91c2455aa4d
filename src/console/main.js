// SPDX-License-Identifier: LGPL-2.1-or-later
// Ties the feed to what the page shows.

import {Feed} from "./feed.js";
import {EventList, ExposureList, Statistics} from "./lists.js";
import {Pictures} from "./pictures.js";
import {Streams} from "./streams.js";

const names = new Map(); // object to name
const nameOf = (object) => names.get(object) || object;

function announce(text) {
  document.getElementById("announcements").textContent = text;
}

const pictures = new Pictures(nameOf);
const streams = new Streams(pictures, announce);
const events = new EventList();
const exposures = new ExposureList();
const statistics = new Statistics(nameOf);
document.addEventListener("visibilitychange", () => pictures.fill());

function learn(event) {
  if (event.object && event.name)
    names.set(event.object, event.name);
}

const feed = new Feed({
  state(state, text, reason) {
    const shown = document.getElementById("connection");
    shown.dataset.state = state;
    shown.textContent = text;
    shown.title = reason || "";
    document.body.dataset.connection = state;
  },
  hello(message, resumed) {
    if (!resumed)
      events.loadOlder(message.seq);
    document.getElementById("node").textContent = `${message.node || ""} ${message.version || ""}`;
    (message.exposures || []).forEach(learn);
    (message.streams || []).forEach((event) => streams.apply(event));
    streams.refresh();
    exposures.replace(message.exposures || []);
    showPosition();
    statistics.refresh();
  },
  event(event) {
    learn(event);
    if (event.type === "stream")
      streams.apply(event);
    exposures.apply(event);
    events.addEvent(event);
    showPosition();
  },
  missed(message) {
    events.addMissed(message);
    showPosition();
  },
});

function showPosition() {
  document.getElementById("position").textContent = `event ${feed.sequence}`;
}

feed.start();
