// `fetch` as a page of another origin has it (Fetch standard, CORS protocol): preflights, and
// replies that show only their exposed headers.

const ORIGIN = "http://app.example";
const SAFE_METHODS = ["GET", "HEAD", "POST"];
const SAFE_REQUEST_HEADERS = ["accept", "accept-language", "content-language"];
const SAFE_TYPES = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
const SAFE_REPLY_HEADERS =
  "cache-control content-language content-length content-type expires last-modified pragma".split(
    " ",
  );

const names = (list) => (list ?? "").toLowerCase().split(/\s*,\s*/).filter(Boolean);

function unsafeHeaders(request) {
  return [...request.headers.entries()]
    .filter(([name, value]) => {
      const isSafeType = name === "content-type" && SAFE_TYPES.includes(value.split(";")[0]);
      return !isSafeType && !SAFE_REQUEST_HEADERS.includes(name);
    })
    .map(([name]) => name);
}

async function preflight(request, unsafe) {
  const reply = await fetch(request.url, {
    method: "OPTIONS",
    headers: {
      Origin: ORIGIN,
      "Access-Control-Request-Method": request.method,
      "Access-Control-Request-Headers": unsafe.join(","),
    },
  });
  const methods = names(reply.headers.get("access-control-allow-methods"));
  const allowed = names(reply.headers.get("access-control-allow-headers"));
  const refused = unsafe.filter((name) => !allowed.includes(name) && !allowed.includes("*"));
  const isMethodAllowed =
    SAFE_METHODS.includes(request.method) || methods.includes(request.method.toLowerCase());
  if (!reply.ok || !isMethodAllowed || refused.length > 0) {
    throw new TypeError(`CORS refuses ${request.method} ${request.url} ${refused}`);
  }
}

/** Fetch as a browser does for a page of another origin. */
export async function browserFetch(input, init) {
  const request = new Request(input, init);
  const unsafe = unsafeHeaders(request);
  if (unsafe.length > 0 || !SAFE_METHODS.includes(request.method)) {
    await preflight(request, unsafe);
  }
  request.headers.set("Origin", ORIGIN);
  const reply = await fetch(request);
  if (!["*", ORIGIN].includes(reply.headers.get("access-control-allow-origin"))) {
    throw new TypeError(`CORS hides the reply of ${request.url}`);
  }
  const exposed = names(reply.headers.get("access-control-expose-headers"));
  const visible = [...reply.headers].filter(
    ([name]) => SAFE_REPLY_HEADERS.includes(name) || exposed.includes(name),
  );
  const body = request.method === "HEAD" || reply.status === 204 ? null : await reply.arrayBuffer();
  return new Response(body, { status: reply.status, headers: visible });
}
