// SPDX-License-Identifier: LGPL-2.1-or-later
// A card for each stream: its live picture with outlines, its state and the reason for it.

import {element} from "./text.js";

const STATES = {starting: "Starting", running: "Running", stalled: "Stalled", backoff: "Waiting to try again", stopped: "Stopped"};

export class Streams {
  constructor(pictures, announce) {
    this.pictures = pictures;
    this.announce = announce;
    this.cards = new Map();
    this.box = document.getElementById("stream-cards");
  }

  // `all`: stream events, the newest of each
  replace(all) {
    const present = new Set(all.map((stream) => stream.stream ?? stream.id));
    for (const [id, card] of this.cards)
      if (!present.has(id)) {
        this.pictures.remove(id);
        card.root.remove();
        this.cards.delete(id);
      }
    for (const stream of all)
      this.apply(stream, true);
    document.getElementById("no-streams").hidden = this.cards.size > 0;
  }

  apply(event, quiet) {
    const id = event.stream ?? event.id;
    const card = this.cards.get(id) || this.add(id);
    const state = STATES[event.state] || event.state;
    const changed = card.state.dataset.state !== event.state;
    card.state.dataset.state = event.state;
    card.state.textContent = state;
    const wait = event.retry_in ? ` Next try in ${Math.ceil(event.retry_in / 1e9)} s.` : "";
    card.reason.textContent = (event.reason || "") + wait;
    if (event.width)
      card.figures.textContent = `${event.width} × ${event.height}`;
    card.empty.textContent = event.state === "running" ? "Waiting for the picture" : state;
    card.empty.hidden = event.state === "running" && card.hasPicture;
    card.canvas.style.opacity = event.state === "running" ? 1 : 0.35;
    if (changed && !quiet)
      this.announce(`${id}: ${state}. ${event.reason || ""}`);
    document.getElementById("no-streams").hidden = true;
  }

  add(id) {
    const card = {hasPicture: false};
    card.canvas = element("canvas", {});
    card.canvas.setAttribute("role", "img");
    card.canvas.setAttribute("aria-label", `Live picture of ${id}`);
    card.empty = element("p", {className: "no-picture"}, "Waiting for the picture");
    card.state = element("span", {className: "state"});
    card.reason = element("p", {className: "reason"});
    card.figures = element("span", {className: "figures"});
    card.root = element("article", {className: "stream", data: {stream: id}},
      element("div", {className: "picture"}, card.canvas, card.empty),
      element("div", {className: "foot"},
        element("div", {className: "row"}, element("h3", {}, id), card.state),
        card.reason, card.figures));
    this.box.append(card.root);
    this.cards.set(id, card);
    this.pictures.add(id, card.canvas, () => {
      card.hasPicture = true;
      card.empty.hidden = card.state.dataset.state === "running";
    });
    return card;
  }
}
