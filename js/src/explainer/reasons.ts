// What carries the answer: a row a change with the share it has, and which of them the model needs.

import { h } from "../core/dom";
import { abs, min } from "../core/math";
import { minus } from "../core/table";

export interface Reason {
  said: string; // the change with its amount
  share: number; // of the moved answer; all of them add up to 1
  needed: boolean;
  along: boolean; // it came along: not needed, and carries next to nothing
}

export interface Reasons {
  rows: Reason[]; // the largest share first
  together: string; // how they belong together, may be empty
  nameable: boolean; // whether what the model needs has a name
}

const SHOWN = 8;

/** What is shown at once: the first eight, and all that is needed. */
export function divided(rows: readonly Reason[]): { first: Reason[]; rest: Reason[] } {
  const first = rows.filter((row, k) => k < SHOWN || row.needed);
  return { first, rest: rows.filter((row) => !first.includes(row)) };
}

export const percent = (share: number): string => minus(`${(100 * share).toFixed(0)} %`).replace("−0", "0");

export class ReasonsCard {
  readonly element = h("section.card.reasons");

  show(reasons: Reasons | null): void {
    this.element.hidden = !reasons;
    if (!reasons) return;
    const { rows, together, nameable } = reasons;
    const { first, rest } = divided(rows);
    const about = nameable ? together : `The model’s reason has no name${together && `: ${together}`}`;
    this.element.replaceChildren(
      table(first),
      rest.length ? h("details", h("summary", `${rest.length} more`), table(rest)) : "",
      h("p", { hidden: !about }, `${about.charAt(0).toUpperCase()}${about.slice(1)}.`),
    );
  }
}

function table(rows: readonly Reason[]): HTMLElement {
  return h(
    "table",
    h("caption", "What carries the answer ", h("span.quiet", "✓ needed by the model")),
    h("thead", h("tr", h("th", { scope: "col" }, "Change"), h("th.num", { scope: "col" }, "Share"))),
    h("tbody", ...rows.map(line)),
  );
}

function line({ said, share, needed, along }: Reason): HTMLElement {
  const fill = h(share < 0 ? "span.fill.against" : "span.fill");
  fill.style.width = `${100 * min(1, abs(share))}%`;
  return h(
    (needed ? "tr.notable" : along ? "tr.along" : "tr") as "tr",
    h(
      "th",
      { scope: "row" },
      needed && h("span", { role: "img", "aria-label": "needed" }, "✓ "),
      said.replace(" -", " −"),
      along && h("small", " came along"),
      h("span.track", { "aria-hidden": "true" }, fill),
    ),
    h("td.num", percent(share)),
  );
}
