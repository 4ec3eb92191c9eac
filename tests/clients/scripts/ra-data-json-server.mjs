import assert from "node:assert/strict";
import jsonServerProvider from "ra-data-json-server";
import { ids, run, stored, url, users } from "./harness.mjs";
import { checks, httpClient } from "./react-admin.mjs";

const provider = (jsonServerProvider.default ?? jsonServerProvider)(url, httpClient);

await run({
  ...checks(provider),
  async "operators in a filter"() {
    const { data } = await provider.getList("posts", {
      pagination: { page: 1, perPage: 50 },
      sort: { field: "id", order: "ASC" },
      filter: { views_gte: 90, title_like: "Post 1" },
    });
    assert.ok(data.length > 0 && data.every((post) => post.views >= 90 && /Post 1/.test(post.title)));
  },
  async "embedded children"() {
    const { data } = await provider.getOne("users", { id: 2, meta: { embed: "posts" } });
    assert.equal(data.name, users[1].name);
    assert.deepEqual(ids(data.posts), ids((await stored("/posts?userId=2&limit=50")).items));
  },
});
