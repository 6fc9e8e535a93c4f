/** The form's way to the server: saved a moment after the last edit, in turn, and before anything that depends on it.
 *
 * What was edited here is put over the newest configuration: another page may have changed the rest meanwhile.
 */

import { debounce } from "../shared/debounce.js";
import { byId } from "../shared/element.js";
import { failed } from "../shared/notices.js";
import { sessionPath } from "./session_path.js";

const SAVE_AFTER_MS = 600;

export class ConfigurationSaving {
  /**
   * @param api - the service
   * @param store - its `session` is whose configuration is saved, its `edit` the newest state of the form and what has changed
   * @param defaults - gives what is kept beside the configuration
   */
  constructor(api, store, defaults) {
    this._api = api;
    this._store = store;
    this._defaults = defaults;
    this._turn = Promise.resolve();
    /** Whether the form shows what the server does not have. */
    this.isUnsaved = false;
    /** Names of the fields in which it does. */
    this.fields = new Set();
    this.soon = debounce(() => this._save(), SAVE_AFTER_MS);
    store.watch("edit", (edit) => this._edited(edit));
    store.watch("sessionId", () => this._forget());
  }

  /** Resolves to whether the server has what the form shows. */
  now() {
    return this.isUnsaved ? this._save() : this._turn.then(() => true);
  }

  /** Why it is not saved, in words; "" if nothing is to be said. */
  get words() {
    return byId("save-state").textContent;
  }

  _edited({ config, names }) {
    if (!this._store.get("session")) return;
    this.isUnsaved = true;
    for (const name of names) this.fields.add(name);
    this._say(config ? "Not saved yet" : "Not saved: a number does not fit", config ? "" : "alert");
    this.soon();
  }

  _forget() {
    this.isUnsaved = false;
    this.fields.clear();
    this.soon.forget();
    this._say("");
  }

  _save() {
    this.soon.forget();
    this._turn = this._turn.then(() => this._saveForm());
    return this._turn;
  }

  async _saveForm() {
    const { config } = this._store.get("edit");
    const id = this._store.get("sessionId");
    if (id === null || !config) return !this.isUnsaved;
    const isNewestEdit = this._store.mark("edit");
    this._say("Saving…");
    try {
      const here = Object.entries({ ...config, ...this._defaults() }).filter(([name]) => this.fields.has(name));
      const { config: newest } = await this._api.get(sessionPath(id));
      const changed = { ...newest, ...Object.fromEntries(here) };
      const session = await this._api.post("/sessions", { session_id: id, config: changed });
      if (id !== this._store.get("sessionId")) return true;
      if (isNewestEdit()) {
        this.isUnsaved = false;
        this.fields.clear();
        this._say("Saved");
      }
      this._store.set({ session });
      return true;
    } catch (error) {
      if (id === this._store.get("sessionId")) this._say(failed("Not saved", error), "alert");
      return false;
    }
  }

  _say(words, kind = "") {
    byId("save-state").textContent = words;
    byId("save-state").dataset.kind = kind;
  }
}
