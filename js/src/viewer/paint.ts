// Drawing on a canvas what paper.ts lays out. Every function takes the window it draws through.

import { type Layer, rowOf, type Shade } from "../core/layers";
import { abs, ceil, clamp, floor, known, max, min, round } from "../core/math";
import type { Panel, Paper } from "../core/paper";
import type { Palette } from "../core/theme";
import { type Columns, columns, means } from "./decimate";

/** The part of the paper on screen: CSS pixels = millimetres * scale + (dx, dy). */
export interface Viewport {
  scale: number; // px per mm, the same both ways
  dx: number;
  dy: number;
  width: number; // CSS px
  height: number;
  ratio: number; // device pixels per CSS pixel
}

const FINE_GRID_FROM = 2.6; // px per mm; below it the 1 mm lines are a haze
const SAME_PX = 0.5; // traces closer than this are one line

export const pixelRatio = (): number => globalThis.devicePixelRatio || 1;

export const context = (canvas: HTMLCanvasElement): CanvasRenderingContext2D => canvas.getContext("2d")!;

/** Give a canvas the size of its window; setting a size, even the same, throws away what is on it. */
export function fitCanvas(canvas: HTMLCanvasElement, { width, height, ratio }: Viewport): void {
  const [across, down] = [round(width * ratio), round(height * ratio)];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
}

/** An empty canvas on which all below draws in CSS pixels. */
export function wipe(ctx: CanvasRenderingContext2D, ratio: number): void {
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.clearRect(0, 0, ctx.canvas.width, ctx.canvas.height);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
}

export function paintGrid(ctx: CanvasRenderingContext2D, win: Viewport, colours: Palette): void {
  const { scale, dx, dy, width, height, ratio } = win;
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.fillStyle = colours.paper;
  ctx.fillRect(0, 0, width * ratio, height * ratio);
  const lines = (every: number, colour: string, thick: number): void => {
    ctx.fillStyle = colour;
    const step = every * scale;
    for (let k = ceil(-dx / step); k * step + dx <= width; k++) {
      ctx.fillRect(round((k * step + dx) * ratio - thick / 2), 0, thick, height * ratio);
    }
    for (let k = ceil(-dy / step); k * step + dy <= height; k++) {
      ctx.fillRect(0, round((k * step + dy) * ratio - thick / 2), width * ratio, thick);
    }
  };
  const hair = max(1, round(ratio * 0.75));
  const fine = scale >= FINE_GRID_FROM;
  if (fine) lines(1, colours.minor, hair);
  lines(5, colours.major, fine ? max(hair, round(ratio)) : hair);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
}

/** Calibration pulses, lead names, and the ticks between successive windows of time. */
export function paintPrint(ctx: CanvasRenderingContext2D, win: Viewport, sheet: Paper, colours: Palette): void {
  const { scale, dx, dy } = win;
  ctx.strokeStyle = colours.trace;
  ctx.lineWidth = 1.2;
  ctx.lineJoin = "miter";
  ctx.beginPath();
  for (const pulse of sheet.pulses) {
    const x = pulse.x * scale + dx;
    const y = pulse.baseline * scale + dy;
    const wide = pulse.width * scale;
    ctx.moveTo(x - 1.5 * scale, y);
    ctx.lineTo(x, y);
    ctx.lineTo(x, y - pulse.height * scale);
    ctx.lineTo(x + wide, y - pulse.height * scale);
    ctx.lineTo(x + wide, y);
    ctx.lineTo(x + wide + 1.5 * scale, y);
  }
  ctx.stroke();

  const size = clamp(3.1 * scale, 10.5, 15);
  ctx.font = `600 ${size}px ${FONT}`;
  ctx.textBaseline = "alphabetic";
  ctx.lineJoin = "round";
  for (const panel of sheet.panels) {
    const x = panel.x * scale + dx;
    const y = panel.baseline * scale + dy;
    if (panel.t0 > 0) {
      ctx.fillStyle = colours.trace;
      ctx.fillRect(x - 0.5, y - 5 * scale, 1, 2.5 * scale);
      ctx.fillRect(x - 0.5, y + 2.5 * scale, 1, 2.5 * scale);
    }
    label(ctx, panel.label.replace("-", "−"), x + scale, y - 0.36 * sheet.rowHeight * scale, colours);
  }
}

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** Text with a rim of paper, so that it can be read over grid and trace. */
export function label(ctx: CanvasRenderingContext2D, text: string, x: number, y: number, colours: Palette): void {
  ctx.strokeStyle = colours.paper;
  ctx.lineWidth = 3;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colours.text;
  ctx.fillText(text, x, y);
}

interface Stretch {
  first: number; // sample indices [first, last)
  last: number;
  count: number; // columns
  x: (column: number) => number; // CSS px
}

/** The samples of a panel that are on screen, and where their columns lie. */
function stretch(win: Viewport, sheet: Paper, panel: Panel, fs: number, start: number, samples: number, perColumn: number): Stretch | null {
  const pxPerS = sheet.speed * win.scale;
  const left = panel.x * win.scale + win.dx;
  const from = max(panel.t0, panel.t0 + (-left - 2) / pxPerS);
  const to = min(panel.t1, panel.t0 + (win.width - left + 2) / pxPerS);
  if (to <= from) return null;
  const first = max(0, floor((start + from) * fs + 1e-6));
  const last = min(samples, ceil((start + to) * fs - 1e-6) + 1);
  if (last - first < 2) return null;
  const total = last - first;
  const room = max(2, round(((total / fs) * pxPerS) / perColumn));
  const count = min(total, room);
  const shift = count === total ? 0 : 0.5;
  return {
    first,
    last,
    count,
    // A column's place is the middle of the samples it stands for.
    x: (column) => left + ((first + ((column + shift) * total) / count - shift) / fs - start - panel.t0) * pxPerS,
  };
}

export interface Sheet {
  win: Viewport;
  paper: Paper;
  start: number; // s of the record at the left edge
  colours: Palette;
  offsets: Map<string, number>; // mV taken off each lead for display: the baseline a machine's AC coupling removes
}

/** How a changed trace lies over the original: where the two part, whole over a faint one (which is painted with the paper), or alone. */
export type Style = "over" | "faint" | "alone";

export function paintTraces(
  ctx: CanvasRenderingContext2D,
  sheet: Sheet,
  original: Layer,
  changed: Layer | null,
  style: Style = "over",
): void {
  const { win, paper, colours } = sheet;
  ctx.lineJoin = "bevel"; // a round one costs a third more, and looks the same
  const thick = clamp(win.scale * 0.28, 1, 1.7);
  for (const panel of paper.panels) {
    const before = rowOf(original, panel.lead);
    if (!before || !inside(win, paper, panel)) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(panel.x * win.scale + win.dx - 0.5, 0, (panel.t1 - panel.t0) * paper.speed * win.scale + 1, win.height);
    ctx.clip();
    const after = changed && rowOf(changed, panel.lead);
    if (!after || style === "over") line(ctx, sheet, panel, before, original.fs, colours.trace, thick);
    if (after && style === "over") change(ctx, sheet, panel, before, original.fs, after, changed!.fs, thick * 1.15);
    else if (after) line(ctx, sheet, panel, after, changed!.fs, colours.changed, thick);
    ctx.restore();
  }
}

export function inside(win: Viewport, paper: Paper, panel: Panel): boolean {
  const y = panel.baseline * win.scale + win.dy;
  const reach = 6 * paper.gain * win.scale; // nothing on a page is taller than 6 mV
  return y > -reach && y < win.height + reach;
}

/** Millivolts of a lead -> CSS px, the baseline taken off. */
export const toY = (sheet: Sheet, panel: Panel): ((mv: number) => number) => {
  const { win, paper, offsets } = sheet;
  const zero = panel.baseline * win.scale + win.dy;
  const perMv = panel.sign * paper.gain * win.scale;
  const offset = offsets.get(panel.lead) ?? 0;
  return (mv) => zero - (mv - offset) * perMv;
};

/** A whole trace. */
function line(
  ctx: CanvasRenderingContext2D,
  sheet: Sheet,
  panel: Panel,
  data: Float32Array,
  fs: number,
  colour: string,
  thick: number,
): void {
  const part = stretch(sheet.win, sheet.paper, panel, fs, sheet.start, data.length, 1 / sheet.win.ratio);
  if (!part) return;
  ctx.strokeStyle = colour;
  ctx.lineWidth = thick;
  const drawn = columns(data, part.first, part.last, part.count);
  stroke(ctx, drawn, part, toY(sheet, panel), 0, drawn.lo.length - 1);
}

/** Columns from one to another, the way the signal ran. */
function stroke(
  ctx: CanvasRenderingContext2D,
  { lo, hi, loFirst }: Columns,
  part: Stretch,
  y: (mv: number) => number,
  from: number,
  to: number,
): void {
  ctx.beginPath();
  for (let c = from; c <= to; c++) {
    const x = part.x(c);
    // The next one after a gap begins anew; where there is none, nothing happens.
    if (!known(lo[c])) {
      ctx.moveTo(part.x(c + 1), y(lo[c + 1]!));
      continue;
    }
    const [low, high] = [y(lo[c]!), y(hi[c]!)];
    const [a, b] = loFirst[c] ? [low, high] : [high, low];
    // Most columns are flat: half the strokes, and the same to the eye.
    if (abs(a - b) < SAME_PX) ctx.lineTo(x, (a + b) / 2);
    else {
      ctx.lineTo(x, a);
      ctx.lineTo(x, b);
    }
  }
  ctx.stroke();
}

/** The counterfactual over the original: drawn only where the two part, and the space between tinted. */
function change(
  ctx: CanvasRenderingContext2D,
  sheet: Sheet,
  panel: Panel,
  before: Float32Array,
  beforeFs: number,
  after: Float32Array,
  afterFs: number,
  thick: number,
): void {
  const { win, colours } = sheet;
  if (before.length !== after.length || beforeFs !== afterFs) {
    return line(ctx, sheet, panel, after, afterFs, colours.changed, thick);
  }
  const part = stretch(win, sheet.paper, panel, afterFs, sheet.start, after.length, 1 / win.ratio);
  if (!part) return;
  const y = toY(sheet, panel);
  const old = columns(before, part.first, part.last, part.count);
  const now = columns(after, part.first, part.last, part.count);
  const n = now.lo.length;
  const near = SAME_PX / (sheet.paper.gain * win.scale);
  const parts = (c: number): boolean => abs(old.lo[c]! - now.lo[c]!) > near || abs(old.hi[c]! - now.hi[c]!) > near;
  const middle = ({ lo, hi }: Columns, c: number): void => ctx.lineTo(part.x(c), y((lo[c]! + hi[c]!) / 2));
  ctx.strokeStyle = colours.changed;
  ctx.fillStyle = colours.changed;
  ctx.lineWidth = thick;
  for (let c = 0; c < n; c++) {
    if (!parts(c)) continue;
    const from = max(0, c - 1);
    while (c < n && parts(c)) c++;
    const to = min(n - 1, c);
    ctx.beginPath();
    for (let i = from; i <= to; i++) middle(old, i);
    for (let i = to; i >= from; i--) middle(now, i);
    ctx.globalAlpha = colours.change_opacity;
    ctx.fill();
    ctx.globalAlpha = 1;
    stroke(ctx, now, part, y, from, to);
  }
}

const BAND_PX = 2;

/** A shade behind the trace: hue says the sign, depth the size; zero is no colour at all. */
export function paintShade(ctx: CanvasRenderingContext2D, sheet: Sheet, values: Shade): void {
  const { win, paper, colours } = sheet;
  const half = 0.44 * paper.rowHeight * win.scale;
  for (const panel of paper.panels) {
    const data = rowOf(values, panel.lead);
    if (!data || !inside(win, paper, panel)) continue;
    const part = stretch(win, paper, panel, values.fs, sheet.start, data.length, BAND_PX);
    if (!part) continue;
    const mean = means(data, part.first, part.last, part.count);
    const y = panel.baseline * win.scale + win.dy;
    const edge = panel.x * win.scale + win.dx + (panel.t1 - panel.t0) * paper.speed * win.scale;
    for (let c = 0; c < mean.length; c++) {
      const depth = min(1, abs(mean[c]!) / values.limit);
      if (!(depth >= 0.04)) continue;
      const x = part.x(c);
      const wide = min(edge, part.x(c + 1)) - x;
      if (wide <= 0) continue;
      ctx.globalAlpha = values.opacity * depth;
      ctx.fillStyle = mean[c]! > 0 ? colours.positive : colours.negative;
      ctx.fillRect(x, y - half, wide, 2 * half);
    }
  }
  ctx.globalAlpha = 1;
}
