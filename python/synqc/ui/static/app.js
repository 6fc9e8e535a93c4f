/** The control page, wired: which session is selected, what is known of it, and who is told. */

import { Api, sessionPath } from "./api.js";
import { AgentPanel } from "./agent_panel.js";
import { BlochSpheres } from "./bloch_spheres.js";
import { ChatPanel } from "./chat_panel.js";
import { ConfigurationForm } from "./configuration_form.js";
import { confirmed } from "./confirmation.js";
import { Connection } from "./connection.js";
import { byId } from "./element.js";
import { isEmulated, labelEmulated, learnEmulated } from "./emulated_label.js";
import { EventLog } from "./event_log.js";
import { ExportPanel } from "./export_panel.js";
import { InformationMap } from "./information_map.js";
import { openKeyDialog, startKeyDialog } from "./key_dialog.js";
import { JobsPanel } from "./jobs_panel.js";
import { KpiCards } from "./kpi_cards.js";
import { applyLimits, showGoals } from "./limits.js";
import { clearNotices, failed, notice } from "./notices.js";
import { RunControls } from "./run_controls.js";
import { RunHistory, bitsOf, lastRecord, stored } from "./run_history.js";
import { SessionList } from "./session_list.js";
import { SessionStream } from "./session_stream.js";
import { startShortcuts } from "./shortcuts.js";
import { TelemetryChart } from "./telemetry_chart.js";
import { startTheme } from "./theme.js";

const SAVE_AFTER_MS = 600;
const REDRAW_AFTER_MS = 250;
const LIST_EVERY_MS = 5000;
const MODE_WORDS = {
  live: "live",
  polling: "polling: live events do not come through",
  waiting: "waiting for the server",
};

/** A function that acts once its calls have paused; `forget()` drops what is waiting. */
export function debounce(act, milliseconds) {
  let timer = null;
  const due = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = null;
      act(...given);
    }, milliseconds);
  };
  due.forget = () => {
    clearTimeout(timer);
    timer = null;
  };
  return due;
}

const api = new Api();
let version = null;
let session = null;
let record = null;
/** Counts choices of a session, so that a slow answer to an older one does not undo the newest. */
let choices = 0;
/** Counts edits, so that an answer to an older state of the form does not overwrite a newer one. */
let edits = 0;
let unsaved = false;
let saving = Promise.resolve();

const spheres = new BlochSpheres();
const kpis = new KpiCards();
const telemetry = new TelemetryChart();
const log = new EventLog(clearLog);
const form = new ConfigurationForm(edited);
const controls = new RunControls({ start: startRun, kill, edit: () => session && edited() });
const list = new SessionList({ create: createSession, select, remove: removeSession });
const history = new RunHistory(api, { onSeed: useSeed });
const map = new InformationMap(api, {
  read: () => form.read(),
  take: (fields) => form.take(fields),
  sessionId: selectedId,
  started: () => jobs.look(),
});
const exports = new ExportPanel(api, () => session);
const agent = new AgentPanel(api, { session: () => session, apply: (config) => form.take(config) });
new ChatPanel(api, selectedId);
const connection = new Connection(api, { onState: showConnection, onBack: load });
const jobs = new JobsPanel(api, connection);
const stream = new SessionStream(api, connection, {
  event: heard,
  fresh: () => refresh(selectedId()),
  snapshot: seen,
  gone: () => gone(selectedId()),
  mode: (mode) => (byId("telemetry-mode").textContent = MODE_WORDS[mode]),
});
const saveSoon = debounce(save, SAVE_AFTER_MS);
const redrawSoon = debounce(redraw, REDRAW_AFTER_MS);
const rereadHistorySoon = debounce(() => history.refresh(), REDRAW_AFTER_MS);

startTheme(() => {
  redraw();
  history.redraw();
});
startKeyDialog(api, () => {
  connection.state = "connecting";
  connection.check();
});
startShortcuts({
  r: () => controls.start("run"),
  d: () => controls.start("dryrun"),
  k: () => controls.kill(),
  "?": openHelp,
});
byId("open-help").addEventListener("click", openHelp);
byId("telemetry-interval").addEventListener("change", follow);
window.addEventListener("hashchange", () => select(idInAddress()));
setInterval(() => document.hidden || listSessions(), LIST_EVERY_MS);
connection.check();

function selectedId() {
  return session?.session_id ?? null;
}

function idInAddress() {
  return new URLSearchParams(location.hash.slice(1)).get("session");
}

function openHelp() {
  byId("help-dialog").showModal();
}

function redraw() {
  telemetry.draw();
  map.draw();
}

function showConnection(state, health, words) {
  const place = byId("connection");
  if (place.dataset.state !== state) place.dataset.state = state;
  if (byId("connection-words").textContent !== words) byId("connection-words").textContent = words;
  if (state === "locked" && !api.key) openKeyDialog();
  if (state === "locked" && api.key) notice("The server does not accept this API key.");
  if (health && version !== null && version !== health.version) {
    notice(`The server is now version ${health.version}. Reload the page to get the page of that version.`, "word");
  }
  if (health) version = health.version;
}

/** The server is there, for the first time or again: read everything. */
async function load() {
  try {
    const catalogue = await api.get("/presets");
    learnEmulated(catalogue.targets);
    form.setCatalogue(catalogue);
    applyLimits(catalogue);
    showGoals(catalogue.goals);
    controls.setCatalogue(catalogue);
    kpis.setCatalogue(catalogue);
    telemetry.setGoal(catalogue.goals.fidelity);
    map.setLimits(catalogue.limits);
    jobs.setCatalogue(catalogue);
    const sessions = await listSessions();
    if (!sessions) return;
    const wanted = selectedId() ?? idInAddress();
    if (wanted && sessions.some((one) => one.session_id === wanted)) await select(wanted, { again: true });
    else if (wanted) gone(wanted);
    else if (sessions.length) await select(sessions.at(-1).session_id);
    if (unsaved) saveSoon();
  } catch (error) {
    if (error.status) notice(failed("The page could not be filled", error));
  }
}

/** Read and show the sessions; null if they cannot be read. */
async function listSessions() {
  if (!connection.online) return null;
  try {
    const sessions = await api.get("/sessions");
    list.show(sessions, selectedId());
    if (session && !sessions.some((one) => one.session_id === session.session_id)) gone(session.session_id);
    return sessions;
  } catch (error) {
    if (error.status) notice(failed("Sessions could not be listed", error));
    return null;
  }
}

/** Show a session; `again` keeps what is on show until it is read anew. */
async function select(id, { again = false } = {}) {
  const choice = ++choices;
  if (!id || (id === selectedId() && !again)) return;
  await saveNow();
  try {
    const found = await api.get(sessionPath(id));
    if (choice !== choices) return;
    const another = id !== selectedId();
    if (another) {
      forget();
      history.open(id);
    }
    session = found;
    location.hash = new URLSearchParams({ session: id }).toString();
    showSession(found);
    if (!again) clearNotices();
    follow();
    await refresh(id);
    if (!another) history.refresh();
    listSessions();
  } catch (error) {
    if (error.status === 404) gone(id);
    else notice(failed(`Session ${id} could not be opened`, error));
  }
}

/** Nothing of the former session stays. */
function forget() {
  session = null;
  record = null;
  unsaved = false;
  saveSoon.forget();
  saveState("");
  stream.follow(null);
  telemetry.set([]);
  log.set([]);
  spheres.showLive(null);
  spheres.show(null, null);
  kpis.show(null, null);
  controls.show(null);
  for (const place of ["run-emulated", "log-emulated"]) labelEmulated(byId(place), "", false);
  map.clear();
  exports.clear();
  agent.clear();
  byId("telemetry-mode").textContent = "";
}

function follow() {
  stream.follow(selectedId(), Number(byId("telemetry-interval").value));
}

/** Log, telemetry and last run as the server has them; what events told of meanwhile is newer, and stays. */
async function refresh(id) {
  if (id === null) return;
  const [knownSession, knownRecord] = [session, record];
  log.awaitLines();
  try {
    const [found, lines, rows] = await Promise.all([
      api.get(sessionPath(id)),
      api.get(sessionPath(id, "/logs?limit=1000")),
      api.get(sessionPath(id, "/telemetry?limit=512")),
    ]);
    if (id !== selectedId()) return;
    log.set(lines.lines);
    telemetry.set(rows.rows);
    if (session === knownSession) showSession(found);
    showNewest();
    const last = await lastRecord(api, session);
    if (id === selectedId() && record === knownRecord) await showRecord(last);
  } catch (error) {
    if (error.status === 404) gone(id);
    else if (error.status) notice(failed("The session could not be read", error));
  }
}

function showSession(found) {
  session = found;
  const target = found.config.hardware_target;
  for (const place of ["run-emulated", "log-emulated"]) labelEmulated(byId(place), target, isEmulated(target));
  if (!unsaved) form.show(found.config);
  controls.show(found);
  controls.setConfiguration(form.read() ?? found.config);
  kpis.show(record, found);
  if (!found.last_run_id) kpis.showNow(null);
  redrawSoon();
}

/** Show a run; one that an event told of may not be on disk yet. */
async function showRecord(run, { fresh = false } = {}) {
  const another = run?.run_id !== record?.run_id;
  record = run;
  kpis.show(run, session);
  showNewest();
  if (!another) return;
  spheres.show(run, null);
  if (!run) return;
  try {
    if (fresh) await stored(api, run);
    if (record?.run_id !== run.run_id) return;
    rereadHistorySoon();
    const bits = await bitsOf(api, run);
    if (record?.run_id === run.run_id) spheres.show(run, bits);
  } catch (error) {
    if (error.status) notice(failed("The run's details could not be read", error));
  }
}

function showNewest() {
  kpis.showNow(telemetry.newest, session?.status === "running");
  spheres.showLive(telemetry.newest);
}

/** An event of the stream. */
function heard(kind, data) {
  if (!session) return;
  if (kind === "state" && data.session_id === session.session_id) showSession(data);
  if (kind === "progress") controls.setProgress(data.total ? data.done / data.total : 0);
  if (kind === "log") log.add([data.line]);
  if (kind === "telemetry") {
    telemetry.add([data]);
    showNewest();
  }
  if (kind === "kpis") showRecord(data, { fresh: true });
}

/** A snapshot of polling. */
async function seen({ session: found, rows, lines }) {
  const ended = found.last_run_id !== session?.last_run_id;
  showSession(found);
  telemetry.add(rows);
  log.set(lines);
  showNewest();
  if (!ended) return;
  try {
    await showRecord(await lastRecord(api, found));
  } catch (error) {
    if (error.status) notice(failed("The run could not be read", error));
  }
}

function gone(id) {
  if (id === null) return;
  notice(`Session ${id} is no longer there: it was deleted, or this server never had it.`);
  if (id === selectedId()) {
    forget();
    history.open(null);
  }
  if (idInAddress() === id) window.history.replaceState(null, "", location.pathname);
  listSessions();
}

async function createSession(id) {
  const config = form.read();
  if (!config) return notice("The session was not created: the configuration has a number that does not fit.");
  try {
    const made = await api.post("/sessions", { session_id: id, config });
    list.clearNewId();
    await listSessions();
    await select(made.session_id);
  } catch (error) {
    notice(failed("The session was not created", error));
  }
}

async function removeSession(id) {
  const yes = await confirmed({
    title: `Delete session ${id}?`,
    words: "Its configuration, log and telemetry are lost. Its runs stay readable by their ids.",
    yes: "Delete",
  });
  if (!yes) return;
  try {
    await api.delete(sessionPath(id));
    if (id === selectedId()) {
      forget();
      history.open(null);
      window.history.replaceState(null, "", location.pathname);
    }
    await listSessions();
  } catch (error) {
    notice(failed(`Session ${id} was not deleted`, error));
  }
}

function edited() {
  edits += 1;
  const config = form.read();
  controls.setConfiguration(config);
  redrawSoon();
  if (!session) return;
  unsaved = true;
  saveState(config ? "Not saved yet" : "Not saved: a number does not fit", config ? "" : "alert");
  saveSoon();
}

/** Save the form in its turn; resolves to whether the server has what it shows. */
function save() {
  saveSoon.forget();
  saving = saving.then(saveForm);
  return saving;
}

async function saveForm() {
  const config = form.read();
  if (!session || !config) return !unsaved;
  const mine = edits;
  const id = session.session_id;
  saveState("Saving…");
  try {
    const found = await api.post("/sessions", { session_id: id, config: { ...config, ...controls.defaults() } });
    if (id !== selectedId()) return true;
    if (mine === edits) {
      unsaved = false;
      saveState("Saved");
    }
    showSession(found);
    return true;
  } catch (error) {
    if (id === selectedId()) saveState(failed("Not saved", error), "alert");
    return false;
  }
}

function saveNow() {
  return unsaved ? save() : saving.then(() => true);
}

function saveState(words, kind = "") {
  byId("save-state").textContent = words;
  byId("save-state").dataset.kind = kind;
}

async function startRun(mode, request) {
  const words = mode === "dryrun" ? "The dry run" : "The run";
  const id = selectedId();
  controls.setWaiting(true);
  try {
    if (!(await saveNow()))
      return notice(`${words} was not started: the configuration is not saved. ${byId("save-state").textContent}`);
    clearNotices();
    const answer = await api.post(sessionPath(id, "/run"), { mode, ...request }, { patience: Infinity });
    if (id !== selectedId()) return;
    showSession(answer.session);
    await showRecord(answer.run);
  } catch (error) {
    if (error.status === 404) gone(id);
    else if (error.status === 0)
      notice(`${words} has no answer: ${error.message} Look at the history once it is back.`);
    else notice(failed(`${words} did not go through`, error));
  } finally {
    controls.setWaiting(false);
    if (id === selectedId()) controls.setProgress(null);
  }
}

async function kill() {
  const id = selectedId();
  try {
    const answer = await api.post(sessionPath(id, "/kill"));
    if (answer.status === "no-active-run") notice(answer.message, "word");
    const found = await api.get(sessionPath(id));
    if (id === selectedId()) showSession(found);
  } catch (error) {
    if (error.status === 404) gone(id);
    else notice(failed("The run was not killed", error));
  }
}

async function clearLog() {
  const id = selectedId();
  if (id === null) return;
  try {
    await api.delete(sessionPath(id, "/logs"));
    log.awaitLines();
    const { lines } = await api.get(sessionPath(id, "/logs?limit=1000"));
    if (id === selectedId()) log.set(lines);
  } catch (error) {
    notice(failed("The log was not cleared", error));
  }
}

function useSeed(seed) {
  byId("seed").value = String(seed);
  byId("seed").focus();
}
