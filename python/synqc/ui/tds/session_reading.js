/** What is known of the selected session: read whole, and kept up by what its stream tells. */

import { debounce } from "../shared/debounce.js";
import { failed, notice } from "../shared/notices.js";
import { bitsOf, lastRecord, stored } from "./run_history.js";
import { sessionPath } from "./session_path.js";

const REREAD_AFTER_MS = 250;

export class SessionReading {
  /**
   * @param api - the service
   * @param store - `session`, `record` and `newest` are set to what is read, `isRead` when all of it is
   * @param show - { log, telemetry, spheres, history, progress(share) }
   * @param gone - called with the id of a session that is not there any more
   */
  constructor(api, store, show, gone) {
    this._api = api;
    this._store = store;
    this._show = show;
    this._gone = gone;
    this._rereadHistorySoon = debounce(() => show.history.refresh(), REREAD_AFTER_MS);
  }

  /** Log, telemetry and last run as the server has them; what events told of meanwhile is newer, and stays. */
  async refresh() {
    const id = this._store.get("sessionId");
    if (id === null) return;
    const [isNewestSession, isNewestRecord] = [this._store.mark("session"), this._store.mark("record")];
    const { log, telemetry } = this._show;
    log.awaitLines();
    try {
      const [session, lines, rows] = await Promise.all([
        this._api.get(sessionPath(id)),
        this._api.get(sessionPath(id, "/logs?limit=1000")),
        this._api.get(sessionPath(id, "/telemetry?limit=512")),
      ]);
      if (!this._isSelected(id)) return;
      log.set(lines.lines);
      telemetry.set(rows.rows);
      this._store.set({ newest: telemetry.newest });
      if (isNewestSession()) this._store.set({ session });
      const last = await lastRecord(this._api, this._store.get("session"));
      if (!this._isSelected(id)) return;
      this._store.set({ isRead: true });
      if (isNewestRecord()) await this.showRecord(last);
    } catch (error) {
      if (error.status === 404) this._gone(id);
      else if (error.status) notice(failed("The session could not be read", error));
    }
  }

  /** Show a run; one that an event told of (`fresh`) may not be on disk yet. */
  async showRecord(run, { fresh = false } = {}) {
    const another = !run || run.run_id !== this._store.get("record")?.run_id;
    this._store.set({ record: run });
    if (!another) return;
    const { spheres } = this._show;
    const isShown = () => this._store.get("record")?.run_id === run.run_id;
    spheres.show(run, null);
    if (!run) return;
    try {
      if (fresh) await stored(this._api, run);
      if (!isShown()) return;
      this._rereadHistorySoon();
      const bits = await bitsOf(this._api, run);
      if (isShown()) spheres.show(run, bits);
    } catch (error) {
      if (error.status) notice(failed("The run's details could not be read", error));
    }
  }

  /** An event of the stream. */
  heard(kind, data) {
    const id = this._store.get("sessionId");
    if (id === null) return;
    const { log, telemetry, progress } = this._show;
    if (kind === "state" && data.session_id === id) this._store.set({ session: data });
    if (kind === "progress") progress(data.total ? data.done / data.total : 0);
    if (kind === "log") log.add([data.line]);
    if (kind === "telemetry") {
      telemetry.add([data]);
      this._store.set({ newest: telemetry.newest });
    }
    if (kind === "kpis") this.showRecord(data, { fresh: true });
  }

  /** A snapshot of polling. */
  async seen({ session, rows, lines }) {
    const { log, telemetry } = this._show;
    const ended = session.last_run_id !== this._store.get("session")?.last_run_id;
    this._store.set({ session });
    telemetry.add(rows);
    this._store.set({ newest: telemetry.newest });
    log.set(lines);
    if (!ended) return;
    try {
      await this.showRecord(await lastRecord(this._api, session));
    } catch (error) {
      if (error.status) notice(failed("The run could not be read", error));
    }
  }

  /** Empty the log on the server, and show what is left of it. */
  async clearLog() {
    const id = this._store.get("sessionId");
    if (id === null) return;
    try {
      await this._api.delete(sessionPath(id, "/logs"));
      this._show.log.awaitLines();
      const { lines } = await this._api.get(sessionPath(id, "/logs?limit=1000"));
      if (this._isSelected(id)) this._show.log.set(lines);
    } catch (error) {
      notice(failed("The log was not cleared", error));
    }
  }

  _isSelected(id) {
    return id === this._store.get("sessionId");
  }
}
