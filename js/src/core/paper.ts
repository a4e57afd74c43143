// Clinical geometry: where every lead, second and millivolt lies on the paper, in millimetres.
// Pure, and the twin of cofe_widgets/report/figures/paper.py: both are held to tests/report/paper.json.

import { abs, ceil, clamp, floor, max, min } from "./math";

export type Layout = "3x4+1" | "3x4" | "6x2" | "12x1";
export type Order = "standard" | "cabrera";
export const LAYOUTS: readonly Layout[] = ["3x4+1", "3x4", "6x2", "12x1"];
export const SPEEDS = [25, 50] as const; // mm/s
export const GAINS = [5, 10, 20] as const; // mm/mV
export const PAGE_SECONDS = 10;

export const STANDARD = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"];
const CABRERA = ["aVL", "I", "-aVR", "II", "aVF", "III", ...STANDARD.slice(6)];

const LEFT = 5; // mm before the calibration pulse
const PULSE_S = 0.2;
const HEADROOM = 20; // mm above the first baseline and below the last, unless more is asked for
const FOOTROOM = 15;
const MOST_ROOM = 45;
const ROW_MM: Record<Layout, number> = { "3x4+1": 25, "3x4": 25, "6x2": 20, "12x1": 15 };
const COLUMNS: Record<Layout, number> = { "3x4+1": 4, "3x4": 4, "6x2": 2, "12x1": 1 };

export interface PaperRequest {
  leads: readonly string[]; // what the record has
  seconds: number; // what is left of the record from the first second shown
  layout?: Layout;
  speed?: number;
  gain?: number;
  order?: Order;
  headroom?: number; // mm above the first baseline, in fives: room for tall R waves
  footroom?: number; // mm below the last
}

export interface Panel {
  lead: string; // whose samples
  label: string; // what is printed: "-aVR" in Cabrera order
  sign: 1 | -1;
  row: number;
  x: number; // mm of t0
  baseline: number; // mm of 0 mV
  t0: number; // s from the first second shown
  t1: number;
  rhythm: boolean;
}

export interface Paper {
  layout: Layout;
  speed: number; // mm/s
  gain: number; // mm/mV
  width: number; // mm
  height: number; // mm
  rowHeight: number; // mm
  panels: Panel[];
  pulses: { x: number; width: number; height: number; baseline: number }[]; // 1 mV, 200 ms
}

export function paper(request: PaperRequest): Paper {
  const { leads, layout = "3x4+1", speed = 25, gain = 10, order = "standard", headroom = HEADROOM, footroom = FOOTROOM } = request;
  const seconds = min(request.seconds, PAGE_SECONDS);
  const twelve = STANDARD.every((lead) => leads.includes(lead));
  const printed = twelve ? (order === "cabrera" ? CABRERA : STANDARD) : [...leads];
  // A record without the twelve leads is drawn one lead a row, whatever was asked.
  const shape: Layout = twelve ? layout : "12x1";
  const columns = COLUMNS[shape];
  const perColumn = ceil(printed.length / columns);
  const window = seconds / columns;
  const start = LEFT + PULSE_S * speed + 5;
  const rowHeight = ROW_MM[shape] * max(1, gain / 10);

  const place = (label: string, row: number, t0: number, t1: number, rhythm: boolean): Panel => ({
    lead: leads.includes(label) ? label : label.slice(1), // a lead may itself be called with a minus
    label,
    sign: leads.includes(label) ? 1 : -1,
    row,
    x: start + t0 * speed,
    baseline: headroom + row * rowHeight,
    t0,
    t1,
    rhythm,
  });
  const panels = printed.map((label, index) => {
    const column = floor(index / perColumn);
    return place(label, index % perColumn, column * window, (column + 1) * window, false);
  });
  if (shape === "3x4+1") panels.push(place("II", perColumn, 0, seconds, true));

  const rows = max(...panels.map((panel) => panel.row)) + 1;
  return {
    layout: shape,
    speed,
    gain,
    width: ceil((start + seconds * speed) / 5 - 1e-9) * 5 + 5,
    height: headroom + (rows - 1) * rowHeight + footroom,
    rowHeight,
    panels,
    pulses: Array.from({ length: rows }, (_, row) => ({
      x: LEFT,
      width: PULSE_S * speed,
      height: gain,
      baseline: headroom + row * rowHeight,
    })),
  };
}

/** Millimetres of a point of one panel; t in seconds from the first second shown, mv as stored. */
export function toPaper(sheet: Paper, panel: Panel, t: number, mv: number): { x: number; y: number } {
  return {
    x: panel.x + (t - panel.t0) * sheet.speed,
    y: panel.baseline - panel.sign * mv * sheet.gain,
  };
}

/** The panel nearest to a point of the paper and the second under it; null beside all panels. */
export function fromPaper(sheet: Paper, x: number, y: number): { panel: Panel; t: number } | null {
  let best: { panel: Panel; t: number } | null = null;
  for (const panel of sheet.panels) {
    const t = panel.t0 + (x - panel.x) / sheet.speed;
    if (t < panel.t0 || t > panel.t1) continue;
    if (!best || abs(panel.baseline - y) < abs(best.panel.baseline - y)) best = { panel, t };
  }
  return best;
}

/** Room that keeps the tallest wave of the first row and the deepest of the last on the paper. */
export function room(sheet: Paper, waves: (panel: Panel) => { up: number; down: number }): { headroom: number; footroom: number } {
  const last = max(...sheet.panels.map((panel) => panel.row));
  const most = (row: number, way: "up" | "down"): number =>
    sheet.gain * max(...sheet.panels.filter((panel) => panel.row === row).map((panel) => waves(panel)[way]));
  const fives = (mm: number, least: number): number => clamp(ceil(mm / 5) * 5, least, MOST_ROOM);
  return { headroom: fives(most(0, "up") + 2, HEADROOM), footroom: fives(most(last, "down") + 5, FOOTROOM) };
}
