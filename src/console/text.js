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

// The same object has the same colour everywhere.
export function colourOf(object) {
  let hash = 2166136261;
  for (let i = 0; i < object.length; i++)
    hash = Math.imul(hash ^ object.charCodeAt(i), 16777619) >>> 0;
  return `hsl(${hash % 360} 90% 62%)`;
}
