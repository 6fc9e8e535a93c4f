/** Errors and news at the top of the page, in words, until they are read. */

import { byId, element } from "./element.js";

const MOST = 4;
let dismiss = "Dismiss";

/** In the page's language. */
export function setDismissWord(word) {
  dismiss = word;
}

/** Show an error (or, with `kind` "word", news). The same text is shown once. */
export function notice(words, kind = "alert") {
  const place = byId("notices");
  for (const shown of place.children) if (shown.dataset.said === words) shown.remove();
  const made = element("div", { class: `notice ${kind}`, "data-said": words }, element("span", {}, words));
  made.append(element("button", { type: "button", class: "small", onclick: () => made.remove() }, dismiss));
  place.append(made);
  while (place.children.length > MOST) place.firstElementChild.remove();
}

/** Take every notice away. */
export function clearNotices() {
  byId("notices").replaceChildren();
}

/** What an error says, after what was tried. */
export function failed(what, error) {
  return `${what}: ${error.message}`;
}
