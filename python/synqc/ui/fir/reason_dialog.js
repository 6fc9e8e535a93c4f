/** A few words of an officer: why something is wrong, or what shall be different. */

import { element } from "../../ui/shared/element.js";
import { say } from "./language.js";

const LONGEST = 10_000;

/** Resolves to the words, or to null if it was thought better of. */
export function asked({ title, label, yes, isNeeded, kind = "primary" }) {
  const field = element("textarea", { id: "reason", rows: "3", maxlength: String(LONGEST), required: isNeeded });
  const dialog = element(
    "dialog",
    { id: "reason-dialog", "aria-labelledby": "reason-title" },
    element("h2", { id: "reason-title" }, title),
    element(
      "form",
      { method: "dialog" },
      element("div", { class: "field" }, element("label", { for: "reason" }, label), field),
      element(
        "div",
        { class: "row" },
        element("button", { value: "confirm", class: kind, id: "reason-yes" }, yes),
        element("button", { value: "cancel", formnovalidate: true }, say("cancel")),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  field.focus();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        dialog.remove();
        resolve(dialog.returnValue === "confirm" ? field.value.trim() : null);
      },
      { once: true },
    );
  });
}
