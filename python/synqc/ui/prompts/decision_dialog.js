/** A person's word on a row, with a reason. */

import { byId } from "../../ui/shared/element.js";

/** Resolves to the reason, or to null if it was thought better of. */
export function decided({ title, yes, isReasonNeeded }) {
  const dialog = byId("decision-dialog");
  const field = byId("decision-reason");
  byId("decision-title").textContent = title;
  byId("decision-yes").textContent = yes;
  field.value = "";
  field.required = isReasonNeeded;
  dialog.returnValue = "cancel";
  dialog.showModal();
  field.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirm" ? field.value.trim() : null), {
      once: true,
    });
  });
}
