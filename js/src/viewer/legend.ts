// What the colours mean, with numbers.

import { h } from "../shared/dom";

export interface SaliencyFacts {
  target: string;
  method: string;
  limit: number;
}

/** `change` is the name of the red line, if there is one. */
export function legend(change: string | null, saliency: SaliencyFacts | null): HTMLElement {
  return h(
    "div",
    { class: "cofe-legend" },
    ...(change ? [key("cofe-key-trace", "original"), key("cofe-key-changed", change)] : []),
    saliency &&
      h(
        "span",
        { class: "cofe-scale", title: `${saliency.method}; symmetric about zero; the number stands beside the pointer` },
        `${saliency.method} for ${saliency.target}`,
        h("span", { class: "cofe-tick" }, `−${short(saliency.limit)}`),
        h("span", { class: "cofe-ramp", role: "img", "aria-label": "orange: against the target; blue: for the target" }),
        h("span", { class: "cofe-tick" }, `+${short(saliency.limit)}`),
      ),
  );
}

const key = (style: string, text: string): HTMLElement => h("span", { class: "cofe-key" }, h("i", { class: style }), text);

const short = (value: number): string => (value === 0 ? "0" : value.toPrecision(2));
