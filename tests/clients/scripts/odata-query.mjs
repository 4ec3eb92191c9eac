import assert from "node:assert/strict";
import odata from "odata-query";
import { browserFetch } from "./browser.mjs";
import { hasMembers, headers, ids, idsByViews, idsWhere, posts, run, span, stored, url } from "./harness.mjs";

const buildQuery = odata.default ?? odata;

async function send(method, resource, options = {}, body = undefined) {
  const target = `/${resource}${buildQuery(options)}`;
  const reply = await browserFetch(url + target, {
    method,
    headers: { ...headers, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const text = await reply.text();
  assert.ok(reply.ok, `${reply.status} for ${target}: ${text}`);
  return text ? JSON.parse(text) : null;
}

const get = (options) => send("GET", "posts", options);

const filters = [
  [{ status: "draft" }, (post) => post.status === "draft"],
  [{ views: { gt: 50 } }, (post) => post.views > 50],
  [{ views: { ge: 37, le: 74 } }, (post) => post.views >= 37 && post.views <= 74],
  [{ status: { ne: "draft" } }, (post) => post.status !== "draft"],
  [{ id: { in: [2, 5, 7] } }, (post) => [2, 5, 7].includes(post.id)],
  [{ or: [{ id: 3 }, { views: { gt: 90 } }] }, (post) => post.id === 3 || post.views > 90],
  [{ not: { status: "draft" } }, (post) => post.status !== "draft"],
  [[{ status: "draft" }, { userId: 1 }], (post) => post.status === "draft" && post.userId === 1],
  [{ title: { contains: "Post 2" } }, (post) => post.title.includes("Post 2")],
  [{ title: { startswith: "Post 2" } }, (post) => post.title.startsWith("Post 2")],
  [{ title: { endswith: "9" } }, (post) => post.title.endsWith("9")],
  [{ "tolower(title)": "post 3" }, (post) => post.id === 3],
];

await run({
  async list() {
    const { value } = await get({ top: 30 });
    assert.deepEqual(value, posts);
  },
  async page() {
    const page = await get({ top: 12, skip: 24, count: true });
    assert.deepEqual([ids(page.value), page["@odata.count"]], [span(25, 30), 30]);
    assert.deepEqual((await get({ top: 5 }))["@odata.count"], undefined);
  },
  async sort() {
    const { value } = await get({ orderBy: ["views desc", "id"], top: 3 });
    assert.deepEqual(ids(value), idsByViews().slice(0, 3));
  },
  async filter() {
    for (const [filter, test] of filters) {
      const { value } = await get({ filter, top: 50 });
      assert.deepEqual(ids(value), idsWhere(test), JSON.stringify(filter));
    }
  },
  async count() {
    assert.equal(await send("GET", "posts/$count"), 30);
    assert.equal(await get({ count: { status: "draft" } }), 10);
    assert.equal((await get({ count: true, filter: { status: "draft" } }))["@odata.count"], 10);
  },
  async search() {
    assert.deepEqual(ids((await get({ search: "Post 30", top: 5 })).value), [30]);
  },
  async "select and expand"() {
    const { value } = await get({ select: ["id", "title"], top: 1 });
    assert.deepEqual(value, [{ id: 1, title: "Post 1" }]);
    const expanded = await send("GET", "users", { key: 2, expand: "posts" });
    assert.deepEqual(ids(expanded.posts), idsWhere((post) => post.userId === 2));
    const nested = { key: 2, expand: { posts: { select: ["id"], top: 2, filter: { views: { gt: 0 } } } } };
    assert.deepEqual((await send("GET", "users", nested)).posts.length, 2);
  },
  async "get one"() {
    hasMembers(await send("GET", "posts", { key: 3 }), posts[2]);
    hasMembers(await send("GET", "users", { key: { id: 2 } }), { id: 2, name: "User 2" });
  },
  async create() {
    hasMembers(await send("POST", "posts", {}, { title: "New" }), { id: 31, title: "New" });
  },
  async put() {
    await send("PUT", "posts", { key: 5 }, { title: "Only" });
    assert.deepEqual(await stored("/posts/5"), { id: 5, title: "Only" });
  },
  async patch() {
    await send("PATCH", "posts", { key: 4 }, { title: "X" });
    assert.deepEqual(await stored("/posts/4"), { ...posts[3], title: "X" });
  },
  async delete() {
    await send("DELETE", "posts", { key: 1 });
    assert.equal(await stored("/posts/1"), null);
  },
});
