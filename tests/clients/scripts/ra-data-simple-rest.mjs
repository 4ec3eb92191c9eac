import assert from "node:assert/strict";
import simpleRestProvider from "ra-data-simple-rest";
import { ids, posts, run, stored, url } from "./harness.mjs";
import { checks, httpClient } from "./react-admin.mjs";

const create = simpleRestProvider.default ?? simpleRestProvider;
const provider = create(url, httpClient);
const byTotalCount = create(url, httpClient, "X-Total-Count");

await run({
  ...checks(provider),
  async "count in X-Total-Count"() {
    const { data, total } = await byTotalCount.getList("users", {
      pagination: { page: 2, perPage: 2 },
      sort: { field: "name", order: "DESC" },
      filter: {},
    });
    assert.deepEqual([ids(data), total], [[3, 2], 5]);
  },
  async "the deleted record comes back"() {
    const { data } = await provider.delete("posts", { id: 30, previousData: posts[29] });
    assert.deepEqual(data, posts[29]);
    assert.equal(await stored("/posts/30"), null);
  },
});
