/** A measured file: parameters with intervals, a verdict, and the records with what was fitted. */

import { byId, element } from "../shared/element.js";
import { isWholeWithin } from "../shared/limits.js";
import { failed } from "../shared/notices.js";
import { CHART_OPTIONS, chartLayout, chartWords, plotly } from "../shared/plotly_library.js";

const PATIENCE_MS = 120_000;
const MEGABYTE = 1 << 20;

export class AnalysisPanel {
  constructor(api) {
    this._api = api;
    this._most = null;
    this._charts = [];
    byId("analysis-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this._start();
    });
  }

  /** Ask the server which files and protocols it takes. */
  async learn() {
    if (this._most) return;
    try {
      const { protocols, suffixes, most_bytes: most } = await this._api.get("/analyses");
      this._most = most;
      byId("analysis-protocol").append(...protocols.map((name) => element("option", { value: name }, name)));
      byId("analysis-file").accept = suffixes.join(",");
      byId("analysis-takes").textContent = `Files end in ${suffixes.join(", ")} and have at most ${most / MEGABYTE} MB.`;
    } catch (error) {
      this._state(failed("Files cannot be analysed", error), "alert");
    }
  }

  /** Draw the figures again, in the colours of now. */
  async draw() {
    const library = this._charts.length ? await plotly() : null;
    for (const { place, figure } of this._charts) {
      if (!place.isConnected) continue;
      if (!library) chartWords(place, "Charts need Plotly, which this server does not have.");
      else await library.react(place, figure.data, layoutOf(figure.layout), CHART_OPTIONS);
    }
  }

  async _start() {
    const file = byId("analysis-file").files[0];
    if (!file) return this._state("No file is chosen.", "alert");
    if (this._most && file.size > this._most)
      return this._state(`The file must have at most ${this._most / MEGABYTE} MB.`, "alert");
    const shots = byId("analysis-shots");
    if (shots.value && !isWholeWithin(shots))
      return this._state(`Shots must be a whole number from ${shots.min} to ${shots.max}.`, "alert");
    const asked = new URLSearchParams({ name: file.name });
    for (const [name, id] of [
      ["protocol", "protocol"],
      ["shots", "shots"],
      ["ground_sign", "ground"],
      ["arguments", "arguments"],
      ["units", "units"],
      ["axes", "axes"],
    ]) {
      const value = byId(`analysis-${id}`).value.trim();
      if (value) asked.set(name, value);
    }
    this._busy(true);
    this._state("Analysing…");
    try {
      const answer = await this._api.post(`/analyses?${asked}`, file, {
        headers: { "Content-Type": "application/octet-stream" },
        patience: PATIENCE_MS,
      });
      await this._show(answer);
      this._state(`Of ${answer.name}`);
    } catch (error) {
      this._clear();
      this._state(failed("No analysis", error), "alert");
    } finally {
      this._busy(false);
    }
  }

  _clear() {
    this._charts = [];
    byId("analysis-answer").replaceChildren();
  }

  async _show({ targets }) {
    this._clear();
    for (const [target, found] of Object.entries(targets)) {
      const place = element("div", {
        class: "chart",
        role: "img",
        "aria-label": `Records of ${found.protocol} of qubit ${target}, and what was fitted`,
      });
      byId("analysis-answer").append(
        element("h3", {}, `${found.protocol} of qubit ${target}`),
        element(
          "p",
          { class: "verdict-line" },
          "Verdict: ",
          element("span", { class: "verdict", "data-verdict": found.verdict }, found.verdict),
        ),
        ...(found.reasons.length ? [element("ul", {}, ...found.reasons.map((one) => element("li", {}, one)))] : []),
        ...(found.parameters && Object.keys(found.parameters).length ? [tableOf(found.parameters)] : []),
        ...(found.series ? [element("p", {}, `${found.series.name} in ${found.series.values.length} windows`)] : []),
        place,
      );
      this._charts.push({ place, figure: found.figure });
    }
    await this.draw();
  }

  _busy(busy) {
    byId("analysis-start").disabled = busy;
  }

  _state(words, kind = "") {
    byId("analysis-state").textContent = words;
    byId("analysis-state").dataset.kind = kind;
  }
}

function tableOf(parameters) {
  const head = ["Parameter", "Value", "68 %", "95 %"].map((words) => element("th", { scope: "col" }, words));
  const rows = Object.entries(parameters).map(([name, one]) =>
    element(
      "tr",
      {},
      element("td", {}, name),
      element("td", {}, digits(one.value)),
      element("td", {}, span(one.interval_68)),
      element("td", {}, span(one.interval_95)),
    ),
  );
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "Parameters and their intervals" },
    element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)),
  );
}

function digits(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : "unknown";
}

function span([low, high]) {
  return `${digits(low)} to ${digits(high)}`;
}

/** Axes and their titles from the figure; size, margins and colours are the page's. */
function layoutOf({ xaxis = {}, yaxis = {} } = {}) {
  const axis = ({ title, scaleanchor, type, range }) => ({ title: { text: title?.text ?? "" }, scaleanchor, type, range });
  return chartLayout({ xaxis: axis(xaxis), yaxis: axis(yaxis), showlegend: true, legend: { orientation: "h", y: 1.12 } });
}
