/** Live telemetry: the newest rows with a band of one standard error. */

import { byId } from "../shared/element.js";
import { isEmulated, labelEmulated } from "./emulated_label.js";
import { plain } from "../shared/measured_value.js";
import { CHART_OPTIONS, chartLayout, chartWords, plotly } from "../shared/plotly_library.js";
import { colour, fadedColour } from "../shared/theme.js";

const MOST_ROWS = 512;
const REDRAW_MS = 250;
const GAP_MS = 12_000;
const TITLES = { fidelity: "fidelity F", qubits: "P(1)", backaction: "back-action B", latency_us: "latency L, µs" };
const DASHES = ["solid", "dash", "dot", "dashdot"];

export class TelemetryChart {
  constructor() {
    this._place = byId("telemetry-chart");
    this._rows = [];
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

  /** All rows anew. */
  set(rows) {
    this._rows = rows.slice(-MOST_ROWS);
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
  async draw() {
    const rows = this._rows;
    const providers = new Set(rows.map((row) => row.provider));
    const emulated = [...providers].filter((one) => isEmulated(one));
    labelEmulated(byId("telemetry-emulated"), emulated.join(", "), emulated.length > 0);
    if (!rows.length) {
      this._place.setAttribute("aria-label", "Telemetry: no rows yet");
      chartWords(this._place, "No rows before the first run.");
      return;
    }
    const library = await plotly();
    if (!library) {
      chartWords(this._place, "Charts need Plotly, which this server does not have.");
      return;
    }
    if (rows !== this._rows) return;
    const figure = byId("telemetry-figure").value;
    if (!this._place.classList.contains("js-plotly-plot")) this._place.replaceChildren();
    const { traces, shapes } = figure === "qubits" ? qubitTraces(withGaps(rows)) : figureTraces(withGaps(rows), figure, this._goal);
    const layout = chartLayout({
      xaxis: { title: { text: "time, UTC" }, type: "date", hoverformat: "%H:%M:%S.%L" },
      yaxis: { title: { text: TITLES[figure] }, rangemode: figure === "latency_us" ? "tozero" : "normal" },
      shapes,
      showlegend: figure === "qubits",
      legend: { orientation: "h", y: 1.12, x: 0 },
      hovermode: "x",
      uirevision: figure,
    });
    library.react(this._place, traces, layout, CHART_OPTIONS);
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

function figureTraces(rows, figure, goal) {
  const x = rows.map((row) => row?.timestamp ?? null);
  const y = rows.map((row) => row?.[figure] ?? null);
  const line = {
    x,
    y,
    type: "scatter",
    mode: rows.length > 1 ? "lines" : "markers",
    line: { color: colour("accent"), width: 1.6 },
    marker: { color: colour("accent") },
    hovertemplate: "%{y:.6~g}<extra></extra>",
  };
  if (figure !== "fidelity") return { traces: [line], shapes: [] };
  const errors = rows.map((row) => row?.fidelity_standard_error ?? 0);
  line.customdata = errors;
  line.hovertemplate = "%{y:.5f} ± %{customdata:.5f}<extra></extra>";
  if (goal === null) return { traces: [band(rows), line], shapes: [] };
  const target = {
    type: "line",
    xref: "paper",
    x0: 0,
    x1: 1,
    y0: goal,
    y1: goal,
    line: { color: colour("muted"), width: 1.2, dash: "dash" },
    label: {
      text: `target ${goal}`,
      textposition: "end",
      yanchor: "top",
      font: { color: colour("muted"), size: 11 },
    },
  };
  return { traces: [band(rows), line], shapes: [target] };
}

/** One polygon for each stretch without a gap. */
function band(rows) {
  const [x, y] = [[], []];
  let stretch = [];
  for (const row of [...rows, null]) {
    if (row) {
      stretch.push(row);
      continue;
    }
    const edge = (sign) => stretch.map((one) => one.fidelity + sign * (one.fidelity_standard_error ?? 0));
    const times = stretch.map((one) => one.timestamp);
    x.push(...times, ...times.toReversed(), null);
    y.push(...edge(1), ...edge(-1).toReversed(), null);
    stretch = [];
  }
  return {
    x,
    y,
    type: "scatter",
    mode: "lines",
    line: { width: 0 },
    fill: "toself",
    fillcolor: fadedColour("accent", 0.22),
    hoverinfo: "skip",
  };
}

/** Rows with null where nothing was measured for a while. */
function withGaps(rows) {
  return rows.flatMap((row, index) => {
    const waited = index ? Date.parse(row.timestamp) - Date.parse(rows[index - 1].timestamp) : 0;
    return waited > GAP_MS ? [null, row] : [row];
  });
}

function qubitTraces(rows) {
  const x = rows.map((row) => row?.timestamp ?? null);
  const traces = rows.at(-1).qubits.map((_, qubit) => ({
    x,
    y: rows.map((row) => row?.qubits?.[qubit] ?? null),
    type: "scatter",
    mode: rows.length > 1 ? "lines" : "markers",
    name: `qubit ${qubit}`,
    line: { color: qubit % 2 ? colour("text") : colour("accent"), width: 1.3, dash: DASHES[qubit] },
    hovertemplate: "%{y:.4f}<extra>qubit %{fullData.name}</extra>",
  }));
  return { traces, shapes: [] };
}
