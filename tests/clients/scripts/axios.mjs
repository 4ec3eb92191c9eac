import assert from "node:assert/strict";
import axios from "axios";
import { hasMembers, headers, ids, idsByViews, idsWhere, posts, run, span, stored, url } from "./harness.mjs";

const http = axios.create({ baseURL: url, headers });
const rows = ({ data }) => data.items ?? data.data ?? data;
const get = async (path, params) => rows(await http.get(path, { params }));

await run({
  async list() {
    const { data, headers: received } = await http.get("/posts", { params: { limit: 30 } });
    assert.deepEqual([rows({ data }), received["x-total-count"]], [posts, "30"]);
  },
  async page() {
    assert.deepEqual(ids(await get("/posts", { page: 3, limit: 12 })), span(25, 30));
    assert.deepEqual(ids(await get("/posts", { page: 2, per_page: 10 })), span(11, 20));
    assert.deepEqual(ids(await get("/posts", { offset: 5, limit: 5 })), span(6, 10));
  },
  async sort() {
    const expected = idsByViews().slice(0, 3);
    for (const params of [{ sort: "-views" }, { sort: "views:desc" }, { sortBy: "views", order: "desc" }]) {
      assert.deepEqual(ids(await get("/posts", { ...params, limit: 3 })), expected, params.sort);
    }
  },
  async filter() {
    const drafts = { status: "draft", userId: 1, limit: 30 };
    assert.deepEqual(ids(await get("/posts", drafts)), idsWhere((post) => post.status === "draft" && post.userId === 1));
    const nested = { filter: { status: "draft", views: { gte: 50 } }, limit: 30 };
    assert.deepEqual(ids(await get("/posts", nested)), idsWhere((post) => post.status === "draft" && post.views >= 50));
  },
  async "arrays as values"() {
    assert.deepEqual(ids(await get("/posts", { id: [2, 5, 7] })), [2, 5, 7]);
    assert.deepEqual(ids(await get("/posts", { ids: [2, 5, 7] })), [2, 5, 7]);
    assert.deepEqual(ids(await get("/posts", { status: ["draft"], limit: 30 })), idsWhere((post) => post.status === "draft"));
    const indexes = { params: { id: [2, 5] }, paramsSerializer: { indexes: true } };
    assert.deepEqual(ids(rows(await http.get("/posts", indexes))), [2, 5]);
    const repeated = { params: { id: [2, 5] }, paramsSerializer: { indexes: null } };
    assert.deepEqual(ids(rows(await http.get("/posts", repeated))), [2, 5]);
  },
  async "dates, null and undefined as values"() {
    await http.post("/events", { at: "2025-01-02T00:00:00Z" });
    const found = await get("/events", { at: new Date("2025-01-02T00:00:00Z"), none: null, missing: undefined });
    assert.equal(found.length, 1);
  },
  async "get one"() {
    assert.deepEqual((await http.get("/posts/3")).data, posts[2]);
  },
  async "get one that is missing"() {
    await assert.rejects(http.get("/posts/999"), (error) => error.response.status === 404);
  },
  async create() {
    const { data, status } = await http.post("/posts", { title: "New", views: 1 });
    assert.equal(status, 201);
    hasMembers(data, { id: 31, title: "New", views: 1 });
  },
  async "create from forms"() {
    hasMembers((await http.postForm("/posts", { title: "Form", tags: ["a", "b"] })).data, { id: 32, title: "Form", tags: ["a", "b"] });
    const body = new URLSearchParams({ title: "Encoded", views: "3" });
    hasMembers((await http.post("/posts", body)).data, { id: 33, title: "Encoded", views: 3 });
  },
  async put() {
    assert.deepEqual((await http.put("/posts/5", { title: "Only" })).data, { id: 5, title: "Only" });
  },
  async patch() {
    assert.deepEqual((await http.patch("/posts/4", { title: "X" })).data, { ...posts[3], title: "X" });
    assert.equal((await stored("/posts/4")).title, "X");
  },
  async delete() {
    assert.equal((await http.delete("/posts/1")).status, 204);
    assert.equal(await stored("/posts/1"), null);
  },
  async "delete many"() {
    await http.delete("/posts", { params: { id: [2, 3] } });
    await http.delete("/posts", { data: { ids: [6, 7] } });
    const { items } = await stored("/posts?limit=50");
    assert.deepEqual(ids(items).filter((id) => id < 9), [4, 5, 8]);
  },
});
