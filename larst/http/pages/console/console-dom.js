// Elements of the console. Must never parse text as HTML: all of it comes from clients.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(9).filter((child) => child !== null && child !== undefined).map((child) =>
    child instanceof Node ? child : String(child)));
  return element;
}

export function notify(text) {
  document.getElementById("notice").textContent = text;
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

export const button = (text, action, kind = "") =>
  h("button", { type: "button", class: kind, onclick: guarded(action) }, text);

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
