// Elements of the console. Must never parse text as HTML: all of it comes from clients.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false).map((child) =>
    child instanceof Node ? child : String(child)));
  return element;
}

export function notify(text) {
  document.getElementById("notice").textContent = text;
}

// A notice for the next view.
let notice = "";
export function announce(text) {
  notice = text;
}

// Show the view again, as it is now, with a notice.
export function again(text = notice) {
  announce(text);
  dispatchEvent(new HashChangeEvent("hashchange"));
}
export function takeNotice() {
  const text = notice;
  notice = "";
  return text;
}

// The element that has the focus, if it is within another.
export const focused = (within) => (within.contains(document.activeElement) ? document.activeElement : null);

// Give the focus back after the content was replaced, so that the keyboard goes on where it was:
// to the same control of the same view, otherwise to the begin of the content.
export function refocus(main, before, isOtherView) {
  if (document.activeElement !== document.body) return;
  const mark = (element) => [element.tagName, element.id, element.id || element.textContent].join(" ");
  const same = before && !isOtherView && [...main.querySelectorAll("a, button, input, select, textarea")]
    .find((element) => mark(element) === mark(before) && !element.disabled);
  (same || main).focus({ preventScroll: true });
  if (isOtherView) scrollTo(0, 0);
}

// A handler that shows an error instead of dropping it.
export const guarded = (action) => async (event) => {
  event?.preventDefault?.();
  notify("");
  try {
    await action(event);
  } catch (error) {
    notify(error.message);
  }
};

// What the token may do: a button that needs more is disabled, and says why.
let scopes = ["read", "write", "admin"];
export function grant(granted) {
  scopes = granted;
}
export const lack = (scope) => (!scope || scopes.includes(scope) ? null : `This needs a token with the scope ${scope}.`);
export const limits = (scope) => lack(scope) && h("p", { class: "soft" }, lack(scope));
export const needing = (scope) => ({ disabled: lack(scope) !== null, title: lack(scope) });

// A size as people read it; powers of 1024, as the limits are set.
export function bytes(count) {
  const power = count < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(count) / 10));
  return power ? `${(count / 1024 ** power).toFixed(1)} ${["", "KiB", "MiB", "GiB", "TiB"][power]}` : `${count} bytes`;
}

// A field beside its label, which stay on one line.
export const field = (...parts) => h("span", { class: "field" }, parts);

export const counted = (records) => `${records} record${records === 1 ? "" : "s"}`;

export const button = (text, action, kind = "", scope = null) =>
  h("button", { type: "button", class: kind, onclick: guarded(action), ...needing(scope) }, text);

export function table(caption, columns, rows) {
  const head = h("tr", {}, columns.map((column) => h("th", { scope: "col" }, column)));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h("table", { "aria-label": caption }, h("thead", {}, head), h("tbody", {}, rows)));
}

export const facts = (pairs) => h("dl", {}, pairs
  .filter(([, value]) => value !== null && value !== undefined && value !== "")
  .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

// The path of a request, or the value of a field, on one line.
export function short(value, characters = 80) {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "";
  return text.length > characters ? `${text.slice(0, characters)}…` : text;
}

// A JSON text with line breaks; any other text as it is.
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// The lines of two programs, side by side in order: " " in both, "-" only in the old, "+" only in the new one.
export function difference(old, now) {
  const a = old.split("\n");
  const b = now.split("\n");
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const lines = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) { lines.push([" ", a[i]]); i += 1; j += 1; }
    else if (j >= b.length || (i < a.length && lengths[i + 1][j] >= lengths[i][j + 1])) { lines.push(["-", a[i]]); i += 1; }
    else { lines.push(["+", b[j]]); j += 1; }
  }
  return lines;
}

const TOKENS = /(#.*)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|\b(and|as|break|continue|elif|else|False|for|if|in|is|lambda|None|not|or|True|while)\b/g;
export function program(source) {
  const parts = [];
  let end = 0;
  for (const match of source.matchAll(TOKENS)) {
    parts.push(source.slice(end, match.index));
    const kind = match[1] ? "comment" : match[2] ? "text" : "keyword";
    parts.push(h("span", { class: kind }, match[0]));
    end = match.index + match[0].length;
  }
  return h("pre", {}, h("code", {}, parts, source.slice(end)));
}
