/** Everything about one run: what repeats it, where its latency comes from, and how its iterations went. */

import { byId, element } from "../shared/element.js";
import { emulatedLabel } from "./emulated_label.js";
import { downloadFile } from "../shared/file_download.js";
import { duration, measuredShort, plain } from "../shared/measured_value.js";
import { failed, notice } from "../shared/notices.js";
import { CHART_OPTIONS, chartLayout, plotly } from "../shared/plotly_library.js";
import { colour } from "../shared/theme.js";

const MOST_LEARNING_POINTS = 1000;

export class RunDetails {
  constructor(api, { onSeed }) {
    this._api = api;
    this._onSeed = onSeed;
    this._place = byId("run-details");
    this._wanted = null;
    this._chart = null;
    this._history = [];
  }

  /** Show nothing. */
  clear() {
    this._wanted = null;
    this._chart = null;
    this._place.replaceChildren();
  }

  /** Read and show the details of a run. */
  async open(run) {
    this._wanted = run.run_id;
    const path = `/runs/${encodeURIComponent(run.run_id)}`;
    try {
      const details = await this._api.get(`${path}/details`);
      if (this._wanted !== run.run_id) return;
      this._show(run, details, path);
    } catch (error) {
      notice(failed("The run's details could not be read", error));
    }
  }

  _show(run, details, path) {
    const facts = [
      ["Seed", details.seed ?? run.seed],
      ["Iterations", details.iterations],
      ["Shots simulated per qubit", details.shots_simulated],
      ["Cycle time", time(details.cycle_time_us)],
      ["Information rate", number(details.information_bits_per_second, " bit/s")],
      ["Success", estimate(details.estimates?.success)],
      ["Probe regime", details.probe?.regime],
      ["Probe coupling", details.probe?.mapping],
      ["Coherence left", number(details.probe?.coherence_left)],
      ["Wall time", time(details.wall_seconds === undefined ? undefined : 1e6 * details.wall_seconds)],
      ["Engine", details.version],
      ...Object.entries(details.latency_terms ?? {}).map(([name, value]) => [`Latency: ${name}`, time(value)]),
    ].filter(([, value]) => value !== undefined && value !== null && value !== "");
    this._history = details.history ?? [];
    this._chart =
      this._history.length > 1
        ? element("div", { class: "chart", role: "img", "aria-label": "Fidelity of each iteration" })
        : null;
    const seed = details.seed ?? run.seed;
    const repeat =
      seed === null || seed === undefined
        ? null
        : element("button", { type: "button", class: "small", onclick: () => this._onSeed(seed) }, "Use its seed");
    this._place.replaceChildren(
      element(
        "div",
        { class: "panel-head" },
        element("h3", {}, `Run ${run.run_id}`),
        emulatedLabel(run.config_snapshot.hardware_target, run.emulated || undefined) ?? "",
      ),
      element(
        "div",
        { class: "row" },
        repeat,
        element(
          "button",
          { type: "button", class: "small", onclick: () => this._download(path, run.run_id) },
          "Download records",
        ),
        element("button", { type: "button", class: "small", onclick: () => this.clear() }, "Close"),
      ),
      this._chart ?? "",
      element(
        "dl",
        {},
        ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))]),
      ),
      element("ul", {}, ...run.events.map((line) => element("li", { class: "state" }, line))),
    );
    this.draw();
  }

  /** Draw how the iterations went, if there were several. */
  async draw() {
    const [place, history] = [this._chart, this._history];
    if (!place) return;
    const library = await plotly();
    if (!library || place !== this._chart) return;
    const step = Math.ceil(history.length / MOST_LEARNING_POINTS);
    const shown = history.map((one, index) => [index + 1, ...one.fidelity]).filter((_, index) => index % step === 0);
    const trace = {
      type: "scatter",
      mode: "lines+markers",
      x: shown.map((one) => one[0]),
      y: shown.map((one) => one[1]),
      marker: { size: 4, color: colour("accent") },
      line: { color: colour("accent"), width: 1 },
      error_y: { array: shown.map((one) => one[2]), color: colour("accent"), thickness: 1, width: 2 },
      hovertemplate: "iteration %{x}: %{y:.5f}<extra></extra>",
    };
    library.react(
      place,
      [trace],
      chartLayout({ xaxis: { title: { text: "iteration" } }, yaxis: { title: { text: "fidelity" } } }),
      CHART_OPTIONS,
    );
  }

  async _download(path, runId) {
    try {
      const response = await this._api.raw("GET", `${path}/records`, { patience: Infinity });
      downloadFile(`${runId}-records.npz`, await response.blob());
    } catch (error) {
      notice(failed("The records could not be downloaded", error));
    }
  }
}

function time(value) {
  return value === undefined ? "" : duration(value);
}

function number(value, unit = "") {
  return Number.isFinite(value) ? plain(value) + unit : "";
}

function estimate(one) {
  return one ? measuredShort(one.value, one.standard_error) : "";
}
