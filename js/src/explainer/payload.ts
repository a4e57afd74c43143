// What the kernel found, unpacked into what is drawn: whole paths, a search under way, an ECG as dialled.

import { attach, decode, type Packed } from "../core/codec";
import type { Reply } from "../core/jobs";
import type { Path } from "./path";
import { layer, type PackedLayer } from "../core/layers";
import type { Layer } from "../viewer/paint";
import type { Values } from "./prediction";
import type { Change } from "../core/changes";
import type { Achieved, DialCurve } from "../lab/dials";
import type { Trust } from "./trust";

interface About {
  severities: number[];
  predictions: number[];
  target: string;
  level: number;
  reached: boolean;
  space: string; // the smallest in which an answer was found
  message: string;
  note: string; // the filter band and the rate of what is shown
  changes: Change[];
  trust: Trust | null;
  words: string;
}

export interface PackedFound extends About {
  fs: number;
  leads: string[];
  frames: Packed;
}

/** Beside a counterfactual the original is shown as the model read it: frame 0, sample for sample. */
export type Found = About & Path & { base: Layer };

export function found(packed: PackedFound): Found {
  const { fs, leads, severities } = packed;
  const rows = decode(packed.frames);
  const frames = severities.map((_, k) => rows.slice(k * leads.length, (k + 1) * leads.length));
  return { ...packed, frames, base: { fs, leads, rows: frames[0]! } };
}

/** What streams in before the path is whole. */
export interface Draft {
  points: [number, number][];
  frame: Layer | null;
  base: Layer | null; // what it is drawn over
  target: string;
  level: number;
}

export function grown(draft: Draft, reply: Reply, buffers: DataView[]): Draft {
  const points = [...draft.points, ...(reply.points as [number, number][])];
  const frame = attach(reply.frame, buffers) as { signal: PackedLayer; original: PackedLayer } | null;
  return frame ? { ...draft, points, frame: layer(frame.signal), base: layer(frame.original) } : { ...draft, points };
}

/** An ECG whose measurements were dialled; what is missing of a frame is as it was before. */
export interface PackedEdited {
  base?: PackedLayer; // the ECG itself, as the model reads it
  note?: string;
  signal?: PackedLayer | null; // null: nothing is dialled
  values?: Values;
  achieved?: Achieved;
  changes?: Change[];
  curve?: DialCurve | null;
}

export interface Edited {
  base?: Layer | null;
  note?: string;
  layer?: Layer | null;
  values?: Values;
  achieved?: Achieved;
  changes?: Change[];
  curve?: DialCurve | null;
}

export function edited(packed: PackedEdited | null, buffers: DataView[]): Edited | null {
  if (!packed) return null;
  const { base, signal, ...rest } = attach(packed, buffers) as PackedEdited;
  return { ...rest, ...(base && { base: layer(base) }), ...(signal !== undefined && { layer: layer(signal) }) };
}
