/** Put everything that is not of a session as it is on a page just opened, and turn to a session. Used by desk.py. */
(sessionId) => {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  for (const details of document.querySelectorAll("details[open]")) details.open = false;
  document.getElementById("chat-clear").click();
  const hold = document.getElementById("telemetry-hold");
  if (hold.getAttribute("aria-pressed") === "true") hold.click();
  const theme = document.getElementById("theme");
  while (theme.textContent !== "Theme: auto") theme.click();

  const ofSession = "#configuration *, #num_iterations, #shot_limit, #history-rows *";
  for (const field of document.querySelectorAll(`:is(input, select, textarea):not(${ofSession})`)) {
    const first = field.matches("select") ? [...field.options].find((one) => one.defaultSelected) : null;
    const value = field.matches("select") ? (first ?? field.options[0]).value : field.defaultValue;
    if (field.value === value) continue;
    field.value = value;
    for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
  }

  document.activeElement.blur();
  scrollTo(0, 0);
  location.hash = new URLSearchParams({ session: sessionId }).toString();
};
