/** What a page shows and what its fields hold, but for what is of no session: the lists of sessions and jobs. Read into the page by test_session_list.py. */
() => {
  const fields = [...document.querySelectorAll("input, select, textarea, button, progress, dialog, details")]
    .filter((one) => !one.closest("#session-list, #jobs"))
    .map((one) => [one.id || one.textContent, one.value, one.disabled, one.hidden, one.open, one.ariaInvalid]);
  const texts = [...document.querySelectorAll("#notices, main section:not(#sessions-panel, #jobs-panel)")].map((one) => one.innerText);
  return { fields, texts };
};
