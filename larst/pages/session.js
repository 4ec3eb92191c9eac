// Which session's API is shown, and with which token it is asked for. Shared by both pages.
"use strict";

const larst = (() => {
  const TOKEN = "larst.token";
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

  // The address names the session, so that a page can be sent to somebody else.
  function remember() {
    const address = new URL(location.href);
    if (session()) address.searchParams.set("session", session());
    else address.searchParams.delete("session");
    history.replaceState(null, "", address);
    element("other").search = address.search;
    if (element("token").value) sessionStorage.setItem(TOKEN, element("token").value);
  }

  async function load(show) {
    remember();
    let reply;
    try {
      reply = await fetch("/swagger.json", { headers: headers() });
    } catch {
      say("The service cannot be reached.");
      return;
    }
    if (reply.status === 401) {
      element("token-label").hidden = false;
      element("token").focus();
      say(token() ? "This is not the service's token." : "The service asks for its token.");
      sessionStorage.removeItem(TOKEN);
      return;
    }
    const told = await reply.json();
    if (!reply.ok) {
      say(`${told.error}: ${told.detail}`);
      return;
    }
    say("");
    show(told);
  }

  function begin(show) {
    element("session").value = new URLSearchParams(location.search).get("session") || "";
    element("bar").addEventListener("submit", (event) => {
      event.preventDefault();
      load(show);
    });
    load(show);
  }

  return { begin, headers };
})();
