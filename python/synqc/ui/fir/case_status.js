/** Where a filed report goes: accepted, then closed, by whoever may decide that. */

import { confirmed } from "../../ui/shared/confirmation.js";
import { byId } from "../../ui/shared/element.js";
import { notice } from "../../ui/shared/notices.js";
import { say } from "./language.js";
import { failed } from "./server_words.js";
import { reportPath } from "./session_path.js";

const QUESTIONS = {
  accepted: { title: "accepted_title", words: "accepted_words", yes: "lead_accepted" },
  closed: { title: "closed_title", words: "closed_words", yes: "lead_closed" },
};
const NEXT = { filed: ["accepted", "closed"], accepted: ["closed"] };

export class CaseStatus {
  /** @param on - { changed() } */
  constructor(api, on) {
    this._api = api;
    this._on = on;
    this._state = null;
    this._mayDecide = false;
    this._isBusy = false;
    for (const to of NEXT.filed) buttonTo(to).addEventListener("click", () => this._leadOn(to));
  }

  /** Read what the holder of the key may do. */
  async look() {
    try {
      const { rights } = await this._api.get("/grant");
      this._mayDecide = rights.includes("decide");
    } catch (error) {
      this._mayDecide = false;
      if (error.status && error.status !== 401) notice(failed(say("not_read"), error));
    }
    this._draw();
  }

  /** @param state - { number, status }, or null while there is no report */
  show(state) {
    if (state?.number !== this._state?.number) byId("status-reason").value = "";
    this._state = state;
    this._draw();
  }

  _draw() {
    const next = (this._mayDecide && NEXT[this._state?.status]) || [];
    byId("leading").hidden = next.length === 0;
    for (const to of NEXT.filed) buttonTo(to).hidden = !next.includes(to);
  }

  async _leadOn(to) {
    if (this._isBusy) return;
    const { number } = this._state;
    const { title, words, yes } = QUESTIONS[to];
    const question = { title: say(title, { number }), words: say(words), yes: say(yes), no: say("cancel") };
    if (!(await confirmed(question))) return;
    this._isBusy = true;
    const field = byId("status-reason");
    try {
      const { state } = await this._api.post(reportPath(number, "/status"), { to, reason: field.value.trim() });
      notice(say("status_now", { number, status: say(`status_${state}`) }), "word");
      field.value = "";
    } catch (error) {
      notice(failed(say("status_unchanged"), error));
    }
    this._isBusy = false;
    this._on.changed();
  }
}

function buttonTo(to) {
  return byId(`lead-${to}`);
}
