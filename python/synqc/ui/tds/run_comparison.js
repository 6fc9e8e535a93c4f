/** Two runs side by side: what differs, with the errors of both combined. */

import { element } from "../shared/element.js";
import { emulatedLabel } from "./emulated_label.js";
import { FIGURE_TITLES } from "./figure_titles.js";
import { combinedError, measuredShort, plain } from "../shared/measured_value.js";

/** Elements that compare run B with run A: B − A. */
export function comparisonOf(a, b) {
  const rows = Object.entries(FIGURE_TITLES).filter(([name]) => a.estimates?.[name] && b.estimates?.[name]).map(([name, title]) => {
    const [one, other] = [a.estimates[name], b.estimates[name]];
    const comparable = name !== "objective_score" || a.config_snapshot.objective === b.config_snapshot.objective;
    const difference = comparable ? differenceText(one, other) : "different objectives";
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, title),
      element("td", { class: "difference" }, difference),
      element("td", {}, measuredShort(one.value, one.standard_error)),
      element("td", {}, measuredShort(other.value, other.standard_error)),
    );
  });
  const changed = Object.keys(a.config_snapshot).filter((name) => a.config_snapshot[name] !== b.config_snapshot[name]);
  const settings = changed.map((name) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, name.replaceAll("_", " ")),
      element("td", {}, "changed"),
      element("td", {}, String(a.config_snapshot[name])),
      element("td", {}, String(b.config_snapshot[name])),
    ),
  );
  return [
    element("h3", {}, "B − A"),
    element(
      "p",
      { class: "state" },
      "A ",
      element("strong", {}, a.run_id),
      " ",
      labelOf(a),
      " · B ",
      element("strong", {}, b.run_id),
      " ",
      labelOf(b),
    ),
    element(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Differences" },
      element(
        "table",
        {},
        element(
          "thead",
          {},
          element("tr", {}, ...["Figure", "B − A", "A", "B"].map((title) => element("th", { scope: "col" }, title))),
        ),
        element("tbody", {}, ...rows, ...settings),
      ),
    ),
    element("p", { class: "hint" }, caution(a, b, changed)),
  ];
}

function labelOf(run) {
  return emulatedLabel(run.config_snapshot.hardware_target, run.emulated || undefined) ?? "";
}

function differenceText(one, other) {
  const difference = other.value - one.value;
  const error = combinedError(one.standard_error, other.standard_error);
  if (difference === 0) return "equal";
  if (!(error > 0)) return signed(plain(difference));
  return `${signed(measuredShort(difference, error))}\n${plain(Math.abs(difference) / error, 2)} σ`;
}

function signed(text) {
  return text.startsWith("-") ? `−${text.slice(1)}` : `+${text}`;
}

function caution(a, b, changed) {
  const same = changed.length ? "" : "Both ran the same configuration. ";
  const seeds =
    a.seed !== null && a.seed !== undefined && a.seed === b.seed
      ? `Both used seed ${a.seed}: their shots are correlated, and the combined error overstates the difference's.`
      : "Errors are combined as of independent shots. The device drifts between runs.";
  return same + seeds;
}
