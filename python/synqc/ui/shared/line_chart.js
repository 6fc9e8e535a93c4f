/** Lines over time or over whole numbers, with errors as bands: words under the pointer, a stretch by dragging, all by a double click.
 *
 * It is drawn as SVG, so that a page's first chart waits for no library.
 */

import { numberTicks, timeTicks, wholeTicks } from "./chart_ticks.js";
import { drawing, element } from "./element.js";

const ROOM = { top: 10, right: 14, bottom: 42, beforeLabels: 24, perLetter: 7.2 };
const LEGEND_HEIGHT = 20;
const APART = { x: 92, y: 44 };
const MOST_DOTS = 60;
const SHORTEST_DRAG = 6;

export class LineChart {
  /** @param place - an element of class "chart" */
  constructor(place) {
    this._place = place;
    this._chart = null;
    this._stretch = null;
    this._pointer = null;
    this._dragged = null;
    place.classList.add("lines");
    place.addEventListener("pointermove", (event) => this._moved(event));
    place.addEventListener("pointerleave", () => this._left());
    place.addEventListener("pointerdown", (event) => this._pressed(event));
    place.addEventListener("pointerup", () => this._released());
    place.addEventListener("pointercancel", () => this._left());
    place.addEventListener("dblclick", () => this._choose(null));
    new ResizeObserver(() => this._redraw()).observe(place);
  }

  /**
   * Draw.
   * @param chart - { x, isTime, titles: { x, y }, series, fromZero, level }: `x` in milliseconds or whole numbers, NaN for
   *   a gap; `series` of { name, y, errors or null, words(index) }; `level` null or { at, words }
   */
  draw(chart) {
    this._chart = chart;
    this._redraw();
  }

  /** Draw nothing and say why. */
  clear(words) {
    this._chart = this._stretch = this._dragged = null;
    this._place.replaceChildren(element("p", { class: "empty" }, words));
  }

  _redraw() {
    const size = { width: this._place.clientWidth, height: this._place.clientHeight };
    if (!this._chart || !size.width || !size.height) return;
    const axes = (this._axes = axesOf(this._chart, this._stretch, size));
    this._over = drawing("g", { class: "over" });
    this._told = element("div", { class: "told", hidden: true });
    const inside = drawing(
      "svg",
      { class: "inside", x: axes.left, y: axes.top, width: axes.width, height: axes.height },
      ...levelOf(this._chart, axes),
      ...this._chart.series.flatMap((one, index) => lineOf(this._chart, one, index, axes)),
      this._over,
    );
    this._place.replaceChildren(
      drawing("svg", { ...size, "aria-hidden": "true" }, ...axisParts(this._chart, axes), inside),
      this._told,
    );
    this._drawPointer();
  }

  _moved(event) {
    this._pointer = event.clientX - this._place.getBoundingClientRect().left;
    if (this._axes && this._chart) this._drawPointer();
  }

  _left() {
    this._pointer = this._dragged = null;
    if (this._axes && this._chart) this._drawPointer();
  }

  _pressed(event) {
    if (!this._chart || !this._axes || event.button !== 0 || event.pointerType === "touch") return;
    this._place.setPointerCapture(event.pointerId);
    this._pointer = this._dragged = event.clientX - this._place.getBoundingClientRect().left;
  }

  _released() {
    const [from, to] = [this._dragged, this._pointer];
    this._dragged = null;
    if (from === null || !this._chart || Math.abs(to - from) < SHORTEST_DRAG) return;
    const { left, width, xAt } = this._axes;
    const ends = [from, to].map((one) => xAt(Math.min(width, Math.max(0, one - left))));
    this._choose(ends.sort((one, other) => one - other));
  }

  _choose(stretch) {
    this._stretch = stretch;
    this._redraw();
  }

  /** What lies under the pointer: the nearest point in words, or what has been dragged over. */
  _drawPointer() {
    const { left, width, height, placeX, placeY, shown } = this._axes;
    this._over.replaceChildren();
    this._told.hidden = true;
    if (this._pointer === null || !shown.length) return;
    if (this._dragged !== null) {
      const [from, to] = [this._dragged, this._pointer].map((one) => one - left).sort((one, other) => one - other);
      this._over.append(drawing("rect", { class: "chosen", x: from, y: 0, width: to - from, height }));
      return;
    }
    const { x, series, isTime } = this._chart;
    const distance = (index) => Math.abs(placeX(x[index]) + left - this._pointer);
    const nearest = shown.reduce((best, index) => (distance(index) < distance(best) ? index : best));
    const at = placeX(x[nearest]);
    const there = series.map((one, number) => [one, number]).filter(([one]) => Number.isFinite(one.y[nearest]));
    this._over.append(
      drawing("line", { class: "pointed", x1: at, x2: at, y1: 0, y2: height }),
      ...there.map(([one, number]) =>
        drawing("circle", { class: `dot series-${number}`, cx: at, cy: placeY(one.y[nearest]), r: 4 }),
      ),
    );
    const moment = isTime ? `${new Date(x[nearest]).toISOString().slice(11, 23)} UTC` : "";
    this._told.replaceChildren(
      ...[moment, ...there.map(([one]) => one.words(nearest))].filter(Boolean).map((one) => element("p", {}, one)),
    );
    this._told.hidden = false;
    const widest = this._told.offsetWidth;
    this._told.style.left = `${left + (at > width / 2 ? Math.max(2 - left, at - widest - 10) : at + 10)}px`;
  }
}

/** The room of the lines in pixels, what lies in it, and where numbers lie: { placeX, placeY, xAt, ... }. */
function axesOf({ x, series, isTime, fromZero }, stretch, size) {
  const known = x.map((_, index) => index).filter((index) => Number.isFinite(x[index]));
  const [first, last] = stretch ?? widened(x[known[0]], x[known.at(-1)], isTime ? 500 : 0.5);
  const shown = known.filter((index) => x[index] >= first && x[index] <= last);
  let [low, high] = [Infinity, -Infinity];
  for (const { y, errors } of series) {
    for (const index of shown) {
      if (!Number.isFinite(y[index])) continue;
      low = Math.min(low, y[index] - (errors?.[index] ?? 0));
      high = Math.max(high, y[index] + (errors?.[index] ?? 0));
    }
  }
  if (low > high) [low, high] = [0, 1];
  const spare = (high - low) * 0.06;
  [low, high] = fromZero ? [Math.min(0, low), high + spare || 1] : widened(low - spare, high + spare, Math.abs(high) * 1e-3 || 1);
  const top = ROOM.top + (series.length > 1 ? LEGEND_HEIGHT : 0);
  const height = Math.max(20, size.height - top - ROOM.bottom);
  const yTicks = numberTicks(low, high, Math.max(2, Math.floor(height / APART.y)));
  const left = ROOM.beforeLabels + ROOM.perLetter * Math.max(...yTicks.map((one) => one.words.length), 1);
  const width = Math.max(20, size.width - left - ROOM.right);
  const many = Math.max(1, Math.floor(width / APART.x));
  return {
    top, left, width, height, low, high, shown, yTicks,
    xTicks: (isTime ? timeTicks : wholeTicks)(first, last, many),
    placeX: (value) => (width * (value - first)) / (last - first),
    placeY: (value) => (height * (high - value)) / (high - low),
    xAt: (place) => first + ((last - first) * place) / width,
  };
}

function widened(low, high, least) {
  return low === high ? [low - least, high + least] : [low, high];
}

function axisParts({ titles, series }, { top, left, width, height, xTicks, yTicks, placeX, placeY }) {
  const bottom = top + height;
  return [
    ...yTicks.flatMap(({ at, words }) => {
      const y = top + placeY(at);
      return [
        drawing("line", { class: "grid", x1: left, x2: left + width, y1: y, y2: y }),
        drawing("text", { class: "ytick", x: left - 6, y: y + 4, "text-anchor": "end" }, words),
      ];
    }),
    ...xTicks.flatMap(({ at, words }) => {
      const x = left + placeX(at);
      const room = words.length * (ROOM.perLetter / 2);
      return [
        drawing("line", { class: "grid", x1: x, x2: x, y1: top, y2: bottom + 4 }),
        drawing(
          "text",
          { class: "xtick", x: Math.min(x, left + width + ROOM.right - room), y: bottom + 17, "text-anchor": "middle" },
          words,
        ),
      ];
    }),
    drawing("path", { class: "axis", d: `M${left} ${top}V${bottom}H${left + width}` }),
    drawing("text", { class: "xtitle", x: left + width / 2, y: bottom + 36, "text-anchor": "middle" }, titles.x),
    drawing(
      "text",
      { class: "ytitle", "text-anchor": "middle", transform: `translate(12 ${top + height / 2}) rotate(-90)` },
      titles.y,
    ),
    ...(series.length > 1 ? legendOf(series, left, width) : []),
  ];
}

function legendOf(series, left, width) {
  const each = width / series.length;
  return series.flatMap(({ name }, index) => [
    drawing("line", { class: `line series-${index}`, x1: left + each * index, x2: left + each * index + 18, y1: 12, y2: 12 }),
    drawing("text", { class: "legend", x: left + each * index + 23, y: 16 }, name),
  ]);
}

function levelOf({ level }, { width, low, high, placeY }) {
  if (!level || level.at < low || level.at > high) return [];
  const y = placeY(level.at);
  const beneath = y < 18;
  return [
    drawing("line", { class: "level", x1: 0, x2: width, y1: y, y2: y }),
    drawing("text", { class: "level-words", x: width - 4, y: beneath ? y + 14 : y - 5, "text-anchor": "end" }, level.words),
  ];
}

/** Band, line and dots of one series; each stretch without a gap is a line of its own. */
function lineOf({ x }, { y, errors }, number, { placeX, placeY }) {
  const stretches = [];
  let current = [];
  for (let index = 0; index <= x.length; index += 1) {
    if (index < x.length && Number.isFinite(x[index]) && Number.isFinite(y[index])) current.push(index);
    else if (current.length) {
      stretches.push(current);
      current = [];
    }
  }
  const point = (index, shift = 0) =>
    `${placeX(x[index]).toFixed(1)} ${placeY(y[index] + shift * (errors?.[index] ?? 0)).toFixed(1)}`;
  const path = (indices, shift) => indices.map((index) => point(index, shift)).join("L");
  const dotted = stretches.filter((one) => one.length === 1 || x.length <= MOST_DOTS).flat();
  return [
    ...(errors
      ? stretches.map((one) =>
          drawing("path", { class: `band series-${number}`, d: `M${path(one, 1)}L${path(one.toReversed(), -1)}Z` }),
        )
      : []),
    drawing("path", { class: `line series-${number}`, d: stretches.map((one) => `M${path(one)}`).join("") }),
    ...dotted.map((index) =>
      drawing("circle", { class: `dot series-${number}`, cx: placeX(x[index]), cy: placeY(y[index]), r: 2.4 }),
    ),
  ];
}
