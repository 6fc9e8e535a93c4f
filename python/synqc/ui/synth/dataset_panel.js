/** The data set on show: how far it is, its first rows, and what its columns are like. */

import { byId } from "../../ui/shared/element.js";
import { failed } from "../../ui/shared/notices.js";
import { showColumns } from "./columns_view.js";
import { setPath } from "./set_path.js";
import { showRows } from "./rows_table.js";

const FIRST_ROWS = 20;

export class DatasetPanel {
  /** @param on - { cancel() } */
  constructor(api, on) {
    this._api = api;
    this._id = null;
    this._rows = -1;
    byId("set-cancel").addEventListener("click", () => on.cancel());
  }

  /** @param set - as the server tells it; null: none */
  async show(set) {
    byId("set-empty").hidden = set !== null;
    byId("set-shown").hidden = set === null;
    byId("set-cancel").hidden = set === null || set.ended_at !== null;
    byId("set-title").textContent = set === null ? "Data set" : set.name || set.kind;
    byId("set-state").textContent = set?.state ?? "";
    if (set === null) {
      this._id = null;
      return;
    }
    byId("set-progress").value = set.rows_wanted ? set.rows / set.rows_wanted : 0;
    byId("set-done").textContent = `${set.rows} of ${set.rows_wanted} rows`;
    byId("set-problem").textContent = set.cause ?? "";
    const isOther = this._id !== set.id;
    if (isOther) this._clear();
    if (isOther || this._rows !== set.rows) await this._read(set);
  }

  _clear() {
    byId("rows").replaceChildren();
    byId("columns").replaceChildren();
  }

  async _read(set) {
    this._id = set.id;
    this._rows = set.rows;
    if (!set.rows) return;
    try {
      const rows = await this._api.get(setPath(set.id, `/rows?limit=${FIRST_ROWS}`));
      const columns = await this._api.get(setPath(set.id, "/statistics"));
      if (this._id !== set.id) return;
      showRows(byId("rows"), rows);
      showColumns(byId("columns"), columns);
    } catch (error) {
      this._rows = -1;
      byId("set-problem").textContent = failed("Rows could not be read", error);
    }
  }
}
