/** Bounds and usual values of fields, and goals of figures, as the server lists them. */

/** Give every field that names its limit (`data-limit`) its bounds, and its usual value where it is untouched. */
export function applyLimits({ limits, defaults }) {
  for (const field of document.querySelectorAll("[data-limit]")) {
    const name = field.dataset.limit;
    const { min, max, max_length: longest } = limits[name];
    if (min !== undefined) field.min = String(min);
    if (max !== undefined) field.max = String(max);
    if (longest !== undefined) field.maxLength = longest;
    if ((defaults[name] ?? null) !== null) field.defaultValue = String(defaults[name]);
  }
}

/** Whether the text of a field for a whole number is one within its bounds. */
export function isWholeWithin(field) {
  const value = Number(field.value);
  return field.value.trim() !== "" && Number.isInteger(value) && value >= Number(field.min) && value <= Number(field.max);
}

/** Say each goal where the page names it (`data-goal`): "at least 0.9". */
export function showGoals(goals) {
  for (const place of document.querySelectorAll("[data-goal]")) {
    const { at_least: least, at_most: most } = goals[place.dataset.goal];
    place.textContent = least === undefined ? `at most ${most}` : `at least ${least}`;
  }
}
