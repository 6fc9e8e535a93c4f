/** A question that has to be answered before something is lost. Its dialog is made for it, and gone when it is answered. */

import { element } from "./element.js";

/** Resolves to whether the answer was yes. */
export function confirmed({ title, words, yes, no = "Cancel" }) {
  const names = { "aria-labelledby": "confirm-title", "aria-describedby": "confirm-words" };
  const dialog = element(
    "dialog",
    { id: "confirm-dialog", ...names },
    element("h2", { id: "confirm-title" }, title),
    element("p", { id: "confirm-words" }, words),
    element(
      "form",
      { method: "dialog", class: "row" },
      element("button", { value: "cancel", autofocus: true }, no),
      element("button", { value: "confirm", class: "danger", id: "confirm-yes" }, yes),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        dialog.remove();
        resolve(dialog.returnValue === "confirm");
      },
      { once: true },
    );
  });
}
