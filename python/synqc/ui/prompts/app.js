/** The page of synthetic prompts, assembled: its panels, and who is told of what. */

import { Api } from "../../ui/shared/api.js";
import { Connection } from "../../ui/shared/connection.js";
import { confirmed } from "../../ui/shared/confirmation.js";
import { debounce } from "../../ui/shared/debounce.js";
import { byId } from "../../ui/shared/element.js";
import { FilePanel } from "../../ui/shared/file_panel.js";
import { JobsPanel } from "../../ui/shared/jobs_panel.js";
import { openKeyDialog, startKeyDialog } from "../../ui/shared/key_dialog.js";
import { applyLimits } from "../../ui/shared/limits.js";
import { failed, notice } from "../../ui/shared/notices.js";
import { startShortcuts } from "../../ui/shared/shortcuts.js";
import { startTheme } from "../../ui/shared/theme.js";
import { BatchList } from "./batch_list.js";
import { BatchPanel } from "./batch_panel.js";
import { batchPath } from "./batch_path.js";
import { BatchStream } from "./batch_stream.js";
import { NewJobForm } from "./new_job_form.js";
import { RowsPanel } from "./rows_panel.js";

const READ_AFTER_MS = 250;
const LIST_EVERY_MS = 5000;
const BATCHES_LISTED = 50;

const api = new Api(new URL("api", location.href.replace(/[?#].*$/, "")).pathname);
let chosen = null;

const connection = new Connection(api, {
  onState: showConnection,
  onBack: load,
  onUpgrade: (version) =>
    notice(`The server is now version ${version}. Reload the page to get the page of that version.`, "word"),
});
const form = new NewJobForm(api, { started });
const batch = new BatchPanel({ cancel, remove });
const rows = new RowsPanel(api, { changed: () => readBatch() });
const batches = new BatchList((id) => open(id));
const exports = new FilePanel(api, {
  chosen: () => chosen,
  file: (id, format) => batchPath(id, `/export?format=${format}&formula_safe=${format === "csv"}`),
  card: (id) => batchPath(id, "/card"),
  called: (id) => `batch_${id}`,
  nothing: "No batch is shown.",
  refused: "No export",
});
const jobs = new JobsPanel(api, connection);
const rowsSoon = debounce(() => rows.look(), READ_AFTER_MS);
const stream = new BatchStream(api, (kind, data) => {
  if (kind === "progress" || kind === "ended") batch.show(data);
  if (kind === "row" || kind === "ended") rowsSoon();
  if (kind === "ended") {
    form.ended(data);
    list();
  }
});

startTheme(() => {});
startKeyDialog(api, () => {
  connection.state = "connecting";
  connection.check();
});
startShortcuts({
  n: () => form.focus(),
  s: () => form.start(),
  j: () => rows.step(1),
  k: () => rows.step(-1),
  a: () => rows.decideFocused("accept"),
  d: () => rows.decideFocused("discard"),
  "?": openHelp,
});
byId("open-help").addEventListener("click", openHelp);
addEventListener("hashchange", () => open(idInAddress()));
setInterval(() => document.hidden || !connection.online || list(), LIST_EVERY_MS);
connection.check();

/** The server is there, for the first time or again: read everything. */
async function load() {
  try {
    const catalogue = await api.get("/presets");
    applyLimits(catalogue);
    for (const panel of [form, batch, rows, jobs]) panel.setCatalogue(catalogue);
    await list();
    open(idInAddress(), true);
  } catch (error) {
    if (error.status) notice(failed("The page could not be filled", error));
  }
}

function idInAddress() {
  return new URLSearchParams(location.hash.slice(1)).get("batch");
}

/** Show a batch. @param isAgain - even if it is on show already */
async function open(id, isAgain = false) {
  if (String(id) === String(chosen) && !isAgain) return;
  chosen = id;
  exports.clear();
  batch.show(null);
  stream.follow(null);
  rows.open(id);
  if (id === null) return;
  location.hash = new URLSearchParams({ batch: id }).toString();
  if (await readBatch()) stream.follow(id);
  list();
}

/** Whether it is there. */
async function readBatch() {
  const id = chosen;
  if (id === null) return false;
  try {
    const found = await api.get(batchPath(id, "/progress"));
    if (id === chosen) batch.show(found);
    return true;
  } catch (error) {
    if (id !== chosen) return false;
    if (error.status === 404) {
      notice(`Batch ${id} is not there any more.`);
      history.replaceState(null, "", location.pathname + location.search);
      open(null);
    } else notice(failed(`Batch ${id} could not be read`, error));
    return false;
  }
}

async function list() {
  try {
    batches.show(await api.get(`/batches/?limit=${BATCHES_LISTED}`), chosen);
  } catch (error) {
    if (error.status) byId("batches-empty").textContent = failed("Batches could not be read", error);
  }
}

function started({ batch_id: id }) {
  jobs.look();
  open(id);
}

async function cancel() {
  const id = chosen;
  try {
    const found = await api.post(batchPath(id, "/cancel"));
    if (id === chosen) batch.show(found);
  } catch (error) {
    notice(failed(`Batch ${id} was not cancelled`, error));
  }
  jobs.look();
}

async function remove() {
  const id = chosen;
  const isSure = await confirmed({
    title: `Delete batch ${id}?`,
    words: "Its rows are deleted with it.",
    yes: "Delete",
  });
  if (!isSure) return;
  try {
    await api.delete(batchPath(id));
    history.replaceState(null, "", location.pathname + location.search);
    open(null);
  } catch (error) {
    notice(failed(`Batch ${id} was not deleted`, error));
  }
  list();
}

function showConnection(state, words) {
  const place = byId("connection");
  if (place.dataset.state !== state) place.dataset.state = state;
  if (byId("connection-words").textContent !== words) byId("connection-words").textContent = words;
  if (state === "locked" && !api.key) openKeyDialog();
  if (state === "locked" && api.key) notice("The server does not accept this API key.");
}

function openHelp() {
  byId("help-dialog").showModal();
}
