/** The label that goes with every figure of a machine that was not really there. */

import { element } from "../shared/element.js";

let emulatedTargets = new Set();
let backendStates = new Map();

/** Learn from the server's list which targets are emulated, and what plays hardware runs of them. */
export function learnEmulated(targets) {
  emulatedTargets = new Set(targets.filter((one) => one.emulated).map((one) => one.name));
  backendStates = new Map(targets.filter((one) => one.backend).map((one) => [one.name, one.backend_state]));
}

/** Whether a target is emulated. */
export function isEmulated(target) {
  return emulatedTargets.has(target);
}

/** "emulated ibm-qpu", or null for what really runs here. */
export function emulatedLabel(target, emulated = isEmulated(target)) {
  if (!emulated) return null;
  const why = "No hardware is involved: the figures come from a simulation with this machine's published figures.";
  const played = backendStates.get(target);
  return element("span", { class: "badge emulated", title: played ? `${why} ${played}` : why }, `emulated ${target}`);
}

/** Put the label into a place, or clear it. */
export function labelEmulated(place, target, emulated = isEmulated(target)) {
  const label = emulatedLabel(target, emulated);
  if ((place.textContent || "") !== (label?.textContent ?? "")) place.replaceChildren(...(label ? [label] : []));
}
