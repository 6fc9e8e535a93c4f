/** Suggestions for the next run: what would change, what to expect of it, and a button that applies it. */

import { byId, element } from "../shared/element.js";
import { emulatedLabel } from "./emulated_label.js";
import { FIGURE_TITLES } from "./figure_titles.js";
import { combinedError, measuredShort } from "../shared/measured_value.js";
import { failed } from "../shared/notices.js";
import { sessionPath } from "./session_path.js";

export class AgentPanel {
  /** @param on - { session(), apply(config) } */
  constructor(api, on) {
    this._api = api;
    this._on = on;
    this._question = null;
    byId("agent-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this._ask();
    });
  }

  /** Forget the answer: it was about another session. */
  clear() {
    this._question?.abort();
    this._question = null;
    byId("agent-ask").disabled = false;
    byId("agent-answer").replaceChildren();
    this._state("");
  }

  async _ask() {
    const session = this._on.session();
    if (!session) return this._state("No session is selected.", "alert");
    const goal = byId("agent-goal").value;
    const temperature = byId("agent-temperature").value;
    const request = {
      goal,
      votes: Number(byId("agent-votes").value || byId("agent-votes").defaultValue),
      model: byId("agent-model").value.trim() || null,
      temperature: temperature === "" ? null : Number(temperature),
    };
    this.clear();
    const question = (this._question = new AbortController());
    byId("agent-ask").disabled = true;
    this._state("Asking; what it proposes is simulated before it is shown…");
    try {
      const path = sessionPath(session.session_id, "/agent-suggestion");
      const response = await this._api.raw("POST", path, {
        body: request,
        patience: Infinity,
        signal: question.signal,
      });
      const answer = await response.json();
      if (this._question !== question) return;
      const before = response.headers.get("X-SynQc-Agent-Cache") === "hit" ? " before" : "";
      const model = response.headers.get("X-SynQc-Agent-Model");
      this._state(`Answered${before}${model ? ` by ${model}` : ""}; nothing is applied yet.`);
      this._show(answer, session);
    } catch (error) {
      if (this._question !== question) return;
      this._state(failed("No suggestion", error), "alert");
    }
    byId("agent-ask").disabled = false;
  }

  _show(answer, session) {
    const changes = Object.entries(answer.changes_applied);
    const target = answer.recommended_config.hardware_target;
    const apply = element(
      "button",
      { type: "button", class: "primary", id: "agent-apply", onclick: () => this._apply(answer.recommended_config) },
      "Apply to the configuration",
    );
    const dismiss = element("button", { type: "button", id: "agent-dismiss", onclick: () => this.clear() }, "Dismiss");
    byId("agent-answer").replaceChildren(
      element("p", { class: "rationale" }, answer.rationale),
      ...(answer.warnings.length
        ? [
            element(
              "ul",
              { class: "warnings", "aria-label": "Warnings" },
              ...answer.warnings.map((one) => element("li", {}, one)),
            ),
          ]
        : []),
      changes.length
        ? table(
            "agent-diff",
            ["Field", "Now", "Proposed"],
            changes.map(([name, { old, new: proposed }]) => [name.replaceAll("_", " "), String(old), String(proposed)]),
          )
        : element("p", { class: "empty" }, "It proposes no change."),
      ...predicted(answer.predicted, session.config.hardware_target, target),
      ...votes(answer.votes),
      element("div", { class: "row" }, changes.length ? apply : null, dismiss),
    );
  }

  _apply(config) {
    this._on.apply(config);
    this.clear();
    this._state("Applied to the configuration; the next run uses it.");
  }

  _state(words, kind = "") {
    byId("agent-state").textContent = words;
    byId("agent-state").dataset.kind = kind;
  }
}

function predicted(prediction, ...targets) {
  if (!prediction) return [];
  const { current, recommended, shots } = prediction;
  const rows = Object.entries(FIGURE_TITLES).filter(([name]) => current[name] && recommended[name]).map(([name, title]) => {
    const [now, then] = [current[name], recommended[name]];
    return [
      title,
      text(now),
      text(then),
      measuredShort(then.value - now.value, combinedError(now.standard_error, then.standard_error)),
    ];
  });
  const labels = [...new Set(targets)].map((target) => emulatedLabel(target)).filter(Boolean);
  return [
    element("h3", {}, "Predicted ", ...labels),
    table("agent-predicted", ["Figure", "Now", "Proposed", "Difference"], rows),
    element(
      "p",
      { class: "hint" },
      `Simulated with ${shots} shots each on this session's device; errors combined as of independent shots.`,
    ),
  ];
}

function votes(said) {
  if (!said || said.count < 2) return [];
  const differing = Object.entries(said.disagreement ?? {});
  const words = differing.length
    ? `${said.count} votes disagree on ${differing.map(([name, values]) => `${name.replaceAll("_", " ")} (${values.join(", ")})`).join("; ")}.`
    : `${said.count} votes agree.`;
  return [element("p", { class: "state" }, words)];
}

function text(estimate) {
  return measuredShort(estimate.value, estimate.standard_error);
}

function table(id, titles, rows) {
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": titles.join(", ") },
    element(
      "table",
      { id },
      element("thead", {}, element("tr", {}, ...titles.map((title) => element("th", { scope: "col" }, title)))),
      element(
        "tbody",
        {},
        ...rows.map(([first, ...rest]) =>
          element("tr", {}, element("th", { scope: "row" }, first), ...rest.map((cell) => element("td", {}, cell))),
        ),
      ),
    ),
  );
}
