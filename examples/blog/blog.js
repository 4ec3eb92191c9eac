// A blog on top of a json-server (0.17), as its documentation says: _page, _limit and X-Total-Count,
// _sort and _order, q, _embed and _expand, POST, PATCH and DELETE. Nothing here knows LARST.
const API = new URLSearchParams(location.search).get("api") ?? "http://localhost:8000";
const SIZE = 5;
const byId = (id) => document.getElementById(id);
let page = 1;

async function request(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const reply = await fetch(API + path, options);
  if (!reply.ok) throw new Error(`${method} ${path}: status ${reply.status}`);
  return { data: await reply.json(), total: Number(reply.headers.get("X-Total-Count")) };
}

// Run an action of the user; an error is shown, and stays until the next action succeeds.
async function attempt(action) {
  try {
    await action();
    byId("problem").hidden = true;
  } catch (error) {
    byId("problem").textContent = error.message;
    byId("problem").hidden = false;
  }
}

async function show() {
  const [sort, order] = byId("order").value.split(" ");
  const query = new URLSearchParams({ _page: page, _limit: SIZE, _sort: sort, _order: order, _embed: "comments", _expand: "author" });
  if (byId("words").value.trim()) query.set("q", byId("words").value.trim());
  const { data, total } = await request("GET", `/posts?${query}`);
  const last = Math.max(1, Math.ceil(total / SIZE));
  if (page > last) {
    page = last; // the only post of the last page was deleted
    return show();
  }
  byId("posts").replaceChildren(...data.map(item));
  byId("place").textContent = `${total} posts, page ${page} of ${last}`;
  byId("previous").disabled = page <= 1;
  byId("next").disabled = page >= last;
}

function element(tag, text, ...children) {
  const made = document.createElement(tag);
  made.textContent = text;
  made.append(...children);
  return made;
}

function action(text, label, run) {
  const button = element("button", text);
  button.type = "button";
  button.setAttribute("aria-label", `${label}: ${text}`);
  button.addEventListener("click", () => attempt(async () => {
    await run();
    await show();
  }));
  return button;
}

function item(post) {
  const by = element("p", `${post.author?.name ?? "unknown"}, ${post.likes ?? 0} likes`);
  by.className = "soft";
  const actions = element("div", "",
    action("Like", post.title, () => request("PATCH", `/posts/${post.id}`, { likes: (post.likes ?? 0) + 1 })),
    action("Delete", post.title, () => request("DELETE", `/posts/${post.id}`)));
  actions.className = "row";
  const comments = element("ul", "", ...post.comments.map((comment) => element("li", comment.text)));
  return element("li", "", element("h2", post.title), by, element("p", post.body ?? ""), ...(post.comments.length ? [comments] : []), reply(post), actions);
}

function reply(post) {
  const text = document.createElement("input");
  text.required = true;
  text.setAttribute("aria-label", `Comment on ${post.title}`);
  const form = element("form", "", text, element("button", "Comment"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      await request("POST", "/comments", { postId: post.id, text: text.value });
      await show();
    });
  });
  return form;
}

async function authors() {
  const { data } = await request("GET", "/authors?_sort=name");
  byId("author").replaceChildren(...data.map(({ id, name }) => Object.assign(element("option", name), { value: id })));
}

function turn(step) {
  page += step;
  attempt(show);
}

byId("previous").addEventListener("click", () => turn(-1));
byId("next").addEventListener("click", () => turn(1));
byId("find").addEventListener("submit", (event) => {
  event.preventDefault();
  page = 1;
  attempt(show);
});
byId("write").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const post = { title: byId("title").value, body: byId("body").value, authorId: Number(byId("author").value), likes: 0 };
    await request("POST", "/posts", post);
    event.target.reset();
    await show();
  });
});
attempt(async () => Promise.all([authors(), show()]));
