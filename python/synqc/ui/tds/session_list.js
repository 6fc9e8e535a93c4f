/** The list of sessions: create, select, delete. */

import { byId, element } from "../shared/element.js";

const MOST_SHOWN = 200;
const FILTER_FROM = 8;

export class SessionList {
  /** @param on - { create(id or null), select(id), remove(id) } */
  constructor(on) {
    this._on = on;
    this._list = byId("session-list");
    this._filter = byId("session-filter");
    this._items = new Map();
    this._sessions = [];
    this._selectedId = null;
    byId("create-session").addEventListener("submit", (event) => {
      event.preventDefault();
      on.create(byId("new-session-id").value.trim() || null);
    });
    this._filter.addEventListener("input", () => this._draw());
  }

  /** Show sessions (as the server lists them, oldest first) with the newest on top. */
  show(sessions, selectedId) {
    this._sessions = sessions;
    this._selectedId = selectedId;
    this._draw();
  }

  /** Show what became of one of them. */
  update(session) {
    const place = this._sessions.findIndex((one) => one.session_id === session.session_id);
    if (place < 0) return;
    this._sessions = this._sessions.with(place, session);
    this._draw();
  }

  /** Empty the field of a new session's id. */
  clearNewId() {
    byId("new-session-id").value = "";
  }

  _draw() {
    const wanted = this._filter.value.trim().toLowerCase();
    const fitting = this._sessions.filter((one) => one.session_id.toLowerCase().includes(wanted)).reverse();
    const shown = fitting.slice(0, MOST_SHOWN);
    byId("session-filter-field").hidden = this._sessions.length < FILTER_FROM && !wanted;
    const ids = new Set(shown.map((one) => one.session_id));
    for (const [id, item] of this._items) {
      if (!ids.has(id)) {
        item.row.remove();
        this._items.delete(id);
      }
    }
    // Rows that stay keep their elements, and with them the focus.
    shown.forEach((session, position) => {
      const item = this._items.get(session.session_id) ?? this._made(session.session_id);
      this._fill(item, session);
      if (this._list.children[position] !== item.row)
        this._list.insertBefore(item.row, this._list.children[position] ?? null);
    });
    const empty = byId("session-list-empty");
    empty.hidden = shown.length > 0 && fitting.length <= MOST_SHOWN;
    empty.textContent = shown.length
      ? `${fitting.length - MOST_SHOWN} more: narrow the search.`
      : wanted
        ? "No session has that in its id."
        : "No session yet.";
  }

  _made(id) {
    const name = element("span", { class: "name" }, id);
    const share = element("span", { class: "share" });
    const about = element("span", { class: "about" });
    const select = element(
      "button",
      { type: "button", class: "select", onclick: () => this._on.select(id) },
      name,
      share,
      about,
    );
    const remove = element(
      "button",
      {
        type: "button",
        class: "remove",
        "aria-label": `Delete session ${id}`,
        title: "Delete",
        onclick: () => this._on.remove(id),
      },
      "✕",
    );
    const item = { row: element("li", {}, select, remove), select, share, about };
    this._items.set(id, item);
    return item;
  }

  _fill(item, session) {
    item.select.setAttribute("aria-current", String(session.session_id === this._selectedId));
    setText(item.share, `${Math.round(session.shots_used_fraction * 100)} % of shots`);
    setText(item.about, `${session.mode_label} · ${session.status_text}`);
  }
}

function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
