/** A conversation about the session, word by word as it is answered. */

import { byId, element } from "../shared/element.js";
import { failed } from "../shared/notices.js";

const MOST_SENT = 10;
const NAMES = { user: "You", assistant: "Assistant", error: "Problem" };

export class ChatPanel {
  /** @param sessionId - gives the selected session's id, or null */
  constructor(api, sessionId) {
    this._api = api;
    this._sessionId = sessionId;
    this._said = [];
    this._answering = null;
    byId("chat-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this._send(byId("chat-message").value.trim());
    });
    byId("chat-clear").addEventListener("click", () => this._clear());
  }

  _clear() {
    this._answering?.abort();
    this._said = [];
    byId("chat-messages").replaceChildren();
  }

  async _send(message) {
    if (!message || this._answering) return;
    const answering = (this._answering = new AbortController());
    byId("chat-send").disabled = true;
    byId("chat-message").value = "";
    this._add("user", message);
    const place = this._add("assistant", "…");
    let come = "";
    const history = this._said.slice(-MOST_SENT);
    const request = { session_id: this._sessionId(), message, history, stream: true };
    try {
      const response = await this._api.raw("POST", "/chat", {
        body: request,
        patience: Infinity,
        signal: answering.signal,
      });
      const reply = await this._read(response, (words) => show(place, (come = words)));
      show(place, reply);
      this._said.push({ role: "user", content: message }, { role: "assistant", content: reply });
    } catch (error) {
      if (error.name !== "AbortError") {
        if (!come) place.parentElement.remove();
        this._add("error", failed(come ? "The answer above is cut short" : "No answer", error));
      }
    }
    this._answering = null;
    byId("chat-send").disabled = false;
  }

  /** The reply; `onWords` hears what has come so far. */
  async _read(response, onWords) {
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return (await response.json()).reply;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let [text, words, reply] = ["", "", null];
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += part.value;
      const lines = text.split("\n");
      text = lines.pop();
      for (const line of lines.filter((one) => one.startsWith("data: "))) {
        const data = JSON.parse(line.slice(6));
        if (typeof data.delta === "string") onWords((words += data.delta));
        if (typeof data.reply === "string") reply = data.reply;
      }
    }
    if (reply === null) throw new Error("the answer broke off.");
    return reply;
  }

  _add(role, words) {
    const text = element("span", { class: "words" }, words);
    const list = byId("chat-messages");
    list.append(element("li", { "data-role": role }, element("span", { class: "who" }, NAMES[role]), text));
    scrollToEnd(list.parentElement);
    return text;
  }
}

function show(place, words) {
  place.textContent = words;
  scrollToEnd(byId("chat-messages").parentElement);
}

function scrollToEnd(box) {
  box.scrollTop = box.scrollHeight;
}
