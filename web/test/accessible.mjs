// What keeps a page from those who do not see it, or see it badly: as sentences, none for a sound
// page. To be called in each look.
export const flaws = (page) => page.evaluate(findFlaws);

function findFlaws() {
  const found = [];
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true });
  const about = (element) => element.outerHTML.slice(0, 90);
  const all = (selector) => [...document.querySelectorAll(selector)].filter(isShown);
  const nameOf = (element) => element.getAttribute("aria-label") || element.getAttribute("aria-labelledby") || element.innerText?.trim() || element.title || element.closest("label")?.innerText;

  for (const img of all("img:not([alt])")) found.push(`a picture without words: ${about(img)}`);
  for (const th of all("th:not([scope])")) found.push(`a heading of neither row nor column: ${about(th)}`);
  for (const control of all("button, a[href], input, select, textarea")) if (!nameOf(control)) found.push(`a control without a name: ${about(control)}`);
  for (const element of all("[tabindex]")) if (element.tabIndex > 0) found.push(`an order of its own: ${about(element)}`);
  if (all("h1").length !== 1) found.push(`${all("h1").length} main headings`);
  let level = 0;
  for (const heading of all("h1, h2, h3, h4")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) found.push(`a heading of level ${next} after ${level}: ${heading.innerText}`);
    level = next;
  }
  const seen = new Set();
  for (const { id } of document.querySelectorAll("[id]")) {
    if (seen.has(id)) found.push(`two elements are ${id}`);
    seen.add(id);
  }

  // Contrast of text as WCAG 2 defines it; 4.5 is its level AA.
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => {
    const linear = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  };
  const paperOf = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = channels(getComputedStyle(one).backgroundColor);
      if ((color[3] ?? 1) > 0.9) return luminance(color);
    }
    return 1;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !isShown(element) || element.closest("script, style, :disabled")) continue;
    const ink = luminance(channels(getComputedStyle(element).color));
    const paper = paperOf(element);
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (contrast < 4.5) found.push(`a contrast of ${contrast.toFixed(2)}: ${about(element)}`);
  }
  return found;
}
