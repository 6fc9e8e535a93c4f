/** Paths of a session, and the steps of all. */

export const STEPS = [
  "transcript_review",
  "summary_review",
  "violations_review",
  "fir_narrative_review",
  "final_review",
];

/** The member of each step's content that is its result. */
export const MEMBERS = {
  transcript_review: "transcript",
  summary_review: "summary",
  violations_review: "violations",
  fir_narrative_review: "fir_narrative",
  final_review: "fir_content",
};

export function sessionPath(id, rest = "") {
  return `/session/${encodeURIComponent(id)}${rest}`;
}

export function reportPath(number, rest = "") {
  return `/fir/${encodeURIComponent(number)}${rest}`;
}
