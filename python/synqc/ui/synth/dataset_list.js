/** The data sets there are, newest first, and the choice among them. */

import { byId, element } from "../../ui/shared/element.js";

export class DatasetList {
  /** @param onChoice - called with the id of the one that is chosen */
  constructor(onChoice) {
    this._onChoice = onChoice;
    this._shown = "";
  }

  /** @param sets - of the server @param chosen - id of the one on show, or null */
  show(sets, chosen) {
    const told = JSON.stringify([sets, chosen]);
    if (told === this._shown) return;
    this._shown = told;
    const focused = document.activeElement?.dataset?.dataset;
    byId("sets-empty").hidden = sets.length > 0;
    byId("sets-empty").textContent = "No data set yet.";
    byId("sets").replaceChildren(...sets.map((one) => this._item(one, chosen)));
    if (focused) byId("sets").querySelector(`[data-dataset="${CSS.escape(focused)}"]`)?.focus();
  }

  _item(set, chosen) {
    const button = element(
      "button",
      { type: "button", "data-dataset": set.id, "aria-pressed": String(set.id === chosen), onclick: () => this._onChoice(set.id) },
      element("span", {}, set.name || set.kind),
      element("span", { class: "rest" }, `${set.state} · ${set.rows} of ${set.rows_wanted} rows · ${set.submitted_at.slice(0, 19).replace("T", " ")}`),
    );
    return element("li", {}, button);
  }
}
