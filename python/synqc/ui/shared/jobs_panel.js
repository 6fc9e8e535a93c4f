/** Jobs of the server: what waits, what runs and how far it is, what came of it; and the two things to do about one. */

import { byId, element } from "./element.js";
import { JobWatch } from "./job_watch.js";
import { duration } from "./measured_value.js";
import { failed, notice } from "./notices.js";

const SHOWN_AT_FIRST = 50;
const MOST_SHOWN = 1000;
const SECONDS_PER_DAY = 86_400;

export class JobsPanel {
  /**
   * @param api - the service
   * @param connection - says when asking makes sense
   */
  constructor(api, connection) {
    this._api = api;
    this._states = new Map();
    this._rows = new Map();
    this._jobs = null;
    this._limit = SHOWN_AT_FIRST;
    this._watch = new JobWatch(api, connection, {
      asked: () => this._asked(),
      jobs: (jobs) => this._show(jobs),
      failed: (error) => this._failed(error),
    });
    byId("jobs-filter").addEventListener("change", () => {
      this._limit = SHOWN_AT_FIRST;
      this._jobs = null;
      this._draw();
      this._watch.look();
    });
    byId("jobs-more").addEventListener("click", () => {
      this._limit = Math.min(MOST_SHOWN, this._limit + SHOWN_AT_FIRST);
      this._watch.look();
    });
  }

  /** Learn which states there are, and for how long jobs are kept; then read them, again and again. */
  setCatalogue({ jobs: { states, kept_after_end_s: kept } }) {
    this._states = new Map(states.map((one) => [one.name, one]));
    const filter = byId("jobs-filter");
    const chosen = filter.value;
    filter.replaceChildren(
      element("option", { value: "" }, "all"),
      ...states.map(({ name }) => element("option", { value: name }, name)),
    );
    filter.value = this._states.has(chosen) ? chosen : "";
    byId("jobs-kept").textContent = `Jobs outlive this page and a restart of the server. ${keptWords(kept)}`;
    this._watch.start((job) => !this._states.get(job.state).has_ended);
  }

  /** Something has been started: look at once. */
  look() {
    this._watch.look();
  }

  _asked() {
    const asked = new URLSearchParams({ limit: String(this._limit) });
    if (byId("jobs-filter").value) asked.set("state", byId("jobs-filter").value);
    return asked;
  }

  _show(jobs) {
    for (const job of jobs) {
      const before = this._jobs?.find((one) => one.job_id === job.job_id);
      if (before && before.state !== job.state) byId("jobs-news").textContent = `Job ${job.job_id}: ${job.state}.`;
    }
    this._jobs = jobs;
    this._state(this._summary(jobs));
    this._draw();
  }

  _failed(error) {
    this._state(failed("Jobs could not be read", error), "alert");
    byId("jobs-empty").hidden = true;
  }

  /** What is under way, as far as it is known: of one state alone are shown, or the newest, and there may be more. */
  _summary(jobs) {
    const isCut = jobs.length === this._limit;
    const some = isCut ? " of those shown" : "";
    const filter = byId("jobs-filter").value;
    if (filter) return isCut ? "" : `${jobs.length} ${filter}`;
    const counts = [...this._states.values()]
      .filter((state) => !state.has_ended)
      .map(({ name }) => [jobs.filter((job) => job.state === name).length, name])
      .filter(([count]) => count > 0);
    if (counts.length) return `${counts.map(([count, name]) => `${count} ${name}`).join(", ")}${some}`;
    return isCut ? `none${some} is under way` : "none under way";
  }

  _draw() {
    const jobs = this._jobs ?? [];
    const list = byId("jobs");
    const ids = new Set(jobs.map((job) => job.job_id));
    for (const [id, row] of this._rows) {
      if (ids.has(id)) continue;
      row.root.remove();
      this._rows.delete(id);
    }
    // Rows that stay keep their elements, and with them the focus.
    jobs.forEach((job, position) => {
      const row = this._rows.get(job.job_id) ?? this._made(job);
      row.fill(job, this._states.get(job.state));
      if (list.children[position] !== row.root) list.insertBefore(row.root, list.children[position] ?? null);
    });
    const state = byId("jobs-filter").value;
    const empty = state ? `No job is ${state}.` : "No job yet: computing a map starts one.";
    byId("jobs-empty").hidden = jobs.length > 0;
    setText(byId("jobs-empty"), this._jobs === null ? "Reading the jobs…" : empty);
    const isCut = jobs.length === this._limit;
    byId("jobs-more").hidden = !isCut || this._limit >= MOST_SHOWN;
    setText(byId("jobs-cut"), isCut ? `The newest ${jobs.length} are shown.` : "");
  }

  _made(job) {
    const row = new JobRow(job, {
      cancel: () => this._act(job.job_id, "cancel", "cancelled"),
      retry: () => this._act(job.job_id, "retry", "queued again"),
    });
    this._rows.set(job.job_id, row);
    return row;
  }

  async _act(id, what, done) {
    const row = this._rows.get(id);
    row.setBusy(true);
    try {
      const job = await this._api.post(`/jobs/${encodeURIComponent(id)}/${what}`);
      if (this._jobs) this._show(this._jobs.map((one) => (one.job_id === id ? job : one)));
    } catch (error) {
      notice(failed(`Job ${id} was not ${done}`, error));
    }
    row.setBusy(false);
    this._watch.look();
  }

  _state(words, kind = "") {
    setText(byId("jobs-state"), words);
    byId("jobs-state").dataset.kind = kind;
  }
}

/** One job of the list. */
class JobRow {
  constructor(job, on) {
    this._state = element("span", { class: "badge job-state" });
    this._progress = element("progress", { max: "1", "aria-label": `Progress of job ${job.job_id}` });
    this._done = element("span", { class: "done" });
    this._about = element("p", { class: "rest" });
    this._cause = element("p", { class: "problem" });
    this._cancel = this._button("Cancel", job, on.cancel);
    this._retry = this._button("Retry", job, on.retry);
    this.root = element(
      "li",
      { tabindex: "-1" },
      element(
        "div",
        { class: "job-head" },
        element("p", { class: "job-id" }, job.job_id),
        this._state,
      ),
      element(
        "div",
        { class: "job-work" },
        element("div", { class: "job-progress" }, this._progress, this._done),
        this._cancel,
        this._retry,
      ),
      this._about,
      this._cause,
    );
  }

  fill(job, { has_ended: hasEnded, may_be_retried: mayBeRetried }) {
    const isCancelling = job.cancel_requested && !hasEnded;
    setText(this._state, isCancelling ? "cancelling" : job.state);
    this._state.dataset.state = job.state;
    const knows = Number.isFinite(job.total) && job.total > 0;
    this._progress.hidden = hasEnded && !knows;
    if (knows) this._progress.value = (job.done ?? 0) / job.total;
    else if (job.owner) this._progress.removeAttribute("value");
    else this._progress.value = 0;
    setText(this._done, knows ? `${job.done ?? 0} of ${job.total}` : "");
    setText(this._about, aboutWords(job));
    setText(this._cause, job.cause ?? "");
    this._offer(this._cancel, !hasEnded && !isCancelling);
    this._offer(this._retry, mayBeRetried);
  }

  setBusy(isBusy) {
    for (const button of [this._cancel, this._retry]) button.setAttribute("aria-disabled", String(isBusy));
    this._isBusy = isBusy;
  }

  /** A button that goes while it has the focus leaves it to its row: the next Tab goes on from there. */
  _offer(button, isOffered) {
    const hadFocus = document.activeElement === button;
    button.hidden = !isOffered;
    if (hadFocus && !isOffered) this.root.focus();
  }

  _button(words, job, act) {
    const label = `${words} job ${job.job_id}`;
    const pressed = () => this._isBusy || act();
    return element("button", { type: "button", class: "small", "aria-label": label, onclick: pressed }, words);
  }
}

function aboutWords(job) {
  const parts = [`submitted ${moment(job.submitted_at)}`];
  if (job.ended_at) {
    const ran = job.started_at ? ` after ${duration(1e3 * (Date.parse(job.ended_at) - Date.parse(job.started_at)))}` : "";
    parts.push(`ended ${moment(job.ended_at)}${ran}`);
  } else if (job.not_before) parts.push(`not before ${moment(job.not_before)}`);
  if (job.attempt > 1) parts.push(`attempt ${job.attempt} of ${job.attempts_allowed}`);
  if (job.is_batch) parts.push("a batch, whose items are jobs of their own");
  if (job.parent_id) parts.push(`part of ${job.parent_id}`);
  return parts.join(" · ");
}

/** A time of the server in UTC, as everywhere on the page; with its day if that is not today. */
function moment(stamp) {
  const today = new Date().toISOString().slice(0, 10);
  return stamp.startsWith(today) ? stamp.slice(11, 19) : `${stamp.slice(0, 10)} ${stamp.slice(11, 19)}`;
}

function keptWords(seconds) {
  if (seconds === null) return "Those that have ended stay until the server's database is deleted.";
  return `Those that have ended are forgotten after ${Math.round((10 * seconds) / SECONDS_PER_DAY) / 10} days.`;
}

function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
