/** The events of a batch as they happen, over a request that goes on; from the last one that was heard after a break. */

import { batchPath } from "./batch_path.js";

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 8000;

export class BatchStream {
  /** @param onEvent - called with (kind, data) */
  constructor(api, onEvent) {
    this._api = api;
    this._onEvent = onEvent;
    this._stop = null;
  }

  /** @param id - of the batch to hear; null: none */
  async follow(id) {
    this._stop?.abort();
    if (id === null) return;
    const stop = (this._stop = new AbortController());
    let last = "";
    let wait = FIRST_RETRY_MS;
    while (!stop.signal.aborted) {
      try {
        const headers = last ? { "Last-Event-ID": last } : {};
        const response = await this._api.raw("GET", batchPath(id, "/events"), {
          patience: Infinity,
          signal: stop.signal,
          headers,
        });
        wait = FIRST_RETRY_MS;
        for await (const { number, kind, data } of eventsOf(response.body)) {
          if (stop.signal.aborted) return;
          if (number) last = number;
          this._onEvent(kind, data);
          if (kind === "ended") return;
        }
      } catch (error) {
        if (stop.signal.aborted || [401, 404, 410].includes(error.status)) return;
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(LONGEST_RETRY_MS, 2 * wait);
    }
  }
}

async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const blocks = (rest + part.value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(
        block
          .split("\n")
          .filter((line) => !line.startsWith(":"))
          .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
      );
      if (fields.data !== undefined) yield { number: fields.id, kind: fields.event, data: JSON.parse(fields.data) };
    }
  }
}
