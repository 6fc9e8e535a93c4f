/** Live telemetry: the newest rows with a band of one standard error. */

import { byId } from "../shared/element.js";
import { isEmulated, labelEmulated } from "./emulated_label.js";
import { LineChart } from "../shared/line_chart.js";
import { measured, plain } from "../shared/measured_value.js";

const MOST_ROWS = 512;
const REDRAW_MS = 250;
const GAP_MS = 12_000;
const TITLES = { fidelity: "fidelity F", qubits: "P(1)", backaction: "back-action B", latency_us: "latency L, µs" };

export class TelemetryChart {
  constructor() {
    this._place = byId("telemetry-chart");
    this._chart = new LineChart(this._place);
    this._rows = [];
    this._awaited = false;
    this._goal = null;
    this._held = false;
    this._timer = null;
    byId("telemetry-figure").addEventListener("change", () => this.draw());
    byId("telemetry-hold").addEventListener("click", (event) => {
      this._held = !this._held;
      event.target.setAttribute("aria-pressed", String(this._held));
      if (!this._held) this.draw();
    });
    this.draw();
  }

  get newest() {
    return this._rows.at(-1) ?? null;
  }

  /** What fidelity is held against. */
  setGoal(goal) {
    this._goal = goal.at_least;
    this._soon();
  }

  /** All rows are being read: until they are there, nobody knows whether there are any. */
  awaitRows() {
    this._rows = [];
    this._awaited = true;
    this.draw();
  }

  /** All rows anew. */
  set(rows) {
    this._rows = rows.slice(-MOST_ROWS);
    this._awaited = false;
    this._soon();
  }

  /** Rows that may partly be known already. */
  add(rows) {
    const last = this.newest?.timestamp ?? "";
    const more = rows.filter((row) => row.timestamp > last);
    if (!more.length) return;
    this._rows = [...this._rows, ...more].slice(-MOST_ROWS);
    if (!this._held) this._soon();
  }

  /** Draw what there is. */
  draw() {
    const rows = this._rows;
    const providers = new Set(rows.map((row) => row.provider));
    const emulated = [...providers].filter((one) => isEmulated(one));
    labelEmulated(byId("telemetry-emulated"), emulated.join(", "), emulated.length > 0);
    if (!rows.length) {
      this._place.setAttribute("aria-label", this._awaited ? "Telemetry: being read" : "Telemetry: no rows yet");
      this._chart.clear(this._awaited ? "Reading the rows…" : "No rows before the first run.");
      return;
    }
    const figure = byId("telemetry-figure").value;
    const shown = withGaps(rows);
    this._chart.draw({
      x: shown.map((row) => (row ? Date.parse(row.timestamp) : NaN)),
      isTime: true,
      titles: { x: "time, UTC", y: TITLES[figure] },
      series: figure === "qubits" ? seriesOfQubits(shown, rows.at(-1)) : [seriesOf(shown, figure)],
      fromZero: figure === "latency_us",
      level: figure === "fidelity" && this._goal !== null ? { at: this._goal, words: `target ${this._goal}` } : null,
    });
    const newest = this.newest;
    this._place.setAttribute(
      "aria-label",
      figure === "qubits"
        ? `P(1) of each qubit over ${rows.length} rows, newest ${newest.qubits.map((one) => plain(one, 3)).join(", ")}`
        : `${TITLES[figure]} over ${rows.length} rows, newest ${plain(newest[figure])}`,
    );
  }

  _soon() {
    this._timer ??= setTimeout(() => {
      this._timer = null;
      this.draw();
    }, REDRAW_MS);
  }
}

function seriesOf(rows, figure) {
  const errors = figure === "fidelity" ? rows.map((row) => row?.fidelity_standard_error ?? 0) : null;
  const words = (index) => {
    const { value, error } = measured(rows[index][figure], errors?.[index]);
    return `${TITLES[figure]}: ${value} ${error}`.trim();
  };
  return { name: TITLES[figure], y: rows.map((row) => row?.[figure] ?? NaN), errors, words };
}

function seriesOfQubits(rows, newest) {
  return newest.qubits.map((_, qubit) => ({
    name: `qubit ${qubit}`,
    y: rows.map((row) => row?.qubits?.[qubit] ?? NaN),
    errors: null,
    words: (index) => `qubit ${qubit}: ${rows[index].qubits[qubit].toFixed(4)}`,
  }));
}

/** Rows with null where nothing was measured for a while. */
function withGaps(rows) {
  return rows.flatMap((row, index) => {
    const waited = index ? Date.parse(row.timestamp) - Date.parse(rows[index - 1].timestamp) : 0;
    return waited > GAP_MS ? [null, row] : [row];
  });
}
