/** Texts with places that are to be looked at, each with its reason as a title and for those who listen. */

import { element } from "../../ui/shared/element.js";

const IN_WORD_BEFORE = /[\p{L}\p{M}\p{N}_]$/u;
const IN_WORD_AFTER = /^[\p{L}\p{M}\p{N}_]/u;

/**
 * A text as nodes.
 * @param text - whatever was heard, read or written
 * @param marks - [{ start, end, kind, title }] in characters, as the server counts them
 */
export function markedText(text, marks) {
  const characters = Array.from(text);
  const nodes = [];
  let at = 0;
  for (const { start, end, kind, title } of [...marks].sort((one, other) => one.start - other.start)) {
    if (start < at || end > characters.length) continue;
    nodes.push(characters.slice(at, start).join(""));
    nodes.push(element("mark", { class: kind, title }, characters.slice(start, end).join("")));
    at = end;
  }
  return [...nodes, characters.slice(at).join("")];
}

/** Where words stand in a text, whole, as marks. */
export function marksOfWords(text, words, kind, title) {
  const marks = [];
  for (const word of words) {
    let at = text.indexOf(word);
    while (at >= 0) {
      const end = at + word.length;
      if (!IN_WORD_BEFORE.test(text.slice(0, at)) && !IN_WORD_AFTER.test(text.slice(end))) {
        const start = Array.from(text.slice(0, at)).length;
        marks.push({ start, end: start + Array.from(word).length, kind, title });
      }
      at = text.indexOf(word, end);
    }
  }
  return marks;
}
