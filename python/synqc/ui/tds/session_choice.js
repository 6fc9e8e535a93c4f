/** Which session is selected: by the list, by the address, by making one; and what to do when it is gone. */

import { confirmed } from "../shared/confirmation.js";
import { clearNotices, failed, notice } from "../shared/notices.js";
import { SessionList } from "./session_list.js";
import { sessionPath } from "./session_path.js";

const NONE = { sessionId: null, session: null, record: null, newest: null, isRead: false };

export class SessionChoice {
  /**
   * @param api - the service
   * @param store - `sessionId`, `session` and `record` are set here; `wanted` is the newest choice, whatever came of it
   * @param connection - says when asking makes sense
   * @param on - { config(): of the form or null, before(): a promise to wait for, opened(isAnother) }
   */
  constructor(api, store, connection, on) {
    this._api = api;
    this._store = store;
    this._connection = connection;
    this._on = on;
    this._list = new SessionList({
      create: (id) => this._create(id),
      select: (id) => this.select(id),
      remove: (id) => this._remove(id),
    });
    store.watch("session", (session) => session && this._list.update(session));
    window.addEventListener("hashchange", () => this.select(idInAddress()));
  }

  /** Read the list, and select the session that was selected, or that the address names, or the newest. */
  async start() {
    const sessions = await this.list();
    if (!sessions) return;
    const wanted = this._store.get("sessionId") ?? idInAddress();
    if (wanted && sessions.some((one) => one.session_id === wanted)) await this.select(wanted, { again: true });
    else if (wanted) this.gone(wanted);
    else if (sessions.length) await this.select(sessions.at(-1).session_id);
  }

  /** Read and show the sessions; null if they cannot be read. */
  async list() {
    if (!this._connection.online) return null;
    try {
      const sessions = await this._api.get("/sessions");
      const selected = this._store.get("sessionId");
      this._list.show(sessions, selected);
      if (selected !== null && !sessions.some((one) => one.session_id === selected)) this.gone(selected);
      return sessions;
    } catch (error) {
      if (error.status) notice(failed("Sessions could not be listed", error));
      return null;
    }
  }

  /** Show a session; `again` keeps what is on show until it is read anew. */
  async select(id, { again = false } = {}) {
    this._store.set({ wanted: id });
    const isNewestChoice = this._store.mark("wanted");
    if (!id || (id === this._store.get("sessionId") && !again)) return;
    await this._on.before();
    try {
      const session = await this._api.get(sessionPath(id));
      if (!isNewestChoice()) return;
      const isAnother = id !== this._store.get("sessionId");
      this._store.set({ ...(isAnother ? NONE : {}), sessionId: id, session });
      location.hash = new URLSearchParams({ session: id }).toString();
      if (!again) clearNotices();
      await this._on.opened(isAnother);
      this.list();
    } catch (error) {
      if (error.status === 404) this.gone(id);
      else notice(failed(`Session ${id} could not be opened`, error));
    }
  }

  /** A session turned out not to be there. */
  gone(id) {
    if (id === null) return;
    notice(`Session ${id} is no longer there: it was deleted, or this server never had it.`);
    this._forget(id);
    this.list();
  }

  _forget(id) {
    if (id === this._store.get("sessionId")) this._store.set(NONE);
    if (idInAddress() === id) window.history.replaceState(null, "", location.pathname);
  }

  async _create(id) {
    const config = this._on.config();
    if (!config) return notice("The session was not created: the configuration has a number that does not fit.");
    try {
      const made = await this._api.post("/sessions", { session_id: id, config });
      this._list.clearNewId();
      await this.list();
      await this.select(made.session_id);
    } catch (error) {
      notice(failed("The session was not created", error));
    }
  }

  async _remove(id) {
    const yes = await confirmed({
      title: `Delete session ${id}?`,
      words: "Its configuration, log and telemetry are lost. Its runs stay readable by their ids.",
      yes: "Delete",
    });
    if (!yes) return;
    try {
      await this._api.delete(sessionPath(id));
      this._forget(id);
      await this.list();
    } catch (error) {
      notice(failed(`Session ${id} was not deleted`, error));
    }
  }
}

function idInAddress() {
  return new URLSearchParams(location.hash.slice(1)).get("session");
}
