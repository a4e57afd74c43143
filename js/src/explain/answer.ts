// The model's answer: one bar an output; a red mark where the counterfactual on screen has moved the target.

import { h } from "../shared/dom";

export interface Answer {
  model: string;
  outputs: { name: string; title: string; probability: number }[];
}

export const percent = (p: number): string => (p > 0 && p < 0.005 ? "< 0.01" : p < 1 && p >= 0.995 ? "> 0.99" : p.toFixed(2));

export class AnswerCard {
  readonly element: HTMLElement;
  readonly #bars = h("div", { class: "cofe-bars", role: "list" });
  readonly #model = h("span", { class: "cofe-quiet" });
  #marks = new Map<string, { mark: HTMLElement; now: HTMLElement }>();

  constructor() {
    this.element = h("section", { class: "cofe-card cofe-answer" }, h("h3", {}, "Model’s answer ", this.#model), this.#bars);
  }

  show(answer: Answer | null): void {
    this.#model.textContent = answer?.model ?? "";
    this.#marks.clear();
    if (!answer) {
      this.#bars.replaceChildren(h("p", { class: "cofe-quiet" }, "No answer for this ECG."));
      return;
    }
    const top = Math.max(...answer.outputs.map((output) => output.probability));
    this.#bars.replaceChildren(
      ...answer.outputs.map(({ name, title, probability }) => {
        const mark = h("i", { class: "cofe-mark", hidden: true });
        const now = h("span", { class: "cofe-now" });
        this.#marks.set(name, { mark, now });
        const bar = h("span", { class: "cofe-fill" });
        bar.style.width = `${100 * probability}%`;
        return h(
          "div",
          { class: probability === top ? "cofe-bar cofe-first" : "cofe-bar", role: "listitem" },
          h("span", { class: "cofe-name" }, name, title ? h("small", {}, ` ${title}`) : null),
          h("span", { class: "cofe-track" }, bar, mark),
          h("span", { class: "cofe-number" }, percent(probability), now),
        );
      }),
    );
  }

  /** Where the target stands for the trace on screen; null takes the mark away. */
  mark(target: string, probability: number | null): void {
    for (const [name, { mark, now }] of this.#marks) {
      const on = name === target && probability !== null;
      mark.hidden = !on;
      now.textContent = on ? ` → ${percent(probability)}` : "";
      if (on) mark.style.left = `${100 * probability}%`;
    }
  }
}
