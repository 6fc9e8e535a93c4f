/** The session's log: newest lines at the end, followed unless somebody scrolled up. */

import { byId, element } from "../shared/element.js";

const MOST = 1000;
const TAIL = 100;

export class EventLog {
  /** @param onClear - called when the log is to be cleared */
  constructor(onClear) {
    this._list = byId("log");
    /** Lines that came while all were being read; null while nothing is read. */
    this._added = null;
    byId("clear-log").addEventListener("click", onClear);
    this.set([]);
  }

  /** All lines are being read: remember what is added until they are there. */
  awaitLines() {
    this._added = [];
    byId("log-empty").textContent = "Reading the log…";
  }

  /** All lines anew, with what was added while they were read. */
  set(lines) {
    const tail = new Set(lines.slice(-TAIL));
    const meanwhile = (this._added ?? []).filter((line) => !tail.has(line));
    this._added = null;
    byId("log-empty").textContent = "Nothing is logged.";
    this._list.replaceChildren();
    this.add([...lines, ...meanwhile]);
  }

  /** More lines. */
  add(lines) {
    const atEnd = this._list.scrollHeight - this._list.scrollTop - this._list.clientHeight < 30;
    this._added?.push(...lines);
    this._list.append(...lines.map(lineElement));
    while (this._list.children.length > MOST) this._list.firstElementChild.remove();
    if (atEnd) this._list.scrollTop = this._list.scrollHeight;
    byId("log-empty").hidden = this._list.children.length > 0;
  }
}

function lineElement(line) {
  const parts = /^\[(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)Z\] (.*)$/s.exec(line);
  if (!parts) return element("li", {}, line);
  return element(
    "li",
    {},
    element("time", { class: "time", datetime: `${parts[1]}T${parts[2]}Z`, title: `${parts[1]} UTC` }, `${parts[2]} `),
    parts[3],
  );
}
