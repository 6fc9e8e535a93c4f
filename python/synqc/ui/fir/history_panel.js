/** All that was done in a session: who, when and what; held against its hashes, and exported for an auditor. */

import { byId, element } from "../../ui/shared/element.js";
import { downloadFile } from "../../ui/shared/file_download.js";
import { notice } from "../../ui/shared/notices.js";
import { language, say } from "./language.js";
import { failed } from "./server_words.js";
import { MEMBERS, sessionPath, STEPS } from "./session_path.js";

export class HistoryPanel {
  constructor(api) {
    this._api = api;
    this._session = null;
    this._entries = [];
    byId("audit").addEventListener("click", () => this._audit());
    byId("export").addEventListener("click", () => this._export());
  }

  /** Read a session's history. @param id - or null */
  async look(id) {
    if (id !== this._session) {
      this._entries = [];
      byId("audit-state").textContent = "";
    }
    this._session = id;
    if (id !== null) {
      try {
        const found = await this._api.get(sessionPath(id, "/history"));
        if (id === this._session) this._entries = found;
      } catch (error) {
        notice(failed(say("not_read"), error));
      }
    }
    this.draw();
  }

  /** How the complaint came in: "text", "audio" or "image". */
  get source() {
    return this._entries[0]?.event.source ?? "text";
  }

  /** The text that a step had before the one it shows now, or null: what was made or written, the newest but one. */
  textBefore(step, shown) {
    const texts = this._entries
      .map(({ event }) => event.content?.[MEMBERS[step]])
      .filter((text) => typeof text === "string" && text !== shown);
    return texts.at(-1) ?? null;
  }

  draw() {
    byId("history-empty").hidden = this._entries.length > 0;
    byId("history-tools").hidden = this._entries.length === 0;
    byId("history").replaceChildren(...[...this._entries].reverse().map(itemOf));
  }

  async _audit() {
    const place = byId("audit-state");
    try {
      const { is_whole: isWhole, entries, faults } = await this._api.get(sessionPath(this._session, "/audit"));
      place.dataset.kind = isWhole ? "" : "alert";
      place.textContent = isWhole ? say("audit_whole", { count: entries }) : say("audit_broken", faults[0]);
    } catch (error) {
      place.dataset.kind = "alert";
      place.textContent = failed(say("not_read"), error);
    }
  }

  async _export() {
    const id = this._session;
    try {
      const response = await this._api.raw("GET", sessionPath(id, "/export"), { patience: Infinity });
      downloadFile(`history_${id}.jsonl`, await response.blob());
    } catch (error) {
      notice(failed(say("not_exported"), error));
    }
  }
}

function itemOf(entry) {
  const at = entry.at ? new Date(entry.at) : null;
  const time = at ? at.toLocaleTimeString(language(), { hour: "2-digit", minute: "2-digit", second: "2-digit" }) : "";
  const where = entry.event.to ? say(`status_${entry.event.to}`) : STEPS.includes(entry.step) ? say(entry.step) : "";
  const what = [say(`kind_${entry.kind}`), where].filter(Boolean).join(": ");
  const how = [entry.who];
  if (entry.model) how.push(entry.model);
  if (entry.latency_s !== null) how.push(say("took", { seconds: entry.latency_s.toFixed(2) }));
  const reason = entry.event.reason || entry.event.note || entry.event.instruction || entry.event.cause || "";
  return element(
    "li",
    { value: String(entry.number) },
    element("time", { datetime: entry.at ?? "" }, time),
    element("span", { class: "what" }, what),
    element("span", { class: "rest" }, how.join(" · ")),
    reason ? element("span", { class: "rest" }, reason) : null,
  );
}
