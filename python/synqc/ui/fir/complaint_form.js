/** How a complaint comes in: typed, spoken, or as a picture of a page. */

import { byId } from "../../ui/shared/element.js";
import { say } from "./language.js";
import { Recorder } from "./recorder.js";
import { failed, serverWords } from "./server_words.js";

const MOST_BYTES = 25 * 2 ** 20;
const SHORTEST = 10;
const WAYS = ["typed", "spoken", "written"];
const SHOWN = { audio: "recording-played", image: "picture-shown" };

export class ComplaintForm {
  /** @param on - { begun(answer) } */
  constructor(api, on) {
    this._api = api;
    this._on = on;
    this._files = { audio: null, image: null };
    this._isBusy = false;
    this._recorder = new Recorder({
      running: (seconds) => this._state(say("recording", { seconds })),
      done: (blob, seconds) => this._recorded(blob, seconds),
      failed: (error) => this._micless(error),
    });
    for (const way of WAYS) byId(`way-${way}`).addEventListener("change", () => this._turn());
    byId("record").addEventListener("click", () => this._record());
    for (const kind of ["audio", "image"]) {
      byId(`${kind}-file`).addEventListener("change", () => this._choose(kind, byId(`${kind}-file`).files[0] ?? null));
    }
    byId("complaint").addEventListener("submit", (event) => {
      event.preventDefault();
      this._begin();
    });
    this._turn();
  }

  /** Put the cursor where a complaint begins. */
  focus() {
    const place = { typed: "complaint-text", spoken: "record", written: "image-file" }[this._way];
    byId(place).focus();
  }

  /** Say words that depend on the language anew. */
  relabel() {
    byId("record").textContent = say(this._recorder.isRunning ? "stop" : "record");
  }

  get _way() {
    return WAYS.find((way) => byId(`way-${way}`).checked);
  }

  _turn() {
    for (const way of WAYS) byId(`part-${way}`).hidden = way !== this._way;
    this._problem("");
  }

  async _record() {
    if (this._recorder.isRunning) this._recorder.stop();
    else await this._recorder.start();
    this.relabel();
  }

  _recorded(blob, seconds) {
    byId("audio-file").value = "";
    this._show("audio", new File([blob], "complaint.wav", { type: blob.type }));
    this._state(say("recorded", { seconds: Math.round(seconds) }));
    this.relabel();
  }

  _micless(error) {
    this._state("");
    this._problem(say("no_microphone", { why: error.message }));
    this.relabel();
  }

  _choose(kind, file) {
    if (file && file.size > MOST_BYTES) {
      byId(`${kind}-file`).value = "";
      this._problem(say("too_large", { size: Math.ceil(file.size / 2 ** 20) }));
      return this._show(kind, null);
    }
    this._problem("");
    this._state("");
    this._show(kind, file);
  }

  _show(kind, file) {
    const place = byId(SHOWN[kind]);
    if (place.src) URL.revokeObjectURL(place.src);
    this._files[kind] = file;
    place.hidden = file === null;
    if (file) place.src = URL.createObjectURL(file);
    else place.removeAttribute("src");
  }

  async _begin() {
    if (this._isBusy) return;
    const form = this._form();
    if (!form) return;
    this._setBusy(true);
    this._state(say("beginning"));
    try {
      // A second press, or a repeated request, is the same session.
      const headers = { "Idempotency-Key": crypto.randomUUID() };
      const answer = await this._api.post("/process", form, { headers, patience: Infinity });
      this._state("");
      if (answer.success || answer.session_id) {
        this._clear();
        this._on.begun(answer);
      } else this._problem(serverWords(answer.error));
    } catch (error) {
      this._state("");
      this._problem(failed(say("not_begun"), error));
    }
    this._setBusy(false);
  }

  /** What is to be sent, or null of what cannot be. */
  _form() {
    const form = new FormData();
    if (byId("report-language").value) form.set("language", byId("report-language").value);
    if (this._way === "typed") {
      const text = byId("complaint-text").value;
      const count = [...text.trim()].length;
      byId("complaint-text").setAttribute("aria-invalid", String(count < SHORTEST));
      if (count < SHORTEST) return this._problem(say("too_short", { count }));
      form.set("text", text);
      return form;
    }
    const kind = this._way === "spoken" ? "audio" : "image";
    const file = this._files[kind];
    if (!file) return this._problem(say("nothing_given"));
    form.set(kind, file, file.name);
    return form;
  }

  _clear() {
    byId("complaint").reset();
    for (const kind of ["audio", "image"]) this._show(kind, null);
    this._turn();
  }

  _setBusy(isBusy) {
    this._isBusy = isBusy;
    byId("begin").setAttribute("aria-disabled", String(isBusy));
  }

  _problem(text) {
    byId("complaint-problem").textContent = text;
    return null;
  }

  _state(text) {
    byId("complaint-state").textContent = text;
  }
}
