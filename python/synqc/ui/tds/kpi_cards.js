/** Figures of merit with their errors, held against their targets. */

import { byId, drawing, element } from "../shared/element.js";
import { emulatedLabel, isEmulated } from "./emulated_label.js";
import { count, measured, plain, unitOfTime } from "../shared/measured_value.js";

/** `range`: what the small scale spans, in the scale's own numbers. */
const CARDS = [
  { key: "fidelity", title: "Fidelity F", range: [0.9, 1] },
  { key: "backaction", title: "Back-action B", range: [0, 0.5] },
  { key: "information_bits", title: "Information I", unit: "bit", range: [0, 1] },
  { key: "latency_us", title: "Latency L", range: [0.1, 1e6], logarithmic: true },
];
const WIDTH = 160;

export class KpiCards {
  constructor() {
    this._cards = new Map(CARDS.map((card) => [card.key, makeCard(card)]));
    this._shots = makeShots();
    this._shown = [null, null, true];
    byId("kpis").append(...[...this._cards.values()].map((card) => card.root), this._shots.root);
    this.show(null, null);
  }

  /** What figures are held against, and when a budget runs out, from the server's list. */
  setCatalogue({ goals, budget }) {
    for (const card of this._cards.values()) card.setGoal(goals[card.key] ?? null);
    this._shots.setMarks(budget);
    this.show(...this._shown);
  }

  /** Show a run's figures and a session's shots; either may be null, the run also because it is not read yet. */
  show(record, session, isRead = true) {
    this._shown = [record, session, isRead];
    const estimates = estimatesOf(record, session);
    for (const card of this._cards.values()) card.show(estimates?.[card.key]);
    this._shots.show(session);
    const source = byId("kpi-source");
    source.replaceChildren(...(record || isRead ? sourceOf(record, session) : ["Reading the last run…"]));
    if (!estimates) this.showNow(null);
  }

  /** Show the newest row of telemetry beneath. */
  showNow(row, running = false) {
    for (const card of this._cards.values()) {
      if (!row || row[card.key] === undefined) card.now.textContent = "";
      else
        card.now.textContent = `${running ? "running" : "now"} ${text(card.key, row[card.key], card.key === "fidelity" ? row.fidelity_standard_error : 0)}`;
    }
  }
}

/** What a run estimated; without its record, the bare figures of the session's last run. */
function estimatesOf(record, session) {
  if (record?.estimates && Object.keys(record.estimates).length) return record.estimates;
  const kpis = record?.kpis ?? session?.last_kpis;
  return kpis
    ? Object.fromEntries(["fidelity", "backaction", "latency_us"].map((key) => [key, { value: kpis[key] }]))
    : null;
}

function sourceOf(record, session) {
  if (!record) return [session?.last_kpis ? "Of the last run; its record has no errors." : "No run yet."];
  const target = record.config_snapshot.hardware_target;
  const words = `${record.mode === "dryrun" ? "Dry run" : "Run"} ${record.run_id}${record.partial ? " · stopped early, partial" : ""} `;
  return [words, emulatedLabel(target, record.emulated || isEmulated(target)) ?? ""];
}

function text(key, value, error) {
  const [factor, unit] = key === "latency_us" ? unitOfTime(value) : [1, key === "information_bits" ? "bit" : ""];
  const parts = measured(value * factor, (error || 0) * factor);
  return [parts.value, parts.error, unit].filter(Boolean).join(" ");
}

function makeCard(card) {
  const value = element("p", { class: "value" });
  const error = element("p", { class: "error" });
  const verdict = element("p", { class: "verdict" });
  const now = element("p", { class: "now" });
  const scale = drawing("svg", { viewBox: `0 0 ${WIDTH} 26`, "aria-hidden": "true" });
  const root = element(
    "div",
    { class: "kpi", id: `kpi-${card.key}` },
    element("h3", {}, card.title),
    value,
    error,
    scale,
    verdict,
    now,
  );
  let goal = null;
  const setGoal = (given) => {
    goal = given && { target: given.at_least ?? given.at_most, isFloor: given.at_least !== undefined };
  };
  const show = (estimate) => {
    const known = estimate && Number.isFinite(estimate.value);
    if (!known) {
      value.textContent = "–";
      for (const part of [error, verdict]) part.textContent = "";
      scale.replaceChildren(...scaleParts(card, goal, null));
      delete verdict.dataset.met;
      return;
    }
    const [factor, unit] = card.key === "latency_us" ? unitOfTime(estimate.value) : [1, card.unit ?? ""];
    const parts = measured(estimate.value * factor, (estimate.standard_error ?? 0) * factor);
    value.textContent = `${parts.value} ${unit}`.trim();
    error.textContent = parts.error || (estimate.standard_error === 0 ? "no sampling error" : "error not known");
    [verdict.textContent, verdict.dataset.met] = verdictOf(card, goal, estimate);
    scale.replaceChildren(...scaleParts(card, goal, estimate));
  };
  return { key: card.key, root, now, show, setGoal };
}

/** In words, and "yes", "no" or "open". */
function verdictOf(card, goal, { value, standard_error: error = 0 }) {
  if (!goal) return ["", "open"];
  const { target, isFloor } = goal;
  const wanted = `${isFloor ? "≥" : "≤"} ${target}${card.key === "latency_us" ? " µs" : ""}`;
  const distance = isFloor ? value - target : target - value;
  if (error > 0 && Math.abs(distance) < error) return [`${wanted}: within the error`, "open"];
  const by = `by ${plain(Math.abs(distance), 2)}${card.key === "latency_us" ? " µs" : ""}`;
  return distance >= 0 ? [`✓ ${wanted}: met ${by}`, "yes"] : [`✗ ${wanted}: missed ${by}`, "no"];
}

function scaleParts(card, goal, estimate) {
  const inner = (number) => (card.logarithmic ? Math.log10(Math.max(number, card.range[0])) : number);
  let [least, most] = card.range.map(inner);
  if (estimate && inner(estimate.value) < least) least = goal?.isFloor ? 0 : inner(estimate.value);
  const at = (number) =>
    4 + ((WIDTH - 8) * Math.min(most, Math.max(least, inner(number))) - (WIDTH - 8) * least) / (most - least);
  const parts = [drawing("line", { class: "axis", x1: 4, x2: WIDTH - 4, y1: 13, y2: 13 })];
  if (goal) {
    const x = at(goal.target);
    const [from, to] = goal.isFloor ? [x, WIDTH - 4] : [4, x];
    parts.unshift(drawing("rect", { class: "zone", x: from, y: 5, width: Math.max(0, to - from), height: 16, rx: 2 }));
    parts.push(drawing("line", { class: "target", x1: x, x2: x, y1: 3, y2: 23 }));
  }
  if (estimate) {
    const error = estimate.standard_error || 0;
    const [low, high] = [at(estimate.value - error), at(estimate.value + error)];
    parts.push(
      drawing("line", { class: "bar", x1: low, x2: high, y1: 13, y2: 13 }),
      drawing("line", { class: "bar", x1: low, x2: low, y1: 9, y2: 17 }),
      drawing("line", { class: "bar", x1: high, x2: high, y1: 9, y2: 17 }),
      drawing("circle", { class: "point", cx: at(estimate.value), cy: 13, r: 3.2 }),
    );
  }
  return parts;
}

function makeShots() {
  const value = element("p", { class: "value" });
  const error = element("p", { class: "error" });
  const bar = element("progress", { max: "1", value: "0", "aria-label": "Shots used of the limit" });
  const verdict = element("p", { class: "verdict" });
  const root = element(
    "div",
    { class: "kpi", id: "kpi-shots" },
    element("h3", {}, "Shots used"),
    value,
    error,
    bar,
    verdict,
  );
  let marks = null;
  const setMarks = (given) => (marks = given);
  const show = (session) => {
    value.textContent = session ? count(session.shots_used) : "–";
    error.textContent = session ? `of ${count(session.shot_limit)}` : "";
    bar.value = session ? session.shots_used_fraction : 0;
    const used = session?.shots_used_fraction ?? 0;
    verdict.textContent =
      used >= 1
        ? "✗ budget exhausted: further runs are not charged"
        : used >= marks?.warning
          ? `✗ at least ${percent(marks.warning)} used`
          : used >= marks?.caution
            ? `at least ${percent(marks.caution)} used`
            : "";
    verdict.dataset.met = used >= (marks?.warning ?? 1) ? "no" : "open";
  };
  return { root, show, setMarks };
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}
