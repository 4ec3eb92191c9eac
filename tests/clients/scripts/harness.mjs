// What the scripts of all clients share: the records of a session, and the run of their checks.
//
// A script runs its checks in order, in one session. It prints them as JSON and exits with 1 if a
// check fails.

import assert from "node:assert/strict";

export const url = process.env.LARST_URL;
export const headers = { "X-Session-ID": process.env.LARST_SESSION };

const range = (length, make) => Array.from({ length }, (_, index) => make(index + 1));

export const posts = range(30, (id) => ({
  id,
  title: `Post ${id}`,
  views: (id * 37) % 101,
  status: id % 3 ? "published" : "draft",
  userId: 1 + (id % 5),
}));
export const users = range(5, (id) => ({ id, name: `User ${id}` }));
export const comments = range(10, (id) => ({ id, body: `Comment ${id}`, postId: 1 + (id % 3) }));
export const profile = { name: "typicode", theme: "dark" };

export const ids = (records) => records.map((record) => Number(record.id));
export const idsWhere = (test) => ids(posts.filter(test));
export const idsByViews = () => ids(posts.toSorted((a, b) => b.views - a.views));
export const span = (first, last) => range(last - first + 1, (place) => first + place - 1);

/** Assert that a record has the members; it may have more. */
export function hasMembers(record, members) {
  assert.equal(typeof record, "object", `no record: ${record}`);
  for (const [name, value] of Object.entries(members)) {
    assert.deepEqual(record[name], value, `${name} of ${JSON.stringify(record)}`);
  }
}

/** Return a record as LARST stores it, or null; asked in LARST's own dialect. */
export async function stored(path) {
  const reply = await fetch(url + path, { headers: { ...headers, "X-LARST-Dialect": "larst" } });
  return reply.status === 404 ? null : reply.json();
}

async function seed() {
  const path = `/_larst/sessions/${headers["X-Session-ID"]}/import?replace=true`;
  const body = JSON.stringify({ posts, users, comments, profile });
  const reply = await fetch(url + path, { method: "POST", body });
  assert.equal(reply.status, 200, await reply.text());
}

/** Seed the session, run the checks, print them, and exit. */
export async function run(checks) {
  await seed();
  const results = [];
  for (const [name, check] of Object.entries(checks)) {
    let error = null;
    try {
      await check();
    } catch (problem) {
      error = String(problem?.message || problem?.stack || JSON.stringify(problem)).slice(0, 2000);
    }
    results.push({ name, error });
  }
  console.log(JSON.stringify(results));
  process.exit(results.some((result) => result.error !== null) ? 1 : 0);
}
