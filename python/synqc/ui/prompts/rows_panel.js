/** The rows of the batch on show, newest first; a person may overrule what became of one. */

import { byId, element } from "../../ui/shared/element.js";
import { failed, notice } from "../../ui/shared/notices.js";
import { batchPath } from "./batch_path.js";
import { decided } from "./decision_dialog.js";
import { rowView } from "./row_view.js";

const SHOWN_AT_ONCE = 20;

export class RowsPanel {
  /** @param on - { changed() }: a row stands elsewhere now */
  constructor(api, on) {
    this._api = api;
    this._on = on;
    this._batch = null;
    this._limit = SHOWN_AT_ONCE;
    this._reading = null;
    this._shown = "";
    for (const id of ["rows-status", "rows-cause"])
      byId(id).addEventListener("change", () => {
        this._limit = SHOWN_AT_ONCE;
        this.look();
      });
    byId("rows-more").addEventListener("click", () => {
      this._limit += SHOWN_AT_ONCE;
      this.look();
    });
  }

  setCatalogue({ causes }) {
    const place = byId("rows-cause");
    const chosen = place.value;
    const discards = causes.filter((one) => one.is_discard);
    place.replaceChildren(
      element("option", { value: "" }, "any"),
      ...discards.map(({ name, description }) => element("option", { value: name }, description)),
    );
    place.value = discards.some((one) => one.name === chosen) ? chosen : "";
  }

  /** @param id - of a batch, or null */
  open(id) {
    this._batch = id;
    this._limit = SHOWN_AT_ONCE;
    this._draw([], false);
    this.look();
  }

  /** Read the rows; an answer to an earlier question is no longer wanted. */
  async look() {
    if (this._batch === null) return;
    this._reading?.abort();
    const reading = (this._reading = new AbortController());
    const asked = new URLSearchParams({ limit: String(this._limit) });
    for (const [name, id] of [
      ["status", "rows-status"],
      ["cause", "rows-cause"],
    ])
      if (byId(id).value) asked.set(name, byId(id).value);
    try {
      const response = await this._api.raw("GET", batchPath(this._batch, `/rows?${asked}`), { signal: reading.signal });
      const { rows, has_more: hasMore } = await response.json();
      if (reading !== this._reading) return;
      this._state(`${rows.length}${hasMore ? " of more" : ""} shown`);
      this._draw(rows, hasMore);
    } catch (error) {
      if (reading !== this._reading || error.name === "AbortError") return;
      this._state(failed("Rows could not be read", error), "alert");
    }
  }

  /** The next row, or the one before. */
  step(by) {
    const rows = [...byId("rows").children];
    const now = rows.findIndex((one) => one.contains(document.activeElement));
    rows[Math.max(0, Math.min(rows.length - 1, now + by))]?.focus();
  }

  /** Decide about the row that has the focus. */
  decideFocused(what) {
    const row = document.activeElement?.closest?.("[data-row]");
    const word = what === "accept" ? "Accept" : "Discard";
    row?.querySelector(`button[aria-label="${word} row ${row.dataset.row}"]`)?.click();
  }

  _draw(rows, hasMore) {
    const seen = JSON.stringify(rows);
    byId("rows-empty").hidden = rows.length > 0;
    byId("rows-more").hidden = !hasMore;
    if (seen === this._shown) return; // rows that stay keep their elements, and with them the focus
    this._shown = seen;
    const focused = document.activeElement?.closest?.("[data-row]")?.dataset.row;
    const on = { accept: (row) => this._decide(row, "accept"), discard: (row) => this._decide(row, "discard") };
    byId("rows").replaceChildren(...rows.map((row) => rowView(row, on)));
    if (focused)
      byId("rows")
        .querySelector(`[data-row="${CSS.escape(focused)}"]`)
        ?.focus({ preventScroll: true });
  }

  async _decide(row, what) {
    const yes = what === "accept" ? "Accept" : "Discard";
    const reason = await decided({ title: `${yes} row ${row.id}`, yes, isReasonNeeded: true });
    if (reason === null) return;
    try {
      await this._api.post(`/problems/${encodeURIComponent(row.id)}/${what}`, { reason });
    } catch (error) {
      notice(failed(`Row ${row.id} stays as it is`, error));
    }
    await this.look();
    this._on.changed();
  }

  _state(text, kind = "") {
    byId("rows-state").textContent = text;
    byId("rows-state").dataset.kind = kind;
  }
}
