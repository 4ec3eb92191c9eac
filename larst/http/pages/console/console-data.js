// Data: the resources of a session, their records as a table, and one record as a form or as JSON.
import { json, planned, send, session, sessionName } from "./console-api.js";
import { again, announce, button, guarded, h, limits, needing, notify, pretty, short, table } from "./console-dom.js";
import { download, edits, importing, resetting, snapshots } from "./console-session.js";

const SIZE = 25;
const LONG = 80; // characters of a text that gets several lines
const OPERATORS = { "": "is", "_ne": "is not", "_gt": "is above", "_lt": "is below", "_like": "contains" };
const path = (...parts) => `/${parts.map(encodeURIComponent).join("/")}`;
const view = (...parts) => `#/data${path(...parts)}`;

export async function data(parts, query) {
  const [resource, id, ...below] = parts;
  if (!resource) return overview();
  if (below.length) return noRecord(resource, [id, ...below].join("/"));
  if (id !== undefined) return record(resource, id === "+new" ? null : id);
  return records(resource, query);
}

async function described() {
  try {
    return await json("GET", `/_larst/sessions/${await sessionName()}`);
  } catch (error) {
    if (error.status === 404) return { resources: {}, edits: [], problem: null }; // no data yet
    throw error;
  }
}

const counts = async () => (await described()).resources;

async function overview() {
  const name = await sessionName();
  const { resources: recordCounts, edits: edited, problem } = await described();
  const resources = Object.entries(recordCounts ?? {});
  const rows = resources.map(([resource, count]) => h("tr", {},
    h("td", {}, h("a", { href: view(resource) }, resource)),
    h("td", { class: "number" }, count)));
  return [
    h("h1", {}, `Session ${name}`),
    problem && h("p", { class: "bad" }, problem),
    rows.length ? table("Resources", ["resource", "records"], rows)
      : h("p", {}, "This session has no data yet: the first POST creates a resource, and so does a file."),
    importing(name),
    h("div", { class: "row" },
      button("Export", () => download(name)),
      resetting(name),
      h("a", { href: `/docs${session() ? `?session=${name}` : ""}` }, "API of this session")),
    ...edits(edited),
    ...await snapshots(name),
  ].filter(Boolean);
}

async function records(resource, query) {
  const offset = Number(query.get("offset")) || 0;
  const sort = query.get("sort") ?? "";
  const filter = [...query].filter(([name]) => name.startsWith("f.")).map(([name, value]) => [name.slice(2), value]);
  const asked = new URLSearchParams([...filter, ...(sort ? [["sort", sort]] : []), ["limit", SIZE], ["offset", offset]]);
  let found = { items: [], page: { total: 0 } };
  let problem = null;
  try {
    found = await planned("GET", `${path(resource)}?${asked}`);
    if (!Array.isArray(found?.items)) throw Object.assign(new Error("the reply is not a list of records"), { status: 200 });
  } catch (error) {
    if (!error.status) throw error;
    found = { items: [], page: { total: 0 } };
    problem = error.message;
  }
  const resources = await counts() ?? {};
  const go = (changes) => {
    const next = new URLSearchParams(query);
    for (const [name, value] of Object.entries(changes)) {
      if (value) next.set(name, value);
      else next.delete(name);
    }
    location.hash = `${view(resource)}?${next}`;
  };
  const fields = [...new Set(["id", ...found.items.flatMap(Object.keys)])];
  const heads = fields.map((field) => {
    const arrow = sort === field ? " ↑" : sort === `-${field}` ? " ↓" : "";
    const order = sort === field ? `-${field}` : field;
    return h("button", { type: "button", "aria-label": `Sort by ${field}${arrow && `, now ${arrow === " ↑" ? "ascending" : "descending"}`}`, onclick: () => go({ sort: order, offset: "" }) }, field + arrow);
  });
  const rows = found.items.map((item) => h("tr", {}, fields.map((field) => h("td", {}, cell(resource, field, item, resources)))));
  const last = Math.min(offset + SIZE, found.page.total);
  return [
    h("h1", {}, resource),
    filters(fields, filter, go),
    problem && h("p", { class: "bad" }, problem),
    rows.length ? table(resource, heads, rows) : h("p", {}, filter.length ? "No record matches." : "No records."),
    h("div", { class: "row" },
      h("button", { type: "button", disabled: offset === 0, onclick: () => go({ offset: String(Math.max(0, offset - SIZE) || "") }) }, "Previous"),
      h("span", {}, found.page.total ? `${offset + 1} to ${last} of ${found.page.total}` : "0 records"),
      h("button", { type: "button", disabled: last >= found.page.total, onclick: () => go({ offset: String(offset + SIZE) }) }, "Next"),
      h("a", { href: `${view(resource)}/+new` }, "New record"),
      h("a", { href: "#/data" }, "All resources")),
    await declared(resource),
    await schema(resource),
  ].filter(Boolean);
}

function cell(resource, field, item, resources) {
  const value = item[field];
  if (field === "id") return h("a", { href: view(resource, value) }, value);
  const target = relation(field, resources);
  if (target && (typeof value === "number" || typeof value === "string")) return h("a", { href: view(target, value) }, value);
  return value === undefined ? "" : short(value);
}

// `author_id` and `authorId` refer to `authors`, if the session has that resource.
function relation(field, resources) {
  const name = field.match(/^(.+?)(?:_id|Id)$/)?.[1]?.toLowerCase();
  if (!name) return null;
  const forms = [name, `${name}s`, `${name}es`, name.replace(/y$/, "ies")];
  return Object.keys(resources).find((resource) => forms.includes(resource.toLowerCase()));
}

function filters(fields, filter, go) {
  const field = h("select", { id: "field" }, fields.map((name) => h("option", { value: name }, name)));
  const operator = h("select", { id: "operator", "aria-label": "Comparison" }, Object.entries(OPERATORS).map(([suffix, text]) => h("option", { value: suffix }, text)));
  const value = h("input", { id: "value", "aria-label": "Value" });
  const add = (event) => {
    event.preventDefault();
    const like = operator.value === "_like";
    go({ [`f.${field.value}${like ? "" : operator.value}`]: like ? `*${value.value}*` : value.value, offset: "" });
  };
  return h("form", { onsubmit: add }, h("label", { for: "field" }, "Filter"), field, operator, value, h("button", {}, "Apply"),
    filter.map(([name, text]) => h("button", { type: "button", "aria-label": `Remove the filter ${name}=${text}`, onclick: () => go({ [`f.${name}`]: "", offset: "" }) }, `${name}=${text} ×`)));
}

// The settings of the resource: every write keeps to them.
async function declared(resource) {
  const all = await json("GET", `/_larst/sessions/${await sessionName()}/resources`).catch(() => null);
  const settings = all && Object.hasOwn(all, resource) ? all[resource] : null;
  return settings && h("details", {}, h("summary", {}, "Settings"), h("pre", {}, JSON.stringify(settings, null, 2)));
}

async function schema(resource) {
  const name = await sessionName();
  const reply = await json("GET", `/swagger.json?session=${name}`).catch(() => null);
  const schemas = reply?.components?.schemas ?? {};
  const answers = reply?.paths?.[`/${resource}/{id}`]?.get?.responses?.["200"]?.content ?? {};
  const ref = Object.values(answers)[0]?.schema?.$ref?.split("/").pop();
  return schemas[ref] && h("details", {}, h("summary", {}, "Learned schema"), h("pre", {}, JSON.stringify(schemas[ref], null, 2)));
}

// The reply with a record; null if the path is not that of a record.
async function stored(address) {
  try {
    const reply = await send("GET", address, { isPlanned: true });
    return /[/+]json\b/.test(reply.headers.get("Content-Type") ?? "") ? reply : null;
  } catch (error) {
    if ([404, 410, 501].includes(error.status)) return null;
    throw error;
  }
}

// Whether a reply is the record with this id, and no count, list or other answer to the path.
// JavaScript rounds long numbers, so those cannot be compared.
function isRecord(item, id) {
  if (item === null || typeof item !== "object" || Array.isArray(item)) return false;
  return String(item.id) === id || (typeof item.id === "number" && !Number.isSafeInteger(item.id));
}

const noRecord = (resource, id) => [
  h("h1", {}, "No such record"),
  h("p", {}, `${resource} has no record ${id}. It may be deleted, or the address may be wrong.`),
  h("p", { class: "row" }, h("a", { href: view(resource) }, `All ${resource}`), h("a", { href: "#/data" }, "All resources")),
];

async function record(resource, id) {
  const address = id === null ? path(resource) : path(resource, id);
  let item = {};
  let raw = null;
  let etag = null;
  if (id !== null) {
    const reply = await stored(address);
    raw = reply && await reply.text();
    item = reply && JSON.parse(raw);
    if (!isRecord(item, id)) return noRecord(resource, id);
    etag = reply.headers.get("ETag");
  } else {
    const sample = await planned("GET", `${address}?limit=1`).catch(() => ({ items: [] }));
    item = Object.fromEntries(Object.keys(sample.items[0] ?? { name: "" }).filter((field) => field !== "id").map((field) => [field, ""]));
    raw = JSON.stringify(item);
  }
  // A form changes only the fields that were edited: a number that is too long for JavaScript stays.
  const save = async (method, body) => {
    // If-Match: a change that somebody else made meanwhile is not overwritten.
    const headers = etag ? { "If-Match": etag } : {};
    const saved = await planned(id === null ? "POST" : method, address, { body, headers });
    const target = view(resource, saved?.id ?? id);
    announce("The record is saved.");
    if (location.hash === target) again();
    else location.hash = target;
  };
  const erase = async () => {
    if (!confirm(`Delete ${resource} ${id}?`)) return;
    await planned("DELETE", address, { headers: etag ? { "If-Match": etag } : {} });
    location.hash = view(resource);
  };
  return [
    h("h1", {}, id === null ? `New record of ${resource}` : `${resource} ${id}`),
    h("p", {}, h("a", { href: view(resource) }, `All ${resource}`)),
    h("h2", {}, "As a form"), form(item, id, (body) => save("PATCH", body)),
    h("h2", {}, "As JSON"), editor(raw, (text) => save("PUT", new Blob([text], { type: "application/json" }))),
    id !== null && h("p", {}, button("Delete this record", erase, "danger", "write")),
    limits("write"),
  ].filter(Boolean);
}

function form(item, id, save) {
  const inputs = Object.entries(item).map(([field, value], index) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    // An input would drop the line breaks of a text.
    const input = h(/[\r\n]/.test(text) || text.length > LONG ? "textarea" : "input",
      { id: `field-${index}`, readonly: field === "id", autocomplete: "off" });
    input.value = text;
    return [field, value, input, input.value];
  });
  const submit = guarded(() => save(Object.fromEntries(inputs
    .filter(([, , input, before]) => input.value !== before)
    .map(([field, value, input]) => [field, valueOf(input.value, value, id === null)]))));
  return h("form", { onsubmit: submit, "aria-label": "Record" },
    h("div", { class: "record" }, inputs.map(([field, , input]) => [h("label", { for: input.id }, field), input])),
    h("button", { class: "main", ...needing("write") }, "Save"));
}

// A text stays a text; anything else, and all of a new record, is JSON if it can be read so.
function valueOf(text, old, isNew) {
  if (typeof old === "string" && !isNew) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

// The text is sent as it stands, and indented only if no number changes by it.
function editor(raw, save) {
  const area = h("textarea", { class: "code", "aria-label": "Record as JSON", spellcheck: "false" });
  area.value = JSON.stringify(JSON.parse(raw)) === raw ? pretty(raw) : raw;
  const submit = guarded(() => {
    try {
      JSON.parse(area.value);
    } catch (error) {
      throw new Error(`This is not JSON: ${error.message}`);
    }
    return save(area.value);
  });
  return h("form", { onsubmit: submit, "aria-label": "Record as JSON" }, area, h("button", needing("write"), "Save the JSON"));
}
