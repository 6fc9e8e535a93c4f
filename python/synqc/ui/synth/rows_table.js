/** Rows as a table; nested values are shown as JSON. */

import { element } from "../../ui/shared/element.js";

/** Fill a table. @param rows - objects, whose columns come in the order in which they are met */
export function showRows(table, rows) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const head = element("thead", {}, element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name))));
  const body = rows.map((row) => element("tr", {}, ...names.map((name) => cell(row[name]))));
  table.replaceChildren(head, element("tbody", {}, ...body));
}

function cell(value) {
  if (value === null || value === undefined) return element("td", { class: "missing" }, "–");
  return element("td", {}, typeof value === "object" ? JSON.stringify(value) : String(value));
}
