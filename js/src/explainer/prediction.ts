// The model's answer: one bar an output; a red mark where the red trace on screen has moved it.

import { h, option, select } from "../core/dom";
import { clamp } from "../core/paper";

export interface Output {
  name: string;
  title: string;
  probability: boolean; // or a value
  unit: string;
  digits: number;
  low: number | null; // between which the bar stands; null: nobody knows
  high: number | null;
}

export type Values = Readonly<Record<string, number>>;

export const percent = (p: number): string => (p > 0 && p < 0.005 ? "< 0.01" : p < 1 && p >= 0.995 ? "> 0.99" : p.toFixed(2));

/** A value of an output as it is printed; `whole` with its unit. */
export const printed = ({ probability, digits, unit }: Output, value: number, whole = true): string =>
  probability ? percent(value) : value.toFixed(digits) + (whole && unit ? ` ${unit}` : "");

/** What people call it: a class by its code, a value in words. */
export const short = ({ probability, name, title }: Output): string => (probability ? name : title || name);

export const called = (output: Output): string => (output.probability ? `p(${output.name})` : short(output));

export class AnswerCard {
  readonly element: HTMLElement;
  readonly #bars = h("div.bars", { role: "list" });
  readonly #models: HTMLSelectElement;
  readonly #model = h("span.quiet");
  #marks: { output: Output; mark: HTMLElement; now: HTMLElement }[] = [];

  constructor(choose: (model: string) => void) {
    this.#models = select("Model", [], choose);
    this.element = h("section.card.answer", h("h3", "Model’s answer", this.#model, this.#models), this.#bars);
  }

  /** The models there are to choose from, and the one that answers. */
  models(names: readonly string[], model: string): void {
    const several = names.length > 1;
    this.#models.hidden = !several;
    this.#model.textContent = several ? "" : model;
    this.#models.replaceChildren(...names.map((name) => option([name, name])));
    this.#models.value = model;
  }

  show(outputs: readonly Output[], values: Values | null): void {
    this.#marks = [];
    if (!values) {
      this.#bars.replaceChildren(h("p.quiet", "No answer for this ECG."));
      return;
    }
    const top = Math.max(...Object.values(values));
    this.#bars.replaceChildren(
      ...outputs.map((output) => {
        const value = values[output.name]!;
        const mark = h("i.mark", { hidden: true });
        const now = h("span.now");
        this.#marks.push({ output, mark, now });
        const bar = h("span.fill");
        bar.style.width = place(output, value);
        return h(
          "div.bar",
          { role: "listitem" },
          h(outputs.length > 1 && value === top ? "span.name.first" : "span.name", { title: output.title }, short(output), output.probability && h("small", ` ${output.title}`)),
          h("span.track", { hidden: output.low === null }, bar, mark),
          h("span.number", printed(output, value), now),
        );
      }),
    );
  }

  /** Where outputs stand for the trace on screen. */
  mark(values: Values): void {
    for (const { output, mark, now } of this.#marks) {
      const value = values[output.name];
      mark.hidden = value === undefined;
      now.textContent = value === undefined ? "" : ` → ${printed(output, value)}`;
      if (value !== undefined) mark.style.left = place(output, value);
    }
  }
}

function place({ low, high }: Output, value: number): string {
  const share = low === null || high === null ? 0 : (value - low) / (high - low);
  return `${100 * clamp(share, 0, 1)}%`;
}
