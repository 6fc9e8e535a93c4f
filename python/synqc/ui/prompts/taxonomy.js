/** Topics as somebody types them: a subject and its topics per line, or JSON. */

/** The taxonomy in a text, or null of an empty one. Throws an Error with words where it is neither. */
export function readTaxonomy(text) {
  const given = text.trim();
  if (!given) return null;
  if (given.startsWith("{")) {
    try {
      return JSON.parse(given);
    } catch (error) {
      throw new Error(`This is no JSON: ${error.message}.`);
    }
  }
  const found = {};
  for (const line of given.split("\n").filter((one) => one.trim())) {
    const colon = line.indexOf(":");
    const subject = line.slice(0, colon).trim();
    const topics = line
      .slice(colon + 1)
      .split(/[,;]/)
      .map((one) => one.trim())
      .filter(Boolean);
    if (colon < 1 || !subject || !topics.length)
      throw new Error(`A line must be “Subject: topic, topic”, but is “${line.trim()}”.`);
    found[subject] = [...(found[subject] ?? []), ...topics];
  }
  return found;
}
