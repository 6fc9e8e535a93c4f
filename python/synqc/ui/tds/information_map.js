/** A map of what each probe would tell and disturb: a sweep over strength and duration of the present configuration. */

import { byId } from "../shared/element.js";
import { labelEmulated } from "./emulated_label.js";
import { isWholeWithin } from "../shared/limits.js";
import { measuredShort } from "../shared/measured_value.js";
import { failed, notice } from "../shared/notices.js";
import { CHART_OPTIONS, chartLayout, chartWords, plotly } from "../shared/plotly_library.js";
import { colour } from "../shared/theme.js";

const POLL_MS = 250;
const AFTER_CANCEL_MS = 5000;
const WORDS = { finished: "Done", cancelled: "Cancelled: points that were done are shown", error: "Failed" };

export class InformationMap {
  /**
   * @param api - the service
   * @param read - gives the configuration of the form, or null
   * @param take - called with the fields of a point that was clicked
   * @param sessionId - gives the session whose device is simulated, or null
   * @param started - called when the server has taken a map up
   */
  constructor(api, { read, take, sessionId, started }) {
    this._api = api;
    this._read = read;
    this._take = take;
    this._sessionId = sessionId;
    this._started = started;
    this._place = byId("map-chart");
    this._sweep = null;
    this._running = null;
    this._limits = null;
    byId("map-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this._start();
    });
    byId("map-cancel").addEventListener("click", () => this._cancel());
    byId("map-figure").addEventListener("change", () => this.draw());
    this.draw();
  }

  setLimits(limits) {
    this._limits = limits;
    this.draw();
  }

  /** Forget the map: it was of another session. */
  clear() {
    if (this._running) this._cancel();
    this._running = null;
    this._sweep = null;
    this._state("");
    this._busy(false);
    this.draw();
  }

  /** Draw the map there is, with the present configuration marked. */
  async draw() {
    const sweep = this._sweep;
    const target = sweep?.config.hardware_target ?? "";
    labelEmulated(byId("map-emulated"), target, sweep ? undefined : false);
    if (!sweep) {
      this._place.setAttribute("aria-label", "Map: not computed yet");
      chartWords(this._place, "Compute the map of the configuration on the left.");
      return;
    }
    if (!this._place.classList.contains("js-plotly-plot")) chartWords(this._place, "The map is being drawn…");
    const library = await plotly();
    if (!library) return chartWords(this._place, "Charts need Plotly, which this server does not have.");
    if (sweep !== this._sweep) return;
    if (!this._place.classList.contains("js-plotly-plot")) this._place.replaceChildren();
    const figure = byId("map-figure").value;
    const title = byId("map-figure").selectedOptions[0].textContent;
    await library.react(this._place, this._traces(sweep, figure, title), this._layout(), CHART_OPTIONS);
    this._place.removeAllListeners?.("plotly_click");
    this._place.on("plotly_click", ({ points }) => this._clicked(points[0]));
    this._place.setAttribute("aria-label", `Map of ${title} over probe strength and duration`);
  }

  async _start() {
    const config = this._read();
    if (!config || !this._limits) return this._state("The configuration has a number that does not fit.", "alert");
    const field = byId("map-shots");
    if (!isWholeWithin(field))
      return this._state(`Shots per point must be a whole number from ${field.min} to ${field.max}.`, "alert");
    const shots = Number(field.value);
    const request = { session_id: this._sessionId(), config, axes: this._axes(), shots };
    const mine = (this._running = {});
    this._busy(true);
    this._state("Asking…");
    plotly(); // it is long in coming by a slow line, and so are the points
    try {
      let sweep = await this._api.post("/sweeps", request);
      mine.id = sweep.sweep_id;
      this._started();
      let until = Infinity;
      while (
        this._running === mine &&
        Date.now() < until &&
        (sweep.status === "running" || (sweep.status === "cancelled" && !sweep.results))
      ) {
        if (mine.cancelled) until = Math.min(until, Date.now() + AFTER_CANCEL_MS);
        if (sweep.status === "running") this._state(`${sweep.done} of ${sweep.total} points`);
        byId("map-progress").value = sweep.total ? sweep.done / sweep.total : 0;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        sweep = await this._api.get(`/sweeps/${encodeURIComponent(mine.id)}`);
      }
      if (this._running !== mine) return;
      this._finished(sweep, config);
    } catch (error) {
      if (this._running !== mine) return;
      this._state(failed("No map", error), "alert");
    }
    this._running = null;
    this._busy(false);
  }

  _finished(sweep, config) {
    if (sweep.results) {
      this._sweep = { ...sweep, config: sweep.config ?? config };
      this.draw();
    }
    const cached = sweep.cached ? `, ${sweep.cached} known before` : "";
    this._state(
      sweep.error
        ? `Failed: ${sweep.error}`
        : `${WORDS[sweep.status] ?? sweep.status}: ${sweep.done} of ${sweep.total} points${cached}`,
      sweep.status === "error" ? "alert" : "",
    );
  }

  async _cancel() {
    const running = this._running;
    if (!running?.id) return;
    running.cancelled = true;
    try {
      await this._api.post(`/sweeps/${encodeURIComponent(running.id)}/cancel`);
    } catch (error) {
      notice(failed("The map could not be cancelled", error));
    }
  }

  _axes() {
    const [columns, rows] = byId("map-grid").value.split("x").map(Number);
    const { probe_strength: strength, probe_duration_ns: time } = this._limits;
    const linear = Array.from({ length: columns }, (_, index) =>
      Number((strength.min + ((strength.max - strength.min) * index) / (columns - 1)).toFixed(4)),
    );
    const ratio = time.max / time.min;
    const geometric = Array.from({ length: rows }, (_, index) => Math.round(time.min * ratio ** (index / (rows - 1))));
    return { probe_strength: linear, probe_duration_ns: [...new Set(geometric)] };
  }

  _traces(sweep, figure, title) {
    const { probe_strength: x, probe_duration_ns: y } = sweep.axes;
    const across = (name, part) => transposed(sweep.results[name][part]);
    const values = across(figure, "values");
    const errors = across(figure, "standard_errors");
    const others = ["information_bits", "backaction", "fidelity"]
      .filter((name) => name !== figure)
      .map((name) => [name.replace("_", " "), across(name, "values"), across(name, "standard_errors")]);
    const text = y.map((duration, row) =>
      x.map((strength, column) =>
        [
          `ε ${strength}, τ_p ${duration} ns`,
          `${title}: ${shown(values[row][column], errors[row][column])}`,
          ...others.map(([name, value, error]) => `${name}: ${shown(value[row][column], error[row][column])}`),
        ].join("<br>"),
      ),
    );
    const map = {
      type: "heatmap",
      x,
      y,
      z: values,
      text,
      hoverinfo: "text",
      hoverongaps: false,
      colorscale: [
        [0, colour("surface")],
        [1, colour("accent")],
      ],
      colorbar: { title: { text: title, side: "right" }, thickness: 10, outlinewidth: 0, tickcolor: colour("edge") },
    };
    const lines = {
      type: "contour",
      x,
      y,
      z: across("backaction", "values"),
      contours: { coloring: "none", showlabels: true, labelfont: { size: 10, color: colour("text") } },
      line: { color: colour("muted"), width: 1 },
      ncontours: 7,
      hoverinfo: "skip",
      showscale: false,
    };
    const now = this._read();
    const here = {
      type: "scatter",
      mode: "markers",
      x: now ? [now.probe_strength] : [],
      y: now ? [now.probe_duration_ns] : [],
      hovertemplate: "configuration: ε %{x}, τ_p %{y} ns<extra></extra>",
      marker: { symbol: "x-thin", size: 13, line: { width: 3, color: colour("text") } },
    };
    return figure === "backaction" ? [map, here] : [map, lines, here];
  }

  _layout() {
    const { probe_strength: strength, probe_duration_ns: time } = this._limits;
    const dashed = { type: "line", line: { color: colour("alert"), width: 1.6, dash: "dash" } };
    const words = { font: { color: colour("alert"), size: 11 } };
    return chartLayout({
      xaxis: { title: { text: "probe strength ε" }, range: [strength.min, strength.max], showgrid: false },
      yaxis: {
        title: { text: "probe duration τ_p, ns" },
        type: "log",
        dtick: 1, // powers of ten alone: 2 and 5 between them read as 2 and 5
        range: [Math.log10(time.min), Math.log10(time.max)],
        showgrid: false,
      },
      shapes: [
        strength.safe_max < strength.max && {
          ...dashed,
          x0: strength.safe_max,
          x1: strength.safe_max,
          yref: "paper",
          y0: 0,
          y1: 1,
          label: {
            text: `safe ε ≤ ${strength.safe_max}`,
            textposition: "end",
            textangle: 0,
            xanchor: "left",
            ...words,
          },
        },
        time.safe_max < time.max && {
          ...dashed,
          y0: time.safe_max,
          y1: time.safe_max,
          xref: "paper",
          x0: 0,
          x1: 1,
          label: { text: `safe τ_p ≤ ${time.safe_max} ns`, textposition: "start", yanchor: "top", ...words },
        },
      ].filter(Boolean),
      margin: { l: 60, r: 8, t: 14, b: 44 },
    });
  }

  _clicked(point) {
    if (typeof point?.x === "number") this._take({ probe_strength: point.x, probe_duration_ns: Math.round(point.y) });
  }

  _busy(busy) {
    byId("map-start").disabled = busy;
    byId("map-cancel").disabled = !busy;
    byId("map-progress").hidden = !busy;
    byId("map-progress").value = 0;
  }

  _state(words, kind = "") {
    byId("map-state").textContent = words;
    byId("map-state").dataset.kind = kind;
  }
}

function transposed(rows) {
  return rows[0].map((_, column) => rows.map((row) => row[column]));
}

function shown(value, error) {
  return value === null ? "not done" : measuredShort(value, error);
}
