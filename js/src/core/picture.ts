// An SVG that our Python made, as part of the page: parsed as XML, refused where it could run anything, and in
// the colours of the theme.

import themes from "../../../cofe_widgets/report/figures/palette.json";
import { h } from "./dom";

const DRAWN = new Set(["svg", "g", "rect", "path", "polyline", "line", "circle", "text", "title"]);
/** Beside the palette, the greys of figures -> the tokens of index.css. */
const GREYS = { "#ffffff": "ground", "#667080": "soft", "#c9ced6": "line" };
const TOKENS = new Map<string, string>([
  ...Object.entries(themes.light).map(([name, colour]): [string, string] => [`${colour}`, name]),
  ...Object.entries(GREYS),
]);

/** The picture; a sentence in its place where the text is none, or holds anything but shapes and words. */
export function picture(text: string): Element {
  const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  const all = [svg, ...svg.querySelectorAll("*")];
  if (svg.nodeName !== "svg" || !all.every(harmless)) return h("p.quiet", "This picture cannot be shown.");
  for (const part of all) {
    for (const name of ["fill", "stroke"] as const) {
      const token = TOKENS.get(part.getAttribute(name) ?? "");
      if (token) (part as SVGElement).style.setProperty(name, `var(--cofe-${token})`);
    }
  }
  return document.importNode(svg, true);
}

const harmless = (part: Element): boolean =>
  DRAWN.has(part.nodeName) && [...part.attributes].every(({ name, value }) => !/^on|href|^style$/i.test(name) && !/url\(/i.test(value));
