/** The page of synthetic data, assembled: its panels, and who is told of what. */

import { Api } from "../../ui/shared/api.js";
import { Connection } from "../../ui/shared/connection.js";
import { byId, element } from "../../ui/shared/element.js";
import { FilePanel } from "../../ui/shared/file_panel.js";
import { openKeyDialog, startKeyDialog } from "../../ui/shared/key_dialog.js";
import { failed, notice } from "../../ui/shared/notices.js";
import { startShortcuts } from "../../ui/shared/shortcuts.js";
import { startTheme } from "../../ui/shared/theme.js";
import { DatasetList } from "./dataset_list.js";
import { DatasetPanel } from "./dataset_panel.js";
import { DefineForm } from "./define_form.js";
import { showRows } from "./rows_table.js";
import { setPath } from "./set_path.js";

const LIST_EVERY_MS = 2000;
const LISTED = 50;
const MODEL_PATIENCE_MS = 300_000;

const api = new Api(new URL("api", location.href.replace(/[?#].*$/, "")).pathname);
let chosen = null;

const connection = new Connection(api, {
  onState: showConnection,
  onBack: load,
  onUpgrade: (version) =>
    notice(`The server is now version ${version}. Reload the page to get the page of that version.`, "word"),
});
const form = new DefineForm(api, { preview, make });
const panel = new DatasetPanel(api, { cancel });
const list = new DatasetList((id) => open(id));
const files = new FilePanel(api, {
  chosen: () => chosen,
  file: (id, format) => setPath(id, `/export?format=${format}`),
  card: (id) => setPath(id, "/card"),
  called: (id) => id,
  nothing: "No data set is shown.",
  refused: "No download",
});

startTheme(() => {});
startKeyDialog(api, () => {
  connection.state = "connecting";
  connection.check();
});
startShortcuts({
  d: () => form.focus(),
  p: () => form.preview(),
  m: () => form.make(),
  "?": openHelp,
});
byId("open-help").addEventListener("click", openHelp);
addEventListener("hashchange", () => open(idInAddress()));
setInterval(() => document.hidden || !connection.online || look(), LIST_EVERY_MS);
connection.check();

/** The server is there, for the first time or again: read everything. */
async function load() {
  try {
    const catalogue = await api.get("/presets");
    form.setCatalogue(catalogue);
    offerFormats(catalogue.formats);
    open(idInAddress());
  } catch (error) {
    if (error.status) notice(failed("The page could not be filled", error));
  }
}

/** Formats of files that there are; the chosen one stays. */
function offerFormats(formats) {
  const chosenFormat = byId("export-format").value;
  byId("export-format").replaceChildren(...formats.map((format) => element("option", { value: format }, format)));
  if (formats.includes(chosenFormat)) byId("export-format").value = chosenFormat;
}

function idInAddress() {
  return new URLSearchParams(location.hash.slice(1)).get("set");
}

/** Show a data set. */
async function open(id) {
  if (id !== chosen) files.clear();
  chosen = id;
  if (id !== null) location.hash = new URLSearchParams({ set: id }).toString();
  else await panel.show(null);
  await look();
}

/** Read the list, and the data set on show. */
async function look() {
  try {
    const sets = await api.get(`/datasets?limit=${LISTED}`);
    list.show(sets, chosen);
    const id = chosen;
    if (id === null) return;
    const found = sets.find((one) => one.id === id) ?? (await api.get(setPath(id)));
    if (id === chosen) await panel.show(found);
  } catch (error) {
    if (error.status === 404) {
      notice(`Data set ${chosen} is not there any more.`);
      history.replaceState(null, "", location.pathname + location.search);
      await open(null);
    } else if (error.status) byId("sets-empty").textContent = failed("Data sets could not be read", error);
  }
}

async function preview(asked) {
  byId("preview-state").textContent = "Making a few rows…";
  try {
    const { data, metadata } = await api.post("/preview", asked, { patience: MODEL_PATIENCE_MS });
    showRows(byId("preview-rows"), data);
    byId("preview-empty").hidden = true;
    byId("preview-state").textContent = `${data.length} rows by ${metadata.model}`;
  } catch (error) {
    byId("preview-state").textContent = "";
    throw error;
  }
}

async function make(asked) {
  const { id } = await api.post("/datasets", asked);
  await open(id);
}

async function cancel() {
  const id = chosen;
  try {
    await api.post(setPath(id, "/cancel"));
  } catch (error) {
    notice(failed("The data set was not cancelled", error));
  }
  await look();
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
