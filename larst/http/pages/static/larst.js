// The helper of LARST for tests in JavaScript: sessions, data, requests, faults and time, with `fetch` only.
// Node 20 or newer, Deno, Bun and browsers. No dependency. Every service has this file: `curl -O http://127.0.0.1:8000/_larst/ui/larst.js`.

/**
 * A session of its own for a test. Erase it with `session.erase()` at the end.
 *
 * @param {object} [options]
 * @param {string} [options.url] the address of the service (default: LARST_URL, or http://127.0.0.1:8000)
 * @param {string} [options.token] the token of the service, if it needs one (default: LARS_AUTH_TOKEN)
 * @param {string} [options.name] the name of the session: letters, digits, `_` and `-` (default: a random one)
 * @param {boolean} [options.record] whether its requests are recorded, for `requests` (default: true)
 * @returns {Promise<Session>}
 * @throws {LarstError} the service refuses it
 */
export async function createSession({ url, token, name, record = true } = {}) {
  const address = (url ?? environment("LARST_URL") ?? "http://127.0.0.1:8000").replace(/\/+$/, "");
  const session = new Session(address, token ?? environment("LARS_AUTH_TOKEN"), name ?? randomName());
  if (record) await session.control("PUT", "recording", { recording: "on" });
  return session;
}

/** The service refused a request of the helper; the message says what to do. */
export class LarstError extends Error {
  constructor(message, status) {
    super(message);
    this.name = "LarstError";
    this.status = status;
  }
}

/**
 * A session: `url` is the base address for the code under test, and `name` is what `X-Session-ID` names.
 * `requests`, `faults` and `clock` are described at their classes.
 */
export class Session {
  #service;
  #token;

  constructor(service, token, name) {
    this.#service = service;
    this.#token = token;
    this.name = name;
    this.url = `${service}/@${name}`;
    this.requests = new Requests(this);
    this.faults = new Faults(this);
    this.clock = new Clock(this);
  }

  /** Send a request to the session, as `fetch` does: `session.fetch("/orders", { method: "POST", json: { book: 1 } })`. */
  fetch(path, { json, headers = {}, ...options } = {}) {
    const sent = { ...this.#headers(), ...headers };
    if (json !== undefined) {
      sent["Content-Type"] ??= "application/json";
      options = { method: "POST", body: JSON.stringify(json), ...options };
    }
    return fetch(`${this.url}${path.startsWith("/") ? path : `/${path}`}`, { ...options, headers: sent });
  }

  /** Replace the data: `{ books: [{ id: 1, title: "Dune" }] }`. Returns the number of records by resource. */
  async seed(data) {
    return (await this.control("POST", "import?replace=true", data)).imported;
  }

  /** Add fake records that link to each other: `{ users: 50, posts: 200 }`. The same seed makes the same ones. */
  async fake(records, { seed } = {}) {
    return (await this.control("POST", `fake${seed === undefined ? "" : `?seed=${seed}`}`, records)).created;
  }

  /** Declare what every record of a resource keeps to: `{ timestamps: true, id: "uuid", unique: ["email"] }`. */
  async declare(resource, settings) {
    await this.control("PUT", `resources/${encodeURIComponent(resource)}`, settings);
  }

  /** Save all that the session has as a snapshot. */
  async save(snapshot) {
    await this.control("PUT", `snapshots/${encodeURIComponent(snapshot)}`);
  }

  /** Go back to a snapshot. */
  async load(snapshot) {
    await this.control("POST", `snapshots/${encodeURIComponent(snapshot)}/load`);
  }

  /** Begin again: no data, ids from 1, no received requests, no faults. */
  async reset() {
    await this.control("POST", "reset");
    await this.faults.clear();
    await this.requests.clear();
  }

  /** Erase the session with all that belongs to it. */
  async erase() {
    await this.faults.clear();
    await this.control("DELETE", "", undefined, { admitsMissing: true });
  }

  /** Send a request to the control API of the session; returns the JSON of the reply. */
  async control(method, path, body, { admitsMissing = false } = {}) {
    const address = `${this.#service}/_larst/sessions/${this.name}${path && `/${path}`}`;
    const headers = { ...this.#headers(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
    const reply = await fetch(address, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await reply.text();
    if (reply.ok) return text ? JSON.parse(text) : null;
    if (admitsMissing && reply.status === 404) return null;
    throw new LarstError(`${method} ${address}: ${reply.status} ${reason(text)}`, reply.status);
  }

  #headers() {
    return this.#token ? { Authorization: `Bearer ${this.#token}` } : {};
  }
}

/**
 * The requests that the session received, in order. A filter is `{ method, path, status }`; in `path`, `*` stands for
 * any text within a segment, and `/**` at the end for any segments.
 */
class Requests {
  #session;

  constructor(session) {
    this.#session = session;
  }

  /** Return them: each has `method`, `path`, `query`, `headers`, `body` and `reply`. */
  async list(filter = {}) {
    return (await this.#session.control("GET", `requests?${query({ ...filter, limit: 1000 })}`)).items;
  }

  /** Wait until so many match, and return those. Throws a `LarstError` if they do not come in time (at most 60 s). */
  async waitFor(count, filter = {}, { timeoutMs = 5000 } = {}) {
    const wait = { ...filter, wait: `${timeoutMs}ms`, count, limit: 1000 };
    const { items } = await this.#session.control("GET", `requests?${query(wait)}`);
    if (items.length >= count) return items;
    throw new LarstError(`${items.length} requests match ${JSON.stringify(filter)} after ${timeoutMs} ms, expected ${count}`);
  }

  /** Verify that such a request was received: with this JSON body if `json` is set, and `times` times. Returns them. */
  async assertReceived(method, path, { json, times, ...filter } = {}) {
    const sent = await this.list({ method, path, ...filter });
    const matching = json === undefined ? sent : sent.filter(({ body }) => isSame(body, json));
    if (times === undefined ? matching.length > 0 : matching.length === times) return matching;
    const others = (json === undefined ? await this.list() : sent).map((item) => `  ${item.method} ${item.path} -> ${item.reply?.status}: ${JSON.stringify(item.body)}`);
    const what = json === undefined ? "" : ` with the body ${JSON.stringify(json)}`;
    throw new LarstError([`${method} ${path}${what} was received ${matching.length} times, expected ${times ?? "at least once"}. Received:`, ...others].join("\n"));
  }

  /** Verify that no such request was received. */
  async assertNotReceived(method, path) {
    await this.assertReceived(method, path, { times: 0 });
  }

  /** Forget them. */
  async clear() {
    await this.#session.control("DELETE", "requests");
  }
}

/** Which requests of the session fail, and how. The rules are tried in order; the first that strikes counts. */
class Faults {
  #session;
  #rules = [];
  #seed = null;

  constructor(session) {
    this.#session = session;
  }

  /**
   * Add a rule: `{ method: "POST", path: "/orders", status: 503, times: 1 }`. It has any of `delay`, `status`, `body`,
   * `headers`, `drop`, `truncate`, `malformed`, `bytes_per_s`, and may have `query`, `rate`, `times`, `skip`, `phase`.
   */
  async add(rule) {
    const rules = [...this.#rules, rule];
    this.#seed = (await this.#session.control("PUT", "faults", { rules, seed: this.#seed })).seed;
    this.#rules = rules;
  }

  /** Return the seed and the rules, each with its `matches` and `strikes`. */
  show() {
    return this.#session.control("GET", "faults");
  }

  /** Remove the rules. */
  async clear() {
    await this.#session.control("DELETE", "faults");
    this.#rules = [];
  }
}

/** The time that programs, timestamps and expiry of the session follow. Instants are ISO 8601 texts or `Date`s. */
class Clock {
  #session;

  constructor(session) {
    this.#session = session;
  }

  /** Return the time of the session as a `Date`. */
  async now() {
    return new Date((await this.#session.control("GET", "clock")).now);
  }

  /** Stop the clock at an instant. */
  async freeze(now) {
    await this.#session.control("PUT", "clock", { now: instant(now), frozen: true });
  }

  /** Set the clock to an instant, from which it runs on. */
  async set(now) {
    await this.#session.control("PUT", "clock", { now: instant(now), frozen: false });
  }

  /** Move the clock: `+1d`, `-90m`. A frozen one stays frozen. */
  async advance(duration) {
    await this.#session.control("PUT", "clock", { advance: duration });
  }

  /** Return to real time. */
  async useRealTime() {
    await this.#session.control("DELETE", "clock", undefined, { admitsMissing: true });
  }
}

function environment(name) {
  return globalThis.process?.env?.[name] || undefined;
}

function randomName() {
  return `test-${globalThis.crypto.randomUUID().slice(0, 13)}`;
}

function instant(value) {
  return value instanceof Date ? value.toISOString() : value;
}

function query(values) {
  return new URLSearchParams(Object.entries(values).filter(([, value]) => value !== undefined));
}

function reason(text) {
  try {
    const { detail, error } = JSON.parse(text);
    return detail ?? error;
  } catch {
    return text.slice(0, 500);
  }
}

// Whether two JSON values are equal; the order of the names of an object does not count.
function isSame(first, second) {
  if (first === second) return true;
  if (typeof first !== "object" || typeof second !== "object" || first === null || second === null) return false;
  const names = Object.keys(first);
  return Array.isArray(first) === Array.isArray(second)
    && names.length === Object.keys(second).length
    && names.every((name) => Object.hasOwn(second, name) && isSame(first[name], second[name]));
}
