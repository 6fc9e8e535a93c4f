/** What a page shows and what its fields hold, but for the list of sessions. Read into the page by test_session_list.py. */
() => {
  const fields = [...document.querySelectorAll("input, select, textarea, button, progress, dialog, details")]
    .filter((one) => !one.closest("#session-list"))
    .map((one) => [one.id || one.textContent, one.value, one.disabled, one.hidden, one.open, one.ariaInvalid]);
  const texts = [...document.querySelectorAll("#notices, main section:not(#sessions-panel)")].map((one) => one.innerText);
  return { fields, texts };
};
