/** Rows that somebody pastes: a JSON list, JSON lines, or CSV with a head. */

/** @returns rows as objects; throws an Error with words for whoever pasted them */
export function exampleRows(text) {
  const pasted = text.trim();
  if (!pasted) throw new Error("Paste a few rows first.");
  if (pasted.startsWith("[")) return checked(JSON.parse(pasted));
  if (pasted.startsWith("{")) return checked(pasted.split(/\r?\n/).filter((line) => line.trim()).map((line) => JSON.parse(line)));
  const [head, ...lines] = csvLines(pasted);
  return checked(lines.map((line) => Object.fromEntries(head.map((name, place) => [name, value(line[place])]))));
}

function checked(rows) {
  const fits = Array.isArray(rows) && rows.length && rows.every((row) => row && typeof row === "object" && !Array.isArray(row));
  if (!fits) throw new Error("There must be at least one row, each with columns.");
  return rows;
}

/** Fields of each line, by RFC 4180. */
function csvLines(text) {
  const lines = [[]];
  const fields = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/g;
  for (const [whole, field, end] of text.matchAll(fields)) {
    if (!whole && !end && lines.at(-1).length) break;
    lines.at(-1).push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
    if (end === "") break;
    if (end !== ",") lines.push([]);
  }
  return lines.filter((line) => line.length > 1 || line[0]);
}

/** A field as what it looks like: a number, a truth value, nothing, or a text. */
function value(field) {
  if (field === undefined || field === "") return null;
  if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(field)) return Number(field);
  return field === "true" ? true : field === "false" ? false : field;
}
