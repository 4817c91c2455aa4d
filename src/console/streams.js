// SPDX-License-Identifier: LGPL-2.1-or-later
// A card for each stream: its live picture with outlines, its state and the reason for it.

import {getJson} from "./api.js";
import {element} from "./text.js";

const STATES = {starting: "Starting", running: "Running", stalled: "Stalled", backoff: "Waiting to try again", stopped: "Stopped"};
const REFRESH = 3000;
const PROBLEMS_SHOWN = 5;

export class Streams {
  constructor(pictures, announce) {
    this.pictures = pictures;
    this.announce = announce;
    this.cards = new Map();
    this.box = document.getElementById("stream-cards");
    setInterval(() => this.refresh(), REFRESH);
  }

  // Figures that no event carries.
  async refresh() {
    if (document.hidden || this.busy)
      return;
    this.busy = true;
    try {
      this.replace((await getJson("streams")).streams);
    } catch {
      // the feed says what is wrong with the connection
    } finally {
      this.busy = false;
    }
  }

  // `all`: the streams as the API lists them
  replace(all) {
    const present = new Set(all.map((stream) => stream.id));
    for (const [id, card] of this.cards)
      if (!present.has(id)) {
        this.pictures.remove(id);
        card.root.remove();
        this.cards.delete(id);
      }
    for (const stream of all) {
      this.setState(stream.id, stream.state, stream.reason, stream.retry_in);
      this.setFigures(this.cards.get(stream.id), stream);
    }
    document.getElementById("no-streams").hidden = this.cards.size > 0;
  }

  // `event`: of type stream
  apply(event) {
    this.setState(event.stream, event.state, event.reason, event.retry_in && event.retry_in / 1e9);
    if (event.state === "starting")
      this.pictures.beginAnew(event.stream);
  }

  setState(id, name, reason, retryIn) {
    const card = this.cards.get(id) || this.add(id);
    const state = STATES[name] || name;
    const before = card.state.dataset.state;
    card.state.dataset.state = name;
    card.state.textContent = state;
    card.reason.textContent = [reason, retryIn ? `Next try in ${Math.ceil(retryIn)} s.` : ""].filter(Boolean).join(" ");
    card.empty.textContent = name === "running" ? "Waiting for the picture" : state;
    card.empty.hidden = name === "running" && card.hasPicture;
    card.canvas.style.opacity = name === "running" ? 1 : 0.35;
    if (before && before !== name)
      this.announce(`${id}: ${state}. ${reason || ""}`);
  }

  setFigures(card, stream) {
    const figures = [];
    if (stream.width)
      figures.push(`${stream.width} × ${stream.height}`);
    if (stream.fps)
      figures.push(`${stream.fps.toFixed(1)} frames/s`);
    if (stream.recognize_ms)
      figures.push(`${stream.recognize_ms.toFixed(1)} ms a frame`);
    figures.push(`${stream.objects} objects`);
    if (stream.restarts)
      figures.push(`started again ${stream.restarts} ×`);
    card.figures.textContent = figures.join("  ·  ");
    const problems = stream.problems || [];
    const lines = problems.slice(0, PROBLEMS_SHOWN).map((p) => `${p.reference}: ${p.text}`);
    if (problems.length > PROBLEMS_SHOWN)
      lines.push(`and ${problems.length - PROBLEMS_SHOWN} more pictures that cannot be used`);
    card.problems.replaceChildren(...lines.map((line) => element("li", {}, line)));
  }

  async restart(id, card) {
    try {
      await getJson(`streams/${encodeURIComponent(id)}/restart`, {method: "POST"}, true);
      this.announce(`${id} starts again.`);
    } catch (problem) {
      card.reason.textContent = problem.message;
    }
  }

  add(id) {
    const card = {hasPicture: false};
    card.canvas = element("canvas", {});
    card.canvas.setAttribute("role", "img");
    card.canvas.setAttribute("aria-label", `Live picture of ${id}`);
    card.empty = element("p", {className: "no-picture"}, "Waiting for the picture");
    card.state = element("span", {className: "state"});
    card.reason = element("p", {className: "reason"});
    card.figures = element("p", {className: "figures"});
    card.problems = element("ul", {className: "problems"});
    card.restart = element("button", {type: "button", className: "restart", onclick: () => this.restart(id, card)}, "Restart");
    card.restart.setAttribute("aria-label", `Restart ${id}`);
    card.root = element("article", {className: "stream", data: {stream: id}},
      element("div", {className: "picture"}, card.canvas, card.empty),
      element("div", {className: "foot"},
        element("div", {className: "row"}, element("h3", {}, id), card.restart, card.state),
        card.reason, card.figures, card.problems));
    this.box.append(card.root);
    this.cards.set(id, card);
    this.pictures.add(id, card.canvas, () => {
      card.hasPicture = true;
      card.empty.hidden = card.state.dataset.state === "running";
    });
    document.getElementById("no-streams").hidden = true;
    return card;
  }
}
