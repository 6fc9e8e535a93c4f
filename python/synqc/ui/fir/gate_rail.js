/** The five gates of a session: what was approved, what waits, what is stale; each that was passed can be opened again. */

import { byId, element } from "../../ui/shared/element.js";
import { say } from "./language.js";
import { STEPS } from "./session_path.js";

export class GateRail {
  /** @param onChoice - called with a step whose gate can be shown */
  constructor(onChoice) {
    this._onChoice = onChoice;
  }

  /** @param session - { step, making } @param gates - of the server, by step @param shown - the step on show */
  show(session, gates, shown) {
    byId("gates").hidden = session === null;
    if (session === null) return;
    const items = STEPS.map((step) => this._item(step, session, gates.get(step), step === shown));
    byId("gates").replaceChildren(...items);
  }

  _item(step, session, gate, isShown) {
    const state = stateOf(step, session, gate);
    const parts = [
      element("span", { class: "gate-name" }, say(step)),
      element("span", { class: "gate-state" }, stateWords(state, gate)),
    ];
    const attributes = { "data-state": state, "aria-current": isShown ? "step" : null };
    if (!gate) return element("li", attributes, element("div", { class: "gate-step" }, ...parts));
    const button = element(
      "button",
      { type: "button", class: "gate-step", "data-step": step, onclick: () => this._onChoice(step) },
      ...parts,
    );
    return element("li", attributes, button);
  }
}

function stateOf(step, { step: at, making }, gate) {
  if (gate) return gate.state;
  if (step === at && making) return "making";
  return STEPS.indexOf(step) < STEPS.indexOf(at) ? "stale" : "future";
}

function stateWords(state, gate) {
  return say(`state_${state}`, { who: gate?.decided_by || "–", reason: gate?.reason ?? "" });
}
