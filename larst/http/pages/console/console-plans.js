// Plans: the plan book; one plan with its program, cases and versions, to pin, edit, reject or delete.
import { json } from "./console-api.js";
import { cases } from "./console-cases.js";
import { again, announce, button, difference, facts, field, guarded, h, program, short, table } from "./console-dom.js";

const SIZE = 100;

export async function plans([key], query) {
  return key ? one(key) : list(Number(query.get("offset")) || 0);
}

const target = (shape) => {
  const pairs = Object.entries(shape.query ?? {}).flatMap(([name, values]) => [values].flat().map((value) => `${name}=${value}`));
  return shape.path + (pairs.length ? `?${pairs.join("&")}` : "");
};
const time = (text) => text && new Date(text).toLocaleString();
const cost = (plan) => (plan.cost_usd === null ? "" : `$${plan.cost_usd.toFixed(5)}`);

async function list(offset) {
  const { items, page } = await json("GET", `/_larst/plans?limit=${SIZE}&offset=${offset}`);
  const rows = items.map((plan) => h("tr", {},
    h("td", {}, h("a", { href: `#/plans/${plan.key}` }, plan.key.slice(0, 10))),
    h("td", { class: plan.state === "rejected" ? "bad" : "" }, plan.state),
    h("td", {}, plan.method),
    h("td", {}, short(target(plan))),
    h("td", {}, [plan.action, plan.resource].filter(Boolean).join(" ")),
    h("td", {}, [plan.planner, plan.model].filter(Boolean).join("/")),
    h("td", { class: "number" }, plan.uses),
    h("td", { class: "number" }, plan.cases),
    h("td", { class: "number" }, cost(plan))));
  return [
    h("h1", {}, "Plans"),
    rows.length ? table("Plans", ["key", "state", "method", "path", "does", "planner", "uses", "cases", "cost"], rows) : h("p", {}, "No plans yet: send the service a request."),
    h("div", { class: "row" },
      offset > 0 && h("a", { href: `#/plans?offset=${Math.max(0, offset - SIZE)}` }, "Previous"),
      h("span", { class: "soft" }, `${page.total} plans`),
      offset + SIZE < page.total && h("a", { href: `#/plans?offset=${offset + SIZE}` }, "Next")),
  ];
}

async function one(key) {
  const path = `/_larst/plans/${encodeURIComponent(key)}`;
  const plan = await json("GET", path);
  const reason = h("input", { id: "reason", required: true, maxlength: 1000 });
  const reject = guarded(async () => {
    await json("POST", `${path}/reject`, { body: { reason: reason.value } });
    again("The plan is rejected.");
  });
  return [
    h("h1", {}, `${plan.shape.method} ${target(plan.shape)}`),
    h("p", {}, h("a", { href: "#/plans" }, "All plans")),
    facts([
      ["key", h("code", {}, plan.key)], ["state", plan.state], ["reason", plan.reason],
      ["intent", plan.intent],
      ["does", [plan.plan.action, plan.plan.resource].filter(Boolean).join(" ")],
      ["planner", [plan.planner, plan.model].filter(Boolean).join("/")],
      ["uses", plan.uses], ["made", time(plan.made_at)], ["last used", time(plan.last_used_at)], ["cost", cost(plan)],
      ["sessions", plan.sessions.join(", ")],
    ]),
    h("h2", {}, "Program"), program(plan.plan.code.block),
    h("div", { class: "row" },
      plan.state !== "pinned" && button("Pin", async () => { await json("POST", `${path}/pin`); again("The plan is pinned."); }),
      button("Delete", async () => {
        if (!confirm("Delete this plan? The next request of its shape is planned again.")) return;
        await json("DELETE", path);
        location.hash = "#/plans";
      }, "danger")),
    ...cases(plan, path),
    ...editor(plan, path),
    ...versions(plan),
    h("h2", {}, "Reject it"),
    h("form", { onsubmit: reject }, field(h("label", { for: "reason" }, "The mistake in the program"), reason), h("button", { class: "danger" }, "Reject")),
  ];
}

// The new version is pinned, and this one rejected, unless the policy refuses the program or a case fails.
function editor(plan, path) {
  const area = h("textarea", { id: "program", class: "code", "aria-label": "Program", spellcheck: "false" });
  area.value = plan.plan.code.block;
  const force = h("input", { id: "force", type: "checkbox" });
  const save = guarded(async () => {
    const version = await json("PUT", `${path}/program${force.checked ? "?force=true" : ""}`, { body: { program: area.value } });
    announce("The new version is pinned.");
    if (version.key === plan.key) again();
    else location.hash = `#/plans/${version.key}`;
  });
  return [h("h2", {}, "Edit the program"), h("form", { onsubmit: save, "aria-label": "Program" }, area,
    plan.cases.length > 0 && field(force, h("label", { for: "force" }, "drop the cases that it fails")),
    h("button", {}, "Save as a new version"))];
}

function versions(plan) {
  if (!plan.versions.length) return [];
  const result = h("div", { id: "difference", "aria-live": "polite" });
  const compare = (other) => button(`Compare with ${other.key.slice(0, 10)}`, async () => {
    const old = await json("GET", `/_larst/plans/${other.key}`);
    const lines = difference(old.plan.code.block, plan.plan.code.block);
    result.replaceChildren(h("pre", {}, lines.map(([sign, line]) => h({ "-": "del", "+": "ins", " ": "span" }[sign], {}, `${sign} ${line}\n`))));
  });
  const rows = plan.versions.map((other) => h("tr", {},
    h("td", {}, h("a", { href: `#/plans/${other.key}` }, other.key.slice(0, 10))),
    h("td", { class: other.state === "rejected" ? "bad" : "" }, other.state),
    h("td", {}, time(other.made_at)),
    h("td", { class: "number" }, other.uses),
    h("td", { class: other.reason ? "prose" : "" }, other.reason ?? ""),
    h("td", {}, compare(other))));
  return [h("h2", {}, "Other versions"), table("Other versions", ["key", "state", "made", "uses", "reason", "program"], rows), result];
}
