// Signals travel as int16 with one scale a lead, -32768 where samples are missing; the twin of cofe_widgets/widgets/core/codec.py.

import { abs, known, max, round } from "./math";

export const VERSION = 2;

const MISSING = -32768;

export interface Packed {
  version: number;
  dtype: string;
  shape: number[]; // (..., leads, samples)
  scale: number[]; // value of one count, one a lead
  data: DataView | ArrayBuffer | string; // string: base64, in an exported page
}

/** One Float32Array a row of the last axis; rows run through the leading axes in C order. */
export function decode(packed: Packed): Float32Array[] {
  const { version, dtype, shape, scale } = packed;
  check("signal: version", version, VERSION);
  const samples = shape[shape.length - 1] ?? 0;
  const leads = shape[shape.length - 2] ?? 0;
  const count = shape.reduce((product, n) => product * n, 1);
  const bytes = asBytes(packed.data);
  check("signal: type", dtype, "int16");
  check("signal: bytes", bytes.byteLength, 2 * count);
  check("signal: scales", scale.length, leads);
  // A view may start at an odd byte of its buffer, where no Int16Array can: copy.
  const counts = new Int16Array(bytes.slice().buffer);
  return Array.from({ length: samples ? count / samples : 0 }, (_, row) => {
    const unit = scale[row % leads]!;
    const out = new Float32Array(samples);
    for (let i = 0, from = row * samples; i < samples; i++) out[i] = counts[from + i] === MISSING ? NaN : counts[from + i]! * unit;
    return out;
  });
}

/** The same bytes as the Python side makes, for tests of the error bound: half a count. */
export function encode(rows: Float32Array[]): Packed {
  const samples = rows[0]?.length ?? 0;
  const counts = new Int16Array(rows.length * samples);
  const scale = rows.map((row, r) => {
    const peak = row.reduce((top, v) => max(top, abs(v) || 0), 0);
    const unit = peak > 0 ? peak / 32767 : 1;
    row.forEach((v, i) => (counts[r * samples + i] = !known(v) ? MISSING : round(v / unit)));
    return unit;
  });
  return { version: VERSION, dtype: "int16", shape: [rows.length, samples], scale, data: counts.buffer };
}

/** A message whose bytes came apart, each leaving its place among the buffers under the name `data`: whole again. */
export function attach(value: unknown, buffers: readonly DataView[]): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key !== "data" ? attach(item, buffers) : typeof item === "number" ? buffers[item] : item,
    ]),
  );
}

/** Refuse what this page cannot read. */
export function check(what: string, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`${what} ${found}; this page reads ${expected}: reload it`);
}

export function asBytes(data: DataView | ArrayBuffer | string): Uint8Array<ArrayBuffer> {
  if (typeof data === "string") return Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}
