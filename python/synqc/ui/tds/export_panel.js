/** A session as JSON, CSV or notebook cell: shown, copied, downloaded. */

import { byId } from "../shared/element.js";
import { isEmulated } from "./emulated_label.js";
import { downloadFile } from "../shared/file_download.js";
import { failed } from "../shared/notices.js";
import { sessionPath } from "./session_path.js";

const FILES = { json: ["json", "application/json"], csv: ["csv", "text/csv"], notebook: ["py", "text/x-python"] };

export class ExportPanel {
  /** @param session - gives the selected session, or null */
  constructor(api, session) {
    this._api = api;
    this._session = session;
    byId("export-show").addEventListener("click", () =>
      this._with((text) => {
        this._show(text);
        return "Shown below.";
      }),
    );
    byId("export-copy").addEventListener("click", () =>
      this._with(async (text) => {
        this._show(text);
        await copy(text);
        return "Copied.";
      }),
    );
    byId("export-download").addEventListener("click", () =>
      this._with((text, sessionId) => {
        const [ending, type] = FILES[this._format];
        downloadFile(`${sessionId}.${ending}`, text, type);
        return "Downloaded.";
      }),
    );
  }

  /** Forget what is shown: it was of another session. */
  clear() {
    byId("export-text").hidden = true;
    byId("export-text").textContent = "";
    this._state("");
  }

  get _format() {
    return byId("export-format").value;
  }

  async _with(use) {
    const session = this._session();
    if (!session) return this._state("No session is selected.", "alert");
    try {
      const { payload } = await this._api.get(sessionPath(session.session_id, `/export?format=${this._format}`));
      const words = await use(
        typeof payload === "string" ? payload : JSON.stringify(payload, null, 2),
        session.session_id,
      );
      const target = session.config.hardware_target;
      this._state(words + (isEmulated(target) ? ` Its figures are of the emulated target ${target}.` : ""));
    } catch (error) {
      this._state(failed("No export", error), "alert");
    }
  }

  _show(text) {
    byId("export-text").textContent = text;
    byId("export-text").hidden = false;
  }

  _state(words, kind = "") {
    byId("export-state").textContent = words;
    byId("export-state").dataset.kind = kind;
  }
}

async function copy(text) {
  if (!navigator.clipboard)
    throw new Error("this browser only copies on pages from localhost or https; select the text below instead.");
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    throw new Error("the browser did not allow copying; select the text below instead.");
  }
}
