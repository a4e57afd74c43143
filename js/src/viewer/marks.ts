// Stretches of a lead that are marked: where there is no signal, or none to be trusted. Hatched, with a few
// words where there is room; the twin of cofe_widgets/report/figures/marks.py.

import { floor, max, min } from "../core/math";
import { frame } from "./fiducials";
import { label, type Sheet } from "./paint";

export interface Mark {
  lead: string;
  from: number; // s
  to: number;
  colour: "text" | "negative"; // nothing is there; what is there is not to be trusted
  title: string;
}

const REACH = 0.36; // of a row's height, above and below its baseline
const STEP_MM = 1.6;

export function paintMarks(ctx: CanvasRenderingContext2D, sheet: Sheet, marks: readonly Mark[]): void {
  const { win, paper, colours } = sheet;
  const [high, step] = [REACH * paper.rowHeight * win.scale, STEP_MM * win.scale];
  for (const panel of paper.panels) {
    const { x, left, right } = frame(sheet, panel);
    const y = panel.baseline * win.scale + win.dy;
    for (const { lead, from, to, colour, title } of marks) {
      const [first, last] = [max(left, x(from)), min(right, x(to))];
      if (lead !== panel.lead || !(last > first)) continue;
      ctx.save();
      ctx.beginPath();
      ctx.rect(first, y - high, last - first, 2 * high);
      ctx.clip();
      ctx.beginPath();
      for (let at = floor((first - 2 * high) / step) * step; at < last; at += step) {
        ctx.moveTo(at, y + high);
        ctx.lineTo(at + 2 * high, y - high);
      }
      ctx.strokeStyle = colours[colour];
      ctx.globalAlpha = 0.3;
      ctx.lineWidth = 1;
      ctx.stroke();
      ctx.restore();
      if (last - first > ctx.measureText(title).width + 8) label(ctx, title, first + 4, y + high - 3, colours);
    }
  }
}
