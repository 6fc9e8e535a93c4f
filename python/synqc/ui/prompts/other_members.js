/** Members of a request's document that no field of the form asks for: read from JSON, and laid beside those that fields say. */

/** The members; none of a blank text. Raises an error for people where it is no JSON object. */
export function readOthers(text) {
  if (text.trim() === "") return {};
  let found;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new Error(`“Anything else” is no JSON: ${error.message}`);
  }
  if (!isObject(found)) throw new Error("“Anything else” must be a JSON object, such as {\"on_exhaustion\": \"raise\"}.");
  return found;
}

/** A request with them; what fields say already must not be said again, except in parts that have members of their own. */
export function withOthers(request, others, place = "") {
  const whole = { ...request };
  for (const [name, value] of Object.entries(others)) {
    if (!(name in request)) whole[name] = value;
    else if (isObject(request[name]) && isObject(value)) whole[name] = withOthers(request[name], value, `${place}${name}.`);
    else throw new Error(`“Anything else” must not say ${place}${name}: a field of the form does.`);
  }
  return whole;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
