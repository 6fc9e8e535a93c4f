/** What differs between two texts, word by word. */

import { element } from "../../ui/shared/element.js";

const MOST_CELLS = 4_000_000;

/** The later text as nodes, with what is new as `ins` and what is gone as `del`; null where they are the same. */
export function wordChanges(before, after) {
  if (before === after) return null;
  return changes(parts(before), parts(after)).map(([kind, words]) =>
    kind === "same" ? words : element(kind, {}, words),
  );
}

function parts(text) {
  return text.match(/\s+|[^\s]+/g) ?? [];
}

/** Runs of [kind, text]: "same", "ins" or "del". */
function changes(before, after) {
  let first = 0;
  while (first < before.length && first < after.length && before[first] === after[first]) first += 1;
  let last = 0;
  const room = Math.min(before.length, after.length) - first;
  while (last < room && before[before.length - 1 - last] === after[after.length - 1 - last]) last += 1;
  const runs = [];
  const add = (kind, word) => {
    if (runs.at(-1)?.[0] === kind) runs.at(-1)[1] += word;
    else runs.push([kind, word]);
  };
  for (const word of before.slice(0, first)) add("same", word);
  for (const [kind, word] of middle(before.slice(first, before.length - last), after.slice(first, after.length - last)))
    add(kind, word);
  for (const word of last ? after.slice(-last) : []) add("same", word);
  return runs;
}

/** By the longest common subsequence; texts too long for that are replaced whole. */
function middle(before, after) {
  const whole = [...before.map((word) => ["del", word]), ...after.map((word) => ["ins", word])];
  if (!before.length || !after.length || before.length * after.length > MOST_CELLS) return whole;
  const width = after.length + 1;
  const longest = new Uint16Array((before.length + 1) * width);
  for (let row = before.length - 1; row >= 0; row -= 1)
    for (let column = after.length - 1; column >= 0; column -= 1)
      longest[row * width + column] =
        before[row] === after[column]
          ? longest[(row + 1) * width + column + 1] + 1
          : Math.max(longest[(row + 1) * width + column], longest[row * width + column + 1]);
  const found = [];
  let [row, column] = [0, 0];
  while (row < before.length && column < after.length) {
    if (before[row] === after[column]) {
      found.push(["same", before[row]]);
      row += 1;
      column += 1;
    } else if (longest[(row + 1) * width + column] >= longest[row * width + column + 1]) {
      found.push(["del", before[row]]);
      row += 1;
    } else {
      found.push(["ins", after[column]]);
      column += 1;
    }
  }
  for (; row < before.length; row += 1) found.push(["del", before[row]]);
  for (; column < after.length; column += 1) found.push(["ins", after[column]]);
  return found;
}
