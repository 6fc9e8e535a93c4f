/** What axe-core does not measure, as sentences: widths, contrasts of drawn text, sizes. Read into the page by audit.py. */
async () => {
  await Promise.allSettled(document.getAnimations().map((one) => one.finished)); // one that is cancelled is over too
  const problems = [];
  const named = (one) =>
    one.id
      ? `#${one.id}`
      : `${one.tagName.toLowerCase()}.${one.getAttribute("class") ?? ""} "${one.textContent.trim().slice(0, 30)}"`;
  const shown = (one) =>
    one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && one.getClientRects().length > 0;
  const everything = [...document.body.querySelectorAll("*")].filter(shown);

  // Nothing may be wider than the page, unless it lies in a box that scrolls or clips by itself.
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth)
    problems.push(`The page scrolls sideways: ${root.scrollWidth} px in ${root.clientWidth} px.`);
  for (const one of everything) {
    if (one.closest(".scroll, .chart, .export-text, .unseen, .skip, svg")) continue;
    const box = one.getBoundingClientRect();
    if (box.right > root.clientWidth + 1 || box.left < -1)
      problems.push(`${named(one)} reaches beyond the page: ${Math.round(box.left)} to ${Math.round(box.right)} px.`);
  }

  // Drawn text against what lies behind it: 4.5 to 1, large text 3 to 1.
  const numbers = (colour) => {
    const found = colour.match(/^rgba?\(([^)]+)\)$/);
    if (!found) throw new Error(`A colour that cannot be read: ${colour}`);
    const [red, green, blue, opacity = 1] = found[1].split(/[\s,/]+/).map(Number);
    return [red, green, blue, opacity];
  };
  const over = (front, back) =>
    [0, 1, 2].map((index) => front[index] * front[3] + back[index] * (1 - front[3])).concat(1);
  const behind = (one) => {
    const layers = [];
    for (let place = one; place; place = place.parentElement) {
      const colour = numbers(getComputedStyle(place).backgroundColor);
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((back, front) => over(front, back), [255, 255, 255, 1]);
  };
  const luminance = (colour) => {
    const [red, green, blue] = colour
      .slice(0, 3)
      .map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  for (const one of everything.filter((it) => it instanceof SVGElement)) {
    if (![...one.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim())) continue;
    if (one.closest(":disabled, .unseen, .skip, .contourlabels, #map-chart .shapelayer, option")) continue;
    const style = getComputedStyle(one);
    const back = behind(one.closest("div, figure"));
    const [front, rear] = [luminance(over(numbers(style.fill), back)), luminance(back)];
    const contrast = (Math.max(front, rear) + 0.05) / (Math.min(front, rear) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (large ? 3 : 4.5)) problems.push(`${named(one)} has a contrast of ${contrast.toFixed(2)}.`);
  }

  for (const one of everything.filter((it) => it.matches("button, select, input:not([type=checkbox], [type=range])"))) {
    const box = one.getBoundingClientRect();
    if (box.height < 24 || box.width < 24)
      problems.push(`${named(one)} is too small to hit: ${box.width} x ${box.height} px.`);
  }
  return problems;
};
