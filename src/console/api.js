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

const NEEDED = "This daemon can be reached from other machines and asks for its token.";
const OPTIONAL = "Changing something needs the daemon's token.";

// Asks the person, once however many requests wait for it. False: the person would rather not.
function askToken(problem, optional) {
  if (asking)
    return asking;
  const dialog = document.getElementById("token-dialog");
  const input = document.getElementById("token");
  const cancel = document.getElementById("token-cancel");
  document.getElementById("token-problem").textContent = problem;
  document.getElementById("token-why").textContent = optional ? OPTIONAL : NEEDED;
  cancel.hidden = !optional;
  dialog.oncancel = (event) => optional || event.preventDefault();
  cancel.onclick = () => dialog.close("");
  asking = new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const given = dialog.returnValue === "given";
      if (given)
        sessionStorage.setItem(KEY, input.value.trim());
      dialog.returnValue = input.value = "";
      asking = null;
      resolve(given);
    }, {once: true});
  });
  dialog.showModal();
  return asking;
}

// A response, whatever its status but 401, after which it asks for the token and tries again. `optional`:
// the person may refuse.
export async function request(path, options = {}, optional = false) {
  for (;;) {
    const sent = headers();
    const response = await fetch(`api/v1/${path}`, {...options, headers: {...sent, ...options.headers}});
    if (response.status !== 401)
      return response;
    if (!await askToken(sent.Authorization ? "The daemon does not know this token." : "", optional))
      throw new Error("No token was given.");
  }
}

export async function getJson(path, options, optional) {
  const response = await request(path, options, optional);
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
