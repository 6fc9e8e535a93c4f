/** Numbers with their errors, as they are written in a paper: two digits of the error decide. */

const MOST_SHOWN_DECIMALS = 7;
const MOST_DECIMALS = 9;

/** The two parts of "0.96680 ± 0.00015"; the error is "" where there is none. */
export function measured(value, error) {
  if (!Number.isFinite(value)) return { value: "–", error: "" };
  if (!Number.isFinite(error) || error <= 0) return { value: plain(value), error: "" };
  const decimals = 1 - Math.floor(Math.log10(error));
  if (decimals > MOST_SHOWN_DECIMALS) return { value: plain(value), error: `± ${plain(error, 2)}` };
  const places = Math.max(0, decimals);
  return { value: value.toFixed(places), error: `± ${error.toFixed(places)}` };
}

/** The short form for tables: "0.96680(15)", the error in units of the last digit. */
export function measuredShort(value, error) {
  if (!Number.isFinite(value) || !Number.isFinite(error) || error <= 0) return plain(value);
  const decimals = 1 - Math.floor(Math.log10(error));
  if (decimals <= 0) return `${value.toFixed(0)}(${error.toFixed(0)})`;
  if (decimals > MOST_DECIMALS) return plain(value);
  const digits = Math.round(error * 10 ** decimals);
  return decimals === 1 ? `${value.toFixed(1)}(${(digits / 10).toFixed(1)})` : `${value.toFixed(decimals)}(${digits})`;
}

/** A number with so many significant digits. */
export function plain(value, digits = 4) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6)
    return value
      .toExponential(digits - 1)
      .replace("e-", "e−")
      .replace("e+", "e");
  return String(Number(value.toPrecision(digits)));
}

/** A whole number with its thousands apart, as every count of the page is written. */
export function count(number) {
  return number.toLocaleString("en-US").replaceAll(",", "\u202f");
}

/** A time in µs, with the unit that suits it: [factor, unit]. */
export function unitOfTime(microseconds) {
  const size = Math.abs(microseconds);
  if (size >= 1e6) return [1e-6, "s"];
  if (size >= 1e3) return [1e-3, "ms"];
  if (size > 0 && size < 1) return [1e3, "ns"];
  return [1, "µs"];
}

/** A time with its unit. */
export function duration(microseconds) {
  const [factor, unit] = unitOfTime(microseconds);
  return `${plain(microseconds * factor, 3)} ${unit}`;
}

/** How two independent errors add. */
export function combinedError(one, other) {
  return Math.hypot(one || 0, other || 0);
}

/** The 68 % Wilson interval of a share p of n bits: it does not vanish where all bits are equal. */
export function wilsonInterval(share, count) {
  const centre = (share + 1 / (2 * count)) / (1 + 1 / count);
  const half = Math.sqrt((share * (1 - share)) / count + 1 / (4 * count * count)) / (1 + 1 / count);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
