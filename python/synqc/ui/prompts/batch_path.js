/** Where a batch and its parts are. */

/** @param rest - "/rows?limit=20" and the like */
export function batchPath(id, rest = "") {
  return `/batches/${encodeURIComponent(id)}${rest}`;
}
