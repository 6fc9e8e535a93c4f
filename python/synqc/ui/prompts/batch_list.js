/** The batches there are, newest first, and the choice among them. */

import { byId, element } from "../../ui/shared/element.js";
import { dollars } from "./money.js";

export class BatchList {
  /** @param onChoice - called with the id of the batch that is chosen */
  constructor(onChoice) {
    this._onChoice = onChoice;
    this._buttons = new Map();
  }

  /** @param batches - of the server @param chosen - id of the one on show, or null */
  show(batches, chosen) {
    const list = byId("batches");
    byId("batches-empty").hidden = batches.length > 0;
    byId("batches-empty").textContent = "No batch yet.";
    const ids = new Set(batches.map((one) => one.id));
    for (const [id, button] of this._buttons) {
      if (ids.has(id)) continue;
      button.parentElement.remove();
      this._buttons.delete(id);
    }
    batches.forEach((batch, position) => {
      const button = this._buttons.get(batch.id) ?? this._made(batch.id);
      button.setAttribute("aria-pressed", String(String(batch.id) === String(chosen)));
      const counts = `${batch.stats.valid} of ${batch.num_problems} valid, ${batch.stats.discarded} discarded, ${dollars(batch.batch_cost)}`;
      button.replaceChildren(element("span", {}, batch.name), element("span", { class: "rest" }, counts));
      const item = button.parentElement;
      if (list.children[position] !== item) list.insertBefore(item, list.children[position] ?? null);
    });
  }

  _made(id) {
    const button = element("button", { type: "button", onclick: () => this._onChoice(id) });
    element("li", {}, button);
    this._buttons.set(id, button);
    return button;
  }
}
