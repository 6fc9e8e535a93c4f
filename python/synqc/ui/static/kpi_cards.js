/** Figures of merit with their errors, held against their targets. */

import { byId, drawing, element } from "./element.js";
import { emulatedLabel, isEmulated } from "./emulated_label.js";
import { measured, plain, unitOfTime } from "./measured_value.js";

/** `better`: which side of the target is good. `range`: what the small scale spans, in the scale's own numbers. */
const CARDS = [
  { key: "fidelity", title: "Fidelity F", target: 0.975, better: "above", range: [0.9, 1] },
  { key: "backaction", title: "Back-action B", target: 0.15, better: "below", range: [0, 0.5] },
  { key: "information_bits", title: "Information I", unit: "bit", range: [0, 1] },
  { key: "latency_us", title: "Latency L", target: 20, better: "below", range: [0.1, 1e6], logarithmic: true },
];
const WIDTH = 160;

export class KpiCards {
  constructor() {
    this._cards = new Map(CARDS.map((card) => [card.key, makeCard(card)]));
    this._shots = makeShots();
    byId("kpis").append(...[...this._cards.values()].map((card) => card.root), this._shots.root);
    this.show(null, null);
  }

  /** Show a run's figures and a session's shots; either may be null. */
  show(record, session) {
    const estimates = estimatesOf(record, session);
    for (const card of this._cards.values()) card.show(estimates?.[card.key]);
    this._shots.show(session);
    const source = byId("kpi-source");
    source.replaceChildren(...sourceOf(record, session));
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
  const show = (estimate) => {
    const known = estimate && Number.isFinite(estimate.value);
    if (!known) {
      value.textContent = "–";
      for (const part of [error, verdict]) part.textContent = "";
      scale.replaceChildren(...scaleParts(card, null));
      delete verdict.dataset.met;
      return;
    }
    const [factor, unit] = card.key === "latency_us" ? unitOfTime(estimate.value) : [1, card.unit ?? ""];
    const parts = measured(estimate.value * factor, (estimate.standard_error ?? 0) * factor);
    value.textContent = `${parts.value} ${unit}`.trim();
    error.textContent = parts.error || (estimate.standard_error === 0 ? "no sampling error" : "error not known");
    [verdict.textContent, verdict.dataset.met] = verdictOf(card, estimate);
    scale.replaceChildren(...scaleParts(card, estimate));
  };
  return { key: card.key, root, now, show };
}

/** In words, and "yes", "no" or "open". */
function verdictOf(card, { value, standard_error: error = 0 }) {
  if (card.target === undefined) return ["", "open"];
  const wanted = `${card.better === "above" ? "≥" : "≤"} ${card.target}${card.key === "latency_us" ? " µs" : ""}`;
  const distance = card.better === "above" ? value - card.target : card.target - value;
  if (error > 0 && Math.abs(distance) < error) return [`${wanted}: within the error`, "open"];
  const deviations = error > 0 ? ` by ${plain(Math.abs(distance) / error, 2)} σ` : "";
  return distance >= 0 ? [`✓ ${wanted}: met${deviations}`, "yes"] : [`✗ ${wanted}: missed${deviations}`, "no"];
}

function scaleParts(card, estimate) {
  const inner = (number) => (card.logarithmic ? Math.log10(Math.max(number, card.range[0])) : number);
  let [least, most] = card.range.map(inner);
  if (estimate && inner(estimate.value) < least) least = card.better === "above" ? 0 : inner(estimate.value);
  const at = (number) =>
    4 + ((WIDTH - 8) * Math.min(most, Math.max(least, inner(number))) - (WIDTH - 8) * least) / (most - least);
  const parts = [drawing("line", { class: "axis", x1: 4, x2: WIDTH - 4, y1: 13, y2: 13 })];
  if (card.target !== undefined) {
    const x = at(card.target);
    const [from, to] = card.better === "above" ? [x, WIDTH - 4] : [4, x];
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
  const show = (session) => {
    value.textContent = session ? String(session.shots_used) : "–";
    error.textContent = session ? `of ${session.shot_limit}` : "";
    bar.value = session ? session.shots_used_fraction : 0;
    const used = session?.shots_used_fraction ?? 0;
    verdict.textContent =
      used >= 1
        ? "✗ budget exhausted: further runs are not charged"
        : used >= 0.95
          ? "✗ at least 95 % used"
          : used >= 0.75
            ? "at least 75 % used"
            : "";
    verdict.dataset.met = used >= 0.95 ? "no" : "open";
  };
  return { root, show };
}
