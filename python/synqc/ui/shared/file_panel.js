/** What is on show as a file, in a format that is chosen, and the card that says how it was made. */

import { byId } from "./element.js";
import { downloadFile } from "./file_download.js";
import { failed } from "./notices.js";

export class FilePanel {
  /**
   * @param api - the service
   * @param chosen - gives the id of what is on show, or null
   * @param file - gives the route of its file in a format, by id and format
   * @param card - gives the route of its card, by id
   * @param called - gives the file's name without its ending, by id
   * @param nothing - said where nothing is on show
   * @param refused - what did not happen, if it did not
   */
  constructor(api, { chosen, file, card, called, nothing, refused }) {
    Object.assign(this, { _api: api, _chosen: chosen, _file: file, _card: card, _called: called });
    Object.assign(this, { _nothing: nothing, _refused: refused });
    byId("export-download").addEventListener("click", () => this._with((id) => this._download(id)));
    byId("export-card").addEventListener("click", () => this._with((id) => this._showCard(id)));
  }

  /** Forget what is shown: it was of something else. */
  clear() {
    byId("export-text").hidden = true;
    byId("export-text").textContent = "";
    this._state("");
  }

  async _download(id) {
    const format = byId("export-format").value;
    const response = await this._api.raw("GET", this._file(id, format), { patience: Infinity });
    downloadFile(`${this._called(id)}.${format}`, await response.blob());
    return "Downloaded.";
  }

  async _showCard(id) {
    const response = await this._api.raw("GET", this._card(id));
    const place = byId("export-text");
    place.textContent = await response.text();
    place.hidden = false;
    return "Shown below.";
  }

  async _with(act) {
    const id = this._chosen();
    if (id === null) return this._state(this._nothing, "alert");
    try {
      this._state(await act(id));
    } catch (error) {
      this._state(failed(this._refused, error), "alert");
    }
  }

  _state(text, kind = "") {
    byId("export-state").textContent = text;
    byId("export-state").dataset.kind = kind;
  }
}
