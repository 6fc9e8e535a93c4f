/** Runs of a session, page by page, newest first; two of them can be marked for comparison. */

import { byId, element } from "../shared/element.js";
import { emulatedLabel } from "./emulated_label.js";
import { measuredShort } from "../shared/measured_value.js";
import { failed, notice } from "../shared/notices.js";
import { comparisonOf } from "./run_comparison.js";
import { RunDetails } from "./run_details.js";

const PAGE = 8;
const STORED_TRIES = 12;
const STORED_EVERY_MS = 250;

export class RunHistory {
  /** @param onSeed - called with the seed of a run that is to be repeated */
  constructor(api, { onSeed }) {
    this._api = api;
    this._sessionId = null;
    this._marked = [];
    this._details = new RunDetails(api, { onSeed });
    this._cursors = [null];
    byId("history-older").addEventListener("click", () => this._turn(1));
    byId("history-newer").addEventListener("click", () => this._turn(-1));
  }

  /** Show the newest runs of a session, or none (null). */
  async open(sessionId) {
    this._sessionId = sessionId;
    this._marked = [];
    this._details.clear();
    this._cursors = [null];
    this._draw([], null);
    byId("history-empty").textContent = sessionId === null ? "No run yet." : "Reading the runs…";
    this._compare();
    if (sessionId !== null) await this._load();
  }

  /** Read the first page again, if it is the one on show: a run has ended. */
  async refresh() {
    if (this._sessionId !== null && this._cursors.length === 1) await this._load();
  }

  async _turn(step) {
    if (step > 0) this._cursors.push(this._next);
    else this._cursors.pop();
    await this._load();
  }

  async _load() {
    const sessionId = this._sessionId;
    const asked = new URLSearchParams({ session_id: sessionId, limit: String(PAGE) });
    const cursor = this._cursors.at(-1);
    if (cursor !== null) asked.set("cursor", cursor);
    try {
      const page = await this._api.get(`/runs?${asked}`);
      if (sessionId !== this._sessionId || cursor !== this._cursors.at(-1)) return;
      this._draw(page.runs, page.next_cursor);
    } catch (error) {
      notice(failed("The run history could not be read", error));
    }
  }

  _draw(runs, next) {
    this._next = next;
    const rows = byId("history-rows");
    const focused = document.activeElement?.dataset?.focus;
    rows.replaceChildren(...runs.map((run) => this._row(run)));
    if (focused) rows.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
    byId("history").hidden = !runs.length;
    byId("history-empty").hidden = runs.length > 0;
    byId("history-empty").textContent = "No run yet.";
    byId("history-older").disabled = next === null;
    byId("history-newer").disabled = this._cursors.length === 1;
  }

  _row(run) {
    const id = run.run_id;
    const mark = element("input", {
      type: "checkbox",
      "aria-label": `Compare run ${id}`,
      "data-focus": `mark ${id}`,
      onchange: (event) => this._mark(run, event.target.checked),
    });
    mark.checked = this._marked.some((one) => one.run_id === id);
    const figure = (name, letter) => {
      const { value, standard_error: error } = run.estimates?.[name] ?? { value: run.kpis?.[name] };
      return element("p", {}, `${letter} ${value === undefined ? "–" : measuredShort(value, error)}`);
    };
    const config = run.config_snapshot;
    const about = `ε ${config.probe_strength}, τ_p ${config.probe_duration_ns} ns, ${config.adaptive_rule}${run.partial ? ", partial" : ""}`;
    const open = element(
      "button",
      {
        type: "button",
        class: "small",
        "aria-label": `Details of run ${id}`,
        "data-focus": `open ${id}`,
        onclick: () => this._details.open(run),
      },
      "Details",
    );
    return element(
      "tr",
      {},
      element("td", {}, mark),
      element(
        "td",
        {},
        element("span", { title: id }, `${run.created_at.slice(11, 19)} ${run.mode === "dryrun" ? "dry run" : "run"} `),
        emulatedLabel(config.hardware_target, run.emulated || undefined),
        element("p", { class: "rest" }, about),
      ),
      element(
        "td",
        {},
        element(
          "div",
          { class: "figures-and-more" },
          element("div", { class: "number" }, figure("fidelity", "F"), figure("backaction", "B")),
          open,
        ),
      ),
    );
  }

  _mark(run, marked) {
    this._marked = this._marked.filter((one) => one.run_id !== run.run_id);
    if (marked) this._marked = [...this._marked, run].slice(-2);
    for (const box of byId("history-rows").querySelectorAll("input")) {
      box.checked = this._marked.some((one) => box.dataset.focus === `mark ${one.run_id}`);
    }
    this._compare();
  }

  _compare() {
    byId("comparison").replaceChildren(...(this._marked.length === 2 ? comparisonOf(...this._marked) : []));
  }
}

/** Resolves when a run is among the stored ones; events tell of it before it is on disk. */
export async function stored(api, run) {
  const asked = new URLSearchParams({ session_id: run.session_id, limit: "3" });
  for (let tries = 0; tries < STORED_TRIES; tries += 1) {
    const { runs } = await api.get(`/runs?${asked}`);
    if (runs.some((one) => one.run_id === run.run_id)) return;
    await new Promise((resolve) => setTimeout(resolve, STORED_EVERY_MS));
  }
}

/** The record of a session's last run, or null where it is gone. */
export async function lastRecord(api, session) {
  if (!session.last_run_id) return null;
  try {
    return await api.get(`/runs/${encodeURIComponent(session.last_run_id)}`);
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

/** Bits behind each share of a run's measurements, or null if nobody knows. */
export async function bitsOf(api, record) {
  try {
    const { history } = await api.get(`/runs/${encodeURIComponent(record.run_id)}/details`);
    const shares = record.measurements.map((one) => one.p1);
    const fitting = history.findLast((one) =>
      one.qubits.every((qubit, index) => qubit.one_fraction[0] === shares[index]),
    );
    return fitting?.qubits[0].shots ?? null;
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}
