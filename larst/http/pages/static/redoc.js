// ReDoc for one session. Its search is off: it needs a worker from a blob, which the page's
// Content-Security-Policy forbids.
"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");

// ReDoc has a light theme, and computes the colours that it lacks here from these.
const DARK = {
  colors: {
    primary: { main: "#58a6ff", light: "#79c0ff", dark: "#388bfd", contrastText: "#0d1117" },
    text: { primary: "#f0f6fc", secondary: "#9fa9b4" },
    border: { dark: "#3d444d", light: "#21262d" },
    gray: { 50: "#161b22", 100: "#21262d" },
    success: { main: "#3fb950" },
    warning: { main: "#d29922" },
    error: { main: "#ff7b72" },
    responses: {
      success: { color: "#3fb950", backgroundColor: "#12261e", tabTextColor: "#3fb950" },
      error: { color: "#ff7b72", backgroundColor: "#2d1517", tabTextColor: "#ff7b72" },
      redirect: { color: "#d29922", backgroundColor: "#272115", tabTextColor: "#d29922" },
      info: { color: "#58a6ff", backgroundColor: "#121d2f", tabTextColor: "#79c0ff" },
    },
  },
  schema: { nestedBackground: "#161b22", linesColor: "#3d444d", typeNameColor: "#9fa9b4", typeTitleColor: "#9fa9b4", requireLabelColor: "#ff7b72" },
  sidebar: { backgroundColor: "#0d1117", textColor: "#f0f6fc" },
  rightPanel: { backgroundColor: "#010409", textColor: "#f0f6fc" },
  codeBlock: { backgroundColor: "#161b22" },
  typography: { code: { color: "#ffa198", backgroundColor: "#21262d" }, links: { color: "#58a6ff", hover: "#79c0ff" } },
};
const LIGHT = {
  colors: {
    text: { secondary: "#59636e" },
    responses: {
      success: { tabTextColor: "#3fb950" },
      redirect: { color: "#7d5200" },
      error: { tabTextColor: "#ff7b72" },
    },
  },
  typography: { code: { color: "#b3261e" } },
};

larst.complete({
  // Below the h2 of an operation.
  "h5:not([aria-level])": (heading) => heading.setAttribute("aria-level", "3"),
  "select:not([aria-label])": (field) => field.setAttribute("aria-label", labelOf(field)),
});

// The text beside a choice, such as "Example"; without one, it is that of the type of the body.
function labelOf(field) {
  const label = field.parentElement.previousElementSibling;
  return label?.textContent.trim() || "Content type";
}

larst.begin((spec, place) => {
  const theme = dark.matches ? DARK : LIGHT;
  Redoc.init(
    spec,
    {
      disableSearch: true,
      hideDownloadButton: true,
      hideSchemaPattern: true,
      nativeScrollbars: true,
      theme,
    },
    place,
  );
});
dark.addEventListener("change", () => location.reload());
