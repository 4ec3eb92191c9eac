// The session bar of both pages: fetches the document of the named session, with the token if any.
"use strict";

const larst = (() => {
  const TOKEN = "larst.token";
  const NAME = /^[A-Za-z0-9_-]{1,128}$/;
  const SENDABLE = /^[\x21-\x7e]*$/; // fetch throws on headers with other characters
  const element = (id) => document.getElementById(id);
  // Below /@shop/ the path names the session, and the document is there, too.
  const prefix = () => element("bar").dataset.prefix;
  const session = () => element("session").value.trim();
  const token = () => element("token").value || sessionStorage.getItem(TOKEN) || "";

  function headers() {
    const fields = {};
    if (session() && !prefix()) fields["X-Session-ID"] = session();
    if (token()) fields.Authorization = `Bearer ${token()}`;
    return fields;
  }

  function notify(text) {
    element("notice").textContent = text;
  }

  function askForToken(reason) {
    element("token-label").hidden = false;
    element("token").focus();
    notify(reason);
    sessionStorage.removeItem(TOKEN);
  }

  // The address names the session, so that the page can be shared.
  function remember() {
    const address = new URL(location.href);
    if (session() && !prefix()) address.searchParams.set("session", session());
    else address.searchParams.delete("session");
    history.replaceState(null, "", address);
    element("other").search = address.search;
    if (element("token").value) sessionStorage.setItem(TOKEN, element("token").value);
  }

  // The document is shown with the headers it was fetched with: the fields may have changed by the
  // time a form is sent. Of two overlapping loads, the later one wins.
  let latest;
  async function load(show) {
    remember();
    element("api").replaceChildren(); // an old document must not stand under a new name
    const current = headers();
    latest = current;
    if (session() && !NAME.test(session())) {
      notify("bad session id: it must be 1 to 128 of the characters A-Z a-z 0-9 _ and -");
      return;
    }
    if (!SENDABLE.test(token())) {
      askForToken("This is not the service's token: a token has only printable ASCII characters.");
      return;
    }
    notify("");
    let reply;
    try {
      reply = await fetch(`${prefix()}/swagger.json`, { headers: current });
    } catch {
      if (latest === current) notify("The service cannot be reached.");
      return;
    }
    if (latest !== current) return;
    if (reply.status === 401) {
      askForToken(current.Authorization ? "This is not the service's token." : "The service requires a token.");
      return;
    }
    const body = await reply.json().catch(() => null); // a proxy may send HTML
    if (latest !== current) return;
    if (!reply.ok || body === null) {
      notify(body?.error ? `${body.error}: ${body.detail}` : `The service answered ${reply.status} without a document.`);
      return;
    }
    const place = document.createElement("div");
    element("api").replaceChildren(place);
    show(body, place, current);
  }

  // Sets what the two pages lack for keyboards and screen readers, on every element that they draw:
  // `changes` has a function for each selector.
  function complete(changes) {
    let isWaiting = false;
    const apply = () => {
      isWaiting = false;
      for (const [selector, change] of Object.entries(changes)) element("api").querySelectorAll(selector).forEach(change);
    };
    new MutationObserver(() => {
      if (!isWaiting) requestAnimationFrame(apply);
      isWaiting = true;
    }).observe(element("api"), { childList: true, subtree: true });
  }

  function begin(show) {
    element("session").value =
      prefix().slice(2) || new URLSearchParams(location.search).get("session") || "";
    element("session").readOnly = prefix() !== "";
    element("bar").addEventListener("submit", (event) => {
      event.preventDefault();
      load(show);
    });
    load(show);
  }

  return { begin, complete };
})();
