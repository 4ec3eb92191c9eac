// Returns every visible text with its contrast, as WCAG 2.2 defines it (relative luminance).
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

// Uses a canvas, because computed colours come in many notations: rgb(), color(), oklch().
function rgba(colour) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
}

function over(front, back) {
  const mixed = [0, 1, 2].map((i) => front[i] * front[3] + back[i] * (1 - front[3]));
  return [...mixed, 1];
}

function behind(element) {
  if (element === null) {
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    const scheme = getComputedStyle(document.documentElement).colorScheme;
    return isDark && scheme.includes("dark") ? [18, 18, 18, 1] : [255, 255, 255, 1];
  }
  const own = rgba(getComputedStyle(element).backgroundColor);
  return own[3] === 1 ? own : over(own, behind(element.parentElement));
}

function luminance(colour) {
  const [r, g, b] = colour.slice(0, 3).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function measure(element, text, colour) {
  const back = behind(element);
  const front = over(rgba(colour), back);
  const [high, low] = [luminance(front), luminance(back)].sort((a, b) => b - a);
  const colours = `${front.slice(0, 3).map(Math.round)} on ${back.slice(0, 3).map(Math.round)}`;
  return { text: text.trim().slice(0, 60), contrast: (high + 0.05) / (low + 0.05), colours };
}

const texts = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const { parentElement: element, data } = walker.currentNode;
  const isShown = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  if (data.trim() && isShown) {
    texts.push(measure(element, data, getComputedStyle(element).color));
  }
}
for (const field of document.querySelectorAll("input[placeholder], textarea[placeholder]")) {
  if (field.checkVisibility() && !field.value) {
    texts.push(measure(field, field.placeholder, getComputedStyle(field, "::placeholder").color));
  }
}
return texts;
