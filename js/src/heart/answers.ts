// The answers: what is true of this heart, what was measured on its ECG, what its healthy twin has.

import { h, select } from "../shared/dom";

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

export class AnswersCard {
  readonly element: HTMLElement;
  readonly #body = h("tbody");
  readonly #leads: HTMLSelectElement;

  constructor(choose: (lead: string) => void) {
    this.#leads = select("Lead of the amplitudes", [], choose);
    this.element = h(
      "section",
      { class: "cofe-card cofe-changes cofe-answers" },
      h(
        "table",
        {},
        h("caption", {}, "Known answers ", h("span", { class: "cofe-quiet" }, "amplitudes in lead ", this.#leads)),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Measurement"), ...COLUMNS.map(([, text, title]) => h("th", { scope: "col", class: "cofe-num", title }, text)))),
        this.#body,
      ),
      h("p", { class: "cofe-quiet" }, "Bold: altered by the condition. Marked ", h("span", { class: "cofe-off-mark" }, "≠"), ": the measurement missed the truth. –: the wave is absent."),
    );
  }

  /** `leads` there are to choose from, and the one chosen. */
  choices(leads: readonly string[], lead: string): void {
    if (this.#leads.options.length !== leads.length) this.#leads.replaceChildren(...leads.map((name) => h("option", { value: name }, name)));
    this.#leads.value = lead;
  }

  show(rows: readonly Row[]): void {
    this.#body.replaceChildren(...rows.map(line));
  }
}

function line(row: Row): HTMLElement {
  return h(
    "tr",
    { class: row.altered ? "cofe-notable" : null },
    h("th", { scope: "row" }, row.label, row.unit ? h("span", { class: "cofe-quiet" }, ` ${row.unit}`) : null),
    ...COLUMNS.map(([key]) =>
      h(
        "td",
        { class: key === "true" ? "cofe-num cofe-true" : "cofe-num" },
        key === "measured" && row.off ? h("span", { class: "cofe-off-mark", title: "misses the truth" }, "≠ ") : null,
        cell(row[key], row.digits),
      ),
    ),
  );
}

export function cell(value: number | null, digits: number): HTMLElement {
  if (value === null) return h("span", { title: "absent", "aria-label": "absent" }, "–");
  const text = value.toFixed(digits);
  return h("span", {}, (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−"));
}
