// Health: whether the service is ready, its sandbox, its sessions and the rate of requests.
import { json } from "./console-api.js";
import { facts, h, table } from "./console-dom.js";

const SECONDS = 60;
const SVG = "http://www.w3.org/2000/svg";

export async function health() {
  const [ready, sessions, requests] = await Promise.all([
    // 503 is an answer here, not an error.
    fetch("/readyz", { cache: "no-store" }).then((reply) => reply.json()),
    json("GET", "/_larst/sessions?limit=500"),
    json("GET", "/_larst/requests?limit=500"),
  ]);
  const rows = sessions.items.map((item) => h("tr", {},
    h("td", {}, item.id),
    h("td", { class: ["damaged", "failed"].includes(item.state) ? "bad" : "" }, item.state),
    h("td", { class: "number" }, item.records ?? "?"),
    h("td", { class: "number" }, item.size_bytes),
    h("td", {}, item.problem ?? "")));
  return [
    h("h1", {}, "Health"),
    facts([
      ["service", h("span", { class: ready.not_ready.length ? "bad" : "" }, ready.status)],
      ["not ready", ready.not_ready.join(", ")],
      ["jail of the sandbox", ready.sandbox.jail],
      ["requests", `${requests.seen} since the start, of which ${requests.sampled} were kept`],
    ]),
    h("h2", {}, "Kept requests of the last minute, by second"), chart(requests.items),
    h("h2", {}, "Sessions"),
    rows.length ? table("Sessions", ["session", "state", "records", "bytes", "problem"], rows) : h("p", {}, "No session has data yet."),
  ];
}

function chart(items) {
  const now = Date.now();
  const counts = new Array(SECONDS).fill(0);
  for (const item of items) {
    const age = Math.floor((now - Date.parse(item.at)) / 1000);
    if (age >= 0 && age < SECONDS) counts[SECONDS - 1 - age] += 1;
  }
  const most = Math.max(1, ...counts);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${SECONDS * 5} 60`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `At most ${Math.max(...counts)} in a second`);
  svg.setAttribute("class", "chart");
  counts.forEach((count, index) => {
    const bar = document.createElementNS(SVG, "rect");
    const height = (count / most) * 58;
    for (const [name, value] of Object.entries({ x: index * 5, y: 60 - height, width: 4, height })) bar.setAttribute(name, value);
    svg.append(bar);
  });
  return svg;
}
