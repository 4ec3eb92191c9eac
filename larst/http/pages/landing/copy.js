"use strict";
// Adds the copy buttons. Without this script, a click on a command selects all of it.
for (const button of document.querySelectorAll(".bar button")) {
  const command = button.closest("li").querySelector("pre code");
  button.hidden = false;
  button.addEventListener("click", async () => {
    const message = await copy(command) ? "Copied" : "Press Ctrl+C";
    button.textContent = message;
    document.getElementById("status").textContent = message;
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

async function copy(element) {
  getSelection().selectAllChildren(element);
  try {
    // Browsers offer no clipboard to pages that another machine serves over plain HTTP.
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}
