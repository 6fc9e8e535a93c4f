/** What happens in one session, as it happens: server-sent events, and polling while these do not come through. */

import { sessionPath } from "./session_path.js";

const KINDS = ["state", "kpis", "progress", "telemetry", "log"];
const FIRST_EVENT_WITHIN_MS = 6000;
const FAILURES_BEFORE_POLLING = 2;
const RETRY_MS = 700;
const RETRY_WHILE_POLLING_MS = 10_000;
const SHORTEST_POLL_MS = 500;

export class SessionStream {
  /**
   * @param api - the service
   * @param connection - says when trying makes sense
   * @param on - { event(kind, data), fresh(), snapshot({session, rows, lines}), gone(), mode("live" | "polling" | "waiting") }
   */
  constructor(api, connection, on) {
    this._api = api;
    this._connection = connection;
    this._on = on;
    this._sessionId = null;
    this._source = null;
    this._opening = 0;
    this._timers = new Set();
    this._failures = 0;
    this._polling = false;
    // A browser opens six connections to a server at most: a tab nobody sees gives its one back.
    document.addEventListener("visibilitychange", () => this._restart());
  }

  /** Listen to a session, or to nothing (null). */
  follow(sessionId, intervalMs) {
    this._sessionId = sessionId;
    this._intervalMs = intervalMs;
    this._failures = 0;
    this._restart();
  }

  _restart() {
    this._stop();
    if (this._sessionId !== null && !document.hidden) this._open();
  }

  _stop() {
    this._opening += 1;
    this._source?.close();
    this._source = null;
    this._polling = false;
    for (const timer of this._timers) clearTimeout(timer);
    this._timers.clear();
  }

  _later(milliseconds, call) {
    const timer = setTimeout(() => {
      this._timers.delete(timer);
      call();
    }, milliseconds);
    this._timers.add(timer);
    return timer;
  }

  async _open() {
    const opening = ++this._opening;
    this._source?.close();
    this._source = null;
    let url;
    try {
      url = await this._api.streamUrl(sessionPath(this._sessionId, "/stream"), { interval_ms: this._intervalMs });
    } catch {
      // Why is said where the connection is shown.
      if (opening === this._opening) this._failed(null);
      return;
    }
    if (opening !== this._opening) return;
    const source = new EventSource(url);
    this._source = source;
    const silence = this._later(FIRST_EVENT_WITHIN_MS, () => this._failed(source));
    let alive = false;
    const live = () => {
      if (alive || source !== this._source) return;
      alive = true;
      clearTimeout(silence);
      this._timers.delete(silence);
      this._failures = 0;
      this._polling = false;
      this._on.mode("live");
      this._on.fresh();
    };
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        if (source !== this._source) return;
        live();
        this._on.event(kind, JSON.parse(event.data));
      });
    }
    source.addEventListener("reset", () => this._on.fresh());
    source.addEventListener("error", () => {
      clearTimeout(silence);
      this._timers.delete(silence);
      this._failed(source);
    });
  }

  _failed(source) {
    if (source !== this._source) return;
    source?.close();
    this._source = null;
    this._failures += 1;
    if (this._failures >= FAILURES_BEFORE_POLLING && !this._polling) {
      this._polling = true;
      this._poll();
    } else if (!this._polling) {
      this._on.mode("waiting");
    }
    this._later(this._polling ? RETRY_WHILE_POLLING_MS : RETRY_MS, () => this._open());
  }

  async _poll() {
    if (!this._polling) return;
    const sessionId = this._sessionId;
    if (this._connection.online) {
      try {
        const [session, telemetry, log] = await Promise.all([
          this._api.get(sessionPath(sessionId)),
          this._api.get(sessionPath(sessionId, "/telemetry?limit=64")),
          this._api.get(sessionPath(sessionId, "/logs?limit=200")),
        ]);
        if (sessionId !== this._sessionId || !this._polling) return;
        this._on.mode("polling");
        this._on.snapshot({ session, rows: telemetry.rows, lines: log.lines });
      } catch (error) {
        if (sessionId !== this._sessionId) return;
        if (error.status === 404) {
          this._stop();
          this._on.gone();
          return;
        }
        this._on.mode("waiting");
      }
    } else {
      this._on.mode("waiting");
    }
    this._later(Math.max(SHORTEST_POLL_MS, this._intervalMs), () => this._poll());
  }
}
