// The dials of the simulated heart: what ails it, whose it is, and how well it is recorded.

import { button, group, h, type Menu, option, press, select, toggled } from "../core/dom";
import type { Traits } from "../core/host";
import { round } from "../core/math";
import { Slider } from "../core/slider";

export interface Choice {
  code: string;
  words: string;
  heading: string;
  graded: boolean; // has degrees of its own
  potassium: [number, number] | null; // mmol/L between which it lies
  partner: boolean; // goes with the condition chosen first
}

export class HeartDials {
  readonly element: HTMLElement;
  readonly #first: HTMLSelectElement;
  readonly #second: HTMLSelectElement;
  readonly #severity: Slider;
  readonly #potassium: Slider;
  readonly #seed = h("span.quiet");
  readonly #age: Slider;
  readonly #sexes: HTMLButtonElement[];
  readonly #noise: Slider;
  readonly #artefacts: HTMLButtonElement[];
  readonly #reversal: HTMLSelectElement;
  readonly #clipping: HTMLSelectElement;

  readonly #traits: Traits;

  constructor(traits: Traits) {
    this.#traits = traits;
    const set = (name: string) => (value: unknown) => traits.set(name, value);
    this.#first = select("Condition", [], set("condition"));
    this.#second = select("Second condition", [], set("second"));
    this.#severity = new Slider("Severity", { min: 0, max: 1, step: 0.01 }, (v) => `${round(100 * v)} %`, set("severity"));
    this.#potassium = new Slider("Potassium", { min: 2, max: 9, step: 0.1 }, (v) => `${v.toFixed(1)} mmol/L`, set("potassium"));
    this.#age = new Slider("Age", { min: 18, max: 95, step: 1 }, (v) => `${v} years`, set("age"));
    this.#sexes = [
      ["F", "Female"],
      ["M", "Male"],
    ].map(([value, text]) => button(text!, "", () => traits.set("sex", value), "", value));
    this.#noise = new Slider("Noise", { min: 0, max: 3, step: 0.1 }, noiseWords, set("noise"));
    const menus = traits.get<Record<"artefacts" | "electrodes" | "clipping", Menu>>("_menus");
    this.#artefacts = menus.artefacts.map(([value, text, title]) => button(text, title!, () => this.#toggle(value), "", value));
    this.#reversal = select("Electrodes", menus.electrodes, set("reversal"));
    this.#clipping = select("Clipping", menus.clipping, (value) => traits.set("clipping_mv", Number(value)));
    const another = button("Another heart", "Draw another heart and chest (the seed)", () =>
      traits.set("seed", traits.get<number>("seed") + 1),
    );
    this.element = h(
      "div.cards.dials",
      card("What ails it", this.#first, this.#second, this.#severity.element, this.#potassium.element),
      card("Whose heart", h("div.row", another, this.#seed), this.#age.element, group("Sex", ...this.#sexes)),
      card("The recording", this.#noise.element, group("Artefacts", ...this.#artefacts), h("div.row", this.#reversal, this.#clipping)),
    );
  }

  /** Bring every dial in line with the traits. */
  update(): void {
    const traits = this.#traits;
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
    this.#traits.set("artefacts", toggled(this.#traits.get("artefacts"), name));
  }
}

const card = (title: string, ...children: Node[]): HTMLElement => h("section.card", h("h2", title), ...children);

const noiseWords = (level: number): string =>
  level === 0 ? "none" : level < 0.8 ? "low" : level <= 1.2 ? "everyday" : level <= 2 ? "high" : "very high";

/** Options under their headings, in the order in which headings first appear. */
function fillChoices(menu: HTMLSelectElement, choices: readonly Choice[], before: readonly [string, string][]): void {
  const key = JSON.stringify([choices.map((choice) => choice.code), before]);
  if (menu.dataset.filled === key) return; // an open menu must not be rebuilt under the hand
  menu.dataset.filled = key;
  const headings = [...new Set(choices.map((choice) => choice.heading))];
  menu.replaceChildren(
    ...before.map(option),
    ...headings.map((heading) =>
      h(
        "optgroup",
        { label: heading },
        ...choices.filter((choice) => choice.heading === heading).map((choice) => option([choice.code, choice.words])),
      ),
    ),
  );
}
