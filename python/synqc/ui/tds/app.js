/** The control page, assembled: its panels, the values they share, and who is told of which. */

import { Api } from "../shared/api.js";
import { AgentPanel } from "./agent_panel.js";
import { AnalysisPanel } from "./analysis_panel.js";
import { BlochSpheres } from "./bloch_spheres.js";
import { ChatPanel } from "./chat_panel.js";
import { ConfigurationForm } from "./configuration_form.js";
import { ConfigurationSaving } from "./configuration_saving.js";
import { Connection } from "../../ui/shared/connection.js";
import { debounce } from "../shared/debounce.js";
import { byId } from "../shared/element.js";
import { isEmulated, labelEmulated, learnEmulated } from "./emulated_label.js";
import { EventLog } from "./event_log.js";
import { ExportPanel } from "./export_panel.js";
import { InformationMap } from "./information_map.js";
import { JobsPanel } from "../shared/jobs_panel.js";
import { openKeyDialog, startKeyDialog } from "../shared/key_dialog.js";
import { KpiCards } from "./kpi_cards.js";
import { applyLimits, showGoals } from "../shared/limits.js";
import { failed, notice } from "../shared/notices.js";
import { RunActions } from "./run_actions.js";
import { RunControls } from "./run_controls.js";
import { RunHistory } from "./run_history.js";
import { SessionChoice } from "./session_choice.js";
import { SessionReading } from "./session_reading.js";
import { SessionStream } from "./session_stream.js";
import { startShortcuts } from "../shared/shortcuts.js";
import { Store } from "../shared/store.js";
import { TelemetryChart } from "./telemetry_chart.js";
import { startTheme } from "../shared/theme.js";

const REDRAW_AFTER_MS = 250;
const LIST_EVERY_MS = 5000;
const MODE_WORDS = {
  live: "live",
  polling: "polling: live events do not come through",
  waiting: "waiting for the server",
};

const api = new Api();
const store = new Store({
  catalogue: null, // what the server offers
  wanted: null, // id of the session chosen last, whatever came of it
  sessionId: null, // of the session on show
  session: null, // that session as it was last heard of
  record: null, // its newest run
  newest: null, // its newest row of telemetry
  isRead: false, // whether what the server has of that session has been read
  edit: { config: null, names: [] }, // what the form came to hold by hand: a configuration or null, and fields that changed
});

const spheres = new BlochSpheres();
const kpis = new KpiCards();
const telemetry = new TelemetryChart();
const log = new EventLog(() => reading.clearLog());
const form = new ConfigurationForm(edited);
const controls = new RunControls({
  start: (mode, request) => actions.start(mode, request),
  kill: () => actions.kill(),
  edit: edited,
});
const saving = new ConfigurationSaving(api, store, () => controls.defaults());
const history = new RunHistory(api, { onSeed: useSeed });
const connection = new Connection(api, {
  onState: showConnection,
  onBack: load,
  onUpgrade: (version) =>
    notice(`The server is now version ${version}. Reload the page to get the page of that version.`, "word"),
});
const jobs = new JobsPanel(api, connection);
const map = new InformationMap(api, {
  read: () => form.read(),
  take: (fields) => form.take(fields),
  sessionId: () => store.get("sessionId"),
  started: () => jobs.look(),
});
const exports = new ExportPanel(api, () => store.get("session"));
const agent = new AgentPanel(api, { session: () => store.get("session"), apply: (config) => form.take(config) });
new ChatPanel(api, () => store.get("sessionId"));
const analysis = new AnalysisPanel(api);
const choice = new SessionChoice(api, store, connection, {
  config: () => form.read(),
  before: () => saving.now(),
  opened: async (isAnother) => {
    follow();
    await reading.refresh();
    if (!isAnother) history.refresh();
  },
});
const reading = new SessionReading(
  api,
  store,
  { log, telemetry, spheres, history, progress: (share) => controls.setProgress(share) },
  (id) => choice.gone(id),
);
const actions = new RunActions(api, store, saving, {
  waiting: (isWaiting) => controls.setWaiting(isWaiting),
  ended: () => controls.setProgress(null),
  record: (run) => reading.showRecord(run),
  gone: (id) => choice.gone(id),
});
const stream = new SessionStream(api, connection, {
  event: (kind, data) => reading.heard(kind, data),
  fresh: () => reading.refresh(),
  snapshot: (snapshot) => reading.seen(snapshot),
  gone: () => choice.gone(store.get("sessionId")),
  mode: (mode) => (byId("telemetry-mode").textContent = MODE_WORDS[mode]),
});
const redrawSoon = debounce(redraw, REDRAW_AFTER_MS);

store.watch("catalogue", (catalogue) => {
  learnEmulated(catalogue.targets);
  applyLimits(catalogue);
  showGoals(catalogue.goals);
  form.setCatalogue(catalogue);
  controls.setCatalogue(catalogue);
  kpis.setCatalogue(catalogue);
  telemetry.setGoal(catalogue.goals.fidelity);
  map.setLimits(catalogue.limits);
  jobs.setCatalogue(catalogue);
});
store.watch("sessionId", (id) => {
  stream.follow(null);
  for (const panel of [map, exports, agent]) panel.clear();
  if (id === null) {
    telemetry.set([]);
    log.set([]);
    spheres.show(null, null);
  } else {
    telemetry.awaitRows();
    log.set([]);
    log.awaitLines();
    spheres.awaitRun();
  }
  byId("telemetry-mode").textContent = "";
  history.open(id);
});
store.watch("session", (session) => {
  const target = session?.config.hardware_target ?? "";
  for (const place of ["run-emulated", "log-emulated"]) labelEmulated(byId(place), target, isEmulated(target));
  if (session) form.show(session.config, saving.fields);
  controls.show(session);
  if (session) controls.setConfiguration(form.read() ?? session.config);
  showFigures();
  redrawSoon();
});
store.watch("record", showFigures);
store.watch("isRead", showFigures);
store.watch("newest", showNewest);
store.watch("edit", ({ config }) => {
  controls.setConfiguration(config);
  redrawSoon();
});

startTheme(redraw);
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
setInterval(() => document.hidden || choice.list(), LIST_EVERY_MS);
connection.check();

/** The server is there, for the first time or again: read everything. */
async function load() {
  try {
    store.set({ catalogue: await api.get("/presets") });
    await choice.start();
    analysis.learn();
    if (saving.isUnsaved) saving.soon();
  } catch (error) {
    if (error.status) notice(failed("The page could not be filled", error));
  }
}

function edited(names) {
  store.set({ edit: { config: form.read(), names } });
}

function follow() {
  stream.follow(store.get("sessionId"), Number(byId("telemetry-interval").value));
}

function showFigures() {
  kpis.show(store.get("record"), store.get("session"), store.get("isRead") || store.get("session") === null);
  showNewest();
}

function showNewest() {
  const [session, newest] = [store.get("session"), store.get("newest")];
  kpis.showNow(session?.last_run_id ? newest : null, session?.status === "running");
  spheres.showLive(newest);
}

function showConnection(state, words) {
  controls.setOnline(state === "online");
  const place = byId("connection");
  if (place.dataset.state !== state) place.dataset.state = state;
  if (byId("connection-words").textContent !== words) byId("connection-words").textContent = words;
  if (state === "locked" && !api.key) openKeyDialog();
  if (state === "locked" && api.key) notice("The server does not accept this API key.");
}

function redraw() {
  map.draw();
  analysis.draw();
}

function openHelp() {
  byId("help-dialog").showModal();
}

function useSeed(seed) {
  byId("seed").value = String(seed);
  byId("seed").focus();
}
