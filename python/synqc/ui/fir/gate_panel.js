/** The gate on show: what waits for an answer or was passed, and the officer's answers to it. */

import { byId, element } from "../../ui/shared/element.js";
import { notice } from "../../ui/shared/notices.js";
import { FinalGate } from "./final_gate.js";
import { say } from "./language.js";
import { ProvisionsGate } from "./provisions_gate.js";
import { asked } from "./reason_dialog.js";
import { failed, serverWords } from "./server_words.js";
import { MEMBERS } from "./session_path.js";
import { besideText, TextGate } from "./text_gate.js";

const CONFLICT = 409;
const MADE_BY_MODELS = ["summary_review", "violations_review", "fir_narrative_review"];

export class GatePanel {
  /** @param on - { answering(answer), answered() } */
  constructor(api, on) {
    this._api = api;
    this._on = on;
    this._gate = null;
    this._body = null;
    this._kept = null;
    this._isBusy = false;
    this._making = null;
    byId("approve").addEventListener("click", () => this.approve());
    byId("keep").addEventListener("click", () => this._keep());
    byId("again").addEventListener("click", () => this.again());
    byId("reject").addEventListener("click", () => this.reject());
    setInterval(() => this._tick(), 1000);
  }

  /** @param shown - { gate, before, beside, labels, isFiled, source }, or null */
  show(shown) {
    const gate = shown?.gate ?? null;
    const isSame = gate !== null && this._gate?.token === gate.token;
    const draft = isSame && this._body?.edited ? this._body.draft : null;
    this._gate = gate;
    this._shown = shown;
    byId("gate-empty").hidden = gate !== null || this._making !== null;
    byId("gate-shown").hidden = gate === null;
    if (gate === null) {
      this._kept = null;
      this._body = null;
      byId("gate-body").replaceChildren();
      byId("gate-title").textContent = say("gate");
      return;
    }
    byId("gate-title").textContent = say(gate.step);
    const who = gate.edited_by ? say("edited_by", { who: gate.edited_by }) : "";
    const isWritten = gate.model && ["summary_review", "fir_narrative_review"].includes(gate.step);
    const made = gate.model ? say("made_by", { model: gate.model }) : "";
    byId("gate-about").textContent = who || [made, isWritten ? say("model_hint") : ""].join(" ");
    byId("gate-error").textContent = serverWords(gate.content.error ?? "");
    this._body = this._bodyOf(shown);
    byId("gate-body").replaceChildren(...this._body.nodes);
    if (draft !== null) this._body.draft = draft;
    if (this._kept !== null) {
      const kept = besideText(say("kept"), this._kept);
      kept.id = "kept-draft";
      byId("gate-body").append(kept);
    }
    if (!isSame) byId("note").value = "";
    this._relabel();
  }

  /** A stage is under way. @param step - which, or null */
  make(step) {
    if (this._making?.step === step) return;
    this._making = step === null ? null : { step, began: performance.now() };
    byId("gate-empty").hidden = this._gate !== null || step !== null;
    this._tick();
  }

  /** Put the cursor into what is shown. */
  focus() {
    this._body?.focus();
  }

  /** Accept what is shown, with the officer's changes if there are any. */
  async approve() {
    if (!this._gate || byId("approve").disabled) return;
    const content = this._body.edited;
    const answer = content ? { decision: "edit", content } : { decision: "accept" };
    await this._answer({ ...answer, approved: true, user_input: byId("note").value });
  }

  /** Have it made again, with a wish. */
  async again() {
    if (!this._gate || byId("again").hidden) return;
    const title = say("again_title", { step: say(this._gate.step) });
    const wish = await asked({ title, label: say("again_wish"), yes: say("again"), isNeeded: false });
    if (wish !== null) await this._answer({ decision: "regenerate", approved: false, user_input: wish });
  }

  /** Say that it is wrong, and why. */
  async reject() {
    if (!this._gate || byId("reject").hidden) return;
    const title = say("reject_title", { step: say(this._gate.step) });
    const options = { title, label: say("reject_reason"), yes: say("reject"), isNeeded: true, kind: "danger" };
    const reason = await asked(options);
    if (reason) await this._answer({ decision: "reject", approved: false, reason });
  }

  async _keep() {
    const content = this._body?.edited;
    if (content) await this._answer({ decision: "edit", content, approved: false });
  }

  _bodyOf({ gate, before, beside, labels }) {
    const changed = () => this._relabel();
    if (gate.step === "violations_review") return new ProvisionsGate(this._api, gate, changed);
    if (gate.step === "final_review" && !gate.content.error) return new FinalGate(gate, labels);
    return new TextGate(gate, before, beside, changed);
  }

  _relabel() {
    const { gate, isFiled, source } = this._shown;
    const isChanged = this._body.edited !== null;
    const isAnswerable = gate.is_waiting && gate.state === "shown";
    const isFinal = gate.step === "final_review";
    byId("approve").textContent = say(isChanged ? "approve_changed" : "approve");
    byId("approve").hidden = isFiled || !(gate.is_waiting || isChanged);
    byId("approve").disabled = this._isBusy || !(isAnswerable || isChanged);
    byId("keep").hidden = isFiled || !isChanged;
    byId("again").hidden =
      isFiled || !(MADE_BY_MODELS.includes(gate.step) || source !== "text" || gate.state === "failed") || isFinal;
    byId("reject").hidden = isFiled || !isAnswerable;
    byId("note-row").hidden = isFiled || !gate.is_waiting || isFinal;
    for (const id of ["keep", "again", "reject"]) byId(id).disabled = this._isBusy;
  }

  async _answer(answer) {
    const { session_id, token, step } = this._gate;
    this._kept = null;
    this._setBusy(true);
    this._on.answering(answer);
    try {
      await this._api.post("/validate", { session_id, token, ...answer }, { patience: Infinity });
    } catch (error) {
      // A stage that failed, or takes longer than an answer may, is shown by its gate.
      if (error.status === CONFLICT) {
        if (typeof answer.content?.[MEMBERS[step]] === "string") this._kept = answer.content[MEMBERS[step]];
        notice(say("somebody_else"));
      } else if (error.status !== 502 && error.status !== 504)
        notice(failed(`${say("not_answered")} (${say(step)})`, error));
    }
    this._setBusy(false);
    this._on.answered();
  }

  _setBusy(isBusy) {
    this._isBusy = isBusy;
    if (this._gate) this._relabel();
  }

  _tick() {
    const place = byId("gate-making");
    place.hidden = this._making === null;
    if (this._making === null) return place.replaceChildren();
    const seconds = Math.floor((performance.now() - this._making.began) / 1000);
    const words = say("making", { step: say(this._making.step), seconds });
    if (place.textContent !== words) place.replaceChildren(element("span", { "aria-hidden": "true" }, words));
  }
}
