// Thousands of samples to at most one vertical stroke a pixel column, losing no peak. Where all samples
// of a column are missing (NaN) it is NaN.

import { floor, known, max, min } from "../core/math";

export interface Columns {
  lo: Float32Array;
  hi: Float32Array;
  loFirst: Uint8Array; // which of the two came first, so that the line runs the way the signal did
}

/** Each of `count` equal parts of [first, last): its number, its first sample and the one after its last. */
function parts(first: number, last: number, count: number, each: (part: number, from: number, to: number) => void): void {
  const edge = (part: number): number => first + floor((part * (last - first)) / count);
  for (let part = 0; part < count; part++) each(part, edge(part), edge(part + 1));
}

const least = (first: number, last: number, count: number): number => max(0, min(count, last - first));

/** Least and greatest value of each of `count` equal parts of data[first, last). */
export function columns(data: Float32Array, first: number, last: number, count: number): Columns {
  const n = least(first, last, count);
  const [lo, hi, loFirst] = [new Float32Array(n), new Float32Array(n), new Uint8Array(n)];
  parts(first, last, n, (c, from, to) => {
    let [minAt, maxAt] = [from, from];
    for (let i = from + 1; i < to; i++) {
      // Written so that whatever is known takes the place of NaN.
      if (!known(data[i])) continue;
      if (!(data[i]! >= data[minAt]!)) minAt = i;
      if (!(data[i]! <= data[maxAt]!)) maxAt = i;
    }
    lo[c] = data[minAt]!;
    hi[c] = data[maxAt]!;
    loFirst[c] = minAt <= maxAt ? 1 : 0;
  });
  return { lo, hi, loFirst };
}

/** Mean of each of `count` equal parts: what a column of an attribution shows. */
export function means(data: Float32Array, first: number, last: number, count: number): Float32Array {
  const out = new Float32Array(least(first, last, count));
  parts(first, last, out.length, (c, from, to) => {
    for (let i = from; i < to; i++) out[c]! += data[i]! / (to - from);
  });
  return out;
}
