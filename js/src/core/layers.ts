// What the kernel packs of an ECG, unpacked into what is drawn; the twin of the packed_* functions of
// cofe_widgets/widgets/core/component.py.

import type { Mark } from "../viewer/marks";
import { decode, type Packed } from "./codec";

/** A signal to draw. */
export interface Layer {
  fs: number;
  leads: readonly string[];
  rows: readonly Float32Array[];
}

/** The samples of one lead, if it is there. */
export const rowOf = ({ leads, rows }: Layer, lead: string): Float32Array | undefined => rows[leads.indexOf(lead)];

export interface PackedLayer {
  fs: number;
  leads: string[];
  signal: Packed;
}

/** A record with what is printed around it. */
export interface Ecg extends PackedLayer {
  title: string; // on screen
  name: string; // of files: says nothing of a person
  facts: string[];
  note: string;
  marks: Mark[]; // stretches without signal, or with none to be trusted
  spoken: string; // the same in words
  origin: number; // s of the record before the first sample that is here
  total: number; // s of a long record of which a page is here
}

/** What a band behind the traces is called, and its full depth. */
export interface ShadeFacts {
  title: string; // "saliency for AF"
  hint: string;
  negative: string; // what the two hues mean
  positive: string;
  reading: string; // what the number under the pointer is called
  unit: string;
  limit: number;
  opacity: number; // of full depth
}

export type PackedShade = PackedLayer & ShadeFacts;

/** A value for every sample, shown by hue and depth; `reading` and `unit` say what the number under the pointer is. */
export type Shade = Layer & Pick<ShadeFacts, "limit" | "opacity" | "reading" | "unit">;

export function unpackLayer(packed: PackedLayer | null): Layer | null {
  return packed && { fs: packed.fs, leads: packed.leads, rows: decode(packed.signal) };
}

export function unpackShade(packed: PackedShade | null): Shade | null {
  if (!packed) return null;
  const { limit, opacity, reading, unit } = packed;
  return { ...unpackLayer(packed)!, limit: limit || 1, opacity, reading, unit };
}
