// What the colours mean, with numbers.

import { h, type Menu } from "../core/dom";
import type { ShadeFacts } from "../core/layers";

export interface Key {
  /** Names of the black and the red line, if there are two. */
  lines?: readonly [string, string] | null;
  shade?: ShadeFacts | null;
  /** Who says where the waves are. */
  waves?: string | null;
  /** What the lanes below the traces mean, by their bits. */
  pointed?: Menu | null;
}

export function legend({ lines = null, shade = null, waves = null, pointed = null }: Key): HTMLElement {
  return h(
    "div.legend",
    ...(lines ? [key("cofe-key-trace", lines[0]), key("cofe-key-changed", lines[1])] : []),
    ...(pointed ?? []).map(([bits, text]) => key(`cofe-pointed-${bits}`, text)),
    waves &&
      h("span.scale", waves, ...["P", "QRS", "T"].map((wave) => h("b", { class: `cofe-wave cofe-wave-${wave.toLowerCase()}` }, wave))),
    shade &&
      h(
        "span.scale",
        { title: shade.hint },
        shade.title,
        h("span.tick", `−${short(shade.limit)}`),
        h("span.ramp", { role: "img", "aria-label": `orange: ${shade.negative}; blue: ${shade.positive}` }),
        h("span.tick", `+${short(shade.limit)}${shade.unit && ` ${shade.unit}`}`),
      ),
  );
}

const key = (style: string, text: string): HTMLElement => h("span.key", h("i", { class: style }), text);

const short = (value: number): string => (value === 0 ? "0" : value >= 99.5 ? value.toFixed(0) : value.toPrecision(2));
