/** Everything about one run: what repeats it, where its latency comes from, and how its iterations went. */

import { byId, element } from "../shared/element.js";
import { emulatedLabel } from "./emulated_label.js";
import { downloadFile } from "../shared/file_download.js";
import { LineChart } from "../shared/line_chart.js";
import { duration, measured, measuredShort, plain } from "../shared/measured_value.js";
import { failed, notice } from "../shared/notices.js";

const MOST_LEARNING_POINTS = 1000;

export class RunDetails {
  constructor(api, { onSeed }) {
    this._api = api;
    this._onSeed = onSeed;
    this._place = byId("run-details");
    this._wanted = null;
  }

  /** Show nothing. */
  clear() {
    this._wanted = null;
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
    const history = details.history ?? [];
    const chart =
      history.length > 1
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
      chart ?? "",
      element(
        "dl",
        {},
        ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))]),
      ),
      element("ul", {}, ...run.events.map((line) => element("li", { class: "state" }, line))),
    );
    if (chart) new LineChart(chart).draw(learningOf(history));
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

/** How the iterations of a run went, as a chart. */
function learningOf(history) {
  const step = Math.ceil(history.length / MOST_LEARNING_POINTS);
  const shown = history.map((one, index) => [index + 1, ...one.fidelity]).filter((_, index) => index % step === 0);
  const words = (index) => {
    const [iteration, fidelity, error] = shown[index];
    const parts = measured(fidelity, error);
    return `iteration ${iteration}: ${parts.value} ${parts.error}`.trim();
  };
  return {
    x: shown.map((one) => one[0]),
    titles: { x: "iteration", y: "fidelity" },
    series: [{ name: "fidelity", y: shown.map((one) => one[1]), errors: shown.map((one) => one[2]), words }],
  };
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
