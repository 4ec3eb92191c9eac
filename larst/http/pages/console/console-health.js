// Health: the service's parts, its rates as charts, its limits and their usage, and its sessions.
import { json, sessionName } from "./console-api.js";
import { bytes, facts, h, short, table } from "./console-dom.js";

const POINTS = 60;
const EVERY_MS = 2000;
const NEARLY = 0.9; // of a quota
const SVG = "http://www.w3.org/2000/svg";

// Each chart: its title, its value in a status, and whether that only grows and is shown as a rate.
const sum = (status, metric) => Object.values(status.metrics[metric] ?? {}).reduce((all, value) => all + value, 0);
const CHARTS = [
  ["Requests per second", (status) => sum(status, "http.server.request.duration"), true],
  ["Waiting in mailboxes", (status) => sum(status, "larst.mailbox.depth"), false],
  ["Planner calls per second", (status) => sum(status, "larst.planner.calls"), true],
  ["Runs of programs per second", (status) => sum(status, "larst.sandbox.runs"), true],
  ["Journal writes per second", (status) => sum(status, "larst.journal.fsyncs"), true],
];

export async function health(parts, query, left) {
  const path = `/_larst/status?session=${encodeURIComponent(await sessionName())}`;
  const [ready, status, sessions] = await Promise.all([
    // 503 is an answer here, not an error.
    fetch("/readyz", { cache: "no-store" }).then((reply) => reply.json()),
    json("GET", path),
    json("GET", "/_larst/sessions?limit=500"),
  ]);
  const current = h("div", {}, parted(ready, status));
  const used = h("div", {}, usageOf(status));
  // An admin of a tenant gets the usage alone; the rest is that of all tenants.
  const charts = status.metrics ? CHARTS.map(([title, valueOf, isRate]) => chart(title, valueOf, isRate, status)) : [];
  follow(path, left, (next) => {
    current.replaceChildren(parted(ready, next));
    used.replaceChildren(usageOf(next));
    charts.forEach((item) => item.add(next));
  });
  return [
    h("h1", {}, "Health"), current,
    charts.length && [h("h2", {}, "Now"), h("div", { class: "charts" }, charts.map((item) => item.figure))],
    h("h2", {}, "Usage of quotas"), used,
    status.limits && [h("h2", {}, "Budgets, quotas and rates"), limitsOf(status)],
    h("h2", {}, "Sessions"), sessionsOf(sessions.items, status.usage.session),
  ].flat().filter(Boolean);
}

// What the tenant and the session use; above nine tenths of a quota, the figure stands out.
function usageOf({ usage: { tenant, sessions, session } }) {
  const rows = [
    [`sessions of the tenant ${tenant}`, sessions, String],
    [`records of ${short(session.id, 40)}`, session.records, String],
    [`resources of ${short(session.id, 40)}`, session.resources, String],
    [`size of ${short(session.id, 40)}`, session.size_bytes, bytes],
  ].map(([what, { used, limit }, text]) => h("tr", {},
    h("td", {}, what),
    h("td", { class: used >= NEARLY * limit && limit !== null ? "number bad" : "number" }, used === null ? "unknown until it wakes" : text(used)),
    h("td", { class: "number" }, limit === null ? "no limit" : text(limit)),
    h("td", {}, share(what, used, limit))));
  return table("Usage of quotas", ["what", "used", "limit", "share"], rows);
}

function share(what, used, limit) {
  if (used === null || limit === null) return "";
  const meter = h("meter", { min: 0, max: limit, high: NEARLY * limit, value: used, "aria-label": `share of ${what}` });
  return h("div", { class: "row" }, meter, percent(used / limit));
}

const percent = (part) => (part > 0 && part < 0.01 ? "under 1 %" : `${Math.floor(part * 100)} %`);

// The sessions with data, each with the quota that it has used most of.
function sessionsOf(items, { records, resources, size_bytes: size }) {
  const rows = items.map((item) => {
    const shares = [
      ["records", item.records, records.limit],
      ["resources", item.resources && Object.keys(item.resources).length, resources.limit],
      ["bytes", item.size_bytes, size.limit],
    ].map(([what, used, limit]) => [(used ?? 0) / limit, what]);
    const [most, what] = shares.sort(([a], [b]) => b - a)[0];
    return h("tr", {},
      h("td", {}, h("a", { href: `?session=${encodeURIComponent(item.id)}#/data` }, short(item.id, 40))),
      h("td", { class: ["damaged", "failed"].includes(item.state) ? "bad" : "" }, item.state),
      h("td", { class: "number" }, item.records ?? "?"),
      h("td", { class: "number" }, bytes(item.size_bytes)),
      h("td", { class: most >= NEARLY ? "bad" : "" }, `${percent(most)} of the ${what}`),
      h("td", { class: item.problem ? "prose" : "" }, item.problem ?? ""));
  });
  return rows.length ? table("Sessions", ["session", "state", "records", "size", "quota", "problem"], rows) : h("p", {}, "No session has data yet.");
}

const listed = (values) => Object.entries(values ?? {}).map(([name, value]) => (name === "all" ? value : `${value} ${name}`)).join(", ") || "0";

function parted(ready, { planner, sandbox, metrics }) {
  const state = (isReady, otherwise) => (isReady ? "ready" : h("span", { class: "bad" }, otherwise));
  const service = ["service", h("span", { class: ready.not_ready.length ? "bad" : "" }, [ready.status, ...ready.not_ready].join(", "))];
  if (!metrics) return facts([service]);
  return facts([
    service,
    ["planner", [planner.name, planner.model].filter(Boolean).join("/")],
    ["its circuit", state(planner.is_ready, "open: calls are suspended after failures")],
    ["planner calls", listed(metrics["larst.planner.calls"])],
    ["tokens", listed(metrics["larst.planner.tokens"])],
    ["cost", `$${sum({ metrics }, "larst.planner.cost").toFixed(5)}`],
    ["plan book", listed(metrics["larst.plan_book.lookups"])],
    ["sandbox", state(sandbox.is_ready, "not ready")],
    ["its jail", sandbox.jail],
    ["runs of programs", listed(metrics["larst.sandbox.runs"])],
    ["workers killed", listed(metrics["larst.sandbox.kills"])],
    ["requests", listed(metrics["http.server.request.duration"])],
    ["sessions", listed(metrics["larst.sessions"])],
    ["restarts", listed(metrics["larst.session.restarts"])],
  ]);
}

const limitsOf = ({ limits }) => table("Limits", ["setting", "limit"], Object.entries(limits).map(([name, value]) =>
  h("tr", {}, h("td", {}, h("code", {}, name)), h("td", { class: "number" }, value ?? "none"))));

// Ask for the state until the view is left; a failure is a gap in the charts.
async function follow(path, left, show) {
  while (!left.aborted) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    if (left.aborted || document.hidden) continue;
    await json("GET", path, { signal: left }).then(show, () => {});
  }
}

function chart(title, valueOf, isRate, first) {
  const values = [];
  let before = { at: performance.now(), value: valueOf(first) };
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of [["viewBox", `0 0 ${POINTS * 5} 60`], ["preserveAspectRatio", "none"], ["role", "img"], ["class", "chart"]]) svg.setAttribute(name, value);
  const now = h("figcaption", {}, title);
  const draw = () => {
    const latest = values.at(-1);
    const most = Math.max(1, ...values);
    const text = latest === undefined ? title : `${title}: ${latest.toFixed(isRate ? 1 : 0)}`;
    now.textContent = text;
    svg.setAttribute("aria-label", `${text}, at most ${Math.max(0, ...values).toFixed(1)} in two minutes`);
    svg.replaceChildren(...values.map((value, index) => bar(value / most, POINTS - values.length + index)));
  };
  const add = (status) => {
    const at = performance.now();
    const value = valueOf(status);
    const rate = ((value - before.value) * 1000) / Math.max(1, at - before.at);
    values.push(isRate ? Math.max(0, rate) : value); // a restart sets counters to 0
    values.splice(0, values.length - POINTS);
    before = { at, value };
    draw();
  };
  draw();
  return { figure: h("figure", {}, now, svg), add };
}

function bar(share, place) {
  const rect = document.createElementNS(SVG, "rect");
  const height = share * 58;
  for (const [name, value] of Object.entries({ x: place * 5, y: 60 - height, width: 4, height })) rect.setAttribute(name, value);
  return rect;
}
