// Tables of measurements.

import { h, type Part } from "./dom";

/** Heads of the columns after the first, each with what it means. */
export const head = (columns: readonly (readonly [string, string?])[]): HTMLElement =>
  h(
    "thead",
    h("tr", h("th", { scope: "col" }, "Measurement"), ...columns.map(([text, title]) => h("th.num", { scope: "col", title }, text))),
  );

export const row = (notable: boolean, label: string, unit: string, ...cells: Part[]): HTMLElement =>
  h(notable ? "tr.notable" : "tr", h("th", { scope: "row" }, label, unit && h("span.quiet", ` ${unit}`)), ...cells);

/** Numbers with a true minus sign. */
export const minus = (text: string): string => text.replace("-", "−");
