// SPDX-License-Identifier: LGPL-2.1-or-later
// Elements and words. Ids, names and reasons come from outside: they only ever become text.

// element("li", {className: "x", title: "y"}, child or text, ...)
export function element(tag, properties, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name === "data") Object.assign(made.dataset, value);
    else made[name] = value;
  }
  for (const child of children)
    made.append(child instanceof Node ? child : document.createTextNode(String(child)));
  return made;
}

export function clock(utc) {
  const time = new Date(utc);
  return Number.isNaN(time.getTime()) ? "" : time.toLocaleTimeString([], {hour12: false});
}

export function seconds(value) {
  if (value >= 3600)
    return `${Math.floor(value / 3600)} h ${Math.floor(value % 3600 / 60)} min`;
  if (value >= 60)
    return `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`;
  return `${value.toFixed(1)} s`;
}

export function percent(share) {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
}

// How an object looks, of an event: its kind, and what keeps it from being seen whole and clear. What is not told is left out.
export function look(event) {
  const words = [event.kind];
  if (event.opacity < 0.95)
    words.push(`opacity ${whole(event.opacity)}`);
  if (event.occluded >= 0.05)
    words.push(`${whole(event.occluded)} covered`);
  if (event.cut_off >= 0.01)
    words.push(`${whole(event.cut_off)} outside`);
  if (event.blur >= 0.5)
    words.push(`blur ${event.blur.toFixed(1)} px`);
  return words.filter(Boolean).join(", ");
}

// All the figures, for who asks.
export function lookInFull(event) {
  const shares = [["opacity", event.opacity], ["covered", event.occluded], ["outside the frame", event.cut_off]];
  const words = shares.filter(([, share]) => share !== undefined).map(([name, share]) => `${name} ${percent(share)}`);
  if (event.blur !== undefined)
    words.push(`blur ${event.blur.toFixed(2)} pixels`);
  return words.join(", ");
}

function whole(share) {
  return `${Math.round(100 * share)} %`;
}

// The same object has the same colour everywhere.
export function colourOf(object) {
  let hash = 2166136261;
  for (let i = 0; i < object.length; i++)
    hash = Math.imul(hash ^ object.charCodeAt(i), 16777619) >>> 0;
  return `hsl(${hash % 360} 90% 62%)`;
}
