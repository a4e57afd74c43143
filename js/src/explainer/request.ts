// What is asked of the model: which target, how sure, by which method; Explain, Stop, progress.

import { button, h, type Menu, option, press, select, toggled } from "../core/dom";
import type { Traits } from "../core/host";
import { type Output, outputName } from "../core/output";

const LEVELS = [0.5, 0.7, 0.8, 0.9, 0.95, 0.99];

/** What the card shows: traits of cofe_widgets/widgets/explainer/view.py. */
export const REQUEST_TRAITS = ["_outputs", "target", "level", "method", "keep", "diverse"];

export class RequestCard {
  readonly element: HTMLElement;
  readonly #button: HTMLButtonElement;
  readonly #targets: HTMLSelectElement;
  readonly #levels: HTMLSelectElement;
  readonly #value: HTMLInputElement;
  readonly #joint = h("span");
  readonly #unit = h("span");
  readonly #method: HTMLSelectElement;
  readonly #kept: HTMLButtonElement[];
  readonly #count: HTMLSelectElement;
  readonly #progress = h("progress", { max: 1, value: 0, "aria-label": "Progress" });
  #running = false;
  #able = false;

  readonly #traits: Traits;

  constructor(traits: Traits, ask: () => void, stop: () => void) {
    this.#traits = traits;
    const set = (name: string) => (value: unknown) => traits.set(name, value);
    const level = (value: string): void => traits.set("level", Number(value));
    this.#targets = select("Target", [], set("target"));
    this.#levels = select("Probability to reach", [], level);
    this.#value = h("input", {
      type: "number",
      "aria-label": "Value to reach",
      step: "any",
      onchange: () => this.#value.value && level(this.#value.value),
    });
    const menus = traits.get<Record<"methods" | "counts" | "kept", Menu>>("_menus");
    this.#method = select("Method", menus.methods, set("method"));
    this.#count = select("Answers", menus.counts, (value) => traits.set("diverse", Number(value)));
    this.#kept = menus.kept.map(([value, text, title]) => button(text, title!, () => this.#keep(value), "", value));
    this.#button = button("Explain", "", () => (this.#running ? stop() : ask()), ".primary");
    this.element = h(
      "section.card.question",
      h("h2", "What would it take?"),
      h("p", "How must this ECG change for the model to say ", this.#targets, this.#joint, this.#levels, this.#value, this.#unit, "?"),
      h("div.go", this.#button, this.#progress),
      h("details", h("summary", "How to look"), this.#method, this.#count, h("div.row", "Keep", ...this.#kept)),
    );
    this.run(false);
  }

  update(): void {
    const traits = this.#traits;
    const outputs = traits.get<Output[]>("_outputs");
    const [target, level, keep] = [traits.get<string>("target"), traits.get<number>("level"), traits.get<string[]>("keep")];
    const chosen = outputs.find(({ name }) => name === target);
    const probable = chosen?.probability ?? true;
    this.#targets.replaceChildren(...outputs.map((output) => option([output.name, outputName(output)])));
    this.#targets.value = target;
    this.#joint.textContent = probable ? " with probability " : " of ";
    this.#unit.textContent = probable ? "" : ` ${chosen?.unit}`;
    this.#levels.hidden = !probable;
    this.#value.hidden = probable;
    const levels = [...new Set([...LEVELS, level])].sort((a, b) => a - b);
    this.#levels.replaceChildren(...levels.map((value) => option([`${value}`, value.toFixed(2)])));
    this.#levels.value = this.#value.value = String(level);
    this.#method.value = traits.get("method");
    this.#count.value = String(traits.get("diverse"));
    press(this.#kept, keep);
    this.#able = outputs.length > 0;
    this.#button.disabled = !this.#able;
  }

  run(running: boolean): void {
    this.#running = running;
    this.#button.textContent = running ? "Stop" : "Explain";
    this.#button.classList.toggle("cofe-stop", running);
    this.#button.disabled = !running && !this.#able;
    this.#progress.style.visibility = running ? "visible" : "hidden";
    if (running) this.#progress.removeAttribute("value");
  }

  advance(fraction: number): void {
    this.#progress.value = fraction;
  }

  #keep(what: string): void {
    this.#traits.set("keep", toggled(this.#traits.get("keep"), what));
  }
}
