/** What went wrong, as sentences: servers answer with a text, or with a list of fields that do not fit. */

/** Sentences for the body of an answer that is not a success. */
export function problemWords(status, body) {
  const detail = body && typeof body === "object" ? body.detail : undefined;
  if (typeof detail === "string" && detail.trim()) return detail.trim();
  if (Array.isArray(detail) && detail.length) return detail.map(fieldSentence).join(" ");
  return `The server answered ${status} without saying why.`;
}

function fieldSentence(problem) {
  if (problem === null || typeof problem !== "object") return String(problem);
  const place = (Array.isArray(problem.loc) ? problem.loc : []).filter(
    (part) => !["body", "query", "path"].includes(part),
  );
  const message = String(problem.msg ?? "is not valid").replace(/\.$/, "");
  const given =
    problem.input !== undefined && (problem.input === null || typeof problem.input !== "object")
      ? `, but is ${JSON.stringify(problem.input)}`
      : "";
  return `${place.length ? `${place.join(".")}: ` : ""}${message}${given}.`;
}
