// The answers to a question: several different ones, and of each how it looks in a heart and what the model needs.

import { button, group, h, type Menu, press } from "../core/dom";
import type { Traits } from "../core/host";
import { type Counterfactual, type PackedCounterfactual, unpackCounterfactual } from "./payload";

export class Answers {
  readonly #traits: Traits;
  readonly #several = h("span.group", { role: "group", "aria-label": "Answers" });
  readonly #both: HTMLButtonElement[];
  readonly #which: HTMLElement;
  readonly elements: readonly HTMLElement[];
  #packed: PackedCounterfactual[] | null = null;
  #all: Counterfactual[] = [];

  constructor(traits: Traits) {
    this.#traits = traits;
    this.#both = traits
      .get<{ answers: Menu }>("_menus")
      .answers.map(([value, text, title]) => button(text, title!, () => traits.set("show_needed", value === "needs"), "", value));
    this.#which = group("Which answer", ...this.#both);
    this.elements = [this.#several, this.#which];
  }

  /** The one that is asked for, as it looks in a heart. */
  get #typical(): Counterfactual | null {
    return this.#all[this.#traits.get<number>("chosen")] ?? this.#all[0] ?? null;
  }

  /** The one on screen. */
  get chosen(): Counterfactual | null {
    return (this.#traits.get("show_needed") && this.#typical?.needed) || this.#typical;
  }

  /** Whether what is on screen is what the model needs of another answer. */
  get needed(): boolean {
    return this.chosen !== this.#typical;
  }

  show(hidden: boolean): void {
    const packed = this.#traits.get<PackedCounterfactual[]>("_found");
    if (packed !== this.#packed) this.#all = packed.map((one) => unpackCounterfactual(one));
    this.#packed = packed;
    const buttons = (this.#all.length > 1 ? this.#all : []).map((_, k) =>
      button(`Answer ${k + 1}`, "", () => this.#traits.set("chosen", k), "", `${k}`),
    );
    this.#several.replaceChildren(...buttons);
    press(buttons, [`${this.#all.indexOf(this.#typical!)}`]);
    press(this.#both, [this.needed ? "needs" : "looks"]);
    this.#several.hidden = hidden || !buttons.length;
    this.#which.hidden = hidden || !this.#typical?.needed;
  }
}
