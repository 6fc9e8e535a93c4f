/** The gate of provisions: each with what its check said, into the report or not, with a reason where one is needed. */

import { element } from "../../ui/shared/element.js";
import { language, say } from "./language.js";
import { failed, serverWords } from "./server_words.js";
import { besideText } from "./text_gate.js";

const LONGEST_REASON = 1000;
const SECTION = /^\d+(\(\w+\))*$/;
/** Words of a classification, and the members that have it. */
const CLASSES = [["cognizable", "cognizable"], ["bailable", "bailable"], ["court", "triable_by"]];
const STORED = ["act", "section", "title", "verdict", "cause", "accepted", "reason", "text", "text_is", "checked_by"];

export class ProvisionsGate {
  /** @param gate - of the server @param onChange - called when a decision differs from what is shown */
  constructor(api, gate, onChange) {
    this._api = api;
    this._onChange = onChange;
    this._shown = gate.content.violations ?? [];
    this._rows = this._shown.map((one) => ({ ...one }));
    this._list = element("ol", { class: "provisions", id: "provisions" });
    this._found = element("ul", { class: "found", id: "provisions-found" });
    this._field = element("input", { id: "provision-words", autocomplete: "off", maxlength: "2000" });
    this._state = element("p", { class: "state", role: "status", id: "provisions-state" });
    this._common = element("input", { id: "common-reason", autocomplete: "off", maxlength: String(LONGEST_REASON) });
    this._commonForm = element(
      "form",
      { class: "row tools", id: "common-reason-form", onsubmit: (event) => this._giveCommonReason(event) },
      element("div", { class: "field grow" }, element("label", { for: "common-reason" }, say("common_reason")), this._common),
      element("button", {}, say("common_reason_use")),
    );
    const search = element(
      "form",
      { class: "row tools", onsubmit: (event) => this._search(event) },
      element("div", { class: "field grow" }, element("label", { for: "provision-words" }, say("search_words")), this._field),
      element("button", {}, say("search")),
    );
    this._draw();
    this.nodes = [
      element("p", { class: "hint" }, say("reason_needed")),
      this._list,
      this._commonForm,
      element("details", { class: "beside" }, element("summary", {}, say("add_provision")), search, this._state, this._found),
      besideText(say("summary_word"), gate.content.summary ?? ""),
    ];
  }

  /** The officer's decisions, or null where they are as proposed. */
  get edited() {
    const plain = (rows) => JSON.stringify(rows.map((one) => [one.act, one.section, one.accepted, one.reason ?? ""]));
    return plain(this._rows) === plain(this._shown) ? null : { violations: this._rows.map(stored) };
  }

  get draft() {
    return this._rows;
  }

  set draft(rows) {
    this._rows = rows;
    this._draw();
  }

  focus() {
    this._list.querySelector("input")?.focus();
  }

  _draw() {
    this._list.replaceChildren(...this._rows.map((row, index) => this._item(row, index)));
    if (!this._rows.length) this._list.append(element("li", { class: "empty" }, say("provisions_none")));
    this._commonForm.hidden = this._shown.filter((one) => one.verdict === "unknown").length < 2;
  }

  /** Decide, with one reason, all whose checks gave no answer and that have no reason of their own; boxes stay as they are. */
  _giveCommonReason(event) {
    event.preventDefault();
    const reason = this._common.value.trim();
    if (!reason) return;
    for (const row of this._rows) {
      if (row.verdict !== "unknown" || (row.reason ?? "").trim()) continue;
      row.reason = reason;
      row.accepted = row.accepted === true;
    }
    this._common.value = "";
    this._draw();
    this._onChange();
  }

  _item(row, index) {
    const name = nameOf(row, row.act);
    const [box, reason] = [`provision-${index}`, `provision-reason-${index}`];
    const check = element("input", {
      type: "checkbox",
      id: box,
      onchange: (event) => {
        row.accepted = event.target.checked;
        this._onChange();
      },
    });
    check.checked = row.accepted === true;
    const field = element("input", {
      id: reason,
      autocomplete: "off",
      maxlength: String(LONGEST_REASON),
      oninput: (event) => {
        row.reason = event.target.value;
        // A reason where a check gave no answer is a decision: not in the report, unless it was put there.
        if (row.verdict === "unknown") row.accepted = check.checked;
        this._onChange();
      },
    });
    field.value = row.reason ?? "";
    const verdict = row.isAdded ? say("added") : say(`verdict_${row.verdict}`);
    const facts = CLASSES.filter(([, member]) => row[member]).map(([fact, member]) => {
      const words = `${say(fact)}: ${serverWords(row[member])}`;
      return row.disputed?.includes(fact) ? `${words} (${say("disputed")})` : words;
    });
    return element(
      "li",
      { "data-verdict": row.verdict, "data-section": row.section },
      element(
        "div",
        { class: "provision-head" },
        check,
        element("label", { for: box }, `${name} · ${inLanguage(row, "title")}`),
        element("span", { class: "badge" }, verdict),
      ),
      row.cause ? element("p", { class: "state" }, serverWords(row.cause)) : null,
      facts.length ? element("p", { class: "state" }, facts.join(" · ")) : null,
      row.punishment ? element("p", { class: "state" }, `${say("punishment")}: ${inLanguage(row, "punishment")}`) : null,
      row.text ? element("details", {}, element("summary", {}, serverWords(row.text_is)), element("p", { class: "text" }, row.text)) : null,
      element("div", { class: "field" }, element("label", { for: reason }, say("reason")), field),
    );
  }

  async _search(event) {
    event.preventDefault();
    const typed = this._field.value.trim();
    if (!typed) return;
    const words = SECTION.test(typed) ? `section ${typed} BNS` : typed;
    try {
      const { hits } = await this._api.get(`/provisions?${new URLSearchParams({ q: words, most: "10" })}`);
      const known = new Set(this._rows.map((one) => `${one.section} ${one.act}`));
      const fresh = hits.filter((one) => !known.has(`${one.section} ${one.code}`));
      this._state.textContent = fresh.length ? "" : say("search_none");
      this._found.replaceChildren(...fresh.map((hit) => this._foundItem(hit)));
    } catch (error) {
      this._state.textContent = failed(say("not_read"), error);
    }
  }

  _foundItem(hit) {
    const lang = language() === "hi" && !hit.title_hindi ? "en" : null;
    const item = element("li", { lang }, element("span", {}, `${nameOf(hit, hit.code)} · ${inLanguage(hit, "title")}`));
    const add = () => {
      this._rows.push({
        act: hit.code, section: hit.section, title: hit.title, verdict: "unknown", cause: "", accepted: true,
        reason: "", text: "", checked_by: "", isAdded: true, cognizable: hit.cognizable, bailable: hit.bailable,
        triable_by: hit.triable_by, punishment: hit.punishment, disputed: hit.disputed, code_hindi: hit.code_hindi,
        title_hindi: hit.title_hindi, punishment_hindi: hit.punishment_hindi,
      });
      item.remove();
      this._draw();
      this._onChange();
      this._list.lastElementChild.querySelector("input[autocomplete]").focus();
    };
    item.append(element("button", { type: "button", class: "small", onclick: add }, say("add")));
    return item;
  }
}

/** A section and its act. */
function nameOf(one, act) {
  return say("provision", { section: one.section, act: language() === "hi" && one.code_hindi ? one.code_hindi : act });
}

/** A member of a provision in the page's language, as far as the server has it. */
function inLanguage(one, member) {
  return (language() === "hi" && one[`${member}_hindi`]) || one[member];
}

/** What the server keeps of a provision. */
function stored(row) {
  return Object.fromEntries(STORED.filter((name) => name in row).map((name) => [name, row[name]]));
}
