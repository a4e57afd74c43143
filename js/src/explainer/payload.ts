// What the kernel sends of counterfactuals, unpacked into what is drawn: whole paths, and a search under way.

import type { Change } from "../core/changes";
import { attach, decode, type Packed } from "../core/codec";
import type { Reply } from "../core/jobs";
import { type Layer, type PackedLayer, type PackedShade, unpackLayer } from "../core/layers";
import type { Path } from "./path";
import type { Reasons } from "./reasons";
import type { Trust } from "./trust";

interface About {
  severities: number[];
  predictions: number[];
  target: string;
  level: number;
  reached: boolean;
  space: string; // the smallest in which a counterfactual was found
  message: string;
  note: string; // the filter band and the rate of what is shown
  changes: Change[];
  trust: Trust | null;
  words: string;
  reasons: Reasons | null; // null where there is no model to ask
  shares: PackedShade | null;
}

export interface PackedCounterfactual extends About {
  fs: number;
  leads: string[];
  frames: Packed; // of what the model needs, without the first: it is that of the other answer
  needed?: PackedCounterfactual | null;
}

/** Beside a counterfactual the original is shown as the model read it: frame 0, sample for sample. */
export type Counterfactual = About & Path & { base: Layer; needed: Counterfactual | null };

export function unpackCounterfactual(packed: PackedCounterfactual, first: Float32Array[] = []): Counterfactual {
  const { fs, leads, severities } = packed;
  const rows = [...first, ...decode(packed.frames)];
  const frames = severities.map((_, k) => rows.slice(k * leads.length, (k + 1) * leads.length));
  const needed = packed.needed ? unpackCounterfactual(packed.needed, frames[0]) : null;
  return { ...packed, frames, base: { fs, leads, rows: frames[0]! }, needed };
}

/** What streams in before the path is whole. */
export interface SearchProgress {
  points: [number, number][];
  frame: Layer | null;
  base: Layer | null; // what it is drawn over
  target: string;
  level: number;
}

/** A search with one step more. */
export function advanced(search: SearchProgress, reply: Reply, buffers: DataView[]): SearchProgress {
  const points = [...search.points, ...(reply.points as [number, number][])];
  const frame = attach(reply.frame, buffers) as { signal: PackedLayer; original: PackedLayer } | null;
  return frame ? { ...search, points, frame: unpackLayer(frame.signal), base: unpackLayer(frame.original) } : { ...search, points };
}
