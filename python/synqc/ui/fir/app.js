/** The page of First Information Reports, assembled: its panels, the session on show, and who is told of what. */

import { Api } from "../../ui/shared/api.js";
import { Connection } from "../../ui/shared/connection.js";
import { byId } from "../../ui/shared/element.js";
import { openKeyDialog, startKeyDialog } from "../../ui/shared/key_dialog.js";
import { notice, setDismissWord } from "../../ui/shared/notices.js";
import { startShortcuts } from "../../ui/shared/shortcuts.js";
import { startTheme } from "../../ui/shared/theme.js";
import { CaseStatus } from "./case_status.js";
import { ComplaintForm } from "./complaint_form.js";
import { DocumentView } from "./document_view.js";
import { FieldsPanel } from "./fields_panel.js";
import { GatePanel } from "./gate_panel.js";
import { GateRail } from "./gate_rail.js";
import { HistoryPanel } from "./history_panel.js";
import { fillWords, say, turnLanguage, watchLanguage } from "./language.js";
import { ReportList } from "./report_list.js";
import { failed, serverWords } from "./server_words.js";
import { MEMBERS, sessionPath, STEPS } from "./session_path.js";
import { WaitingList } from "./waiting_list.js";

// A service that takes a hundred requests a minute of an address must have room for officers who work side by side.
const LISTS_EVERY_MS = 15_000;
const MAKING_EVERY_MS = 3000;
const SESSION_EVERY_MS = 12_000;
const SHORT_ID = 8;

const api = new Api(location.pathname.replace(/\/ui$/, ""));
let chosen = null;
let session = null;
let gates = new Map();
let shownStep = null;
let reading = 0;

const connection = new Connection(api, {
  onState: showConnection,
  onBack: () => {
    lists();
    caseStatus.look();
    open(idInAddress(), true);
  },
  onUpgrade: (version) => notice(`SynQc ${version}`, "word"),
  probe: "/waiting?limit=1",
});
const form = new ComplaintForm(api, { begun: ({ session_id: id }) => goTo(id) });
const waiting = new WaitingList(api, goTo);
const reports = new ReportList(api, goTo);
const rail = new GateRail((step) => turnTo(step));
const history = new HistoryPanel(api);
const fields = new FieldsPanel(api, { stated: () => readAnew() });
const documentView = new DocumentView(api, { filed: () => readAnew(), labels: () => fields.labels });
const caseStatus = new CaseStatus(api, { changed: () => readAnew() });
const gate = new GatePanel(api, { answering, answered: () => readAnew() });

const showTheme = startTheme(
  () => {},
  (kind) => say("theme", { chosen: say(kind) }),
);
startKeyDialog(
  api,
  () => {
    connection.state = "connecting";
    connection.check();
  },
  () => ({
    title: say("key"),
    label: say("key_label"),
    hint: say("key_hint"),
    use: say("key_use"),
    forget: say("key_forget"),
    cancel: say("cancel"),
  }),
);
startShortcuts({
  n: () => form.focus(),
  e: () => gate.focus(),
  a: () => gate.approve(),
  r: () => gate.again(),
  x: () => gate.reject(),
  j: () => waiting.step(1),
  k: () => waiting.step(-1),
  "?": openHelp,
});
watchLanguage(() => {
  fillWords();
  setDismissWord(say("dismiss"));
  showTheme();
  form.relabel();
  for (const panel of [waiting, reports, history, fields]) panel.draw();
  showConnection(connection.state);
  draw();
});
byId("language").addEventListener("click", turnLanguage);
byId("open-help").addEventListener("click", openHelp);
byId("reopen").addEventListener("click", reopen);
addEventListener("hashchange", () => open(idInAddress()));
setInterval(() => document.hidden || !connection.online || lists(), LISTS_EVERY_MS);
setInterval(() => document.hidden || !connection.online || look(), SESSION_EVERY_MS);
setInterval(() => document.hidden || !connection.online || !isMaking() || look(), MAKING_EVERY_MS);
connection.check();

function idInAddress() {
  return new URLSearchParams(location.hash.slice(1)).get("session");
}

function lists() {
  waiting.look(chosen);
  reports.look(chosen);
}

/** Show a session that was chosen, and its gate where the page is too narrow for both. */
async function goTo(id) {
  await open(id);
  if (matchMedia("(max-width: 759px)").matches) byId("gate-panel").scrollIntoView();
}

/** Show a session. @param isAgain - even if it is on show already */
async function open(id, isAgain = false) {
  if (id === chosen && !isAgain) return;
  chosen = id;
  session = null;
  gates = new Map();
  shownStep = null;
  location.hash = id === null ? "" : new URLSearchParams({ session: id }).toString();
  lists();
  await readAnew();
}

/** Read the session if it has changed since. */
async function look() {
  if (chosen === null || session === null) return;
  const id = chosen;
  try {
    const found = await api.get(sessionPath(id, "/status"));
    if (id === chosen && found.last_activity !== session.last_activity) await readAnew();
  } catch (error) {
    if (error.status) notice(failed(say("not_read"), error));
  }
}

/** Read all of the session; an answer to an earlier question is no longer wanted. */
async function readAnew() {
  const [id, number] = [chosen, (reading += 1)];
  if (id === null) {
    await Promise.all([history.look(null), fields.look(null, false)]);
    return draw();
  }
  try {
    const [found, listed] = await Promise.all([
      api.get(sessionPath(id, "/status")),
      api.get(sessionPath(id, "/gates")),
      history.look(id),
    ]);
    if (number !== reading) return;
    session = found;
    gates = new Map(listed.map((one) => [one.step, one]));
    if (shownStep === session.current_step || !gates.has(shownStep)) shownStep = null;
    await fields.look(id, isFiled());
  } catch (error) {
    if (number !== reading) return;
    if (error.status === 404) {
      notice(serverWords(error.message));
      return open(null);
    }
    notice(failed(say("not_read"), error));
  }
  draw();
  lists();
}

function isFiled() {
  return session !== null && session.fir_status !== "draft";
}

function isMaking() {
  return session?.status === "processing";
}

/** Show a gate that was passed, or the one that waits. */
function turnTo(step) {
  shownStep = step;
  draw();
}

function draw() {
  const step = shownStep ?? session?.current_step ?? null;
  const found = gates.get(step) ?? null;
  byId("session-about").textContent = chosen === null ? "" : say("session", { id: chosen.slice(0, SHORT_ID) });
  rail.show(session && { step: session.current_step, making: isMaking() }, gates, step);
  const isExpired = session?.status === "expired";
  byId("expired").hidden = !isExpired;
  gate.make(isMaking() ? session.current_step : null);
  gate.show(found && { gate: found, ...heldAgainst(found), labels: fields.labels, isFiled: isFiled(), source: history.source });
  documentView.show(reportState());
  caseStatus.show(reportState());
}

/** What the text of a gate is compared with, and held against. */
function heldAgainst({ step, content }) {
  const beside = [];
  const add = (title, text) => text && beside.push({ title: say(title), text });
  if (step === "summary_review" || step === "fir_narrative_review") add("original", transcript(content));
  if (step === "fir_narrative_review") add("summary_word", gates.get("summary_review")?.content.summary);
  return { beside, before: history.textBefore(step, content[MEMBERS[step]]) };
}

function transcript(content) {
  return content.original_transcript ?? gates.get(STEPS[0])?.content.transcript;
}

function reportState() {
  const last = gates.get("final_review");
  if (!session?.fir_number || (!isFiled() && !last)) return null;
  return {
    id: chosen,
    number: session.fir_number,
    isCompleted: session.status === "completed",
    isFiled: isFiled(),
    status: session.fir_status,
    revision: last?.digest ?? "",
  };
}

/** An answer is sent: what it leads to is being made until it is there. */
function answering({ decision, approved }) {
  const step = gates.get(shownStep ?? session.current_step).step;
  if (decision === "regenerate") gate.make(step);
  else if (approved && step !== "final_review") gate.make(STEPS[STEPS.indexOf(step) + 1]);
}

async function reopen() {
  try {
    await api.post(sessionPath(chosen, "/reopen"));
  } catch (error) {
    notice(failed(say("not_answered"), error));
  }
  await readAnew();
}

function showConnection(state) {
  const words = say(["online", "reconnecting", "locked"].includes(state) ? state : "connecting");
  const place = byId("connection");
  if (place.dataset.state !== state) place.dataset.state = state;
  if (byId("connection-words").textContent !== words) byId("connection-words").textContent = words;
  if (state === "locked" && !api.key) openKeyDialog();
  if (state === "locked" && api.key) notice(say("wrong_key"));
}

function openHelp() {
  byId("help-dialog").showModal();
}
