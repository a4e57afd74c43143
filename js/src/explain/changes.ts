// What changed, in numbers.

import { h } from "../shared/dom";

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
  readonly element = h("section", { class: "cofe-card cofe-changes" });

  show(rows: Change[] | null, target: string): void {
    this.element.hidden = !rows?.length;
    if (!rows?.length) return;
    this.element.replaceChildren(
      h(
        "table",
        {},
        h("caption", {}, "What changed ", h("span", { class: "cofe-quiet" }, `on the way to ${target}; lead II, median beat`)),
        h("thead", {}, h("tr", {}, ...["Measurement", "Original", "Counterfactual", "Change"].map((text, i) => h("th", { scope: "col", class: i ? "cofe-num" : null }, text)))),
        h("tbody", {}, ...rows.map(row)),
      ),
    );
  }
}

function row({ label, unit, digits, original, counterfactual, missing, notable }: Change): HTMLElement {
  const number = (value: number | null): string => (value === null ? missing : text(value, digits));
  const change = original === null || counterfactual === null ? null : counterfactual - original;
  return h(
    "tr",
    { class: notable ? "cofe-notable" : null },
    h("th", { scope: "row" }, label, unit ? h("span", { class: "cofe-quiet" }, ` ${unit}`) : null),
    h("td", { class: "cofe-num" }, number(original)),
    h("td", { class: "cofe-num" }, number(counterfactual)),
    h("td", { class: "cofe-num cofe-delta" }, said(change, original, counterfactual, digits)),
  );
}

function said(change: number | null, original: number | null, counterfactual: number | null, digits: number): string {
  if (change === null) {
    if (original === null && counterfactual === null) return "–";
    return original === null ? "appeared" : "gone";
  }
  const rounded = Number(change.toFixed(digits));
  if (rounded === 0) return "0";
  return `${rounded > 0 ? "▲ +" : "▼ −"}${Math.abs(rounded).toFixed(digits)}`;
}

const text = (value: number, digits: number): string => value.toFixed(digits).replace("-", "−");
