/** Light, dark, or as the system has it; and the colours that charts need as numbers. */

import { byId } from "./element.js";

const NAME = "synqc-theme";
const NEXT = { auto: "light", light: "dark", dark: "auto" };

/** Wire the toggle; `onChange` is called when colours have changed. Returns what says the button's words anew. */
export function startTheme(onChange, words = (chosen) => `Theme: ${chosen}`) {
  const button = byId("theme");
  let chosen = NEXT[localStorage.getItem(NAME)] ? localStorage.getItem(NAME) : "auto";
  const show = () => {
    if (chosen === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
    button.textContent = words(chosen);
  };
  show();
  button.addEventListener("click", () => {
    chosen = NEXT[chosen];
    localStorage.setItem(NAME, chosen);
    show();
    onChange();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
  return show;
}

/** A colour of the style sheet in the present scheme, e.g. colour("accent"). */
export function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** The same with an opacity. */
export function fadedColour(name, opacity) {
  const parts = colour(name)
    .match(/[\d.]+/g)
    .slice(0, 3);
  return `rgba(${parts.join(",")},${opacity})`;
}
