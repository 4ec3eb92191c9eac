// Which session's API is shown, and with which token it is asked for. Shared by both pages.
"use strict";

const larst = (() => {
  const TOKEN = "larst.token";
  const NAME = /^[A-Za-z0-9_-]{1,128}$/;
  const SENDABLE = /^[\x21-\x7e]*$/; // fetch sends no header of other letters at all
  const element = (id) => document.getElementById(id);
  const session = () => element("session").value.trim();
  const token = () => element("token").value || sessionStorage.getItem(TOKEN) || "";

  function headers() {
    const told = {};
    if (session()) told["X-Session-ID"] = session();
    if (token()) told.Authorization = `Bearer ${token()}`;
    return told;
  }

  function say(text) {
    element("notice").textContent = text;
  }

  function askForToken(why) {
    element("token-label").hidden = false;
    element("token").focus();
    say(why);
    sessionStorage.removeItem(TOKEN);
  }

  // The address names the session, so that a page can be sent to somebody else.
  function remember() {
    const address = new URL(location.href);
    if (session()) address.searchParams.set("session", session());
    else address.searchParams.delete("session");
    history.replaceState(null, "", address);
    element("other").search = address.search;
    if (element("token").value) sessionStorage.setItem(TOKEN, element("token").value);
  }

  // The document goes into a place of its own, with the headers that it was asked for with: the
  // fields may say something else by the time that it is used. Of two requests, the later one counts.
  let latest;
  async function load(show) {
    remember();
    element("api").replaceChildren(); // nothing old stands under a new name
    const asked = headers();
    latest = asked;
    if (session() && !NAME.test(session())) {
      say("bad session id: it must be 1 to 128 of the characters A-Z a-z 0-9 _ and -");
      return;
    }
    if (!SENDABLE.test(token())) {
      askForToken("A token has only letters, digits and signs of ASCII: this is not the service's.");
      return;
    }
    say("");
    let reply;
    try {
      reply = await fetch("/swagger.json", { headers: asked });
    } catch {
      if (latest === asked) say("The service cannot be reached.");
      return;
    }
    if (latest !== asked) return;
    if (reply.status === 401) {
      askForToken(asked.Authorization ? "This is not the service's token." : "The service asks for its token.");
      return;
    }
    const answer = await reply.json().catch(() => null); // a proxy's page is no JSON
    if (latest !== asked) return;
    if (!reply.ok || answer === null) {
      say(answer?.error ? `${answer.error}: ${answer.detail}` : `The service answered ${reply.status}, and no document.`);
      return;
    }
    const place = document.createElement("div");
    element("api").replaceChildren(place);
    show(answer, place, asked);
  }

  function begin(show) {
    element("session").value = new URLSearchParams(location.search).get("session") || "";
    element("bar").addEventListener("submit", (event) => {
      event.preventDefault();
      load(show);
    });
    load(show);
  }

  return { begin };
})();
