// What changed, in words and in numbers.

import { h } from "./dom";
import { abs } from "./math";
import { head, minus, row } from "./table";

export interface Change {
  label: string;
  unit: string;
  digits: number;
  original: number | null; // null: the wave is absent, or it could not be measured
  counterfactual: number | null;
  missing: string; // what a null means here: "absent" or "–"
  notable: boolean;
}

export class ChangesCard {
  readonly element = h("section.card.changes");

  /** `heads` of the two columns of values. */
  show(rows: readonly Change[], heads: readonly [string, string], about: string): void {
    this.element.hidden = !rows.length;
    if (!rows.length) return;
    this.element.replaceChildren(
      h(
        "table",
        h("caption", "What changed ", h("span.quiet", `${about}lead II, median beat`)),
        head([...heads, "Change"].map((text) => [text])),
        h("tbody", ...rows.map(line)),
      ),
    );
  }
}

function line({ label, unit, digits, original, counterfactual, missing, notable }: Change): HTMLElement {
  const number = (value: number | null): string => (value === null ? missing : minus(value.toFixed(digits)));
  const change = original === null || counterfactual === null ? null : counterfactual - original;
  const cells = [
    h("td.num", number(original)),
    h("td.num", number(counterfactual)),
    h("td.num.delta", difference(change, original, counterfactual, digits, missing)),
  ];
  return row(notable, label, unit, ...cells);
}

function difference(
  change: number | null,
  original: number | null,
  counterfactual: number | null,
  digits: number,
  missing: string,
): string {
  if (change === null) {
    if (missing !== "absent" || (original === null && counterfactual === null)) return "–";
    return original === null ? "appeared" : "gone";
  }
  const rounded = Number(change.toFixed(digits));
  if (rounded === 0) return "0";
  return `${rounded > 0 ? "▲ +" : "▼ −"}${abs(rounded).toFixed(digits)}`;
}
