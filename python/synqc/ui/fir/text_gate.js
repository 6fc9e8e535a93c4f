/** A gate that shows a text: changed in its place, with what is doubtful, what differs, and what it is held against. */

import { element } from "../../ui/shared/element.js";
import { debounce } from "../../ui/shared/debounce.js";
import { say } from "./language.js";
import { markedText, marksOfWords } from "./marked_text.js";
import { MEMBERS } from "./session_path.js";
import { wordChanges } from "./word_changes.js";

const COMPARED_AFTER_MS = 250;
const LONGEST = 50_000;

export class TextGate {
  /**
   * @param gate - of the server
   * @param before - the text of the version before this one, or null
   * @param beside - [{ title, text }]: what it is held against
   * @param onChange - called when what is typed differs, or no longer does
   */
  constructor(gate, before, beside, onChange) {
    this._member = MEMBERS[gate.step];
    this._shown = gate.content[this._member] ?? "";
    this._field = element("textarea", { id: "gate-text", rows: "8", maxlength: String(LONGEST), lang: "mul" });
    this._field.value = this._shown;
    this._changes = element("div", { class: "text changes", id: "gate-changes", "aria-live": "polite" });
    const compare = debounce(() => this._compare(), COMPARED_AFTER_MS);
    this._field.addEventListener("input", () => {
      compare();
      onChange();
    });
    this._compare();
    this.nodes = [
      ...warnings(gate, this._shown),
      element("label", { for: "gate-text" }, say("content", { step: say(gate.step) })),
      this._field,
      element("p", { class: "hint" }, say("content_hint")),
      element("h3", {}, say("changed_here")),
      this._changes,
      ...changesBefore(before, this._shown),
      ...beside.map(({ title, text }) => besideText(title, text)),
    ];
  }

  /** The officer's words, or null where they are what was shown. */
  get edited() {
    return this._field.value === this._shown ? null : { [this._member]: this._field.value };
  }

  /** What is typed, to be put back after the gate was read anew. */
  get draft() {
    return this._field.value;
  }

  set draft(text) {
    this._field.value = text;
    this._compare();
  }

  focus() {
    this._field.focus();
  }

  _compare() {
    const found = wordChanges(this._shown, this._field.value);
    this._changes.replaceChildren(...(found ?? [element("span", { class: "empty" }, say("no_change"))]));
  }
}

/** A text that stays as it is. */
export function besideText(title, text, marks = []) {
  return element(
    "details",
    { class: "beside", open: true },
    element("summary", {}, title),
    element("div", { class: "text", tabindex: "0", role: "group", "aria-label": title }, ...markedText(text, marks)),
  );
}

function changesBefore(before, shown) {
  if (before === null) return [];
  const found = wordChanges(before, shown) ?? [element("span", { class: "empty" }, say("no_change"))];
  return [element("h3", {}, say("changed_before")), element("div", { class: "text changes", id: "gate-before" }, ...found)];
}

function warnings(gate, shown) {
  const { doubts = [], unsupported = [] } = gate.content;
  const found = [];
  if (doubts.length) {
    const marks = doubts
      .filter((one) => one.kind !== "text")
      .map((one) => ({ start: one.start, end: one.end, kind: one.kind, title: doubtTitle(one) }));
    const isDoubtful = doubts.some((one) => one.kind === "text");
    found.push(
      element("h3", { class: "warning" }, say("doubts")),
      isDoubtful ? element("p", { class: "problem", id: "gate-doubtful" }, say("doubt_text")) : null,
      element("div", { class: "text", id: "gate-doubts" }, ...markedText(shown, marks)),
      element("ul", { class: "doubts" }, ...doubts.filter((one) => one.kind !== "text").map(doubtItem)),
    );
  }
  if (unsupported.length) {
    const title = say("unsupported");
    found.push(
      element("h3", { class: "warning" }, title),
      element("p", { class: "unsupported", id: "gate-unsupported" }, ...listed(unsupported)),
      element("p", { class: "hint" }, say("unsupported_hint")),
      element("div", { class: "text" }, ...markedText(shown, marksOfWords(shown, unsupported, "unsupported", title))),
    );
  }
  return found.filter(Boolean);
}

function doubtTitle(doubt) {
  const where = doubt.at_s === null ? "" : `, ${say("heard_at", { seconds: doubt.at_s.toFixed(1) })}`;
  return say(`doubt_${doubt.kind}`) + where;
}

function doubtItem(doubt) {
  return element("li", {}, element("mark", { class: doubt.kind }, doubt.text), ` ${doubtTitle(doubt)}`);
}

function listed(words) {
  return words.flatMap((word, index) => [index ? " " : "", element("mark", { class: "unsupported" }, word)]);
}
