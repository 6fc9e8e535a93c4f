/** What is wrong with the looks and names of a page, as sentences. Read into the page by audit.py. */
() => {
  // Colours on their way would be judged half-way. Waiting for their end may take for ever: a page behind another has no frames.
  for (const one of document.getAnimations()) one.finish();
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

  // Text against what lies behind it: 4.5 to 1, large text 3 to 1.
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
  for (const one of everything) {
    if (![...one.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim())) continue;
    if (one.closest(":disabled, .unseen, .skip, .contourlabels, #map-chart .shapelayer, option")) continue;
    const style = getComputedStyle(one);
    const drawn = one instanceof SVGElement;
    const back = behind(drawn ? one.closest("div, figure") : one);
    const [front, rear] = [luminance(over(numbers(drawn ? style.fill : style.color), back)), luminance(back)];
    const contrast = (Math.max(front, rear) + 0.05) / (Math.min(front, rear) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (large ? 3 : 4.5)) problems.push(`${named(one)} has a contrast of ${contrast.toFixed(2)}.`);
  }

  // Names, references, sizes.
  const controls = everything.filter((one) =>
    one.matches("input, select, textarea, button, [role=img], [role=region], progress, dialog"),
  );
  for (const one of controls) {
    const name =
      one.getAttribute("aria-label") ||
      [...(one.labels ?? [])].map((label) => label.textContent).join("") ||
      (one.matches("button") && one.textContent.trim()) ||
      one.getAttribute("aria-labelledby");
    if (!name) problems.push(`${named(one)} has no name.`);
  }
  for (const one of everything.filter((it) => it.matches("button, select, input:not([type=checkbox], [type=range])"))) {
    const box = one.getBoundingClientRect();
    if (box.height < 24 || box.width < 24)
      problems.push(`${named(one)} is too small to hit: ${box.width} x ${box.height} px.`);
  }
  const ids = [...document.querySelectorAll("[id]:not(svg [id])")].map((one) => one.id);
  for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index)))
    problems.push(`Several elements have the id ${id}.`);
  for (const attribute of ["aria-labelledby", "aria-describedby", "for"]) {
    for (const one of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of one.getAttribute(attribute).split(/\s+/))
        if (!document.getElementById(id)) problems.push(`${named(one)} refers to #${id}, which is not there.`);
    }
  }
  if (document.querySelectorAll("h1").length !== 1) problems.push("There must be one h1.");
  return problems;
};
