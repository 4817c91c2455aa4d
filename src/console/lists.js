// SPDX-License-Identifier: LGPL-2.1-or-later
// The lists: events as they happen, exposures that stand, the statistics.

import {getJson} from "./api.js";
import {TYPES} from "./feed.js";
import {clock, colourOf, element, look, lookInFull, percent, seconds} from "./text.js";

const MOST_EVENTS = 400;
const OLDER_EVENTS = 100;

export class EventList {
  constructor() {
    this.list = document.getElementById("events");
    this.paused = false;
    this.held = [];
    const pause = document.getElementById("event-pause");
    pause.addEventListener("click", () => {
      this.paused = !this.paused;
      pause.setAttribute("aria-pressed", String(this.paused));
      pause.textContent = this.paused ? "Go on" : "Pause";
      for (const entry of this.held.splice(0))
        this.show(entry);
    });
    const filter = document.getElementById("event-filter");
    filter.addEventListener("input", () => {
      this.words = filter.value.toLowerCase();
      for (const entry of this.list.children)
        this.judge(entry);
    });
    this.words = "";
  }

  // What was before the page came: of the log, up to number `last`.
  async loadOlder(last) {
    this.list.replaceChildren();
    this.held = [];
    const page = await getJson(`events?limit=${OLDER_EVENTS}&type=${TYPES}`).catch(() => ({events: []}));
    for (const event of page.events.filter((one) => one.seq <= last).reverse()) {
      const entry = this.makeEntry(event);
      this.judge(entry);
      this.list.append(entry);
    }
  }

  judge(entry) {
    entry.hidden = this.words !== "" && !entry.textContent.toLowerCase().includes(this.words);
  }

  add(entry) {
    if (this.paused)
      this.held = [...this.held, entry].slice(-MOST_EVENTS);
    else
      this.show(entry);
  }

  show(entry) {
    this.judge(entry);
    this.list.prepend(entry);
    while (this.list.children.length > MOST_EVENTS)
      this.list.lastChild.remove();
  }

  addEvent(event) {
    this.add(this.makeEntry(event));
  }

  addMissed(missed) {
    if (missed.count > 0)
      this.add(makeLine("missed", new Date().toISOString(), "missed",
        `${missed.count} events from ${missed.first} to ${missed.last} did not come through.`, ""));
  }

  makeEntry(event) {
    const [kind, utc, type, what, small] = describe(event);
    const entry = makeLine(kind, utc, type, what, small + (event.logged === false ? " (not in the log yet)" : ""));
    entry.dataset.seq = event.seq;
    return entry;
  }
}

function makeLine(kind, utc, type, what, small) {
  return element("li", {className: kind}, element("time", {dateTime: utc || ""}, clock(utc)),
    element("span", {className: "type"}, type),
    element("span", {className: "what"}, what, " ", element("small", {}, small)));
}

// kind, time, type in words, what, details
function describe(event) {
  const seen = event.seen_utc || event.utc;
  const name = event.name || event.object;
  const where = `on ${event.stream}`;
  const seenAs = [where, look(event)].filter(Boolean).join(", ");
  switch (event.type) {
    case "appeared":
      return ["appeared", seen, event.resumed ? "is back" : "appeared", name, seenAs];
    case "standing":
      return ["standing", event.utc, "stands", name, `${where}, ${seconds(event.sum_time / 1e9)} in this minute`];
    case "vanished":
      return ["vanished", seen, "vanished", name, `${seenAs}, ${event.reason}`];
    case "stream":
      return ["stream-event", event.utc, event.state, event.stream, event.reason || ""];
    case "gap":
      return ["gap", event.gap_to_utc || event.received, "gap", `Events ${event.gap_first} to ${event.gap_last} are lost.`, event.reason || ""];
    default:
      return ["notice", event.utc || event.received, event.type, event.code || "", event.reason || ""];
  }
}

export class ExposureList {
  constructor() {
    this.list = document.getElementById("exposures");
    this.open = new Map();
    setInterval(() => this.tick(), 1000);
  }

  replace(events) {
    for (const id of [...this.open.keys()])
      this.remove(id);
    for (const event of events)
      this.add(event);
    this.count();
  }

  apply(event) {
    if (event.type === "appeared")
      this.add(event);
    else if (event.type === "vanished")
      this.remove(event.exposure);
    else if (event.type === "standing")
      this.update(event);
    this.count();
  }

  add(event) {
    this.remove(event.exposure);
    const time = element("span", {className: "seconds"});
    const swatch = element("span", {className: "swatch"});
    swatch.style.background = colourOf(event.object);
    const seenAs = element("div", {className: "look"});
    const item = element("li", {data: {exposure: event.exposure, object: event.object}}, swatch,
      element("div", {}, element("div", {className: "name"}, event.name || event.object),
        element("div", {className: "where"}, `on ${event.stream}`), seenAs), time);
    this.list.prepend(item);
    this.open.set(event.exposure, {item, time, seenAs, since: Date.parse(event.seen_utc || event.utc)});
    this.update(event);
    this.tick();
  }

  // How it looked when the event was written: when it appeared, then once a minute.
  update(event) {
    const seenAs = this.open.get(event.exposure)?.seenAs;
    if (!seenAs)
      return;
    seenAs.textContent = look(event);
    seenAs.title = lookInFull(event);
  }

  remove(exposure) {
    this.open.get(exposure)?.item.remove();
    this.open.delete(exposure);
  }

  tick() {
    for (const {time, since} of this.open.values())
      time.textContent = seconds(Math.max(0, Date.now() - since) / 1000);
  }

  count() {
    document.getElementById("exposure-count").textContent = this.open.size;
    document.getElementById("no-exposures").hidden = this.open.size > 0;
  }
}

export class Statistics {
  constructor(nameOf) {
    this.nameOf = nameOf;
    this.body = document.querySelector("#statistics tbody");
    this.state = document.getElementById("statistics-state");
    setInterval(() => this.refresh(), 5000);
  }

  async refresh() {
    if (document.hidden || this.busy)
      return;
    this.busy = true;
    try {
      this.show(await getJson("statistics?by=object"));
      this.state.textContent = `As of ${clock(new Date())}. What still stands counts up to its last full minute.`;
    } catch (problem) {
      this.state.textContent = problem.message;
    } finally {
      this.busy = false;
    }
  }

  show(answer) {
    const rows = answer.rows || [];
    const most = Math.max(1, ...rows.map((row) => row.seconds));
    this.body.replaceChildren(...rows.map((row) => {
      const bar = element("span", {className: "bar"});
      bar.style.width = `${80 * row.seconds / most}px`;
      bar.style.background = colourOf(row.object);
      return element("tr", {data: {object: row.object}}, element("td", {}, this.nameOf(row.object)),
        element("td", {}, row.exposures), element("td", {}, bar, row.seconds.toFixed(1)),
        element("td", {}, percent(row.share ?? 0)));
    }));
  }
}
