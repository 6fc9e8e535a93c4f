/** Where a data set is asked about. */

export function setPath(id, rest = "") {
  return `/datasets/${encodeURIComponent(id)}${rest}`;
}
