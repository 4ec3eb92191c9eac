import assert from "node:assert/strict";
import PocketBase from "pocketbase";
import { browserFetch } from "./browser.mjs";
import { hasMembers, headers, ids, idsByViews, idsWhere, posts, run, span, stored, url } from "./harness.mjs";

const client = new PocketBase(url);
client.beforeSend = (address, options) => ({
  url: address,
  options: { ...options, fetch: browserFetch, headers: { ...options.headers, ...headers } },
});
client.autoCancellation(false);
const collection = client.collection("posts");

const filters = [
  [client.filter("status = {:status}", { status: "draft" }), (post) => post.status === "draft"],
  ["views > 50 && status != 'draft'", (post) => post.views > 50 && post.status !== "draft"],
  ["id = 3 || views >= 90", (post) => post.id === 3 || post.views >= 90],
  ["title ~ 'post 2'", (post) => post.title.startsWith("Post 2")],
  ["title !~ 'Post 2'", (post) => !post.title.startsWith("Post 2")],
  ["(id=2||id=5) && views<=100", (post) => [2, 5].includes(post.id)],
];

await run({
  async list() {
    const { items, ...page } = await collection.getList();
    assert.deepEqual([ids(items), page], [span(1, 30), { page: 1, perPage: 30, totalItems: 30, totalPages: 1 }]);
    hasMembers(items[0], posts[0]);
  },
  async page() {
    const { items, ...page } = await collection.getList(3, 12);
    assert.deepEqual([ids(items), page], [span(25, 30), { page: 3, perPage: 12, totalItems: 30, totalPages: 3 }]);
  },
  async "page without a count"() {
    const { items, totalItems } = await collection.getList(2, 10, { skipTotal: true });
    assert.deepEqual([ids(items), totalItems], [span(11, 20), -1]);
  },
  async "full list"() {
    assert.deepEqual(ids(await collection.getFullList({ sort: "-views" })), idsByViews());
    assert.deepEqual(ids(await collection.getFullList({ batch: 7 })), span(1, 30));
  },
  async sort() {
    const { items } = await collection.getList(1, 3, { sort: "-status,+views" });
    assert.ok(items.every((post) => post.status === "published"));
    assert.ok(items[0].views <= items[1].views);
  },
  async filter() {
    for (const [filter, test] of filters) {
      assert.deepEqual(ids(await collection.getFullList({ filter })), idsWhere(test), filter);
    }
  },
  async "first of a filter"() {
    assert.deepEqual(await collection.getFirstListItem("views > 90", { sort: "-views" }), posts[idsByViews()[0] - 1]);
    await assert.rejects(collection.getFirstListItem("views > 1000"), { status: 404 });
  },
  async fields() {
    const { items } = await collection.getList(1, 1, { fields: "id,title" });
    assert.deepEqual(items, [{ id: 1, title: "Post 1" }]);
  },
  async "get one"() {
    assert.deepEqual(await collection.getOne("3"), posts[2]);
  },
  async "get one that is missing"() {
    await assert.rejects(collection.getOne("999"), (error) => error.status === 404 && !error.isAbort);
  },
  async create() {
    hasMembers(await collection.create({ title: "New", views: 1 }), { id: 31, title: "New" });
    hasMembers(await stored("/posts/31"), { title: "New", views: 1 });
  },
  async "create from a form"() {
    const form = new FormData();
    form.append("title", "Form");
    form.append("views", "7");
    hasMembers(await collection.create(form), { id: 32, title: "Form", views: 7 });
  },
  async patch() {
    assert.deepEqual(await collection.update("4", { title: "X" }), { ...posts[3], title: "X" });
    assert.equal((await stored("/posts/4")).title, "X");
  },
  async "modifiers are refused"() {
    await assert.rejects(collection.update("5", { "views+": 5 }), { status: 400 });
    assert.deepEqual(await stored("/posts/5"), posts[4]);
  },
  async delete() {
    assert.equal(await collection.delete("1"), true);
    assert.equal(await stored("/posts/1"), null);
  },
});
