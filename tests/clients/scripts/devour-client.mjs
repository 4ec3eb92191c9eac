import assert from "node:assert/strict";
import JsonApi from "devour-client";
import { hasMembers, headers, ids, idsByViews, idsWhere, posts, run, span, stored, url } from "./harness.mjs";

const client = new (JsonApi.default ?? JsonApi)({ apiUrl: url, logger: false });
client.headers = headers;
client.define("post", { title: "", views: 0, status: "", userId: 0, user: { jsonApi: "hasOne", type: "users" } });
client.define("user", { name: "", posts: { jsonApi: "hasMany", type: "posts" } });
client.define("comment", { body: "", post: { jsonApi: "hasOne", type: "posts" } });

const all = { page: { size: 50 } };

await run({
  async list() {
    const { data, meta } = await client.findAll("post", all);
    assert.deepEqual([ids(data), meta.total], [span(1, 30), 30]);
    hasMembers(data[0], { title: "Post 1", views: 37, status: "published" });
  },
  async page() {
    const { data, links } = await client.findAll("post", { page: { number: 3, size: 12 } });
    assert.deepEqual(ids(data), span(25, 30));
    assert.ok(links.prev && links.first);
    const next = await client.findAll("post", { page: { offset: 5, limit: 5 } });
    assert.deepEqual(ids(next.data), span(6, 10));
  },
  async sort() {
    const { data } = await client.findAll("post", { sort: "-views", page: { size: 3 } });
    assert.deepEqual(ids(data), idsByViews().slice(0, 3));
  },
  async filter() {
    const { data } = await client.findAll("post", { filter: { status: "draft", userId: 1 }, ...all });
    assert.deepEqual(ids(data), idsWhere((post) => post.status === "draft" && post.userId === 1));
  },
  async "get many"() {
    const { data } = await client.findAll("post", { filter: { id: "2,5,7" } });
    assert.deepEqual(ids(data), [2, 5, 7]);
    const listed = await client.findAll("post", { filter: { id: [2, 5, 7] } });
    assert.deepEqual(ids(listed.data), [2, 5, 7]);
  },
  async fields() {
    const { data } = await client.findAll("post", { fields: { posts: "title" }, page: { size: 1 } });
    hasMembers(data[0], { id: "1", title: "Post 1" });
    assert.ok(!data[0].views);
  },
  async "get one"() {
    const { data } = await client.find("post", 3);
    hasMembers(data, { id: "3", title: "Post 3", views: posts[2].views });
  },
  async "get one that is missing"() {
    await assert.rejects(client.find("post", 999));
  },
  async include() {
    const { data } = await client.find("post", 3, { include: "user" });
    hasMembers(data.user, { id: "4", name: "User 4" });
    const user = (await client.find("user", 2, { include: "posts" })).data;
    assert.deepEqual(ids(user.posts), idsWhere((post) => post.userId === 2));
  },
  async children() {
    const { data } = await client.one("post", 1).all("comment").get();
    assert.deepEqual(ids(data), [3, 6, 9]);
  },
  async create() {
    const { data } = await client.create("post", { title: "New", views: 1 });
    hasMembers(data, { id: "31", title: "New", views: 1 });
    hasMembers(await stored("/posts/31"), { title: "New", views: 1 });
  },
  async "create with a relationship"() {
    await client.create("comment", { body: "Hi", post: { id: "2", type: "posts" } });
    assert.deepEqual(await stored("/comments/11"), { id: 11, body: "Hi", postId: 2 });
  },
  async patch() {
    const { data } = await client.update("post", { id: "4", title: "X" });
    hasMembers(data, { id: "4", title: "X", views: posts[3].views });
    assert.deepEqual(await stored("/posts/4"), { ...posts[3], title: "X" });
  },
  async delete() {
    await client.destroy("post", 1);
    assert.equal(await stored("/posts/1"), null);
  },
});
