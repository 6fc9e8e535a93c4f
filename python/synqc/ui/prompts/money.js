/** Sums of money as they are: unknown is not nothing. */

/** US dollars with as many digits as say something. */
export function dollars(sum) {
  if (sum === null || sum === undefined) return "unknown";
  if (sum === 0) return "$0";
  if (sum < 0.01) return `$${sum.toFixed(6).replace(/0+$/, "")}`;
  return `$${sum.toFixed(sum < 10 ? 4 : 2)}`;
}
