/** Runs started and killed here, and what became of them. */

import { clearNotices, failed, notice } from "../shared/notices.js";
import { sessionPath } from "./session_path.js";

export class RunActions {
  /**
   * @param api - the service
   * @param store - `session` is set to what the server answers
   * @param saving - what the form shows is saved first
   * @param on - { waiting(isWaiting), ended(): no progress to show, record(run), gone(id) }
   */
  constructor(api, store, saving, on) {
    this._api = api;
    this._store = store;
    this._saving = saving;
    this._on = on;
  }

  /** Run the selected session, and show what it measured. */
  async start(mode, request) {
    const words = mode === "dryrun" ? "The dry run" : "The run";
    const id = this._store.get("sessionId");
    this._on.waiting(true);
    try {
      if (!(await this._saving.now()))
        return notice(`${words} was not started: the configuration is not saved. ${this._saving.words}`);
      clearNotices();
      const answer = await this._api.post(sessionPath(id, "/run"), { mode, ...request }, { patience: Infinity });
      if (!this._isSelected(id)) return;
      this._store.set({ session: answer.session });
      await this._on.record(answer.run);
    } catch (error) {
      if (error.status === 404) this._on.gone(id);
      else if (error.status === 0)
        notice(`${words} has no answer: ${error.message} Look at the history once it is back.`);
      else notice(failed(`${words} did not go through`, error));
    } finally {
      this._on.waiting(false);
      if (this._isSelected(id)) this._on.ended();
    }
  }

  /** Stop what the selected session runs. */
  async kill() {
    const id = this._store.get("sessionId");
    try {
      const answer = await this._api.post(sessionPath(id, "/kill"));
      if (answer.status === "no-active-run") notice(answer.message, "word");
      const session = await this._api.get(sessionPath(id));
      if (this._isSelected(id)) this._store.set({ session });
    } catch (error) {
      if (error.status === 404) this._on.gone(id);
      else notice(failed("The run was not killed", error));
    }
  }

  _isSelected(id) {
    return id === this._store.get("sessionId");
  }
}
