// Calipers and cursor: where they stand on the traces, what they say, how they are drawn.

import { type Layer, rowOf, type Shade } from "../core/layers";
import { abs, clamp, known, max, min, round } from "../core/math";
import { fromPaper, type Panel, type Paper, toPaper } from "../core/paper";
import { type Waves, waveAt, waveWords } from "./fiducials";
import { clock, describe, interval, type Point, snap } from "./interval";
import type { Mark } from "./marks";
import { FONT, type Sheet } from "./paint";

export interface Caliper {
  panel: Panel;
  point: Point; // t in seconds of the record
}

/** What the calipers stand on. */
export interface Scene {
  paper: Paper;
  start: number; // s of the record at the left edge of the page
  measured: Layer; // the trace in sight
  changed: Layer | null; // a second trace beside it
  named: string;
  shade?: Shade | null;
  waves?: Waves | null;
  marks: readonly Mark[];
  origin: number; // s of the record before the first sample that is here
}

export class Calipers {
  anchor: Caliper | null = null;
  head: Caliper | null = null;
  hover: Caliper | null = null;

  clear(): void {
    this.anchor = this.head = this.hover = null;
  }

  /** Begin measuring where the cursor is. */
  set(scene: Scene): void {
    this.anchor = this.hover ?? this.head ?? atRest(scene);
    this.head = null;
  }

  /** Move along the lead; with an anchor on it the second caliper moves, else the cursor. */
  step(scene: Scene, by: number): void {
    const { panel, point } = this.head ?? this.hover ?? this.anchor ?? atRest(scene);
    const caliper = nearest(scene, panel, point.t + by);
    if (this.anchor?.panel === panel) this.head = caliper;
    else this.hover = caliper;
  }

  changeLead(scene: Scene, by: number): void {
    const { panels } = scene.paper;
    const from = this.hover ?? this.head ?? this.anchor ?? atRest(scene);
    const panel = panels[(panels.indexOf(from.panel) + by + panels.length) % panels.length]!;
    this.anchor = this.head = null;
    this.hover = nearest(scene, panel, from.point.t);
  }

  words({ changed, named, shade, waves, marks, origin }: Scene): string {
    const caliper = this.head ?? this.hover ?? this.anchor;
    if (!caliper) return "";
    const { panel, point } = caliper;
    const signed = (mv: number): string => `${panel.sign * mv < 0 ? "−" : ""}${abs(mv).toFixed(2)}`;
    const height = known(point.mv) ? `  ${signed(point.mv)} mV` : "";
    const parts = [`${panel.label.replace("-", "−")}  ${clock(origin + point.t)}${height}`];
    for (const { lead, from, to, title } of marks) if (lead === panel.lead && from <= point.t && point.t <= to) parts.push(title);
    const now = changed && valueAt(changed, panel.lead, point.t);
    if (now !== null && abs(now - point.mv) >= 0.005) parts.push(`${named} ${signed(now)} mV`);
    const weight = shade ? valueAt(shade, panel.lead, point.t) : null;
    if (shade && weight !== null) {
      const size = shade.unit ? `${abs(weight).toFixed(2)} ${shade.unit}` : abs(weight).toPrecision(2);
      parts.push(`${shade.reading} ${weight < 0 ? "−" : "+"}${size}`);
    }
    const wave = waves && waveAt(waves, panel.lead, point.t);
    if (wave) parts.push(waveWords(wave, origin));
    if (this.anchor && this.head) parts.push(between(this.anchor, this.head));
    return parts.join("   ·   ");
  }

  paint(ctx: CanvasRenderingContext2D, { win, paper, start, colours, offsets }: Sheet): void {
    const reach = 0.46 * paper.rowHeight * win.scale;
    ctx.strokeStyle = ctx.fillStyle = colours.accent;
    ctx.lineWidth = 1;
    const post = ({ panel, point }: Caliper, dash: number[] = []): { x: number; zero: number } => {
      const mm = toPaper(paper, panel, point.t - start, point.mv - (offsets.get(panel.lead) ?? 0));
      const x = mm.x * win.scale + win.dx;
      const zero = panel.baseline * win.scale + win.dy;
      ctx.setLineDash(dash);
      ctx.beginPath();
      ctx.moveTo(x, zero - reach);
      ctx.lineTo(x, zero + reach);
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.beginPath();
      ctx.arc(x, mm.y * win.scale + win.dy, 3, 0, 7);
      ctx.fill();
      return { x, zero };
    };
    if (this.anchor && this.head) {
      const a = post(this.anchor);
      const b = post(this.head);
      const top = max(14, min(a.zero, b.zero) - reach);
      ctx.beginPath();
      ctx.moveTo(a.x, top);
      ctx.lineTo(b.x, top);
      ctx.stroke();
      ctx.font = `600 12px ${FONT}`;
      const text = between(this.anchor, this.head);
      const wide = ctx.measureText(text).width;
      const x = clamp((a.x + b.x) / 2 - wide / 2, 4, win.width - wide - 10);
      ctx.globalAlpha = 0.94;
      ctx.fillRect(x - 5, top - 14, wide + 10, 18);
      ctx.globalAlpha = 1;
      ctx.fillStyle = colours.paper;
      ctx.fillText(text, x, top - 1);
      return;
    }
    if (this.anchor) post(this.anchor);
    if (this.hover) post(this.hover, [3, 3]);
  }
}

/** The point of a trace under a point of the paper (mm); `catches` lets it snap to a near extremum. */
export function caliperAt(scene: Scene, mm: { x: number; y: number }, catches: boolean, only?: Panel): Caliper | null {
  const { paper, start, measured } = scene;
  const under = only ? { panel: only, t: clamp(only.t0 + (mm.x - only.x) / paper.speed, only.t0, only.t1) } : fromPaper(paper, mm.x, mm.y);
  const row = under && rowOf(measured, under.panel.lead);
  if (!row) return null;
  const t = start + under.t;
  return catches ? { panel: under.panel, point: snap(row, measured.fs, t) } : nearest(scene, under.panel, t);
}

/** The sample of a panel nearest to a time, inside the panel. */
function nearest({ start, measured }: Scene, panel: Panel, t: number): Caliper {
  const { fs } = measured;
  const row = rowOf(measured, panel.lead)!;
  const i = clamp(round(clamp(t, start + panel.t0, start + panel.t1) * fs), 0, row.length - 1);
  return { panel, point: { t: i / fs, mv: row[i]! } };
}

function atRest(scene: Scene): Caliper {
  const panel = scene.paper.panels.at(-1)!;
  return nearest(scene, panel, scene.start + (panel.t0 + panel.t1) / 2);
}

/** As printed: the deflection of an inverted lead is inverted too. */
function between(a: Caliper, b: Caliper): string {
  const span = interval(a.point, b.point);
  return describe({ ...span, mv: a.panel.sign * span.mv });
}

function valueAt(layer: Layer, lead: string, t: number): number | null {
  return rowOf(layer, lead)?.[round(t * layer.fs)] ?? null;
}
