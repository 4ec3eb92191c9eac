// The cases of a plan: each request with the records that it finds, the reply that it must get, and how it ran.
import { json } from "./console-api.js";
import { button, h, notify } from "./console-dom.js";

const shown = (value) => h("pre", {}, JSON.stringify(value, null, 2));

const target = ({ path, query }) => {
  const pairs = Object.entries(query).flatMap(([name, values]) => values.map((value) => [name, value]));
  return pairs.length ? `${path}?${new URLSearchParams(pairs)}` : path;
};

// `path` is that of the plan in the control API.
export function cases(plan, path) {
  const views = plan.cases.map(view);
  const run = button("Run the cases", async () => {
    const { items, passed, failed, not_run: left } = await json("POST", `${path}/test`);
    views.forEach((one, index) => one.show(items[index]));
    notify([`${passed} passed`, `${failed} failed`, left && `${left} not run`].filter(Boolean).join(", "));
  });
  return [
    h("h2", {}, "Cases"),
    h("p", { class: "soft" }, views.length
      ? "A new program of this plan must give the same replies. A run touches no session."
      : "This plan has no case. A plan of a model gets one when it is pinned after a request."),
    ...views.map(({ element }) => element),
    views.length && h("div", { class: "row" }, run),
  ].filter(Boolean);
}

function view({ request, given, status, body, has_body: hasBody }) {
  const result = h("span", { class: "soft" }, "not run yet");
  const differences = h("ul", { class: "bad", hidden: true });
  const element = h("details", { class: "case" },
    h("summary", {}, h("code", {}, `${request.method} ${target(request)}`), ` must get ${status}: `, result),
    differences,
    h("div", { class: "pair" },
      h("div", {},
        h("h3", {}, "Request"), request.has_body ? shown(request.body) : h("p", { class: "soft" }, "It has no body."),
        h("h3", {}, "Records that it finds"), shown(given)),
      h("div", {}, h("h3", {}, "Reply"), hasBody ? shown(body) : h("p", { class: "soft" }, "Any body, or none."))));
  const show = (item) => {
    result.textContent = item ? (item.passed ? "passed" : "failed") : "not run";
    result.className = item?.passed ? "good" : item ? "bad" : "soft";
    differences.replaceChildren(...(item?.differences ?? []).map((text) => h("li", {}, text)));
    differences.hidden = !item?.differences.length;
    if (item && !item.passed) element.open = true;
  };
  return { element, show };
}
