// The dials of the simulated heart: what ails it, whose it is, and how well it is recorded.

import { h, select, uid } from "../shared/dom";

export interface Choice {
  code: string;
  words: string;
  heading: string;
  graded: boolean; // has degrees of its own
  potassium: [number, number] | null; // mmol/L between which it lies
  partner: boolean; // goes with the condition chosen first
}

/** What the dials read and set: the traits of cofe_widgets/widgets/heart.py. */
export interface Dialled {
  get<T = any>(name: string): T;
  set(name: string, value: unknown): void;
}

export interface Bounds {
  min: number;
  max: number;
  step: number;
}

/** A labelled slider that says its value; `words` prints it. */
export class Slider {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  readonly #reading = h("output", { class: "cofe-reading" });

  constructor(
    label: string,
    bounds: Bounds,
    private readonly words: (value: number) => string,
    moved: (value: number) => void,
  ) {
    const id = uid("dial");
    this.input = h("input", { id, type: "range", ...bounds, class: "cofe-range", oninput: () => moved(this.#read()) });
    this.element = h("div", { class: "cofe-dial" }, h("label", { for: id }, label), this.#reading, this.input);
  }

  show(value: number, off = "", bounds?: [number, number]): void {
    if (bounds) [this.input.min, this.input.max] = [String(bounds[0]), String(bounds[1])];
    this.input.value = String(value);
    this.input.disabled = Boolean(off);
    this.element.classList.toggle("cofe-off", Boolean(off));
    this.#reading.textContent = off || this.words(value);
    this.input.setAttribute("aria-valuetext", this.#reading.textContent);
  }

  #read(): number {
    const value = Number(this.input.value);
    this.#reading.textContent = this.words(value);
    this.input.setAttribute("aria-valuetext", this.#reading.textContent);
    return value;
  }
}

const ARTEFACTS = [
  ["wander", "Wander", "Baseline wander: breathing, sweat"],
  ["mains", "Mains", "Hum of 50 or 60 Hz"],
  ["emg", "Muscle", "Muscle tremor (EMG)"],
  ["motion", "Motion", "An electrode is pulled"],
] as const;
const REVERSALS = [
  ["", "electrodes in place"],
  ["RA-LA", "arms swapped (RA–LA)"],
  ["RA-LL", "right arm and foot (RA–LL)"],
  ["LA-LL", "left arm and foot (LA–LL)"],
  ["V1-V2", "V1 and V2 swapped"],
  ["V1-V3", "V1 and V3 swapped"],
] as const;
const CLIPPING = [
  ["0", "no clipping"],
  ["1", "clipped at 1 mV"],
  ["0.5", "clipped at 0.5 mV"],
] as const;

export class Dials {
  readonly element: HTMLElement;
  readonly #first: HTMLSelectElement;
  readonly #second: HTMLSelectElement;
  readonly #severity: Slider;
  readonly #potassium: Slider;
  readonly #seed = h("span", { class: "cofe-quiet" });
  readonly #age: Slider;
  readonly #sexes: HTMLButtonElement[];
  readonly #noise: Slider;
  readonly #artefacts: HTMLButtonElement[];
  readonly #reversal: HTMLSelectElement;
  readonly #clipping: HTMLSelectElement;

  constructor(private readonly traits: Dialled) {
    const set = (name: string) => (value: unknown) => traits.set(name, value);
    this.#first = select("Condition", [], set("condition"));
    this.#second = select("Second condition", [], set("second"));
    this.#severity = new Slider("Severity", { min: 0, max: 1, step: 0.01 }, (v) => `${Math.round(100 * v)} %`, set("severity"));
    this.#potassium = new Slider("Potassium", { min: 2, max: 9, step: 0.1 }, (v) => `${v.toFixed(1)} mmol/L`, set("potassium"));
    this.#age = new Slider("Age", { min: 18, max: 95, step: 1 }, (v) => `${v} years`, set("age"));
    this.#sexes = [["F", "Female"], ["M", "Male"]].map(([value, text]) =>
      h("button", { type: "button", value, onclick: () => traits.set("sex", value) }, text!),
    );
    this.#noise = new Slider("Noise", { min: 0, max: 3, step: 0.1 }, noiseWords, set("noise"));
    this.#artefacts = ARTEFACTS.map(([value, text, title]) => h("button", { type: "button", value, title, onclick: () => this.#toggle(value) }, text));
    this.#reversal = select("Electrodes", REVERSALS, set("reversal"));
    this.#clipping = select("Clipping", CLIPPING, (value) => traits.set("clipping_mv", Number(value)));
    const another = h("button", { type: "button", title: "Draw another heart and chest (the seed)", onclick: () => traits.set("seed", traits.get<number>("seed") + 1) }, "Another heart");
    this.element = h(
      "div",
      { class: "cofe-cards cofe-dials" },
      card("What ails it", this.#first, this.#second, this.#severity.element, this.#potassium.element),
      card("Whose heart", h("div", { class: "cofe-row" }, another, this.#seed), this.#age.element, h("span", { class: "cofe-group", role: "group", "aria-label": "Sex" }, ...this.#sexes)),
      card("The recording", this.#noise.element, h("span", { class: "cofe-group", role: "group", "aria-label": "Artefacts" }, ...this.#artefacts), h("div", { class: "cofe-row" }, this.#reversal, this.#clipping)),
    );
  }

  /** Bring every dial in line with the traits. */
  update(): void {
    const { traits } = this;
    const choices = traits.get<Choice[]>("_choices");
    const codes = [traits.get<string>("condition"), traits.get<string>("second")];
    fillChoices(this.#first, choices, []);
    this.#first.value = codes[0]!;
    const partners = choices.filter((choice) => choice.partner);
    fillChoices(this.#second, partners, [["", partners.length ? "and nothing else" : "–"]]);
    this.#second.value = codes[1]!;
    this.#second.disabled = !partners.length;
    const chosen = choices.filter((choice) => codes.includes(choice.code));
    const graded = chosen.some((choice) => choice.graded);
    const range = chosen.find((choice) => choice.potassium)?.potassium;
    this.#severity.show(traits.get("severity"), graded ? "" : range ? "set by potassium" : codes[0] === "NSR" ? "healthy" : "no degrees");
    this.#potassium.show(traits.get("potassium"), range ? "" : "normal", range ?? undefined);
    this.#seed.textContent = `no. ${traits.get("seed")}`;
    this.#age.show(traits.get("age"));
    press(this.#sexes, [traits.get<string>("sex")]);
    this.#noise.show(traits.get("noise"));
    press(this.#artefacts, traits.get<string[]>("artefacts"));
    this.#reversal.value = traits.get("reversal");
    this.#clipping.value = String(traits.get("clipping_mv"));
  }

  #toggle(name: string): void {
    const on = this.traits.get<string[]>("artefacts");
    this.traits.set("artefacts", on.includes(name) ? on.filter((other) => other !== name) : [...on, name]);
  }
}

const card = (title: string, ...children: Node[]): HTMLElement => h("section", { class: "cofe-card" }, h("h3", {}, title), ...children);

const noiseWords = (level: number): string => (level === 0 ? "none" : level < 0.8 ? "low" : level <= 1.2 ? "everyday" : level <= 2 ? "high" : "very high");

export function press(buttons: HTMLButtonElement[], on: readonly string[]): void {
  for (const button of buttons) button.setAttribute("aria-pressed", String(on.includes(button.value)));
}

/** Options under their headings, in the order in which headings first appear. */
function fillChoices(menu: HTMLSelectElement, choices: readonly Choice[], before: readonly [string, string][]): void {
  const key = JSON.stringify([choices.map((choice) => choice.code), before]);
  if (menu.dataset.filled === key) return; // an open menu must not be rebuilt under the hand
  menu.dataset.filled = key;
  const option = (value: string, text: string): HTMLElement => h("option", { value }, text);
  const headings = [...new Set(choices.map((choice) => choice.heading))];
  menu.replaceChildren(
    ...before.map(([value, text]) => option(value, text)),
    ...headings.map((heading) =>
      h("optgroup", { label: heading }, ...choices.filter((choice) => choice.heading === heading).map((choice) => option(choice.code, choice.words))),
    ),
  );
}
