/** Reports of the register, newest first; each leads to its session. */

import { byId, element } from "../../ui/shared/element.js";
import { language, say } from "./language.js";
import { failed } from "./server_words.js";

const SHOWN_AT_ONCE = 20;

export class ReportList {
  /** @param onChoice - called with the id of a report's session */
  constructor(api, onChoice) {
    this._api = api;
    this._onChoice = onChoice;
    this._rows = [];
    this._next = null;
    byId("reports-more").addEventListener("click", () => this._read(this._next));
  }

  /** Read the newest. @param chosen - id of the session on show */
  async look(chosen) {
    this._chosen = chosen;
    await this._read(null);
  }

  draw() {
    byId("reports-empty").hidden = this._rows.length > 0;
    byId("reports-empty").textContent = say("reports_none");
    byId("reports-more").hidden = this._next === null;
    byId("reports").replaceChildren(...this._rows.map((row) => this._item(row)));
  }

  async _read(cursor) {
    const asked = new URLSearchParams({ limit: String(SHOWN_AT_ONCE), cursor: cursor ?? "" });
    try {
      const { records, next_cursor: next } = await this._api.get(`/list_firs?${asked}`);
      this._rows = cursor === null ? records : [...this._rows, ...records];
      this._next = next;
      this.draw();
    } catch (error) {
      if (error.status) byId("reports-empty").textContent = failed(say("not_read"), error);
    }
  }

  _item({ fir_number: number, status, created_at: at, id }) {
    const when = at ? new Date(at).toLocaleString(language(), { dateStyle: "medium", timeStyle: "short" }) : "";
    const button = element(
      "button",
      { type: "button", "aria-pressed": String(id === this._chosen), onclick: () => this._onChoice(id) },
      element("span", {}, number),
      element("span", { class: "rest" }, `${say(`status_${status}`)} · ${when}`),
    );
    return element("li", {}, button);
  }
}
