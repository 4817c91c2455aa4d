// SPDX-License-Identifier: LGPL-2.1-or-later
// Draws the placements of a stream's `moved` messages on a transparent page.

const settings = new URLSearchParams(location.search);
const delay = Number(settings.get("delay") || 0);
const canvas = document.getElementById("overlay");
const context = canvas.getContext("2d");
const names = new Map();
const GONE = 1000; // ms without a message after which nothing stays drawn
let latest = 0;

function draw(placements) {
  canvas.width = innerWidth;
  canvas.height = innerHeight;
  for (const {object, quad} of placements) {
    context.beginPath();
    for (const [x, y] of quad)
      context.lineTo(x * canvas.width, y * canvas.height);
    context.closePath();
    context.lineWidth = 4;
    context.lineJoin = "round";
    context.strokeStyle = "#e9b44c";
    context.stroke();
    if (settings.get("names") !== "0") {
      context.font = "600 20px sans-serif";
      context.fillStyle = "#e9b44c";
      context.fillText(names.get(object) || object, quad[0][0] * canvas.width, quad[0][1] * canvas.height - 8);
    }
  }
  canvas.dataset.placements = placements.length;
}

function receive(message) {
  if (message.type === "hello")
    for (const exposure of message.exposures)
      names.set(exposure.object, exposure.name);
  if (message.type === "appeared" && message.name)
    names.set(message.object, message.name);
  if (message.type === "moved") {
    latest = performance.now();
    setTimeout(draw, delay, message.placements);
  }
}

function connect() {
  const address = new URL("api/v1/events", settings.get("server") || location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.searchParams.set("type", "moved,appeared");
  for (const name of ["stream", "object"])
    for (const value of settings.getAll(name))
      address.searchParams.append(name, value);
  const socket = new WebSocket(address);
  socket.addEventListener("message", (event) => receive(JSON.parse(event.data)));
  socket.addEventListener("close", () => setTimeout(connect, 1000));
}

setInterval(() => {
  if (performance.now() - latest > GONE + delay)
    draw([]);
}, 250);
connect();
