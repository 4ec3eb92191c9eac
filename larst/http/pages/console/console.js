// The console: shows the view that the address names. Views return the content of the page.
import { NeedsLogin, json, ownSession, send, session } from "./console-api.js";
import { focused, grant, guarded, h, notify, refocus, takeNotice } from "./console-dom.js";
import { data } from "./console-data.js";
import { health } from "./console-health.js";
import { plans } from "./console-plans.js";
import { requests } from "./console-requests.js";

const VIEWS = { data, requests, plans, health };
const main = document.getElementById("main");
let leaving = new AbortController();
let shown = null;
let isLocked = false; // until a login, where the service requires a token

async function show() {
  leaving.abort();
  const left = (leaving = new AbortController()).signal;
  const [path, query] = (location.hash.slice(2) || "data").split("?");
  const [name, ...rest] = path.split("/").map(decoded);
  for (const link of document.querySelectorAll("#views a")) {
    if (link.hash === `#/${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  notify("");
  let content;
  try {
    if (isLocked) throw new NeedsLogin();
    if (!Object.hasOwn(VIEWS, name)) throw new Error(`The console has no view ${name}.`);
    content = await VIEWS[name](rest, new URLSearchParams(query), left);
  } catch (error) {
    content = error instanceof NeedsLogin ? login() : [h("h1", {}, "This cannot be shown"), h("p", {}, error.message)];
  }
  if (left.aborted) return;
  const before = focused(main);
  main.replaceChildren(...[content].flat());
  if (shown !== null) refocus(main, before, shown !== path);
  shown = path;
  notify(takeNotice());
  document.title = `${main.querySelector("h1")?.textContent ?? name} · LARST console`;
}

// Part of an address, which people may type: a lone % stands for itself.
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function login() {
  document.getElementById("logout").hidden = true;
  document.getElementById("picker").hidden = true;
  const token = h("input", { id: "token", type: "password", autocomplete: "current-password", required: true });
  const submit = guarded(async () => {
    try {
      await send("POST", "/_larst/login", { body: { token: token.value } });
    } catch (error) {
      token.value = "";
      token.focus();
      throw new Error(error instanceof NeedsLogin ? "This is not a token of the service." : error.message);
    }
    await begin();
  });
  return [
    h("h1", {}, "Log in"),
    h("form", { onsubmit: submit }, h("label", { for: "token" }, "Token of the service"), token, h("button", { class: "main" }, "Log in")),
  ];
}

async function fillPicker() {
  const field = document.getElementById("session");
  field.value = session();
  const [list, own] = await Promise.all([json("GET", "/_larst/sessions?limit=500"), ownSession()]);
  field.placeholder = own;
  document.getElementById("sessions").replaceChildren(...list.items.map((item) => h("option", { value: item.id })));
}

async function begin() {
  const state = await json("GET", "/_larst/login").catch(() => null);
  document.getElementById("logout").hidden = !state?.has_login;
  grant(state?.scopes ?? []);
  isLocked = Boolean(state?.requires_token && !state.has_login);
  document.getElementById("picker").hidden = isLocked;
  await Promise.all([show(), isLocked || fillPicker().catch(() => {})]);
}

document.getElementById("picker").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = document.getElementById("session").value.trim();
  location.assign(`${location.pathname}${name ? `?session=${encodeURIComponent(name)}` : ""}#/data`);
});
document.getElementById("logout").addEventListener("click", guarded(async () => {
  await send("POST", "/_larst/logout", { body: {} });
  location.reload();
}));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address after # names the view
  main.focus();
});
addEventListener("hashchange", show);
begin();
