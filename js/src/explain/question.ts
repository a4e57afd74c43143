// The question: which target, how sure; Explain, Stop, progress.

import { h, select } from "../shared/dom";

const LEVELS = [0.5, 0.7, 0.8, 0.9, 0.95, 0.99];

export class QuestionCard {
  readonly element: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly #targets: HTMLSelectElement;
  readonly #levels: HTMLSelectElement;
  readonly #progress = h("progress", { max: 1, value: 0, "aria-label": "Progress" });
  #running = false;
  #able = false;

  constructor(ask: () => void, stop: () => void, choose: (target: string) => void, demand: (level: number) => void) {
    this.#targets = select("Target", [], choose);
    this.#levels = select("Probability to reach", [], (value) => demand(Number(value)));
    this.button = h("button", { type: "button", class: "cofe-primary", onclick: () => (this.#running ? stop() : ask()) }, "Explain");
    this.element = h(
      "section",
      { class: "cofe-card cofe-question" },
      h("h3", {}, "What would it take?"),
      h("p", {}, "How must this ECG change for the model to say ", this.#targets, " with probability ", this.#levels, "?"),
      h("div", { class: "cofe-go" }, this.button, this.#progress),
    );
    this.run(false);
  }

  choices(targets: string[], target: string, level: number): void {
    this.#targets.replaceChildren(...targets.map((name) => h("option", { value: name }, name)));
    this.#targets.value = target;
    const levels = [...new Set([...LEVELS, level])].sort((a, b) => a - b);
    this.#levels.replaceChildren(...levels.map((value) => h("option", { value }, value.toFixed(2))));
    this.#levels.value = String(level);
    this.#able = targets.length > 0;
    this.button.disabled = !this.#able;
  }

  run(running: boolean): void {
    this.#running = running;
    this.button.textContent = running ? "Stop" : "Explain";
    this.button.classList.toggle("cofe-stop", running);
    this.button.disabled = !running && !this.#able;
    this.#progress.style.visibility = running ? "visible" : "hidden";
    if (running) this.#progress.removeAttribute("value");
  }

  advance(fraction: number): void {
    this.#progress.value = fraction;
  }
}
