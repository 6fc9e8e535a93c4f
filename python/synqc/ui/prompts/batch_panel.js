/** The batch on show: how far it is, what it costs, where its attempts end, and why it stopped. */

import { byId, element } from "../../ui/shared/element.js";
import { plain } from "../../ui/shared/measured_value.js";
import { dollars } from "./money.js";

export class BatchPanel {
  /** @param on - { cancel(), remove() } */
  constructor(on) {
    this._reasons = new Map();
    this._causes = new Map();
    byId("batch-cancel").addEventListener("click", () => on.cancel());
    byId("batch-delete").addEventListener("click", () => on.remove());
  }

  /** Learn what words of the server mean. */
  setCatalogue({ stop_reasons: reasons, causes }) {
    this._reasons = new Map(reasons.map((one) => [one.name, one.description]));
    this._causes = new Map(causes.map((one) => [one.name, one.description]));
  }

  /** @param batch - as the server tells it; null: none */
  show(batch) {
    byId("batch-empty").hidden = batch !== null;
    byId("batch-shown").hidden = batch === null;
    for (const id of ["batch-cancel", "batch-delete"]) byId(id).hidden = true;
    if (batch === null) {
      byId("batch-title").textContent = "Batch";
      byId("batch-state").textContent = "";
      return;
    }
    setText(byId("batch-title"), batch.name);
    setText(byId("batch-state"), batch.status);
    byId("batch-state").dataset.state = batch.status;
    byId("batch-cancel").hidden = batch.has_ended;
    byId("batch-delete").hidden = !batch.has_ended;
    setText(byId("batch-about"), this._about(batch));
    byId("batch-progress").value = batch.target ? batch.accepted / batch.target : 0;
    setText(byId("batch-done"), `${batch.accepted} of ${batch.target} accepted`);
    byId("money").replaceChildren(...this._money(batch));
    byId("funnel").replaceChildren(...this._funnel(batch));
    setText(byId("batch-outlook"), [batch.stop_words, batch.outlook, batch.semantic].filter(Boolean).join(" "));
    setText(byId("batch-problem"), batch.error ?? "");
  }

  _about(batch) {
    const parts = [
      `${batch.models.engineer} writes, ${batch.models.checker} checks, ${batch.models.target} is to fail`,
    ];
    if (batch.is_preview) parts.push("a preview: its rows count for nothing");
    if (batch.stop_reason) parts.push(this._reasons.get(batch.stop_reason) ?? batch.stop_reason);
    return parts.join(" · ");
  }

  _money({ cost, attempted, accepted, rate }) {
    const pairs = [["Spent", dollars(cost.total_usd), cost.note]];
    if (accepted)
      pairs.push(["Per accepted", cost.total_usd === null ? "unknown" : dollars(cost.total_usd / accepted), null]);
    if (cost.budget_usd !== null) pairs.push(["Budget", dollars(cost.budget_usd), null]);
    pairs.push(["Attempts", String(attempted), null]);
    if (rate)
      pairs.push([
        "Accepted",
        `${plain(100 * rate.value, 3)} %`,
        `${plain(100 * rate.low, 3)} to ${plain(100 * rate.high, 3)} %, 95 % confidence`,
      ]);
    return pairs.map(([name, value, note]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, value, note ? element("small", {}, note) : null)),
    );
  }

  _funnel({ funnel, attempted }) {
    return funnel.map(({ cause, count }) => {
      const share = attempted ? (100 * count) / attempted : 0;
      const fill = element("span", {});
      fill.style.width = `${share}%`;
      return element(
        "li",
        { "data-cause": cause },
        element("span", {}, this._causes.get(cause) ?? cause),
        element("span", { class: "bar", "aria-hidden": "true" }, count ? fill : null),
        element("span", { class: "count" }, String(count)),
      );
    });
  }
}

function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
