// SPDX-License-Identifier: LGPL-2.1-or-later
// The lists: events as they happen, exposures that stand, the statistics.

import {getJson} from "./api.js";
import {clock, colourOf, element, percent, seconds} from "./text.js";

const MOST_EVENTS = 400;

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

  judge(entry) {
    entry.hidden = this.words !== "" && !entry.textContent.toLowerCase().includes(this.words);
  }

  add(kind, utc, type, what, small, sequence) {
    const entry = element("li", {className: kind}, element("time", {dateTime: utc || ""}, clock(utc)),
      element("span", {className: "type"}, type),
      element("span", {className: "what"}, what, " ", element("small", {}, small)));
    if (sequence)
      entry.dataset.seq = sequence;
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
    const when = event.seen_utc || event.utc || event.received;
    const where = event.stream ? `on ${event.stream}` : "";
    const unlogged = event.logged === false ? " (not in the log yet)" : "";
    const name = event.name || event.object;
    if (event.type === "appeared")
      this.add("appeared", when, event.resumed ? "is back" : "appeared", name, where + unlogged, event.seq);
    else if (event.type === "standing")
      this.add("standing", event.utc, "stands", name, `${where}, ${seconds(event.sum_time / 1e9)} in this minute${unlogged}`, event.seq);
    else if (event.type === "vanished")
      this.add("vanished", when, "vanished", name, `${where}, ${event.reason}${unlogged}`, event.seq);
    else if (event.type === "stream")
      this.add("stream-event", event.utc || event.received, event.state, event.stream, (event.reason || "") + unlogged, event.seq);
    else if (event.type === "gap")
      this.add("gap", event.gap_to_utc || event.received, "gap", `Events ${event.gap_first} to ${event.gap_last} are lost.`, event.reason || "", event.seq);
    else
      this.add("notice", event.utc || event.received, event.type, event.code || "", event.reason || "", event.seq);
  }

  addMissed(missed) {
    if (missed.count > 0)
      this.add("missed", new Date().toISOString(), "missed",
        `${missed.count} events from ${missed.first} to ${missed.last} did not come through.`, "");
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
    this.count();
  }

  add(event) {
    this.remove(event.exposure);
    const time = element("span", {className: "seconds"});
    const swatch = element("span", {className: "swatch"});
    swatch.style.background = colourOf(event.object);
    const item = element("li", {data: {exposure: event.exposure, object: event.object}}, swatch,
      element("div", {}, element("div", {className: "name"}, event.name || event.object),
        element("div", {className: "where"}, `on ${event.stream}`)), time);
    this.list.prepend(item);
    this.open.set(event.exposure, {item, time, since: Date.parse(event.seen_utc || event.utc)});
    this.tick();
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
      this.state.textContent = `As of ${clock(new Date())}.`;
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
