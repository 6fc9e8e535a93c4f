/** The path of a session, or of what is its. */
export function sessionPath(sessionId, tail = "") {
  return `/sessions/${encodeURIComponent(sessionId)}${tail}`;
}
