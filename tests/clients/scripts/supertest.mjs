// The requests of the documentation of json-server 0.17, through supertest as in its own tests.

import assert from "node:assert/strict";
import supertest from "supertest";
import { comments, headers, ids, idsWhere, posts, profile, run, span, url, users } from "./harness.mjs";

const agent = supertest.agent(url).set(headers).set("X-LARST-Dialect", "json-server");
const get = (path) => agent.get(path).expect(200).expect("Content-Type", /json/);
const idsOf = async (path) => ids((await get(path)).body);

await run({
  async list() {
    await get("/posts").expect(posts);
    await get("/users").expect(users);
  },
  async db() {
    await get("/db").expect({ posts, users, comments, profile });
  },
  async "get one"() {
    await get("/posts/1").expect(posts[0]);
    await agent.get("/posts/9001").expect(404).expect({});
  },
  async filter() {
    assert.deepEqual(await idsOf("/posts?status=draft&userId=1"), idsWhere((post) => post.status === "draft" && post.userId === 1));
    assert.deepEqual(await idsOf("/posts?id=1&id=2"), [1, 2]);
    assert.deepEqual(await idsOf("/posts?status=draft&unknown=1"), idsWhere((post) => post.status === "draft"));
    assert.deepEqual(await idsOf("/posts?callback=x&foo=1"), span(1, 30));
  },
  async paginate() {
    const { headers: received, body } = await get("/posts?_page=2");
    assert.deepEqual([ids(body), received["x-total-count"]], [span(11, 20), "30"]);
    for (const name of ["first", "prev", "next", "last"]) {
      assert.match(received.link, new RegExp(`_page=\\d[^>]*>; rel="${name}"`));
    }
    assert.deepEqual(await idsOf("/posts?_page=2&_limit=4"), span(5, 8));
    assert.deepEqual(await idsOf("/posts?_limit=2"), [1, 2]);
    assert.deepEqual(await idsOf("/posts?_page=99"), []);
    assert.deepEqual(await idsOf("/posts?_page=0&_limit=2"), [1, 2]);
  },
  async sort() {
    const descending = ids(posts.toSorted((a, b) => b.views - a.views));
    assert.deepEqual(await idsOf("/posts?_sort=views&_order=desc"), descending);
    assert.deepEqual(await idsOf("/posts?_sort=views&_order=DESC"), descending);
    assert.deepEqual(await idsOf("/posts?_sort=views"), descending.toReversed());
    const both = posts.toSorted((a, b) => b.userId - a.userId || a.views - b.views);
    assert.deepEqual(await idsOf("/posts?_sort=userId,views&_order=desc,asc"), ids(both));
  },
  async slice() {
    const { headers: received, body } = await get("/posts?_start=20&_end=30");
    assert.deepEqual([ids(body), received["x-total-count"]], [span(21, 30), "30"]);
    assert.deepEqual(await idsOf("/posts?_start=20&_limit=5"), span(21, 25));
    assert.deepEqual(await idsOf("/posts?_start=20"), span(21, 30));
    assert.deepEqual(await idsOf("/posts?_end=3"), [1, 2, 3]);
    assert.match(received["access-control-expose-headers"], /X-Total-Count/i);
  },
  async operators() {
    assert.deepEqual(await idsOf("/posts?views_gte=10&views_lte=20"), idsWhere((post) => post.views >= 10 && post.views <= 20));
    assert.deepEqual(await idsOf("/posts?id_ne=1"), span(2, 30));
    assert.deepEqual(await idsOf("/posts?id_ne=1&id_ne=2"), span(3, 30));
    assert.deepEqual(await idsOf("/posts?title_like=post 2"), idsWhere((post) => /post 2/i.test(post.title)));
    assert.deepEqual(await idsOf("/posts?title_like=^Post [12]$"), [1, 2]);
    assert.deepEqual(await idsOf("/posts?views_gte=999"), []);
  },
  async "full text"() {
    assert.deepEqual(await idsOf("/posts?q=post 30"), [30]);
    assert.deepEqual(await idsOf("/posts?q=photo"), []);
    assert.deepEqual(await idsOf("/posts?q=draft&userId=1"), idsWhere((post) => post.status === "draft" && post.userId === 1));
  },
  async "deep properties"() {
    await agent.post("/nested").send([{ resource: { name: "dewey" } }, { resource: { name: "huey" } }]);
    assert.deepEqual(await idsOf("/nested?resource.name=dewey"), [1]);
  },
  async relationships() {
    const [{ body: all }, { body: post }] = [await get("/posts?_embed=comments"), await get("/posts/1?_embed=comments")];
    const expected = comments.filter((comment) => comment.postId === 1);
    assert.deepEqual([all[0].comments, post], [expected, { ...posts[0], comments: expected }]);
    const { body } = await get("/comments/1?_expand=post");
    assert.deepEqual(body, { ...comments[0], post: posts[comments[0].postId - 1] });
    assert.equal((await get("/comments?_expand=post")).body[2].post.id, comments[2].postId);
    const several = (await get("/posts/1?_embed=comments&_expand=user")).body;
    assert.deepEqual([several.user, several.comments], [users[posts[0].userId - 1], expected]);
  },
  async "nested resources"() {
    await get("/posts/1/comments").expect(comments.filter((comment) => comment.postId === 1));
    const { body } = await agent.post("/posts/1/comments").send({ body: "foo" }).expect(201);
    assert.deepEqual(body, { id: 11, body: "foo", postId: 1 });
  },
  async create() {
    const reply = await agent.post("/posts").send({ title: "foo", tags: ["a"] }).expect(201);
    assert.deepEqual(reply.body, { id: 31, title: "foo", tags: ["a"] });
    assert.match(reply.headers.location, /\/posts\/31$/);
    assert.match(reply.headers["access-control-expose-headers"], /Location/);
    const form = await agent.post("/posts").type("form").send({ title: "form" }).expect(201);
    assert.deepEqual(form.body, { id: 32, title: "form" });
    const named = await agent.post("/posts").send({ id: "own", title: "named" }).expect(201);
    assert.equal(named.body.id, "own");
  },
  async put() {
    await agent.put("/posts/2").send({ id: 2, title: "bar" }).expect(200).expect({ id: 2, title: "bar" });
    await get("/posts/2").expect({ id: 2, title: "bar" });
    await agent.put("/posts/9001").send({ title: "bar" }).expect(404);
  },
  async patch() {
    await agent.patch("/posts/3").send({ title: "bar" }).expect(200).expect({ ...posts[2], title: "bar" });
    await agent.patch("/posts/9001").send({ title: "bar" }).expect(404);
  },
  async delete() {
    await agent.delete("/posts/1").expect(200).expect({});
    await agent.get("/posts/1").expect(404);
    assert.deepEqual(await idsOf("/comments?postId=1"), [], "its comments go too");
    await agent.delete("/posts/9001").expect(404);
  },
  async singletons() {
    await get("/profile").expect(profile);
    await agent.put("/profile").send({ name: "bar" }).expect(200).expect({ name: "bar" });
    await agent.patch("/profile").send({ more: 1 }).expect(200).expect({ name: "bar", more: 1 });
  },
  async "method override"() {
    await agent.post("/posts/5").set("X-HTTP-Method-Override", "PATCH").send({ title: "over" }).expect(200);
    assert.equal((await get("/posts/5")).body.title, "over");
  },
  async options() {
    await agent.options("/posts").set("Origin", "http://a.example").set("Access-Control-Request-Method", "PUT").expect(204);
    const { headers: received } = await get("/posts").set("Origin", "http://a.example");
    assert.ok(["*", "http://a.example"].includes(received["access-control-allow-origin"]));
  },
});
