/** What each column is like: a histogram of numbers, the most frequent of other values. */

import { element } from "../../ui/shared/element.js";
import { plain } from "../../ui/shared/measured_value.js";

const DIGITS = 4;

/** @param columns - as the server describes them */
export function showColumns(place, columns) {
  place.replaceChildren(...columns.map(described));
}

function described(column) {
  const words = [`${column.type}, ${column.distinct} distinct`];
  if (column.missing) words.push(`${column.missing} missing`);
  if (column.type === "number")
    words.push(`${figure(column.min)} to ${figure(column.max)}, mean ${figure(column.mean)} ± ${figure(column.deviation)}`);
  if (column.type === "text") words.push(`${column.min_length} to ${column.max_length} characters`);
  return element(
    "article",
    {},
    element("h4", {}, column.name),
    element("p", { class: "state" }, words.join(" · ")),
    column.histogram ? bars(column.histogram) : null,
    column.values ? element("p", { class: "hint" }, column.values.map(([value, count]) => `${value}: ${count}`).join(", ")) : null,
  );
}

function bars({ counts }) {
  const most = Math.max(...counts);
  const drawn = counts.map((count) => {
    const bar = element("span", {});
    bar.style.height = `${(100 * count) / most}%`;
    return bar;
  });
  return element("div", { class: "bars", role: "img", "aria-label": `Histogram: ${counts.join(", ")}` }, ...drawn);
}

function figure(value) {
  return plain(value, DIGITS);
}
