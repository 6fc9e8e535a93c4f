/** The language of the page: chosen here, kept in this browser, and said of every element that has words. */

import { WORDS } from "./words.js";

const NAME = "synqc-fir-language";
const kept = localStorage.getItem(NAME);
let chosen = WORDS[kept] ? kept : navigator.language?.startsWith("hi") ? "hi" : "en";
const watchers = [];

/** "en" or "hi". */
export function language() {
  return chosen;
}

/** Words by their name, with `{places}` filled. */
export function say(name, places = {}) {
  const words = WORDS[chosen][name];
  if (words === undefined) throw new Error(`The page has no words "${name}".`);
  return words.replace(/\{(\w+)\}/g, (_, place) => String(places[place]));
}

/** Call `act` now, and whenever the language is another one. */
export function watchLanguage(act) {
  watchers.push(act);
  act();
}

/** Take the other language. */
export function turnLanguage() {
  chosen = chosen === "en" ? "hi" : "en";
  localStorage.setItem(NAME, chosen);
  for (const act of watchers) act();
}

/** Fill the elements of the page that name their words: as text, or as the name of what has none. */
export function fillWords() {
  document.documentElement.lang = chosen;
  document.title = `SynQc · ${say("title")}`;
  for (const place of document.querySelectorAll("[data-words]")) place.textContent = say(place.dataset.words);
  for (const place of document.querySelectorAll("[data-label]"))
    place.setAttribute("aria-label", say(place.dataset.label));
}

/** A time that has passed or is left, in the page's words. @param seconds - 0 or more */
export function ageWords(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [minutes, hours] = [Math.floor(whole / 60), Math.floor(whole / 3600)];
  if (whole < 60) return say("seconds", { count: whole });
  if (minutes < 60) return say("minutes", { count: minutes });
  if (hours < 24) return say("hours", { count: hours, minutes: minutes % 60 });
  return say("days", { count: Math.floor(hours / 24), hours: hours % 24 });
}
