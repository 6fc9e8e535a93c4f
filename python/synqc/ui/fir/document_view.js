/** The report as it will print, and the forms of it that can be taken along; sealed and filed from here. */

import { byId, element } from "../../ui/shared/element.js";
import { confirmed } from "../../ui/shared/confirmation.js";
import { downloadFile } from "../../ui/shared/file_download.js";
import { notice } from "../../ui/shared/notices.js";
import { say } from "./language.js";
import { failed } from "./server_words.js";
import { reportPath, sessionPath } from "./session_path.js";

const FORMS = ["pdf", "docx", "html", "txt", "json"];
const KEPT = { H1: "h3", H2: "h4", SECTION: "section", DL: "dl", DT: "dt", DD: "dd" };
const CLASSES = ["missing", "signature"];

export class DocumentView {
  /** @param on - { filed(), labels() }: labels of fields, by key */
  constructor(api, on) {
    this._api = api;
    this._on = on;
    this._state = null;
    this._isBusy = false;
    byId("file").addEventListener("click", () => this._file());
  }

  /** @param state - { id, number, status, isCompleted, isFiled, revision }, or null while there is no report */
  async show(state) {
    const isSame = JSON.stringify(state) === JSON.stringify(this._state);
    this._state = state;
    byId("document-empty").hidden = state !== null;
    byId("document-shown").hidden = state === null;
    if (state === null) return byId("document").replaceChildren();
    byId("file").hidden = !state.isCompleted || state.isFiled;
    byId("filing-key-row").hidden = byId("file").hidden;
    byId("document-number").textContent = state.isFiled
      ? `${state.number} · ${say(`status_${state.status}`)}`
      : say("draft_of", { number: state.number });
    byId("forms").replaceChildren(...FORMS.map((form) => this._formButton(form)));
    if (isSame) return;
    try {
      const response = await this._api.raw("GET", this._path("html"));
      const text = (await response.text()).replace(/<style>.*?<\/style>/s, ""); // this page has its own
      const page = new DOMParser().parseFromString(text, "text/html");
      if (this._state === state) byId("document").replaceChildren(...copied(page.body));
    } catch (error) {
      if (this._state === state) notice(failed(say("not_read"), error));
    }
  }

  _path(form) {
    const { id, number, isFiled } = this._state;
    return isFiled ? reportPath(number, `/files/${form}`) : sessionPath(id, `/document?form=${form}`);
  }

  _formButton(form) {
    const name = `${say("download")} ${form.toUpperCase()}`;
    return element(
      "button",
      { type: "button", class: "small", "aria-label": name, onclick: () => this._download(form) },
      form.toUpperCase(),
    );
  }

  async _download(form) {
    const { number } = this._state;
    try {
      const response = await this._api.raw("GET", this._path(form), { patience: Infinity });
      downloadFile(`${number}.${form}`, await response.blob());
    } catch (error) {
      notice(failed(form.toUpperCase(), error));
    }
  }

  async _file() {
    if (this._isBusy) return;
    const { id, number } = this._state;
    const title = say("file_title", { number });
    if (!(await confirmed({ title, words: say("file_words"), yes: say("file"), no: say("cancel") }))) return;
    this._isBusy = true;
    const key = byId("filing-key").value.trim();
    try {
      const body = { session_id: id, ...(key ? { auth_key: key } : {}) };
      const { digest } = await this._api.post("/authenticate", body, { patience: Infinity });
      notice(say("filed", { digest }), "word");
      byId("filing-key").value = "";
    } catch (error) {
      notice(failed(say("not_filed"), error, this._on.labels()));
    }
    this._isBusy = false;
    this._on.filed();
  }
}

/** The parts of a printed page that this page knows, as its own elements: text goes in as text. */
function copied(place) {
  return [...place.childNodes].flatMap((node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.textContent.trim() || place.tagName !== "BODY" ? [node.textContent] : [];
    const tag = KEPT[node.tagName];
    if (!tag) return [];
    const kind = CLASSES.filter((one) => node.classList.contains(one)).join(" ");
    return [element(tag, { class: kind || null, dir: node.getAttribute("dir") }, ...copied(node))];
  });
}
