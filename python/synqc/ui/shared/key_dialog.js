/** Where an API key is given; it stays in this tab. The dialog is made here, so that pages need no markup of it. */

import { byId, element } from "./element.js";

const WORDS = {
  title: "API key",
  label: "Key",
  hint: "Only needed if the server asks for one. It is kept in this tab until you close it, and sent with every request.",
  use: "Use key",
  forget: "Forget key",
  cancel: "Cancel",
};

let show = () => {
  throw new Error("The page has not started its dialog of a key.");
};

/** Wire the dialog; `onChange` is called when the key is another one. @param words - of the page's language, when asked */
export function startKeyDialog(api, onChange, words = () => WORDS) {
  const dialog = element("dialog", { id: "key-dialog", "aria-labelledby": "key-title" }, ...parts(words()));
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    byId("api-key").value = "";
  });
  dialog.addEventListener("submit", (event) => {
    const answer = event.submitter?.value ?? "save";
    if (answer === "cancel") return;
    api.key = answer === "forget" ? "" : byId("api-key").value.trim();
    onChange();
  });
  show = () => {
    if (dialog.open) return;
    dialog.replaceChildren(...parts(words()));
    dialog.showModal();
  };
  byId("open-key").addEventListener("click", openKeyDialog);
}

/** Ask for the key. */
export function openKeyDialog() {
  show();
}

function parts({ title, label, hint, use, forget, cancel }) {
  const field = element("input", {
    id: "api-key",
    type: "password",
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": "key-hint",
  });
  return [
    element("h2", { id: "key-title" }, title),
    element(
      "form",
      { method: "dialog", id: "key-form" },
      element(
        "div",
        { class: "field" },
        element("label", { for: "api-key" }, label),
        field,
        element("p", { class: "hint", id: "key-hint" }, hint),
      ),
      element(
        "div",
        { class: "row" },
        element("button", { value: "save", class: "primary" }, use),
        element("button", { value: "forget" }, forget),
        element("button", { value: "cancel" }, cancel),
      ),
    ),
  ];
}
