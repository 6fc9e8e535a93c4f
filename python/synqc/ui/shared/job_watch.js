/** Reads the list of jobs when something may have changed: told by a job's own events, and by looking again. */

const WHILE_SOME_RUN_MS = 700;
const WHILE_NONE_RUNS_MS = 5000;

export class JobWatch {
  /**
   * @param api - the service
   * @param connection - says when asking makes sense
   * @param on - { asked(): URLSearchParams of the list, jobs(list), failed(error) }
   */
  constructor(api, connection, on) {
    this._api = api;
    this._connection = connection;
    this._on = on;
    this._isOpen = null;
    this._timer = null;
    this._reading = null;
    this._followed = null;
    document.addEventListener("visibilitychange", () => (document.hidden ? this._unfollow() : this.look()));
  }

  /** @param isOpen - whether a job has not ended yet */
  start(isOpen) {
    this._isOpen = isOpen;
    this.look();
  }

  /** Read the list now; an answer to an earlier question is no longer wanted. */
  async look() {
    if (!this._isOpen) return;
    clearTimeout(this._timer);
    this._reading?.abort();
    const reading = (this._reading = new AbortController());
    let wait = WHILE_NONE_RUNS_MS;
    if (this._connection.online && !document.hidden) {
      try {
        const response = await this._api.raw("GET", `/jobs?${this._on.asked()}`, { signal: reading.signal });
        const jobs = await response.json();
        if (reading !== this._reading) return;
        this._on.jobs(jobs);
        const open = jobs.filter(this._isOpen);
        // The oldest that runs, else the oldest that waits: it is the next to change.
        const running = open.findLast((job) => job.owner);
        this._follow((running ?? open.at(-1))?.job_id ?? null);
        // One that waits tells by its events when it is taken; its work has no worker, maybe, for days.
        if (running) wait = WHILE_SOME_RUN_MS;
      } catch (error) {
        if (reading !== this._reading) return;
        this._on.failed(error);
      }
    }
    this._timer = setTimeout(() => this.look(), wait);
  }

  /** Listen to one job: a browser opens six connections to a server at most, and the session has one of them. */
  async _follow(id) {
    if (this._followed?.id === id) return;
    this._unfollow();
    if (id === null) return;
    const followed = (this._followed = { id, stop: new AbortController() });
    try {
      const path = `/jobs/${encodeURIComponent(id)}/events`;
      const response = await this._api.raw("GET", path, { patience: Infinity, signal: followed.stop.signal });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read())
        if (part.value.includes("data: ") && followed === this._followed) this._lookSoon();
    } catch {
      return; // it ended with its server, or because nobody listens any more: looking at intervals goes on
    }
    if (followed === this._followed) this._lookSoon();
  }

  _lookSoon() {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this.look());
  }

  _unfollow() {
    this._followed?.stop.abort();
    this._followed = null;
  }
}
