// Health: the service's parts, its rates as charts, its limits, and its sessions.
import { json } from "./console-api.js";
import { facts, h, short, table } from "./console-dom.js";

const POINTS = 60;
const EVERY_MS = 2000;
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
  const [ready, status, sessions] = await Promise.all([
    // 503 is an answer here, not an error.
    fetch("/readyz", { cache: "no-store" }).then((reply) => reply.json()),
    json("GET", "/_larst/status"),
    json("GET", "/_larst/sessions?limit=500"),
  ]);
  const current = h("div", {}, parted(ready, status));
  const charts = CHARTS.map(([title, valueOf, isRate]) => chart(title, valueOf, isRate, status));
  follow(left, (next) => {
    current.replaceChildren(parted(ready, next));
    charts.forEach((item) => item.add(next));
  });
  const rows = sessions.items.map((item) => h("tr", {},
    h("td", {}, h("a", { href: `?session=${encodeURIComponent(item.id)}#/data` }, short(item.id, 40))),
    h("td", { class: ["damaged", "failed"].includes(item.state) ? "bad" : "" }, item.state),
    h("td", { class: "number" }, item.records ?? "?"),
    h("td", { class: "number" }, item.size_bytes),
    h("td", {}, item.problem ?? "")));
  return [
    h("h1", {}, "Health"), current,
    h("h2", {}, "Now"), h("div", { class: "charts" }, charts.map((item) => item.figure)),
    h("h2", {}, "Budgets, quotas and rates"), limitsOf(status),
    h("h2", {}, "Sessions"),
    rows.length ? table("Sessions", ["session", "state", "records", "bytes", "problem"], rows) : h("p", {}, "No session has data yet."),
  ];
}

const listed = (values) => Object.entries(values ?? {}).map(([name, value]) => (name === "all" ? value : `${value} ${name}`)).join(", ") || "0";

function parted(ready, { planner, sandbox, metrics }) {
  const state = (isReady, otherwise) => (isReady ? "ready" : h("span", { class: "bad" }, otherwise));
  return facts([
    ["service", h("span", { class: ready.not_ready.length ? "bad" : "" }, [ready.status, ...ready.not_ready].join(", "))],
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
async function follow(left, show) {
  while (!left.aborted) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    if (left.aborted || document.hidden) continue;
    await json("GET", "/_larst/status", { signal: left }).then(show, () => {});
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
