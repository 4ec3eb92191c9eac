import assert from "node:assert/strict";
import * as postgrest from "@supabase/postgrest-js";
import { browserFetch } from "./browser.mjs";
import { hasMembers, headers, ids, idsByViews, idsWhere, posts, run, span, stored, url, users } from "./harness.mjs";

const { PostgrestClient } = postgrest.PostgrestClient ? postgrest : postgrest.default;
const client = new PostgrestClient(url, { headers, fetch: browserFetch });
const table = (name = "posts") => client.from(name);

async function rows(query) {
  const { data, error } = await query;
  assert.equal(error, null, JSON.stringify(error));
  return data;
}

const filters = [
  [(query) => query.eq("status", "draft"), (post) => post.status === "draft"],
  [(query) => query.neq("status", "draft"), (post) => post.status !== "draft"],
  [(query) => query.gt("views", 50), (post) => post.views > 50],
  [(query) => query.gte("views", 37).lt("views", 74), (post) => post.views >= 37 && post.views < 74],
  [(query) => query.lte("views", 10), (post) => post.views <= 10],
  [(query) => query.in("id", [2, 5, 7]), (post) => [2, 5, 7].includes(post.id)],
  [(query) => query.ilike("title", "post 2%"), (post) => post.title.startsWith("Post 2")],
  [(query) => query.like("title", "post%"), () => false],
  [(query) => query.not("status", "eq", "draft"), (post) => post.status !== "draft"],
  [(query) => query.not("id", "in", "(1,2,3)"), (post) => post.id > 3],
  [(query) => query.is("title", null), () => false],
  [(query) => query.or("id.eq.3,views.gt.90"), (post) => post.id === 3 || post.views > 90],
  [(query) => query.match({ status: "draft", userId: 1 }), (post) => post.status === "draft" && post.userId === 1],
  [(query) => query.filter("views", "gte", 90), (post) => post.views >= 90],
];

await run({
  async list() {
    assert.deepEqual(await rows(table().select()), posts);
  },
  async count() {
    const { data, count, status } = await table().select("*", { count: "exact" }).range(0, 4);
    assert.deepEqual([ids(data), count, status], [span(1, 5), 30, 206]);
    const head = await table().select("*", { count: "exact", head: true });
    assert.deepEqual([head.count, head.error], [30, null]);
  },
  async page() {
    assert.deepEqual(ids(await rows(table().select().range(10, 19))), span(11, 20));
    assert.deepEqual(ids(await rows(table().select().limit(3))), [1, 2, 3]);
  },
  async sort() {
    const query = table().select("id, views").order("views", { ascending: false }).limit(3);
    const data = await rows(query);
    assert.deepEqual(ids(data), idsByViews().slice(0, 3));
    assert.deepEqual(Object.keys(data[0]).toSorted(), ["id", "views"]);
    const both = table().select().order("status").order("views", { ascending: false, nullsFirst: true });
    assert.equal((await rows(both))[0].status, "draft");
  },
  async filter() {
    for (const [narrow, test] of filters) {
      assert.deepEqual(ids(await rows(narrow(table().select()))), idsWhere(test), String(narrow));
    }
  },
  async "embedded parent and children"() {
    const [post] = await rows(table().select("id, users(name)").eq("id", 3));
    assert.deepEqual([post.id, post.users.name], [3, users[3].name]);
    const [user] = await rows(table("users").select("*, posts(id)").eq("id", 2));
    assert.deepEqual(ids(user.posts), idsWhere((row) => row.userId === 2));
  },
  async "get one"() {
    assert.deepEqual(await rows(table().select().eq("id", 3).single()), posts[2]);
    assert.deepEqual(await rows(table().select().eq("id", 3).maybeSingle()), posts[2]);
    assert.equal(await rows(table().select().eq("id", 999).maybeSingle()), null);
  },
  async "single refuses more than one record, and none"() {
    const many = await table().select().eq("status", "draft").single();
    const none = await table().select().eq("id", 999).single();
    assert.deepEqual([many.data, many.status, none.data, none.status], [null, 406, null, 406]);
    assert.equal(none.error.code, "PGRST116");
  },
  async csv() {
    const text = await rows(table("users").select().csv());
    assert.equal(text.trim().split(/\r?\n/).length, 6);
  },
  async create() {
    const { data, error, status } = await table().insert({ title: "New" });
    assert.deepEqual([data, error, status], [null, null, 201]);
    hasMembers(await stored("/posts/31"), { title: "New" });
  },
  async "create and select"() {
    const created = await rows(table().insert({ title: "Newer" }).select().single());
    hasMembers(created, { id: 32, title: "Newer" });
  },
  async "create many"() {
    const created = await rows(table().insert([{ title: "A" }, { title: "B" }]).select());
    assert.deepEqual(ids(created), [33, 34]);
  },
  async update() {
    const { data, error, status } = await table().update({ title: "X" }).eq("id", 3);
    assert.deepEqual([data, error, status], [null, null, 204]);
    assert.deepEqual(await stored("/posts/3"), { ...posts[2], title: "X" });
  },
  async "update and select"() {
    const changed = await rows(table().update({ title: "Y" }).in("id", [4, 5]).select("id,title"));
    assert.deepEqual(changed, [{ id: 4, title: "Y" }, { id: 5, title: "Y" }]);
    const single = await rows(table().update({ title: "Z" }).eq("id", 6).select().single());
    assert.deepEqual(single, { ...posts[5], title: "Z" });
  },
  async upsert() {
    const records = [{ id: 7, title: "Seven" }, { id: 40, title: "Forty" }];
    assert.deepEqual(ids(await rows(table().upsert(records).select())), [7, 40]);
    hasMembers(await stored("/posts/7"), { title: "Seven", views: posts[6].views });
  },
  async delete() {
    const { error, status } = await table().delete().eq("id", 1);
    assert.deepEqual([error, status, await stored("/posts/1")], [null, 204, null]);
  },
  async "delete many and select"() {
    const gone = await rows(table().delete().in("id", [8, 9]).select());
    assert.deepEqual(gone, [posts[7], posts[8]]);
    assert.deepEqual([await stored("/posts/8"), await stored("/posts/9")], [null, null]);
  },
});
