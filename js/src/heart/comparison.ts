// What is known of a simulated heart: what is true of this heart, what was measured on its ECG, what its healthy twin has.

import { h, select } from "../core/dom";
import { head, minus, row } from "../core/table";

export interface Row {
  label: string;
  lead: string; // of amplitudes; empty for the whole record
  unit: string;
  digits: number;
  true: number | null; // null: the wave is absent
  measured: number | null;
  twin: number | null;
  altered: boolean; // the condition changed it notably
  off: boolean; // measured and true differ by more than two careful readers would
}

const COLUMNS = [
  ["true", "Truth", "What the simulated heart did"],
  ["measured", "Measured", "What cw.measure reads from the ECG, noise and all"],
  ["twin", "Twin", "The same heart without the condition"],
] as const;

export class ComparisonCard {
  readonly element: HTMLElement;
  readonly #body = h("tbody");
  readonly #leads: HTMLSelectElement;

  constructor(choose: (lead: string) => void) {
    this.#leads = select("Lead of the amplitudes", [], choose);
    this.element = h(
      "section.card.changes.answers",
      h(
        "table",
        h("caption", "Known answers ", h("span.quiet", "amplitudes in lead ", this.#leads)),
        head(COLUMNS.map(([, text, title]) => [text, title])),
        this.#body,
      ),
      h(
        "p.quiet",
        "Bold: altered by the condition. Marked ",
        h("span.off-mark", "≠"),
        ": the measurement missed the truth. –: the wave is absent.",
      ),
    );
  }

  /** `leads` there are to choose from, and the one chosen. */
  choices(leads: readonly string[], lead: string): void {
    if (this.#leads.options.length !== leads.length)
      this.#leads.replaceChildren(...leads.map((name) => h("option", { value: name }, name)));
    this.#leads.value = lead;
  }

  show(rows: readonly Row[]): void {
    this.#body.replaceChildren(...rows.map(line));
  }
}

function line(of: Row): HTMLElement {
  const off = of.off && h("span.off-mark", { title: "misses the truth" }, "≠ ");
  const cells = COLUMNS.map(([key]) => h(key === "true" ? "td.num.true" : "td.num", key === "measured" && off, cell(of[key], of.digits)));
  return row(of.altered, of.label, of.unit, ...cells);
}

export function cell(value: number | null, digits: number): HTMLElement {
  if (value === null) return h("span", { title: "absent", "aria-label": "absent" }, "–");
  const text = value.toFixed(digits);
  return h("span", minus(Number(text) === 0 ? text.replace("-", "") : text));
}
