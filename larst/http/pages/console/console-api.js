// Requests of the console: to the control API, and to the resources of the chosen session.
// The cookie of a login counts only with the header below, which no page of another origin can send.
const SESSION = () => new URLSearchParams(location.search).get("session") || "";

export const session = SESSION;
export class NeedsLogin extends Error {}

let own = null;
// The session of requests that name none.
export async function ownSession() {
  own ??= (await json("GET", "/")).session_id;
  return own;
}
export const sessionName = async () => SESSION() || ownSession();

export async function send(method, path, { body, headers = {}, isPlanned = false, signal } = {}) {
  const all = { Accept: "application/json", "Larst-Console": "1", ...headers };
  if (isPlanned) all["X-LARST-Dialect"] = "larst";
  if (SESSION()) all["X-Session-ID"] = SESSION();
  let content = body;
  if (body instanceof Blob && body.type && !headers["Content-Type"]) all["Content-Type"] = body.type;
  if (body !== undefined && !(body instanceof Blob)) {
    content = JSON.stringify(body);
    all["Content-Type"] = "application/json";
  }
  let reply;
  try {
    reply = await fetch(path, { method, headers: all, body: content, signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The service cannot be reached.");
  }
  if (reply.status === 401) throw new NeedsLogin("The service requires a token.");
  if (!reply.ok) {
    const problem = await reply.json().catch(() => ({}));
    const error = new Error([problem.error ?? `status ${reply.status}`, problem.detail].filter(Boolean).join(": "));
    error.status = reply.status;
    throw error;
  }
  return reply;
}

export async function json(method, path, options) {
  const text = await (await send(method, path, options)).text();
  return text ? JSON.parse(text) : null;
}

export const planned = (method, path, options) => json(method, path, { ...options, isPlanned: true });

// Follow an event stream; EventSource can send no headers.
export async function follow(path, signal, onEvent) {
  const reply = await send("GET", path, { headers: { Accept: "text/event-stream" }, signal });
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => {
        const colon = line.indexOf(": ");
        return [line.slice(0, colon), line.slice(colon + 2)];
      }));
      if (fields.data) onEvent(fields.event, JSON.parse(fields.data));
    }
  }
}
