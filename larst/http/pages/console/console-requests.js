// Requests: the latest, live; and one with its stages, program, changes and reply.
import { follow, json } from "./console-api.js";
import { button, facts, field, h, notify, pretty, program, short, table } from "./console-dom.js";

const MAX_ROWS = 200;
const COLUMNS = ["time", "status", "method", "path", "ms", "session", "plan"];
const FILTERS = { method: ["GET", "POST", "PUT", "PATCH", "DELETE"], status: ["2xx", "3xx", "4xx", "5xx"] };

export async function requests([id], query, left) {
  return id ? one(id) : list(query, left);
}

function row(request) {
  const target = request.path + (request.query && `?${request.query}`);
  return h("tr", {},
    h("td", {}, new Date(request.at).toLocaleTimeString()),
    h("td", { class: (request.status ?? 500) >= 400 ? "bad" : "" }, request.status ?? "left"),
    h("td", {}, request.method),
    h("td", {}, h("a", { href: `#/requests/${request.number}` }, short(target))),
    h("td", { class: "number" }, request.ms.toFixed(1)),
    h("td", {}, request.session),
    h("td", {}, request.plan ?? ""));
}

async function list(query, left) {
  const asked = new URLSearchParams([...query].filter(([name, value]) => value && (name in FILTERS || ["path", "session"].includes(name))));
  const page = await json("GET", `/_larst/requests?${asked}&limit=${MAX_ROWS}`);
  const body = h("tbody", { id: "requests" }, page.items.map(row));
  const scroll = table("Requests", COLUMNS, []);
  scroll.classList.add("requests");
  scroll.querySelector("tbody").replaceWith(body);
  const state = h("span", { class: "soft" }, "live");
  let isPaused = false;
  const pause = button("Pause", () => {
    isPaused = !isPaused;
    pause.textContent = isPaused ? "Continue" : "Pause";
  });
  let last = page.items[0]?.number ?? 0;
  const show = (name, data) => {
    if (isPaused) return;
    if (name === "missed") {
      state.textContent = `live; ${data.count} left out`;
      return;
    }
    if (data.number <= last) return; // listed already
    last = data.number;
    body.prepend(row(data));
    while (body.rows.length > MAX_ROWS) body.lastChild.remove();
  };
  watch(`/_larst/requests?${asked}`, left, show, state);
  return [
    h("h1", {}, "Requests"),
    filters(query),
    h("div", { class: "row" }, pause, state, h("span", { class: "soft" }, `${page.sampled} of ${page.seen} requests were kept`)),
    scroll,
  ];
}

// Follow until the view is left; after a restart of the service, try again.
async function watch(path, left, show, state) {
  while (!left.aborted) {
    try {
      state.textContent = "live";
      await follow(path, left, show);
    } catch (error) {
      if (left.aborted) return;
      state.textContent = error.message;
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

function filters(query) {
  const fields = Object.entries(FILTERS).map(([name, values]) => field(h("label", { for: name }, name),
    h("select", { id: name, name }, h("option", { value: "" }, "all"), values.map((value) => h("option", { value, selected: query.get(name) === value }, value)))));
  const texts = ["path", "session"].map((name) => field(h("label", { for: `of-${name}` }, name), h("input", { id: `of-${name}`, name, value: query.get(name) ?? "" })));
  const submit = (event) => {
    event.preventDefault();
    const chosen = new URLSearchParams([...new FormData(event.target)].filter(([, value]) => value));
    location.hash = `#/requests?${chosen}`;
  };
  return h("form", { onsubmit: submit }, fields, texts, h("button", {}, "Filter"));
}

async function one(id) {
  const request = await json("GET", `/_larst/requests/${encodeURIComponent(id)}`);
  return [
    h("h1", {}, `${request.method} ${request.path}`),
    h("p", {}, h("a", { href: "#/requests" }, "All requests")),
    facts([
      ["status", request.status ?? "the client has left"],
      ["time", `${request.at}, ${request.ms} ms`],
      ["session", request.session],
      ["query", request.query],
      ["understood as", [request.understood.action, request.understood.resource, request.understood.reading].filter(Boolean).join(", ")],
      ["dialect", request.understood.dialect],
      ["plan", request.plan && h("span", {}, `${request.plan} `, request.plan_key && h("a", { href: `#/plans/${request.plan_key}` }, request.plan_key.slice(0, 10)))],
      ["planner", request.planner],
      ["policy", [request.policy.verdict, ...request.policy.refusals].filter(Boolean).join(": ")],
      ["store calls", calls(request.store_calls)],
      ["hint", request.hint],
      ["fault", request.fault],
      ["error", request.error && h("span", { class: "bad" }, request.error)],
      ["request id", h("code", {}, request.id)],
      ["trace", request.trace_url ? h("a", { href: request.trace_url, rel: "noreferrer" }, request.trace_id) : h("code", {}, request.trace_id)],
    ]),
    h("h2", {}, "Stages"), request.is_recalled ? h("p", {}, "The reply was remembered, so no stage ran.") : waterfall(request),
    request.program && [h("h2", {}, "Program"), program(request.program)],
    request.changes.total > 0 && changes(request),
    message("Request", request.request, request.has_values),
    message("Reply", request.reply, request.has_values),
    request.curl && [h("h2", {}, "Repeat it"), h("pre", { id: "curl" }, request.curl), button("Copy", async () => {
      await navigator.clipboard.writeText(request.curl);
      notify("The command is copied.");
    })],
  ].flat().filter(Boolean);
}

function calls({ total, first }) {
  if (!total) return null;
  const names = first.map((call) => [call.resource, call.method].filter(Boolean).join("."));
  return names.join(", ") + (total > first.length ? `, and ${total - first.length} more` : "");
}

function waterfall(request) {
  const whole = Math.max(request.ms, 0.001);
  const rows = request.stages.map((stage) => {
    const bar = h("span");
    bar.style.left = `${Math.min(99, (stage.start_ms / whole) * 100)}%`;
    bar.style.width = `${Math.min(100, (stage.ms / whole) * 100)}%`;
    return h("tr", {}, h("td", {}, stage.name), h("td", { class: "number" }, `${stage.ms.toFixed(2)} ms`),
      h("td", {}, h("div", { class: "track" }, bar)), h("td", { class: stage.error ? "bad prose" : "" }, stage.error ?? ""));
  });
  const shown = table("Stages", ["stage", "took", "when", "error"], rows);
  shown.classList.add("waterfall");
  return shown;
}

function changes(request) {
  const { total, first } = request.changes;
  const sides = first.map((change) => [h("h3", {}, `${change.resource} ${change.id}`), h("div", { class: "pair" },
    ["before", "after"].map((side) => h("div", {}, h("p", { class: "soft" }, side), h("pre", {}, text(change[side])))))]);
  return [h("h2", {}, `Records changed: ${total}`), ...sides.flat()];
}

const text = (record) => record === null ? "(none)" : record === "" ? "(too large to be kept)" : pretty(record);

function message(title, { headers, body, body_bytes: bytes }, hasValues) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join("\n");
  const shown = body ? h("pre", {}, pretty(body)) : bytes ? h("p", { class: "soft" }, hasValues ? "" : "The body is not kept: see LARS_CONSOLE_BODIES.") : null;
  return [h("h2", {}, title), h("details", {}, h("summary", {}, "Headers"), h("pre", {}, lines)), shown, bytes ? h("p", { class: "soft" }, `${bytes} bytes`) : null].filter(Boolean);
}
