/** The form that defines a data set: by example, by a schema, or by its kind alone. */

import { byId, element } from "../../ui/shared/element.js";
import { exampleRows } from "./example_rows.js";

const MAKERS = [
  ["auto", "whoever is set up"],
  ["generator", "seeded generators"],
  ["model", "a language model"],
];

export class DefineForm {
  /** @param on - { preview(asked), make(asked) }, both may return a promise */
  constructor(api, on) {
    this._api = api;
    this._on = on;
    byId("source").replaceChildren(...MAKERS.map(([value, words]) => element("option", { value }, words)));
    byId("describe").addEventListener("click", () => this._try(() => this._describe()));
    byId("preview").addEventListener("click", () => this.preview());
    byId("define").addEventListener("submit", (event) => {
      event.preventDefault();
      this.make();
    });
  }

  /** Learn which kinds there are, and who answers. */
  setCatalogue({ kinds, models }) {
    const chosen = byId("kind").value;
    byId("kind").replaceChildren(...kinds.map((kind) => element("option", { value: kind }, kind)));
    byId("kind").value = kinds.includes(chosen) ? chosen : "structured";
    byId("models-state").textContent = models.words;
    byId("define").inert = false;
  }

  focus() {
    byId("kind").focus();
  }

  preview() {
    return this._try(() => this._on.preview(this._asked()));
  }

  make() {
    return this._try(() => this._on.make(this._asked()));
  }

  async _describe() {
    const schema = await this._api.post("/schema", { rows: exampleRows(byId("example").value) });
    byId("schema").value = JSON.stringify(schema, null, 2);
  }

  /** What the form asks for, as the service takes it. */
  _asked() {
    const options = parsed("Further options", byId("options").value) ?? {};
    const schema = parsed("The schema", byId("schema").value);
    if (byId("fit").checked) options.example = exampleRows(byId("example").value);
    else if (schema !== null) options.schema = schema;
    if (byId("count").value) options.count = Number(byId("count").value);
    const seed = byId("seed").value.trim();
    if (seed) options.seed = /^-?\d{1,15}$/.test(seed) ? Number(seed) : seed;
    if (byId("prompt").value.trim()) options.prompt = byId("prompt").value.trim();
    if (byId("source").value !== "auto") options.source = byId("source").value;
    return { kind: byId("kind").value, options, name: byId("name").value.trim() };
  }

  async _try(act) {
    const problem = byId("define-problem");
    const buttons = [byId("make"), byId("preview"), byId("describe")];
    for (const one of buttons) one.disabled = true;
    try {
      problem.textContent = "";
      await act();
    } catch (error) {
      problem.textContent = error.message;
    } finally {
      for (const one of buttons) one.disabled = false;
    }
  }
}

function parsed(what, text) {
  if (!text.trim()) return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${what} must be JSON, but is not: ${error.message}`);
  }
}
