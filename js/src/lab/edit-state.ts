// An ECG whose measurements were dialled, as the kernel sends it; the twin of
// cofe_widgets/widgets/explainer/edit_state.py.

import type { Change } from "../core/changes";
import { attach } from "../core/codec";
import { type Layer, type PackedLayer, unpackLayer } from "../core/layers";
import type { Values } from "../core/output";
import type { Achieved, DialCurve } from "./dials";

interface About {
  note?: string;
  values?: Values; // what the model says of it
  achieved?: Achieved;
  changes?: Change[];
  curve?: DialCurve | null;
}

/** What is missing of a frame is as it was before. */
export interface PackedEditState extends About {
  base?: PackedLayer; // the ECG itself, as the model reads it
  signal?: PackedLayer | null; // null: nothing is dialled
}

export interface EditState extends About {
  base?: Layer | null;
  layer?: Layer | null;
}

export function unpackEditState(packed: PackedEditState | null, buffers: DataView[]): EditState | null {
  if (!packed) return null;
  const { base, signal, ...rest } = attach(packed, buffers) as PackedEditState;
  return { ...rest, ...(base && { base: unpackLayer(base) }), ...(signal !== undefined && { layer: unpackLayer(signal) }) };
}
