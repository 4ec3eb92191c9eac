// The helper for JavaScript, as a test suite uses it: `node --test`, against the service at LARST_URL.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";

const { createSession } = await import(pathToFileURL(process.env.LARST_JS));

let session;
beforeEach(async () => { session = await createSession(); });
afterEach(() => session.erase());

// The code under test: it only needs an address.
const buy = (api, order) => fetch(`${api}/orders`, { method: "POST", body: JSON.stringify(order), headers: { "Content-Type": "application/json" } });

test("data is seeded, sent and reset", async () => {
  assert.deepEqual(await session.seed({ books: [{ id: 1, title: "Dune" }] }), { books: 1 });
  assert.equal((await session.fetch("/books", { json: { title: "Emma" } })).status, 201);
  assert.equal((await (await session.fetch("/books")).json()).page.total, 2);
  await session.save("two");
  await session.reset();
  assert.equal((await session.fetch("/books/1")).status, 404);
  await session.load("two");
  assert.equal((await session.fetch("books/2", { method: "DELETE" })).status, 204);
});

test("sessions do not see each other", async () => {
  const other = await createSession({ name: `${session.name}-other` });
  await session.seed({ books: [{ id: 1 }] });
  assert.equal((await other.fetch("/books/1")).status, 404);
  await other.erase();
});

test("received requests are verified", async () => {
  setTimeout(() => buy(session.url, { quantity: 2, book: 1 }), 5);
  const [request] = await session.requests.waitFor(1, { method: "POST" });
  assert.deepEqual(request.body, { quantity: 2, book: 1 });
  await session.requests.assertReceived("POST", "/orders", { json: { book: 1, quantity: 2 }, times: 1 });
  await session.requests.assertNotReceived("DELETE", "/orders/**");
  await assert.rejects(session.requests.assertReceived("POST", "/orders", { json: { book: 2 } }), /received 0 times.*\n.*"book":1/);
  await assert.rejects(session.requests.waitFor(2, {}, { timeoutMs: 1 }), /1 requests match/);
  await session.requests.clear();
  assert.deepEqual(await session.requests.list(), []);
});

test("requests fail on demand", async () => {
  await session.faults.add({ method: "POST", path: "/orders", status: 503, times: 1 });
  await session.faults.add({ path: "/books", drop: true });
  assert.equal((await buy(session.url, { book: 1 })).status, 503);
  assert.equal((await buy(session.url, { book: 1 })).status, 201);
  await assert.rejects(session.fetch("/books"));
  const { rules } = await session.faults.show();
  assert.deepEqual(rules.map(({ strikes }) => strikes), [1, 1]);
  await session.faults.clear();
  assert.equal((await session.fetch("/books")).status, 200);
});

test("time is frozen and moved, and declared fields follow it", async () => {
  await session.declare("orders", { timestamps: true, unique: ["number"], ttl: "1h" });
  await session.clock.freeze(new Date("2030-02-28T23:59:00Z"));
  const order = await (await session.fetch("/orders", { json: { number: 7 } })).json();
  assert.equal(order.createdAt, "2030-02-28T23:59:00.000Z");
  assert.equal((await session.fetch("/orders", { json: { number: 7 } })).status, 409);
  await session.clock.advance("+2h");
  assert.equal((await session.clock.now()).toISOString(), "2030-03-01T01:59:00.000Z");
  assert.equal((await session.fetch("/orders/1")).status, 404);
  await session.clock.set("2031-01-01T00:00:00Z");
  await session.clock.useRealTime();
  assert.ok((await session.clock.now()).getFullYear() < 2030);
});

test("a refusal says what to do", async () => {
  await assert.rejects(session.load("missing"), { name: "LarstError", status: 404, message: /no snapshot|no data/ });
});
