"use strict";
// Without this script a click selects a command as a whole; with it a button copies one.
for (const button of document.querySelectorAll(".bar button")) {
  const command = button.closest("li").querySelector("pre code");
  button.hidden = false;
  button.addEventListener("click", async () => {
    const told = await copied(command) ? "Copied" : "Press Ctrl+C";
    button.textContent = told;
    document.getElementById("told").textContent = told;
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

async function copied(element) {
  getSelection().selectAllChildren(element);
  try {
    // There is no clipboard where the page came by plain HTTP from another machine.
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}
