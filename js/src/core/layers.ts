// What the kernel packs, unpacked into what is drawn.

import { decode, type Packed } from "./codec";
import type { ShadeFacts } from "../viewer/legend";
import type { Layer, Shade } from "../viewer/paint";
import { decodeWaves, type PackedWaves, type Waves } from "../viewer/fiducials";

export interface PackedLayer {
  fs: number;
  leads: string[];
  signal: Packed;
}

export interface Ecg extends PackedLayer {
  title: string;
  facts: string[];
  note: string;
}

export type PackedShade = PackedLayer & ShadeFacts;

export function layer(packed: PackedLayer | null): Layer | null {
  return packed && { fs: packed.fs, leads: packed.leads, rows: decode(packed.signal) };
}

export function shadeLayer(packed: PackedShade | null): Shade | null {
  return packed && { ...layer(packed)!, limit: packed.limit || 1, reading: packed.reading, unit: packed.unit };
}

export const wavesOf = (packed: PackedWaves | null): Waves | null => packed && decodeWaves(packed);
