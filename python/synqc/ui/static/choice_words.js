/** What each choice of a configuration means, where the server does not say so itself. */

export const ENVELOPE_WORDS = {
  gaussian: "Smooth rise and fall; narrow spectrum for its length.",
  square: "Constant amplitude: shortest for its area, but its spectrum has wide side lobes that reach the third level.",
  drag: "Gaussian with its derivative on the other quadrature, which cancels leakage and the phase error of a weakly anharmonic level.",
  cosine: "Raised cosine: ends at exactly zero, with faster falling side lobes than a cut Gaussian.",
};

export const RULE_WORDS = {
  none: "Nothing is learned: drives stay as calibrated while the device drifts.",
  kalman:
    "Ramsey rounds, a tenth of each batch, track every qubit's detuning with a linear filter; the next batch is driven at the corrected frequency. No wait inside a shot.",
  bayes:
    "A posterior on a grid tracks the detuning between batches; inside each shot a quantum Bayesian filter of the record sets the second angle, at the price of decision latency.",
  rl: "Cross-entropy search over drive settings: explores between batches, deploys the best, and needs many iterations to pay.",
};

export const TARGET_WORDS = {
  "classical-only":
    "There is no qubit in this plant: it is for testing control code, and its figures say nothing about quantum hardware.",
};
