// A session as a whole: import, export, reset and snapshots.
import { json, send } from "./console-api.js";
import { again, button, bytes, counted, field, guarded, h, lack, limits, needing, table } from "./console-dom.js";

export async function download(name) {
  const reply = await send("GET", `/_larst/sessions/${name}/export`);
  const link = h("a", { href: URL.createObjectURL(await reply.blob()), download: `${name}.ndjson` });
  link.click();
  URL.revokeObjectURL(link.href);
}

export function importing(name) {
  const replace = h("input", { type: "checkbox", id: "replace", ...needing("admin") });
  const file = h("input", { type: "file", id: "file", accept: ".json,.ndjson,.jsonl", ...needing("admin") });
  const take = async (chosen) => {
    if (!chosen) return;
    const query = replace.checked ? "?replace=true" : "";
    const headers = { "Content-Type": /\.json$/i.test(chosen.name) ? "application/json" : "application/x-ndjson" };
    const result = await json("POST", `/_larst/sessions/${name}/import${query}`, { body: chosen, headers });
    again(`Imported: ${counted(result.records)}.`);
  };
  file.addEventListener("change", guarded(() => take(file.files[0])));
  const area = h("div", { class: "drop" }, h("div", { class: "row" },
    h("label", { for: "file" }, "Import an export or a db.json: drop the file here, or"), file,
    field(replace, h("label", { for: "replace" }, "replace the records of this session"))));
  area.addEventListener("dragover", (event) => { event.preventDefault(); area.classList.add("over"); });
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", guarded((event) => {
    area.classList.remove("over");
    if (lack("admin")) throw new Error(lack("admin"));
    return take(event.dataTransfer.files[0]);
  }));
  return area;
}

const address = (name, ...parts) => `/_larst/sessions/${[name, ...parts].map(encodeURIComponent).join("/")}`;

export const resetting = (name) => button("Reset", async () => {
  const question = `Reset the session ${name}? It goes back to the file that the service was started with, or to no data.`;
  if (!confirm(question)) return;
  const result = await json("POST", address(name, "reset"));
  again(`The session is reset and has ${counted(result.records)}.`);
}, "danger", "admin");

// What became of files that people edited by hand, the latest first.
export function edits(reports) {
  if (!reports.length) return [];
  const rows = [...reports].reverse().map((report) => h("tr", {},
    h("td", {}, new Date(report.at).toLocaleString()),
    h("td", {}, report.resource),
    h("td", { class: report.taken_in ? "" : "bad" }, report.taken_in ? "taken in" : "set aside"),
    h("td", { class: "prose" }, [report.detail, ...report.kept_as.map((file) => `kept as ${file}`)].join("; "))));
  return [h("h2", {}, "Edited files"), table("Edited files", ["time", "resource", "result", "detail"], rows)];
}

export async function snapshots(name) {
  const items = await saved(name);
  const label = h("input", { id: "snapshot", required: true, maxlength: 64, pattern: "[A-Za-z0-9_\\-]+", autocomplete: "off", ...needing("admin") });
  const save = guarded(async () => {
    const snapshot = await json("PUT", address(name, "snapshots", label.value));
    again(`The snapshot ${snapshot.name} is saved.`);
  });
  const rows = items.map((item) => h("tr", {},
    h("td", {}, item.name),
    h("td", {}, new Date(item.saved_at).toLocaleString()),
    h("td", { class: "number" }, bytes(item.size_bytes)),
    h("td", {}, h("div", { class: "row" }, actions(name, item.name)))));
  return [
    h("h2", {}, "Snapshots"),
    rows.length ? table("Snapshots", ["name", "saved", "size", "actions"], rows) : h("p", {}, "No snapshot yet: one keeps all that the session has, to go back to."),
    h("form", { onsubmit: save, "aria-label": "Snapshot" },
      field(h("label", { for: "snapshot" }, "Save a snapshot as"), label), h("button", needing("admin"), "Save")),
    limits("admin"),
  ].filter(Boolean);
}

const actions = (name, snapshot) => [
  button(`Load ${snapshot}`, async () => {
    if (!confirm(`Replace all that the session ${name} has with the snapshot ${snapshot}?`)) return;
    const result = await json("POST", address(name, "snapshots", snapshot, "load"));
    again(`The snapshot ${snapshot} is loaded: ${counted(result.records)}.`);
  }, "", "admin"),
  button(`Delete ${snapshot}`, async () => {
    if (!confirm(`Delete the snapshot ${snapshot}?`)) return;
    await send("DELETE", address(name, "snapshots", snapshot));
    again(`The snapshot ${snapshot} is deleted.`);
  }, "danger", "admin"),
];

async function saved(name) {
  try {
    return (await json("GET", address(name, "snapshots"))).items;
  } catch (error) {
    if (error.status === 404) return []; // no data yet
    throw error;
  }
}
