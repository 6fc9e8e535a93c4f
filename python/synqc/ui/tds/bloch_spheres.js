/** The four qubits as far as they are measured: z with its binomial error, and a disc for the x and y nobody measured. */

import { byId, drawing, element } from "../shared/element.js";
import { isEmulated, labelEmulated } from "./emulated_label.js";
import { wilsonInterval } from "../shared/measured_value.js";

const RADIUS = 46;
const CENTRE = 60;
const TILT = 0.3;

export class BlochSpheres {
  constructor() {
    this._live = null;
    this._spheres = [];
    this.show(null, null);
  }

  /** A session is being read: nobody knows yet what was measured. */
  awaitRun() {
    this.show(null, null);
    byId("spheres").firstElementChild.textContent = "Reading the last run…";
  }

  /**
   * Show the measurements of a run.
   * @param record - the run, or null
   * @param shots - bits behind each share, or null if they are not known
   */
  show(record, shots) {
    const target = record?.config_snapshot.hardware_target ?? "";
    labelEmulated(byId("bloch-emulated"), target, Boolean(record && (record.emulated || isEmulated(target))));
    const measurements = record?.measurements ?? [];
    if (!measurements.length) {
      this._spheres = [];
      byId("spheres").replaceChildren(
        element("p", { class: "empty" }, record ? "This run has no stored measurements." : "Nothing is measured yet."),
      );
      return;
    }
    this._spheres = measurements.map((one) => makeSphere(one, shots));
    byId("spheres").replaceChildren(...this._spheres.map((one) => one.root));
    this.showLive(this._live);
  }

  /** Mark the newest row's shares with a hollow tick; null removes it. */
  showLive(row) {
    this._live = row;
    this._spheres.forEach((sphere) => sphere.mark(row?.qubits?.[sphere.qubit]));
  }
}

function makeSphere({ qubit, p1, last }, shots) {
  const z = 1 - 2 * p1;
  const [low, high] = shots
    ? wilsonInterval(p1, shots)
        .map((share) => 1 - 2 * share)
        .reverse()
    : [z, z];
  const half = (high - low) / 2;
  const height = (value) => CENTRE - RADIUS * value;
  const disc = RADIUS * Math.sqrt(Math.max(0, 1 - z * z));
  const words = shots ? `⟨Z⟩ = ${signed(z)} ± ${half.toFixed(3)}` : `⟨Z⟩ = ${signed(z)}`;
  const live = drawing("path", { class: "live", d: "" });
  const picture = drawing(
    "svg",
    { viewBox: "0 0 120 120", role: "img", "aria-label": `Qubit ${qubit}: ${words}, x and y not measured` },
    drawing("circle", { class: "shell", cx: CENTRE, cy: CENTRE, r: RADIUS }),
    drawing("ellipse", { class: "ring", cx: CENTRE, cy: CENTRE, rx: RADIUS, ry: RADIUS * TILT }),
    drawing("line", { class: "axis", x1: CENTRE, x2: CENTRE, y1: CENTRE - RADIUS, y2: CENTRE + RADIUS }),
    drawing("ellipse", { class: "unknown", cx: CENTRE, cy: height(z), rx: disc, ry: disc * TILT }),
    shots ? drawing("path", { class: "bar", d: errorBar(height(high), height(low)) }) : null,
    live,
    drawing("circle", { class: "point", cx: CENTRE, cy: height(z), r: 4 }),
    drawing("text", { x: CENTRE, y: 10, "text-anchor": "middle" }, "|0⟩"),
    drawing("text", { x: CENTRE, y: 118, "text-anchor": "middle" }, "|1⟩"),
  );
  const rest = `P(1) = ${p1.toFixed(4)}${shots ? `, ${shots} bits` : ""}`;
  const root = element(
    "figure",
    { class: "sphere", style: "margin:0" },
    picture,
    element(
      "figcaption",
      {},
      element("strong", {}, `Qubit ${qubit}`),
      element("p", { class: "z" }, words),
      element("p", { class: "rest" }, rest),
      element("p", { class: "rest" }, `last bit ${last}`),
    ),
  );
  const mark = (share) => {
    const y = height(1 - 2 * share);
    live.setAttribute("d", Number.isFinite(share) ? `M${CENTRE + 8} ${y}l8 -4v8z` : "");
  };
  return { qubit, root, mark };
}

function errorBar(top, bottom) {
  return `M${CENTRE} ${top}V${bottom}M${CENTRE - 5} ${top}h10M${CENTRE - 5} ${bottom}h10`;
}

function signed(value) {
  return (value < 0 ? "−" : "+") + Math.abs(value).toFixed(3);
}
