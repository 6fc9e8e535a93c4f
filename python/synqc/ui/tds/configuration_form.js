/** The configuration of a session: choices, numbers with limits, and what each of them means. */

import { byId, element } from "../shared/element.js";
import { duration, plain } from "../shared/measured_value.js";

const CHOICES = ["hardware_target", "hardware_preset", "drive_envelope", "adaptive_rule", "objective"];
const NUMBERS = ["probe_strength", "probe_duration_ns"];
const CLASSICAL_WORDS = "There is no qubit in it: its figures say nothing about quantum hardware.";
const FIGURE_NAMES = { t1_us: "T1", t2_us: "T2", gate_ns: "π/2 gate", readout_ns: "Readout", efficiency: "Efficiency" };

export class ConfigurationForm {
  /** @param onEdit - called after each change by hand or by `take` with the names of its fields */
  constructor(onEdit) {
    this._onEdit = onEdit;
    this._catalogue = null;
    this._limits = {};
    const form = byId("configuration");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", (event) => this._edited(event.target));
  }

  /** Fill choices and limits with what the server offers; the first time, fields with what it takes by itself. */
  setCatalogue(catalogue) {
    const isFirst = this._catalogue === null;
    this._catalogue = catalogue;
    this._limits = catalogue.limits;
    offer(
      "hardware_target",
      catalogue.targets.map((one) => [one.name, one.emulated ? `${one.title} (emulated)` : one.title]),
    );
    offer(
      "hardware_preset",
      catalogue.presets.map((one) => [one.name, one.name]),
    );
    offer(
      "drive_envelope",
      catalogue.envelope_properties.map((one) => [one.name, one.name]),
    );
    offer(
      "adaptive_rule",
      catalogue.rule_properties.map((one) => [one.name, one.name]),
    );
    offer(
      "objective",
      catalogue.objectives.map((one) => [one.name, one.name]),
    );
    for (const name of NUMBERS) this._showLimits(name);
    if (isFirst) this.show(catalogue.defaults);
    else this._explain();
  }

  /** Show a configuration of the server, but for fields that were edited since. */
  show(config, edited = new Set()) {
    const texts = { notes: config.notes ?? "" };
    for (const name of [...CHOICES, ...NUMBERS]) texts[name] = String(config[name]);
    for (const [name, text] of Object.entries(texts)) if (!edited.has(name)) setValue(byId(name), text);
    this._explain();
  }

  /** Take over some fields, as if they had been typed. */
  take(fields) {
    for (const [name, value] of Object.entries(fields)) {
      if (CHOICES.includes(name) || NUMBERS.includes(name)) byId(name).value = String(value);
      if (name === "notes") byId("notes").value = value ?? "";
    }
    this._explain();
    this._onEdit(Object.keys(fields));
  }

  /** The configuration as it stands, or null while a number does not fit. */
  read() {
    if (NUMBERS.some((name) => this._problem(name))) return null;
    const config = { notes: byId("notes").value || null };
    for (const name of CHOICES) config[name] = byId(name).value;
    for (const name of NUMBERS) config[name] = Number(byId(name).value);
    return config;
  }

  _edited(field) {
    const name = field.id.replace(/-slider$/, "");
    if (name !== field.id) byId(name).value = String(this._fromSlider(name, Number(field.value)));
    this._explain();
    this._onEdit([name]);
  }

  _explain() {
    if (!this._catalogue) return;
    const chosen = (list, name) => list.find((one) => one.name === byId(name).value);
    const target = chosen(this._catalogue.targets, "hardware_target");
    const preset = chosen(this._catalogue.presets, "hardware_preset");
    words("hardware_target", [target?.description, target?.classical && CLASSICAL_WORDS].filter(Boolean).join(" "));
    words("hardware_preset", preset?.title);
    words("drive_envelope", chosen(this._catalogue.envelope_properties, "drive_envelope")?.meaning);
    words("adaptive_rule", chosen(this._catalogue.rule_properties, "adaptive_rule")?.meaning);
    words("objective", sentence(chosen(this._catalogue.objectives, "objective")?.words));
    showFigures(preset);
    for (const name of NUMBERS) {
      const problem = this._problem(name);
      const value = Number(byId(name).value);
      const { safe_max: safe, unit } = this._limits[name] ?? {};
      const unsafe =
        !problem && safe !== undefined && value > safe
          ? `Above the safe limit of ${safe} ${unit}`.trim() + ": a run will be refused."
          : "";
      const shown = problem || unsafe;
      if (byId(`${name}-problem`).textContent !== shown) byId(`${name}-problem`).textContent = shown;
      byId(name).setAttribute("aria-invalid", String(Boolean(shown)));
      if (!problem) byId(`${name}-slider`).value = String(this._toSlider(name, value));
    }
  }

  _problem(name) {
    const limits = this._limits[name];
    const text = byId(name).value.trim();
    const value = Number(text);
    if (!limits) return "";
    const unit = limits.unit ? ` ${limits.unit}` : "";
    if (!text || !Number.isFinite(value) || value < limits.min || value > limits.max) {
      return `Must be a number from ${limits.min} to ${limits.max}${unit}.`;
    }
    return name === "probe_duration_ns" && !Number.isInteger(value) ? "Must be a whole number of nanoseconds." : "";
  }

  _showLimits(name) {
    const { min, max, safe_max: safe, unit } = this._limits[name];
    const slider = byId(`${name}-slider`);
    Object.assign(slider, { min: "0", max: "1", step: name === "probe_strength" ? "0.01" : "0.005" });
    Object.assign(byId(name), { min: String(min), max: String(max) });
    const refused = safe < max ? `; runs above ${safe} are refused` : "";
    words(name, `From ${min} to ${max}${unit ? ` ${unit}` : ""}${refused}.`, "limits");
  }

  /** Sliders go from 0 to 1: strength in even steps, duration in even ratios. */
  _toSlider(name, value) {
    const { min, max } = this._limits[name];
    return name === "probe_strength" ? (value - min) / (max - min) : Math.log(value / min) / Math.log(max / min);
  }

  _fromSlider(name, share) {
    const { min, max } = this._limits[name];
    if (name === "probe_strength") return Number((min + share * (max - min)).toFixed(4));
    return Math.round(Number((min * (max / min) ** share).toPrecision(3)));
  }
}

function offer(name, options) {
  const select = byId(name);
  const before = select.value;
  select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
  if (options.some(([value]) => value === before)) select.value = before;
}

function words(name, text, part = "choice") {
  const place = byId(`${name}-${part}`);
  if (place.textContent !== (text ?? "")) place.textContent = text ?? "";
}

function setValue(field, value) {
  if (field.value !== value) field.value = value;
}

function sentence(text) {
  return text ? `${text[0].toUpperCase()}${text.slice(1)}.` : "";
}

function showFigures(preset) {
  const place = byId("preset-figures");
  if (!preset || place.dataset.preset === preset.name) return;
  place.dataset.preset = preset.name;
  const shown = Object.entries(preset.figures).filter(([name]) => FIGURE_NAMES[name]);
  place.replaceChildren(
    ...shown.map(([name, value]) => {
      const text = name.endsWith("_us")
        ? duration(value)
        : name.endsWith("_ns")
          ? duration(value / 1e3)
          : plain(value, 3);
      return element("div", {}, element("dt", {}, FIGURE_NAMES[name]), element("dd", {}, text));
    }),
  );
  byId("preset-sources").replaceChildren(...[preset.source].flat().map((one) => element("li", {}, String(one))));
}
