// What the model says: one bar an output, and a red mark where the red trace on screen has moved it.

import { h, option, select } from "../core/dom";
import { clamp, max } from "../core/math";
import { formatOutput, type Output, outputName, type Values } from "../core/output";

export class PredictionCard {
  readonly element: HTMLElement;
  readonly #bars = h("div.bars", { role: "list" });
  readonly #models: HTMLSelectElement;
  readonly #model = h("span.quiet");
  #marks: { output: Output; mark: HTMLElement; now: HTMLElement }[] = [];

  constructor(choose: (model: string) => void) {
    this.#models = select("Model", [], choose);
    this.element = h("section.card.answer", h("h2", "Model’s answer", this.#model, this.#models), this.#bars);
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
    const top = max(...Object.values(values));
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
          h(
            outputs.length > 1 && value === top ? "span.name.first" : "span.name",
            { title: output.title },
            outputName(output),
            output.probability && h("small", ` ${output.title}`),
          ),
          h("span.track", { hidden: output.low === null }, bar, mark),
          h("span.number", formatOutput(output, value), now),
        );
      }),
    );
  }

  /** Where outputs stand for the trace on screen. */
  mark(values: Values): void {
    for (const { output, mark, now } of this.#marks) {
      const value = values[output.name];
      mark.hidden = value === undefined;
      now.textContent = value === undefined ? "" : ` → ${formatOutput(output, value)}`;
      if (value !== undefined) mark.style.left = place(output, value);
    }
  }
}

function place({ low, high }: Output, value: number): string {
  const share = low === null || high === null ? 0 : (value - low) / (high - low);
  return `${100 * clamp(share, 0, 1)}%`;
}
