/** The last gate: what nobody has stated, and what keeps the report from being filed; the report itself is beside it. */

import { element } from "../../ui/shared/element.js";
import { say } from "./language.js";
import { serverWords } from "./server_words.js";

export class FinalGate {
  /** @param gate - of the server @param labels - of fields, by key */
  constructor(gate, labels) {
    const { obstacles = [], missing = [], fir_number: number } = gate.content;
    const list = (id, rows) => element("ul", { id, class: "listed" }, ...rows.map((row) => element("li", {}, row)));
    this.nodes = [
      element("p", { class: "report-number" }, say("draft_of", { number })),
      element("h3", {}, say("obstacles")),
      obstacles.length
        ? list("obstacles", obstacles.map((one) => serverWords(one, labels)))
        : element("p", { class: "state", id: "obstacles" }, say("nothing_missing")),
      missing.length ? element("h3", {}, say("missing")) : null,
      missing.length ? list("missing", missing.map((key) => labels.get(key) ?? key)) : null,
    ].filter(Boolean);
    this.edited = null;
    this.draft = null;
  }

  focus() {}
}
