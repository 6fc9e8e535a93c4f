/** Gates that wait for an officer, those that have waited longest first, each with its age; then sessions that expired. */

import { byId, element } from "../../ui/shared/element.js";
import { ageWords, say } from "./language.js";
import { failed } from "./server_words.js";

const SHORT_ID = 8;
const EXPIRED_LISTED = 20;

export class WaitingList {
  /** @param onChoice - called with the id of the session that is chosen */
  constructor(api, onChoice) {
    this._api = api;
    this._onChoice = onChoice;
    this._rows = [];
    this._chosen = null;
    this._readAt = 0;
    setInterval(() => this._age(), 1000);
  }

  /** Read what waits. @param chosen - id of the session on show, or null */
  async look(chosen) {
    this._chosen = chosen;
    try {
      const [waiting, expired] = await Promise.all([
        this._api.get("/waiting?limit=100"),
        this._api.get(`/sessions?status=expired&limit=${EXPIRED_LISTED}`),
      ]);
      const rest = expired.map(({ session_id, current_step: step }) => ({ session_id, step, isExpired: true }));
      this._rows = [...waiting, ...rest];
      this._readAt = performance.now();
      this.draw();
    } catch (error) {
      if (error.status) byId("waiting-empty").textContent = failed(say("not_read"), error);
    }
  }

  /** The next of what waits, or the one before. */
  step(by) {
    if (!this._rows.length) return;
    const now = this._rows.findIndex((one) => one.session_id === this._chosen);
    const next = now < 0 ? 0 : Math.max(0, Math.min(this._rows.length - 1, now + by));
    this._onChoice(this._rows[next].session_id);
  }

  draw() {
    byId("waiting-empty").hidden = this._rows.length > 0;
    byId("waiting-empty").textContent = say("waiting_none");
    const count = this._rows.filter((row) => !row.isExpired).length;
    byId("waiting-count").textContent = count ? String(count) : "";
    const focused = document.activeElement?.dataset?.session;
    byId("waiting").replaceChildren(...this._rows.map((row) => this._item(row)));
    this._age();
    if (focused) byId("waiting").querySelector(`[data-session="${CSS.escape(focused)}"]`)?.focus();
  }

  _item(row) {
    const button = element(
      "button",
      {
        type: "button",
        "data-session": row.session_id,
        "aria-pressed": String(row.session_id === this._chosen),
        onclick: () => this._onChoice(row.session_id),
      },
      element("span", { class: "waiting-step" }, say(row.step)),
      element("code", {}, row.session_id.slice(0, SHORT_ID)),
      element("span", { class: "rest" }),
    );
    return element("li", { "data-due": String(row.is_due === true) }, button);
  }

  /** Ages go on between two answers of the server. */
  _age() {
    const passed = (performance.now() - this._readAt) / 1000;
    [...byId("waiting").children].forEach((item, index) => {
      const text = stateWords(this._rows[index], passed);
      const place = item.querySelector(".rest");
      if (place.textContent !== text) place.textContent = text;
    });
  }
}

/** @param passed - seconds since the server said it */
function stateWords(row, passed) {
  if (row.isExpired) return say("has_expired");
  const words = [say("age", { age: ageWords(row.age_s + passed) })];
  if (row.is_due) words.push(say("due"));
  if (row.expires_in_s !== null) words.push(say("expires", { age: ageWords(row.expires_in_s - passed) }));
  return words.join(" · ");
}
