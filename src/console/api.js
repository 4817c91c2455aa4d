// SPDX-License-Identifier: LGPL-2.1-or-later
// The daemon's HTTP API, and the token where it asks for one.

const KEY = "lince-token";
let asking = null;

export function hasToken() {
  return sessionStorage.getItem(KEY) !== null;
}

function headers() {
  const token = sessionStorage.getItem(KEY);
  return token ? {Authorization: `Bearer ${token}`} : {};
}

// Asks the person, once however many requests wait for it.
function askToken(problem) {
  if (asking)
    return asking;
  const dialog = document.getElementById("token-dialog");
  const input = document.getElementById("token");
  document.getElementById("token-problem").textContent = problem;
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  asking = new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      sessionStorage.setItem(KEY, input.value.trim());
      input.value = "";
      asking = null;
      resolve();
    }, {once: true});
  });
  dialog.showModal();
  return asking;
}

// A response, whatever its status but 401, after which it asks for the token and tries again.
export async function request(path, options = {}) {
  for (;;) {
    const sent = headers();
    const response = await fetch(`api/v1/${path}`, {...options, headers: {...sent, ...options.headers}});
    if (response.status !== 401)
      return response;
    await askToken(sent.Authorization ? "The daemon does not know this token." : "");
  }
}

export async function getJson(path, options) {
  const response = await request(path, options);
  const answer = await response.json().catch(() => null);
  if (!response.ok)
    throw new Error(answer?.error?.message || `The daemon answered ${response.status}.`);
  return answer;
}

// A WebSocket cannot send headers: it shows a ticket that the token bought.
export async function socketAddress(fields) {
  const query = new URLSearchParams(fields);
  if (hasToken()) {
    const answer = await getJson("ws-ticket", {method: "POST"});
    query.set("ticket", answer.ticket);
  }
  const address = new URL(`api/v1/events?${query}`, location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address;
}
