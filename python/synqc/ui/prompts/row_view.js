/** One row: its problem, what each of its three models said of it, and why it stands where it does. */

import { element } from "../../ui/shared/element.js";
import { dollars } from "./money.js";
import { words } from "./mathematics.js";

const STEPS = { checker: "Problem and answer", judge: "Compared", solver: "Solved by itself" };

/** @param on - { accept(row), discard(row) } */
export function rowView(row, on) {
  const isValid = row.status === "valid";
  const button = (text, act) =>
    element("button", { type: "button", class: "small", "aria-label": `${text} row ${row.id}`, onclick: act }, text);
  return element(
    "li",
    { tabindex: "-1", "data-status": row.status, "data-row": row.id },
    element(
      "div",
      { class: "row-head" },
      element("span", { class: "row-number" }, `#${row.id}`),
      element("span", { class: "topic" }, `${row.subject} · ${row.topic}`),
      element("span", { class: "badge job-state", "data-state": isValid ? "succeeded" : "" }, row.status),
      isValid ? button("Discard", () => on.discard(row)) : null,
      isValid || !row.may_be_accepted ? null : button("Accept", () => on.accept(row)),
    ),
    problemOf(row),
    element("div", { class: "said" }, engineer(row), checker(row), target(row)),
    why(row),
  );
}

function problemOf(row) {
  const made = words(row.problem);
  made.classList.add("problem-text");
  return made;
}

function said(title, model, ...pairs) {
  const list = element("dl");
  if (!pairs.some(([, value]) => value)) list.append(element("dd", { class: "omitted" }, "not asked"));
  for (const [name, value] of pairs) if (value) list.append(element("dt", {}, name), element("dd", {}, value));
  return element("div", { role: "group", "aria-label": title }, element("h3", {}, model ? `${title} · ${model}` : title), list);
}

function engineer(row) {
  const { answer, hints, hints_were_corrected: isCorrected } = row;
  const listed = hints.length ? element("ol", {}, ...hints.map((hint) => words(hint, "li"))) : null;
  return said(
    "Engineer",
    row.models.engineer,
    ["Answer", answer.length ? words(answer) : null],
    [isCorrected ? "Hints, corrected by the checker" : "Hints", listed],
    ...troubled(row, "engineer"),
  );
}

/** The checker's own words, and those of the judge, which is the checker unless another model is named. */
function checker(row) {
  const calls = row.calls.filter(({ role }) => role === "checker" || role === "judge");
  return said(
    "Checker",
    row.models.checker,
    ...calls.map((call) => [STEPS[call.step.split(".")[0]] ?? call.step, spoken(call)]),
  );
}

function target(row) {
  const verdicts = row.verdicts.filter(({ of }) => of === "target");
  const answers = row.target_answers.map((answer, index) => {
    const verdict = verdicts[index];
    const place = words(answer);
    if (verdict) place.append(element("span", { class: "verdict" }, verdictWords(verdict)));
    return [row.target_answers.length > 1 ? `Answer ${index + 1}` : "Answer", place];
  });
  return said("Target", row.models.target, ...answers, ...troubled(row, "target"));
}

/** Calls that came to no answer, which stand in no other place. */
function troubled(row, role) {
  return row.calls
    .filter((call) => call.role === role && call.outcome !== "ok")
    .map((call) => [`Call ${call.step}: ${call.outcome}`, spoken(call)]);
}

function spoken(call) {
  return call.words.length ? words(call.words) : element("span", { class: "omitted" }, call.outcome);
}

function verdictWords({ kind, method, confidence }) {
  const certain = confidence === null ? "" : `, confidence ${confidence}`;
  return `${kind} by ${method.replaceAll("_", " ")}${certain}`;
}

function why(row) {
  const parts = [];
  if (row.is_surplus) parts.push(element("span", {}, "As good as an accepted one, finished when there were enough. "));
  if (row.reason) parts.push(element("span", {}, row.by_hand ? `By hand: ${row.reason}` : row.reason));
  for (const verdict of row.verdicts.filter(({ of }) => of !== "target"))
    parts.push(element("span", { class: "match" }, `Independent solution: ${verdictWords(verdict)} to the reference.`));
  parts.push(...row.duplicates.map(duplicate));
  if (row.cost_usd !== null) parts.push(element("span", { class: "match" }, `Cost ${dollars(row.cost_usd)}.`));
  return parts.length ? element("div", { class: "why" }, ...parts) : null;
}

/** Which row or source it repeats, how nearly, and which parts of that one. */
function duplicate({ of, by, score, spans, text }) {
  const how = by === "meaning" ? "in other words, cosine" : "similarity";
  const place = element("span", { class: "match" }, `Repeats ${of}, ${how} ${score.toFixed(3)}: `);
  const letters = [...text]; // spans count characters, and not the halves that scripts count
  let end = 0;
  for (const [first, last] of spans) {
    place.append(letters.slice(end, first).join(""), element("mark", {}, letters.slice(first, last).join("")));
    end = last;
  }
  place.append(letters.slice(end).join(""));
  return place;
}
