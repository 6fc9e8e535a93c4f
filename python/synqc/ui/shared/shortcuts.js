/** Single letters that act, but never while somebody types or a dialog is open. */

/** @param actions - { key: function } */
export function startShortcuts(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (event.target instanceof Element && event.target.closest("input, select, textarea, [contenteditable='true']"))
      return;
    if (document.querySelector("dialog[open]")) return;
    const act = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
