// SPDX-License-Identifier: LGPL-2.1-or-later
// Preview pictures, each with the placements of its very frame, drawn on the streams' canvases.
//
// A browser opens six connections to one server at most, so no more than three wait for pictures;
// where there are more streams they take turns, and those out of sight are left out.

import {request} from "./api.js";
import {colourOf} from "./text.js";

const WAITING_AT_ONCE = 3;
const TURN = 1500; // ms that a stream without a picture may hold a place that others wait for
const PAUSE_AFTER_PROBLEM = 2000;

export class Pictures {
  // nameOf(object): what to write beside an outline
  constructor(nameOf) {
    this.nameOf = nameOf;
    this.views = new Map();
    this.waiting = 0;
    this.sight = new IntersectionObserver((entries) => {
      for (const entry of entries)
        entry.target.lincePictureView.seen = entry.isIntersecting;
      this.fill();
    });
  }

  add(stream, canvas, onPicture) {
    const view = {stream, canvas, onPicture, seen: false, busy: false, after: null, last: 0, notBefore: 0};
    canvas.lincePictureView = view;
    this.views.set(stream, view);
    this.sight.observe(canvas);
  }

  remove(stream) {
    const view = this.views.get(stream);
    if (view) {
      this.sight.unobserve(view.canvas);
      view.aborter?.abort();
      this.views.delete(stream);
    }
  }

  // A new run of the stream: its time begins anew.
  beginAnew(stream) {
    const view = this.views.get(stream);
    if (view) {
      view.after = null;
      view.aborter?.abort();
    }
  }

  // Fills the places with those that were served longest ago.
  fill() {
    const now = performance.now();
    const ready = [...this.views.values()].filter((v) => v.seen && !v.busy && !document.hidden);
    ready.sort((a, b) => a.last - b.last);
    for (const view of ready) {
      if (this.waiting >= WAITING_AT_ONCE)
        break;
      if (view.notBefore > now)
        continue;
      this.waiting++;
      view.busy = true;
      this.fetch(view).finally(() => {
        view.busy = false;
        view.last = performance.now();
        this.waiting--;
        this.fill();
      });
    }
  }

  async fetch(view) {
    view.aborter = new AbortController();
    const turn = this.views.size > WAITING_AT_ONCE ? setTimeout(() => view.aborter.abort(), TURN) : 0;
    try {
      const query = view.after === null ? "" : `?after=${view.after}`;
      const response = await request(`streams/${encodeURIComponent(view.stream)}/picture${query}`,
        {signal: view.aborter.signal, cache: "no-store"});
      if (response.status !== 200)
        return this.rest(view, response.status === 204 ? 0 : PAUSE_AFTER_PROBLEM);
      const bitmap = await createImageBitmap(await response.blob());
      view.after = response.headers.get("X-Lince-Running-Time");
      this.draw(view, bitmap, response.headers);
      bitmap.close();
    } catch (problem) {
      if (problem.name !== "AbortError")
        this.rest(view, PAUSE_AFTER_PROBLEM);
    } finally {
      clearTimeout(turn);
    }
  }

  // The time begins anew: the next picture may be of another run of the stream.
  rest(view, pause) {
    view.after = null;
    view.notBefore = performance.now() + pause;
    setTimeout(() => this.fill(), pause + 1);
  }

  draw(view, bitmap, headers) {
    const canvas = view.canvas;
    canvas.parentElement.style.aspectRatio = `${bitmap.width} / ${bitmap.height}`;
    const scale = Math.min(2, window.devicePixelRatio || 1);
    const width = Math.max(1, Math.round(canvas.clientWidth * scale));
    const height = Math.max(1, Math.round(canvas.clientHeight * scale));
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0, width, height);
    const placements = JSON.parse(headers.get("X-Lince-Placements") || "[]");
    for (const placement of placements)
      drawOutline(context, width, height, scale, placement, this.nameOf(placement.object));
    canvas.dataset.runningTime = headers.get("X-Lince-Running-Time") || "";
    canvas.dataset.utc = headers.get("X-Lince-Utc") || "";
    canvas.dataset.objects = placements.map((placement) => placement.object).join(" ");
    view.onPicture(placements);
  }
}

function drawOutline(context, width, height, scale, placement, name) {
  const numbers = placement.quad.flat();
  const colour = colourOf(placement.object);
  context.beginPath();
  for (let i = 0; i < 8; i += 2)
    context.lineTo(numbers[i] * width, numbers[i + 1] * height);
  context.closePath();
  context.lineJoin = "round";
  for (const [lineWidth, style] of [[5, "rgb(0 0 0 / 55%)"], [2.5, colour]]) { // a rim sets it off
    context.lineWidth = lineWidth * scale;
    context.strokeStyle = style;
    context.stroke();
  }

  const size = 12 * scale;
  context.font = `600 ${size}px system-ui, "DejaVu Sans", sans-serif`;
  const shown = name.length > 40 ? `${name.slice(0, 39)}…` : name;
  const textWidth = context.measureText(shown).width;
  const xs = [0, 2, 4, 6].map((i) => numbers[i] * width);
  const ys = [1, 3, 5, 7].map((i) => numbers[i] * height);
  const x = Math.max(0, Math.min(Math.min(...xs), width - textWidth - 8 * scale));
  const y = Math.max(size * 1.5, Math.min(...ys) - 4 * scale);
  context.fillStyle = "rgb(0 0 0 / 70%)";
  context.fillRect(x, y - size * 1.25, textWidth + 8 * scale, size * 1.5);
  context.fillStyle = colour;
  context.fillText(shown, x + 4 * scale, y - size * 0.15);
}
