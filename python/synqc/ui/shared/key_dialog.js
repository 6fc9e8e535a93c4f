/** Where an API key is given; it stays in this tab. */

import { byId } from "./element.js";

/** Wire the dialog; `onChange` is called when the key is another one. */
export function startKeyDialog(api, onChange) {
  const dialog = byId("key-dialog");
  const field = byId("api-key");
  byId("open-key").addEventListener("click", () => openKeyDialog());
  byId("key-form").addEventListener("submit", (event) => {
    const answer = event.submitter?.value ?? "save";
    if (answer === "cancel") return;
    api.key = answer === "forget" ? "" : field.value.trim();
    onChange();
  });
  dialog.addEventListener("close", () => {
    field.value = "";
  });
}

/** Ask for the key. */
export function openKeyDialog() {
  const dialog = byId("key-dialog");
  if (!dialog.open) dialog.showModal();
}
