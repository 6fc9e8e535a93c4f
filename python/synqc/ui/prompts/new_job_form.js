/** What a new job is asked for: read from the form, checked as far as the page can, then sent; the server has the last word. */

import { byId, element } from "../../ui/shared/element.js";
import { debounce } from "../../ui/shared/debounce.js";
import { isWholeWithin } from "../../ui/shared/limits.js";
import { failed, notice } from "../../ui/shared/notices.js";
import { duration } from "../../ui/shared/measured_value.js";
import { batchPath } from "./batch_path.js";
import { dollars } from "./money.js";
import { readOthers, withOthers } from "./other_members.js";
import { readTaxonomy } from "./taxonomy.js";

const ROLES = ["engineer", "checker", "target"];
const LOOKS_AT_TOPICS_AFTER_MS = 300;
const SECONDS_PER_MINUTE = 60;

export class NewJobForm {
  /** @param on - { started(job) } */
  constructor(api, on) {
    this._api = api;
    this._on = on;
    this._seeds = null;
    this._previewed = null;
    this._isBusy = false;
    byId("new-job").addEventListener("submit", (event) => {
      event.preventDefault();
      this.start();
    });
    byId("preview").addEventListener("click", () => this._preview());
    byId("seeds").addEventListener("change", () => this._readSeeds());
    byId("embedder").addEventListener("change", ({ target }) => {
      byId("semantic-threshold").disabled = target.value === "";
    });
    byId("taxonomy").addEventListener(
      "input",
      debounce(() => this._taxonomy(), LOOKS_AT_TOPICS_AFTER_MS),
    );
  }

  /** Learn which models there are, and what is usual. */
  setCatalogue({ roles, models, embedders, model_state: state, batch_providers: withBatches, defaults }) {
    this._usual = defaults;
    byId("new-job").inert = false; // what is typed before its usual values are there would mix with them
    byId("models-state").textContent = state.words;
    byId("models-state").dataset.kind = state.is_ready ? "" : "alert";
    const options = (values) => [...new Set(values)].map((value) => element("option", { value }));
    byId("providers").replaceChildren(...options(models.map((one) => one.provider)));
    byId("models").replaceChildren(...options(models.map((one) => one.model_name)));
    const chosen = byId("embedder");
    for (const name of embedders) {
      if (!chosen.querySelector(`option[value="${CSS.escape(name)}"]`)) chosen.append(element("option", { value: name }, name));
    }
    byId("batch-interface").disabled = withBatches.length === 0;
    byId("batch-interface-hint").textContent = withBatches.length
      ? `Models of ${withBatches.join(", ")} cost less, and answer within a day; an attempt is four such answers, so that many calls at once are wanted.`
      : "No provider that is set up here has one.";
    for (const role of ROLES) {
      const usual = roles[role];
      if (!usual) continue;
      byId(`${role}-provider`).defaultValue = usual.provider;
      byId(`${role}-model`).defaultValue = usual.model_name;
    }
  }

  /** Put the cursor where a job begins. */
  focus() {
    byId("num-problems").focus();
  }

  /** Start what the form says, once. */
  async start() {
    await this._ask("The job was not started", async (request, options) => {
      const job = await this._api.post("/generate?mode=async", request, options);
      this._answer();
      this._on.started(job);
    });
  }

  /** A few attempts that count for nothing: all that the models say, and what the job would take by them. */
  async _preview() {
    await this._ask("There is no preview", async (request, options) => {
      const job = await this._api.post("/preview", request, options);
      this._previewed = { id: job.batch_id, count: request.num_problems };
      this._answer(element("p", {}, "The preview runs; its estimate follows."));
      this._on.started(job);
    });
  }

  /** A batch has ended: if it is the preview of this form, say what the job would take. */
  async ended({ id }) {
    if (this._previewed?.id !== id) return;
    const { count } = this._previewed;
    this._previewed = null;
    try {
      const found = await this._api.get(batchPath(id, `/estimate?num_problems=${count}`));
      this._answer(...estimateWords(found, count).map((line) => element("p", {}, line)));
    } catch (error) {
      this._answer(element("p", {}, failed("There is no estimate", error)));
    }
  }

  async _ask(failure, act) {
    if (this._isBusy) return;
    const request = this._request();
    if (!request) return;
    this._setBusy(true);
    try {
      // A second press, or a repeated request, is the same job.
      await act(request, { headers: { "Idempotency-Key": crypto.randomUUID() } });
    } catch (error) {
      this._problem(error.message);
      if (!error.status) notice(failed(failure, error));
    }
    this._setBusy(false);
  }

  _setBusy(isBusy) {
    this._isBusy = isBusy;
    for (const id of ["start", "preview"]) byId(id).setAttribute("aria-disabled", String(isBusy));
  }

  /** What the form says, or null of what cannot be asked. */
  _request() {
    this._problem("");
    const count = byId("num-problems");
    const isCount = isWholeWithin(count);
    count.setAttribute("aria-invalid", String(!isCount));
    if (!isCount) return this._problem(`Problems to accept must be a whole number from ${count.min} to ${count.max}.`);
    const request = { num_problems: Number(count.value) };
    for (const role of ROLES) {
      const choice = {
        provider: byId(`${role}-provider`).value.trim(),
        model_name: byId(`${role}-model`).value.trim(),
      };
      if (!choice.provider || !choice.model_name) return this._problem(`The ${role} must have a provider and a model.`);
      request[`${role}_model`] = choice;
    }
    const judge = { provider: byId("judge-provider").value.trim(), model_name: byId("judge-model").value.trim() };
    if (!judge.provider !== !judge.model_name) return this._problem("The judge must have a provider and a model, or neither.");
    if (judge.provider) request.judge_model = judge;
    const taxonomy = this._taxonomy();
    if (taxonomy === undefined) return this._problem("Topics cannot be read, see above.");
    if (taxonomy) request.taxonomy = taxonomy;
    if (this._seeds) Object.assign(request, { use_seed_data: true, seed_data: this._seeds });
    if (!taxonomy && !this._seeds) return this._problem("A job must have topics or seeds, but has neither.");
    const semantic = this._semantic();
    if (semantic === undefined) return this._problem("The least cosine must be a number above 0 and at most 1.");
    if (semantic) request.duplicates = { semantic };
    for (const [id, name, scale] of [
      ["budget", "budget_usd", 1],
      ["max-attempts", "max_attempts", 1],
      ["deadline", "deadline_s", SECONDS_PER_MINUTE],
    ]) {
      const field = byId(id);
      const isRight = !field.validity.badInput && (field.value === "" || Number(field.value) > 0);
      field.setAttribute("aria-invalid", String(!isRight));
      if (!isRight) return this._problem(`${field.labels[0].textContent.trim()} must be a number above 0, or empty.`);
      if (field.value !== "") request[name] = Number(field.value) * scale;
    }
    return this._withHow(request);
  }

  /** The request with how it is done, or null of what cannot be asked. */
  _withHow(request) {
    const acceptance = {};
    for (const [id, name, into] of [
      ["max-workers", "max_workers", request],
      ["draws-seed", "seed", request],
      ["failures", "m", acceptance],
      ["tries", "k", acceptance],
      ["solves", "reference_solves", acceptance],
      ["agreements", "reference_agreements", acceptance],
    ]) {
      const field = byId(id);
      const value = Number(field.value);
      const isRight =
        !field.validity.badInput &&
        (field.value === "" || (Number.isInteger(value) && value >= Number(field.min) && !(value > Number(field.max || Infinity))));
      field.setAttribute("aria-invalid", String(!isRight));
      if (!isRight) {
        byId("more").open = true;
        const limit = field.max ? `from ${field.min} to ${field.max}` : `of at least ${field.min}`;
        return this._problem(`${field.labels[0].textContent.trim()} must be a whole number ${limit}, or empty.`);
      }
      if (field.value !== "") into[name] = value;
    }
    if (Object.keys(acceptance).length) request.acceptance = acceptance;
    for (const [id, name] of [
      ["job-name", "name"],
      ["reuse-from", "reuse_from"],
    ]) {
      const text = byId(id).value.trim();
      if (text) request[name] = text;
    }
    if (byId("batch-interface").checked) request.batch = true;
    try {
      return withOthers(request, readOthers(byId("others").value));
    } catch (error) {
      byId("more").open = true;
      return this._problem(error.message);
    }
  }

  /** The topics; null without any, undefined where they cannot be read. */
  _taxonomy() {
    const field = byId("taxonomy");
    try {
      const found = readTaxonomy(field.value);
      byId("taxonomy-problem").textContent = "";
      field.removeAttribute("aria-invalid");
      return found;
    } catch (error) {
      byId("taxonomy-problem").textContent = error.message;
      field.setAttribute("aria-invalid", "true");
      return undefined;
    }
  }

  /** What counts as the same in other words; null where that is not looked for, undefined without a threshold. */
  _semantic() {
    const [embedder, field] = [byId("embedder").value, byId("semantic-threshold")];
    const threshold = Number(field.value);
    const isRight = embedder === "" || (threshold > 0 && threshold <= 1);
    field.setAttribute("aria-invalid", String(!isRight));
    if (!isRight) return undefined;
    return embedder === "" ? null : { embedder, threshold };
  }

  async _readSeeds() {
    const [file] = byId("seeds").files;
    this._seeds = null;
    const say = (text) => (byId("seeds-state").textContent = text);
    if (!file) return say("");
    try {
      const { rows, fields } = await this._api.post("/seeds/check", file, {
        headers: { "Content-Type": "application/x-ndjson" },
      });
      this._seeds = rows;
      say(`${file.name}: ${rows.length} rows with ${fields.join(", ")}.`);
    } catch (error) {
      say(`${file.name} is not used: ${error.message}`);
    }
  }

  _problem(text) {
    byId("new-job-problem").textContent = text;
    return null;
  }

  _answer(...lines) {
    byId("estimate-answer").replaceChildren(...lines);
  }
}

/** Lines: each figure with its limits at 95 %, which a few attempts leave wide. */
function estimateWords({ attempts, acceptance_rate: rate, attempts_needed: needed, usd, seconds, prices }, count) {
  const shown = ([value, low, high], form) =>
    value === null
      ? `no limit (at least ${low === null ? "unknown" : form(low)})`
      : `${form(value)} (${form(low)} to ${high === null ? "no limit" : form(high)})`;
  const whole = (value) => Math.ceil(value).toLocaleString("en");
  const share = (value) => `${Math.round(100 * value)} %`;
  return [
    `Estimate for ${count}, by ${attempts} attempts of which ${share(rate[0])} were accepted (${share(rate[1])} to ${share(rate[2])}):`,
    `${shown(needed, whole)} attempts,`,
    usd.every((one) => one === null) ? "at a price that is not known," : `${shown(usd, dollars)},`,
    `${shown(seconds, (value) => duration(1e6 * value))}.`,
    ...(prices ? [prices] : []),
  ];
}
