// Where the waves of each lead begin, peak and end: quiet bands behind the trace, ticks and letters.
// The table travels as cofe_widgets/widgets/viewer/fiducials.py packs it.

import { asBytes, check } from "../core/codec";
import { type Layer, rowOf } from "../core/layers";
import { abs, clamp, known, max, min, round } from "../core/math";
import type { Panel } from "../core/paper";
import type { Palette } from "../core/theme";
import { span as between } from "./interval";
import { FONT, inside, type Sheet, toY } from "./paint";

export interface Wave {
  name: string; // P, QRS or T; Q, R or S inside a QRS; L, the point where ST is read
  onset: number; // s; NaN where it is not known
  peak: number;
  offset: number;
}

/** Of every lead, in order of time. */
export type Waves = ReadonlyMap<string, readonly Wave[]>;

export interface PackedWaves {
  version: number;
  leads: string[];
  names: string[];
  rows: number; // of (lead, name, onset ms, peak ms, offset ms), float32
  data: DataView | ArrayBuffer | string;
  source: string; // who says so: "truth", "delineator"
}

const VERSION = 1;
const COLUMNS = 5;

export const unpackWaves = (packed: PackedWaves | null): Waves | null => packed && decodeWaves(packed);

export function decodeWaves(packed: PackedWaves): Waves {
  const { version, leads, names, rows } = packed;
  check("waves: version", version, VERSION);
  const bytes = asBytes(packed.data);
  check("waves: bytes", bytes.byteLength, 4 * COLUMNS * rows);
  const values = new Float32Array(bytes.slice().buffer);
  const out = new Map<string, Wave[]>(leads.map((lead) => [lead, []]));
  for (let i = 0; i < values.length; i += COLUMNS) {
    const [lead, name, onset, peak, offset] = values.subarray(i, i + COLUMNS);
    out.get(leads[lead!]!)!.push({ name: names[name!]!, onset: onset! / 1000, peak: peak! / 1000, offset: offset! / 1000 });
  }
  for (const waves of out.values()) waves.sort((a, b) => a.peak - b.peak);
  return out;
}

const SPANS = new Set(["P", "QRS", "T"]);

/** The wave of a lead at a time: the deflection inside a QRS before the QRS itself. */
export function waveAt(waves: Waves, lead: string, t: number): { span: Wave; inner: Wave | null } | null {
  const all = waves.get(lead) ?? [];
  const over = (wave: Wave): boolean => wave.onset <= t && t <= wave.offset;
  const span = all.find((wave) => SPANS.has(wave.name) && over(wave));
  if (!span) return null;
  return { span, inner: all.find((wave) => !SPANS.has(wave.name) && over(wave)) ?? null };
}

export function waveWords({ span, inner }: { span: Wave; inner: Wave | null }, origin = 0): string {
  const ms = (wave: Wave): string => `${(1000 * (wave.offset - wave.onset)).toFixed(0)} ms`;
  const within = inner ? `  (${inner.name} ${ms(inner)})` : "";
  return `${span.name} ${between(origin + span.onset, origin + span.offset)}  ${ms(span)}${within}`;
}

const colourOf = (colours: Palette, name: string): string => (name === "P" ? colours.p : name === "T" ? colours.t : colours.qrs);

const REACH = 0.4; // of a row's height, above and below its baseline

/** A wash over each wave, from its onset to its offset, with a bar below that carries the ticks. */
export function paintWaves(ctx: CanvasRenderingContext2D, sheet: Sheet, waves: Waves, wash: boolean): void {
  const { win, paper, colours } = sheet;
  const reach = REACH * paper.rowHeight * win.scale;
  const bar = max(1.5, 0.5 * win.scale);
  for (const panel of paper.panels) {
    const all = waves.get(panel.lead);
    if (!all || !inside(win, paper, panel)) continue;
    const { x, left, right } = frame(sheet, panel);
    const y = panel.baseline * win.scale + win.dy;
    for (const { name, onset, peak, offset } of all) {
      if (!SPANS.has(name) || !(x(offset) > left && x(onset) < right)) continue;
      const from = max(left, x(onset));
      const to = min(right, x(offset));
      ctx.fillStyle = colourOf(colours, name);
      if (wash) {
        ctx.globalAlpha = colours.wave_opacity;
        ctx.fillRect(from, y - reach, to - from, 2 * reach);
      }
      ctx.globalAlpha = 0.85;
      ctx.fillRect(from, y + reach - bar, to - from, bar);
      for (const [at, tall] of [
        [onset, 2.2],
        [peak, 1.4],
        [offset, 2.2],
      ] as const) {
        if (x(at) >= left && x(at) <= right) ctx.fillRect(x(at) - 0.5, y + reach - tall * bar, 1, tall * bar);
      }
    }
  }
  ctx.globalAlpha = 1;
}

export function frame({ win, paper, start }: Sheet, panel: Panel): { x: (t: number) => number; left: number; right: number } {
  const left = panel.x * win.scale + win.dx;
  const pxPerS = paper.speed * win.scale;
  return { x: (t) => left + (t - start - panel.t0) * pxPerS, left, right: left + (panel.t1 - panel.t0) * pxPerS };
}

interface Letter {
  text: string;
  t: number;
  wave: Wave;
  colour: string;
  rank: number; // what gives way when there is no room: the higher
}

const LETTERS_FROM = 3.4; // px per mm; below it letters would hide the trace
const J_FROM = 7;
const RANKS = ["R", "QRS", "T", "P", "S", "Q", "J"];

/** P Q R S J T beside the peaks they name, where there is room. */
export function paintLetters(ctx: CanvasRenderingContext2D, sheet: Sheet, waves: Waves, trace: Layer): void {
  const { win, paper, colours } = sheet;
  if (win.scale < LETTERS_FROM) return;
  const size = clamp(2.1 * win.scale, 9, 13);
  ctx.font = `600 ${size}px ${FONT}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  for (const panel of paper.panels) {
    const all = waves.get(panel.lead);
    const row = rowOf(trace, panel.lead);
    if (!all || !row || !inside(win, paper, panel)) continue;
    const { x, left, right } = frame(sheet, panel);
    const y = toY(sheet, panel);
    const mv = (t: number): number => row[round(t * trace.fs)] ?? NaN;
    const placed: { x: number; y: number; half: number }[] = [];
    for (const { text, t, wave, colour } of letters(all, colours, win.scale)) {
      const at = { x: x(t), y: y(mv(t)), half: ctx.measureText(text).width / 2 };
      if (!(at.x > left + at.half && at.x < right - at.half) || !known(at.y)) continue;
      // Away from the line between the wave's own ends: above what points up, below what points down.
      const level = y((mv(wave.onset) + mv(wave.offset)) / 2);
      at.y += (at.y > level ? 1 : -1) * (0.5 * size + 3);
      if (placed.some((other) => abs(other.x - at.x) < other.half + at.half + 1.5 && abs(other.y - at.y) < size)) continue;
      placed.push(at);
      ctx.strokeStyle = colours.paper;
      ctx.lineWidth = 2.5;
      ctx.globalAlpha = 0.8;
      ctx.strokeText(text, at.x, at.y);
      ctx.globalAlpha = 1;
      ctx.fillStyle = colour;
      ctx.fillText(text, at.x, at.y);
    }
  }
  ctx.textAlign = "start";
  ctx.textBaseline = "alphabetic";
}

/** What there is to name, the most needed first. A QRS whose deflections are not told apart is named whole. */
export function letters(all: readonly Wave[], colours: Palette, scale: number): Letter[] {
  const parts = all.some(({ name }) => name === "Q" || name === "R" || name === "S");
  const out = all.flatMap((wave): Letter[] => {
    const { name, peak, offset } = wave;
    const colour = colourOf(colours, name);
    const letter = (text: string, t: number): Letter => ({ text, t, wave, colour, rank: RANKS.indexOf(text) });
    if (name === "L") return [];
    if (name !== "QRS") return [letter(name, peak)];
    return [...(parts ? [] : [letter(name, peak)]), ...(scale >= J_FROM ? [letter("J", offset)] : [])];
  });
  return out.filter(({ t }) => known(t)).sort((a, b) => a.rank - b.rank);
}
