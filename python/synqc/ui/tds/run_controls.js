/** Run, dry run, kill; iterations, shot limit and seed; what the session is doing. */

import { byId } from "../shared/element.js";
import { count } from "../shared/measured_value.js";

const FIELDS = [
  ["num_iterations", "Iterations"],
  ["shot_limit", "Shot limit"],
  ["seed", "Seed"],
];

/** So that a product such as 0.1 * 30 is not below its whole number. */
const ROUNDING = 1e-9;

export class RunControls {
  /** @param on - { start(mode, request), kill(), edit(names) }: `edit` when defaults of the session have changed */
  constructor(on) {
    this._on = on;
    this._session = null;
    this._waiting = false;
    this._online = false;
    this._costLaw = null;
    this._rules = [];
    this._config = null;
    byId("run-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.start("run");
    });
    byId("dry-run").addEventListener("click", () => this.start("dryrun"));
    byId("kill").addEventListener("click", () => this.kill());
    byId("run-form").addEventListener("input", (event) => {
      this._check();
      if (event.target.id !== "seed") on.edit([`${event.target.id}_default`]);
    });
    this._draw();
  }

  /** What a run costs, and which rule needs several iterations, from the server's list. */
  setCatalogue(catalogue) {
    this._costLaw = catalogue.cost_law;
    this._rules = catalogue.rule_properties;
    this._check();
  }

  /** Show a session's state, or that there is none (null). */
  show(session) {
    const another = session?.session_id !== this._session?.session_id;
    this._session = session;
    if (session && another) {
      byId("num_iterations").value = String(
        session.config.num_iterations_default ?? byId("num_iterations").defaultValue,
      );
      byId("shot_limit").value = String(session.config.shot_limit_default ?? session.shot_limit);
      this._waiting = false;
      this.setProgress(null);
      this._check();
    }
    if (session?.status === "running" && byId("progress").hidden) this.setProgress();
    if (session && session.status !== "running" && !this._waiting) this.setProgress(null);
    this._draw();
  }

  /** Say that a run asked for here is under way, or no longer. */
  setWaiting(waiting) {
    this._waiting = waiting;
    this._draw();
  }

  /** Say whether the server is there. */
  setOnline(online) {
    this._online = online;
    this._draw();
  }

  /** Part of the run that is done, 0 to 1; undefined if nobody knows, null if there is no run. */
  setProgress(share) {
    const bar = byId("progress");
    bar.hidden = share === null;
    if (Number.isFinite(share)) bar.value = share;
    else bar.removeAttribute("value");
  }

  /** What the fields say in the form of a session's defaults. */
  defaults() {
    if (this._check()) return {};
    const { num_iterations: iterations, shot_limit: limit } = this._request();
    return {
      ...(iterations === null ? {} : { num_iterations_default: iterations }),
      ...(limit === null ? {} : { shot_limit_default: limit }),
    };
  }

  /** The configuration that the next run has, or null while a number does not fit: for the sentence about its cost. */
  setConfiguration(config) {
    this._config = config;
    this._drawCost();
  }

  start(mode) {
    if (!this._session || this._busy || this._check()) return;
    const request = this._request();
    // The server keeps a limit: saying it again would only fill the log.
    if (request.shot_limit === this._session.shot_limit) request.shot_limit = null;
    this._on.start(mode, request);
  }

  kill() {
    if (this._session) this._on.kill();
  }

  get _busy() {
    return this._waiting || !this._online || this._session?.status === "running";
  }

  _request() {
    return Object.fromEntries(
      FIELDS.map(([name]) => [name, byId(name).value.trim() === "" ? null : Number(byId(name).value)]),
    );
  }

  _check() {
    let problem = "";
    for (const [name, title] of FIELDS) {
      const field = byId(name);
      const text = field.value.trim();
      const value = Number(text);
      const bad =
        (text !== "" && (!Number.isInteger(value) || value < Number(field.min) || value > Number(field.max))) ||
        (text === "" && field.validity.badInput);
      field.setAttribute("aria-invalid", String(bad));
      if (bad) problem ||= `${title} must be a whole number from ${field.min} to ${field.max}, or empty.`;
    }
    if (byId("run-problem").textContent !== problem) byId("run-problem").textContent = problem;
    this._drawCost();
    return problem;
  }

  _draw() {
    const session = this._session;
    byId("run").disabled = byId("dry-run").disabled = !session || this._busy;
    byId("kill").disabled = !session || !this._online;
    byId("run-session").textContent = session ? session.session_id : "";
    const words = session ? session.status_text : "No session is selected: create one, or choose one of the list.";
    if (byId("status-text").textContent !== words) byId("status-text").textContent = words;
    this._drawCost();
  }

  _drawCost() {
    const iterations = Number(byId("num_iterations").value || byId("num_iterations").defaultValue);
    const limit = Number(byId("shot_limit").value) || this._session?.shot_limit;
    let words = "";
    if (this._session && this._costLaw && this._config) {
      const left = Math.max(0, limit - this._session.shots_used);
      const shots = shotsPerIteration(this._costLaw, this._config.probe_duration_ns);
      words =
        `This run asks for ${iterations} × ${shots} = ${count(iterations * shots)} shots per qubit; ` +
        `${count(left)} of ${count(limit)} are left.`;
      const rule = this._rules.find((one) => one.name === this._config.adaptive_rule);
      if (rule?.learns && iterations < 2) words += ` ${rule.name} learns from iteration to iteration: ask for more than one.`;
    }
    if (byId("run-cost").textContent !== words) byId("run-cost").textContent = words;
  }
}

/** What one iteration costs by the server's law. */
export function shotsPerIteration({ shots, shots_per_ns: perNs }, probeDurationNs) {
  return shots + Math.floor(perNs * probeDurationNs + ROUNDING);
}
