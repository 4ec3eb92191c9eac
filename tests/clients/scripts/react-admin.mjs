// The checks that both data providers of react-admin pass.

import assert from "node:assert/strict";
import { fetchUtils } from "ra-core";
import { browserFetch } from "./browser.mjs";
import { comments, hasMembers, headers, ids, idsByViews, idsWhere, posts, span, stored } from "./harness.mjs";

globalThis.fetch = new Proxy(fetch, {
  // `fetchJson` calls the global fetch; the seed and the preflights go to it as they are.
  apply: (target, self, [input, init]) =>
    init?.isPage ? browserFetch(input, { ...init, isPage: undefined }) : target(input, init),
});

export const httpClient = (address, options = {}) => {
  const all = new Headers(options.headers);
  all.set("X-Session-ID", headers["X-Session-ID"]);
  return fetchUtils.fetchJson(address, { ...options, headers: all, isPage: true });
};

const list = (page, perPage, field = "id", order = "ASC", filter = {}) => ({
  pagination: { page, perPage },
  sort: { field, order },
  filter,
});

export const checks = (provider) => ({
  async list() {
    const { data, total } = await provider.getList("posts", list(1, 10));
    assert.deepEqual([ids(data), total], [span(1, 10), 30]);
    hasMembers(data[0], posts[0]);
  },
  async page() {
    const { data, total } = await provider.getList("posts", list(3, 12));
    assert.deepEqual([ids(data), total], [span(25, 30), 30]);
  },
  async "page behind the last"() {
    const { data, total } = await provider.getList("posts", list(9, 10));
    assert.deepEqual([data, total], [[], 30]);
  },
  async sort() {
    const { data } = await provider.getList("posts", list(1, 3, "views", "DESC"));
    assert.deepEqual(ids(data), idsByViews().slice(0, 3));
  },
  async filter() {
    const { data, total } = await provider.getList("posts", list(1, 5, "id", "ASC", { status: "draft" }));
    assert.deepEqual([ids(data), total], [[3, 6, 9, 12, 15], 10]);
  },
  async "filter by two fields"() {
    const filter = { status: "draft", userId: 1 };
    const { data } = await provider.getList("posts", list(1, 5, "id", "ASC", filter));
    assert.deepEqual(ids(data), idsWhere((post) => post.status === "draft" && post.userId === 1));
  },
  async "filter by a text"() {
    const { data } = await provider.getList("posts", list(1, 5, "id", "ASC", { q: "Post 30" }));
    assert.deepEqual(ids(data), [30]);
  },
  async "get one"() {
    const { data } = await provider.getOne("posts", { id: 3 });
    assert.deepEqual(data, posts[2]);
  },
  async "get one that is missing"() {
    await assert.rejects(provider.getOne("posts", { id: 999 }), { status: 404 });
  },
  async "get many"() {
    const { data } = await provider.getMany("posts", { ids: [2, 5, 7] });
    assert.deepEqual(ids(data), [2, 5, 7]);
    assert.deepEqual(ids((await provider.getMany("posts", { ids: [4] })).data), [4]);
  },
  async "get many by reference"() {
    const options = { ...list(1, 2), target: "postId", id: 1 };
    const { data, total } = await provider.getManyReference("comments", options);
    const expected = ids(comments.filter((comment) => comment.postId === 1));
    assert.deepEqual([ids(data), total], [expected.slice(0, 2), expected.length]);
  },
  async create() {
    const { data } = await provider.create("posts", { data: { title: "New", views: 1 } });
    hasMembers(data, { id: 31, title: "New", views: 1 });
    hasMembers(await stored("/posts/31"), { title: "New", views: 1 });
  },
  async update() {
    const data = { ...posts[3], title: "Changed" };
    const reply = await provider.update("posts", { id: 4, data, previousData: posts[3] });
    assert.deepEqual(reply.data, data);
    assert.deepEqual(await stored("/posts/4"), data);
  },
  async "update many"() {
    const { data } = await provider.updateMany("posts", { ids: [5, 6], data: { title: "Same" } });
    assert.deepEqual(data, [5, 6]);
    assert.equal((await stored("/posts/6")).title, "Same");
  },
  async delete() {
    const { data } = await provider.delete("posts", { id: 1, previousData: posts[0] });
    assert.equal(typeof data, "object");
    assert.equal(await stored("/posts/1"), null);
  },
  async "delete many"() {
    const { data } = await provider.deleteMany("posts", { ids: [2, 3] });
    assert.equal(data.length, 2);
    assert.deepEqual([await stored("/posts/2"), await stored("/posts/3")], [null, null]);
  },
});
