/** Where an axis has its ticks, and what they are called. */

import { count } from "./measured_value.js";

const SECOND = 1000;
const [MINUTE, HOUR, DAY] = [60 * SECOND, 3600 * SECOND, 86_400 * SECOND];
const OF_A_CLOCK = [
  ...[1, 2, 5, 10, 15, 30].map((one) => one * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((one) => one * MINUTE),
  ...[1, 2, 3, 6, 12].map((one) => one * HOUR),
];
const MOST_SHOWN_WHOLE = 1e7;

/** Round numbers between two, about so many and at least two: [{ at, words }]. */
export function numberTicks(low, high, wanted) {
  const step = roundStep((high - low) / wanted);
  if (multiples(low, high, step).length < 2) return numberTicks(low, high, wanted * 2);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return multiples(low, high, step).map((at) => ({ at, words: numberWords(at, decimals) }));
}

/** The same between two whole numbers. */
export function wholeTicks(low, high, wanted) {
  const step = Math.max(1, roundStep((high - low) / wanted));
  return multiples(low, high, step).map((at) => ({ at, words: count(at) }));
}

/** Moments of a clock in UTC between two times in milliseconds, at least two of them; midnight is called by its day. */
export function timeTicks(low, high, wanted) {
  const least = (high - low) / wanted;
  const step =
    least < SECOND
      ? Math.max(1, roundStep(least))
      : (OF_A_CLOCK.find((one) => one >= least) ?? DAY * Math.ceil(least / DAY));
  const moments = multiples(low, high, step);
  if (moments.length < 2 && step > 1) return timeTicks(low, high, wanted * 2);
  return moments.map((at) => ({ at, words: momentWords(at, step) }));
}

function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * [1, 2, 5, 10].find((one) => one * power >= least * (1 - 1e-9));
}

function multiples(low, high, step) {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step);
}

function numberWords(number, decimals) {
  if (Math.abs(number) >= MOST_SHOWN_WHOLE) return number.toExponential(1).replace("e+", "e");
  const words = decimals ? number.toFixed(decimals) : count(Math.round(number));
  return words.replace("-", "−");
}

function momentWords(at, step) {
  const words = new Date(at).toISOString();
  if (at % DAY === 0) return words.slice(5, 10);
  if (step >= MINUTE) return words.slice(11, 16);
  return step >= SECOND ? words.slice(11, 19) : words.slice(11, 23).replace(/\.?0+$/, "");
}
