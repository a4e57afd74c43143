// Where a map and a counterfactual point: two lanes below the trace, the map above, the counterfactual below,
// both filled in a third colour where they agree. The twin of cofe_widgets/report/figures/pointed.py.

import { type Layer, rowOf } from "../core/layers";
import { max, min, round } from "../core/math";
import type { Palette } from "../core/theme";
import { frame } from "./fiducials";
import { inside, type Sheet } from "./paint";

const [MAP, CHANGE] = [1, 2];
const LANE_MM = 0.9;
const REACH = 0.42; // of a row's height, from its baseline to the lower edge of the lanes

/** Stretches of equal bits of a row: `[first, last)` and the bits; what nothing points at is left out. */
export function stretches(row: Float32Array, first = 0, last = row.length): [number, number, number][] {
  const out: [number, number, number][] = [];
  for (let k = first; k < last; ) {
    const [from, bits] = [k, round(row[k]!)];
    while (k < last && round(row[k]!) === bits) k++;
    if (bits) out.push([from, k, bits]);
  }
  return out;
}

const colourOf = (bits: number, colours: Palette): string =>
  bits === MAP ? colours.positive : bits === CHANGE ? colours.changed : colours.t;

export function paintPointed(ctx: CanvasRenderingContext2D, sheet: Sheet, where: Layer): void {
  const { win, paper, colours, start } = sheet;
  const lane = LANE_MM * win.scale;
  for (const panel of paper.panels) {
    const row = rowOf(where, panel.lead);
    if (!row || !inside(win, paper, panel)) continue;
    const { x, left, right } = frame(sheet, panel);
    const floor = panel.baseline * win.scale + win.dy + REACH * paper.rowHeight * win.scale;
    const [from, to] = [panel.t0, panel.t1].map((t) => round((start + t) * where.fs));
    for (const [first, last, bits] of stretches(row, max(0, from!), min(row.length, to!))) {
      const [a, b] = [max(left, x(first / where.fs)), min(right, x(last / where.fs))];
      ctx.fillStyle = colourOf(bits, colours);
      ctx.fillRect(a, floor - (bits & MAP ? 2 : 1) * lane, b - a, (bits === (MAP | CHANGE) ? 2 : 1) * lane);
    }
  }
}
