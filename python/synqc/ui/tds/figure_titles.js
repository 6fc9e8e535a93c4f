/** What figures of merit are called wherever they stand in a list or a table. */

export const FIGURE_TITLES = {
  fidelity: "Fidelity",
  backaction: "Back-action",
  information_bits: "Information, bits",
  latency_us: "Latency, µs",
  success: "Success",
  objective_score: "Objective's score",
};
