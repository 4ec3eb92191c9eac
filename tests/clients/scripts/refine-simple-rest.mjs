import assert from "node:assert/strict";
import refine from "@refinedev/simple-rest";
import axios from "axios";
import { hasMembers, headers, ids, idsByViews, idsWhere, posts, run, span, stored, url } from "./harness.mjs";

const provider = (refine.default ?? refine)(url, axios.create({ headers }));
const page = (currentPage, pageSize) => ({ pagination: { currentPage, pageSize } });
const where = (field, operator, value) => ({ filters: [{ field, operator, value }] });
const wide = { pagination: { currentPage: 1, pageSize: 50 } };

await run({
  async list() {
    const { data, total } = await provider.getList({ resource: "posts" });
    assert.deepEqual([ids(data), total], [span(1, 10), 30]);
    hasMembers(data[0], posts[0]);
  },
  async "list without paging"() {
    const { data, total } = await provider.getList({ resource: "posts", pagination: { mode: "off" } });
    assert.deepEqual([ids(data), total], [span(1, 30), 30]);
  },
  async page() {
    const { data, total } = await provider.getList({ resource: "posts", ...page(3, 12) });
    assert.deepEqual([ids(data), total], [span(25, 30), 30]);
  },
  async sort() {
    const sorters = [{ field: "views", order: "desc" }, { field: "id", order: "asc" }];
    const { data } = await provider.getList({ resource: "posts", sorters, ...page(1, 3) });
    assert.deepEqual(ids(data), idsByViews().slice(0, 3));
  },
  async filter() {
    for (const [condition, test] of [
      [where("status", "eq", "draft"), (post) => post.status === "draft"],
      [where("status", "ne", "draft"), (post) => post.status !== "draft"],
      [where("views", "gte", 50), (post) => post.views >= 50],
      [where("views", "lte", 50), (post) => post.views <= 50],
      [where("title", "contains", "post 2"), (post) => post.title.startsWith("Post 2")],
      [where("q", "eq", "Post 30"), (post) => post.id === 30],
    ]) {
      const { data } = await provider.getList({ resource: "posts", ...condition, ...wide });
      assert.deepEqual(ids(data), idsWhere(test), JSON.stringify(condition));
    }
  },
  async "get one"() {
    assert.deepEqual((await provider.getOne({ resource: "posts", id: 3 })).data, posts[2]);
  },
  async "get one that is missing"() {
    await assert.rejects(provider.getOne({ resource: "posts", id: 999 }));
  },
  async "get many"() {
    const { data } = await provider.getMany({ resource: "posts", ids: [2, 5, 7] });
    assert.deepEqual(ids(data), [2, 5, 7]);
  },
  async create() {
    const variables = { title: "New", views: 1 };
    const { data } = await provider.create({ resource: "posts", variables });
    hasMembers(data, { id: 31, ...variables });
    hasMembers(await stored("/posts/31"), variables);
  },
  async patch() {
    const { data } = await provider.update({ resource: "posts", id: 4, variables: { title: "X" } });
    assert.deepEqual(data, { ...posts[3], title: "X" });
    assert.deepEqual(await stored("/posts/4"), data);
  },
  async put() {
    const variables = { title: "Only" };
    const request = { resource: "posts", id: 5, variables, meta: { method: "put" } };
    assert.deepEqual((await provider.update(request)).data, { id: 5, ...variables });
    assert.deepEqual(await stored("/posts/5"), { id: 5, ...variables });
  },
  async delete() {
    const { data } = await provider.deleteOne({ resource: "posts", id: 1 });
    assert.equal(typeof data, "object");
    assert.equal(await stored("/posts/1"), null);
  },
  async custom() {
    const request = { url: `${url}/posts`, method: "get", query: { _limit: 2 } };
    const { data } = await provider.custom({ ...request, ...where("views", "gte", 0) });
    assert.equal(data.length, 2);
  },
});
