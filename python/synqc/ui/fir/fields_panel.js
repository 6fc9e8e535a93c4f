/** Fields of the report, each with who stated it and where; what is typed is stated together. */

import { byId, element } from "../../ui/shared/element.js";
import { notice } from "../../ui/shared/notices.js";
import { language, say } from "./language.js";
import { failed } from "./server_words.js";
import { sessionPath } from "./session_path.js";

const LONGEST = 50_000;
const LONG_FIELDS = ["suspect_details", "delayed_reporting_reasons", "action_taken", "witnesses", "complainant_address"];

export class FieldsPanel {
  /** @param on - { stated() }: the report is another one now */
  constructor(api, on) {
    this._api = api;
    this._on = on;
    this._session = null;
    this._told = null;
    this._isBusy = false;
    this._isFiled = false;
    byId("fields").addEventListener("submit", (event) => {
      event.preventDefault();
      this._state();
    });
  }

  /** Labels by key, in the page's language. */
  get labels() {
    return new Map((this._told?.fields ?? []).map((one) => [one.key, `${say(`part_${one.part}`)}: ${labelOf(one)}`]));
  }

  /** Read the fields of a session. @param id - or null @param isFiled - whether nothing can be stated any more */
  async look(id, isFiled) {
    if (id !== this._session) {
      this._told = null;
      this.draw({});
      byId("fields-state").textContent = "";
    }
    const wasFiled = this._isFiled;
    this._session = id;
    this._isFiled = isFiled;
    if (id === null) return;
    try {
      const found = await this._api.get(sessionPath(id, "/fields"));
      if (id !== this._session) return;
      const typed = this._changes();
      const isSame = isFiled === wasFiled && JSON.stringify(found) === JSON.stringify(this._told);
      this._told = found;
      if (!isSame) this.draw(typed);
    } catch (error) {
      notice(failed(say("not_read"), error));
    }
  }

  /** Draw anew; what is typed and not stated yet stays. */
  draw(typed = this._changes()) {
    const fields = (this._told?.fields ?? []).filter((one) => !one.is_derived); // the others follow from the gates
    byId("fields-empty").hidden = fields.length > 0;
    byId("fields").hidden = fields.length === 0;
    const parts = [...new Set(fields.map((one) => one.part))];
    const focused = document.activeElement?.id;
    const wereOpen = [...byId("fields-parts").querySelectorAll("details[open]")].map((one) => one.dataset.part);
    const lacking = fields.find((one) => one.is_required && one.value === null);
    const openParts = new Set(wereOpen.length || !lacking ? wereOpen : [lacking.part]);
    byId("fields-parts").replaceChildren(
      ...parts.map((part) => this._part(part, fields.filter((one) => one.part === part), typed, openParts)),
    );
    byId("fields-save").disabled = this._isFiled;
    if (focused?.startsWith("field-")) document.getElementById(focused)?.focus();
  }

  _part(part, fields, typed, openParts) {
    return element(
      "details",
      { class: "field-part", "data-part": part, open: openParts.has(part) },
      element("summary", {}, say(`part_${part}`)),
      ...fields.map((one) => this._field(one, typed)),
    );
  }

  _field(one, typed) {
    const id = `field-${one.key}`;
    const label = element("label", { for: id }, labelOf(one));
    if (one.is_required) label.append(" ", element("span", { class: "unit" }, say("required")));
    const source = element("p", { class: "source", id: `${id}-source` }, sourceWords(one));
    const tag = LONG_FIELDS.includes(one.key) ? "textarea" : "input";
    const field = element(tag, {
      id,
      name: one.key,
      autocomplete: "off",
      maxlength: String(LONGEST),
      rows: tag === "textarea" ? "2" : null,
      disabled: this._isFiled,
      "aria-describedby": `${id}-source`,
      lang: "mul",
    });
    field.value = typed[one.key] ?? one.value ?? "";
    return element("div", { class: "field sourced" }, label, field, source);
  }

  /** What is typed and differs from what is stated: value by key, null of what is taken back. */
  _changes() {
    const changes = {};
    for (const { key, value } of this._told?.fields ?? []) {
      const field = document.getElementById(`field-${key}`);
      if (!field) continue;
      const said = field.value.trim() ? field.value : null;
      if (said !== value) changes[key] = said;
    }
    return changes;
  }

  async _state() {
    if (this._isBusy || !this._told) return;
    const statements = this._changes();
    const count = Object.keys(statements).length;
    if (!count) return;
    this._isBusy = true;
    try {
      const found = await this._api.post(sessionPath(this._session, "/fields"), { statements, base: this._told.digest });
      this._told = found;
      byId("fields-state").textContent = say("fields_saved", { count });
      this.draw({});
      this._on.stated();
    } catch (error) {
      byId("fields-state").textContent = "";
      notice(failed(say("fields_not_saved"), error));
      await this.look(this._session, this._isFiled);
    }
    this._isBusy = false;
  }
}

function labelOf(field) {
  return language() === "hi" ? field.hindi : field.english;
}

function sourceWords({ who, where }) {
  if (!who) return say("nobody");
  if (where === "settings") return say("source", { who: say("station"), where: say("where_settings") });
  return say("source", { who, where: say(where) });
}
