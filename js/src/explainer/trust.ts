// Whether to believe it: the verdict first, what gives pause in full, the rest on demand.

import { h } from "../core/dom";

export interface Finding {
  name: string;
  value: string;
  yardstick: string; // what the value is to be compared with
  verdict: "good" | "mind" | "bad" | "unknown";
  sentence: string;
}

export interface Trust {
  headline: string;
  rows: Finding[];
}

const SIGNS = { good: ["✓", "in order"], mind: ["!", "mind this"], bad: ["✕", "not in order"], unknown: ["?", "not known"] } as const;

export class TrustCard {
  readonly element = h("section.card.trust");

  show(trust: Trust | null): void {
    this.element.hidden = !trust;
    if (!trust) return;
    const pause = trust.rows.filter(({ verdict }) => verdict === "bad" || verdict === "mind");
    const rest = trust.rows.filter((row) => !pause.includes(row));
    const unknown = rest.filter(({ verdict }) => verdict === "unknown").length;
    const fine = rest.length - unknown;
    const more = [fine && `${fine} ${fine > 1 ? "checks" : "check"} in order`, unknown && `${unknown} not known`]
      .filter(Boolean)
      .join(", ");
    this.element.replaceChildren(
      h("h2", "Can it be believed?"),
      h("p", trust.headline),
      h("ul", ...pause.map(finding)),
      h("details", { hidden: !rest.length }, h("summary", more), h("ul", ...rest.map(finding))),
    );
  }
}

function finding({ name, value, yardstick, verdict, sentence }: Finding): HTMLElement {
  const [sign, words] = SIGNS[verdict];
  return h(
    `li.${verdict}` as "li",
    h("i", { role: "img", "aria-label": words, title: words }, sign),
    h("b", name, value && `: ${value}`),
    yardstick && h("span.quiet", ` (${yardstick})`),
    h("p", sentence),
  );
}
