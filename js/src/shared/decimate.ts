// Thousands of samples to at most one vertical stroke a pixel column, losing no peak.

export interface Columns {
  lo: Float32Array;
  hi: Float32Array;
  loFirst: Uint8Array; // which of the two came first, so that the line runs the way the signal did
}

/** Least and greatest value of each of `count` equal parts of data[first, last). */
export function columns(data: Float32Array, first: number, last: number, count: number): Columns {
  const total = last - first;
  const n = Math.max(0, Math.min(count, total));
  const lo = new Float32Array(n);
  const hi = new Float32Array(n);
  const loFirst = new Uint8Array(n);
  for (let c = 0; c < n; c++) {
    const from = first + Math.floor((c * total) / n);
    const to = first + Math.floor(((c + 1) * total) / n);
    let min = data[from]!;
    let max = min;
    let minAt = from;
    let maxAt = from;
    for (let i = from + 1; i < to; i++) {
      const v = data[i]!;
      if (v < min) {
        min = v;
        minAt = i;
      } else if (v > max) {
        max = v;
        maxAt = i;
      }
    }
    lo[c] = min;
    hi[c] = max;
    loFirst[c] = minAt <= maxAt ? 1 : 0;
  }
  return { lo, hi, loFirst };
}

/** Mean of each of `count` equal parts: what a column of the saliency band shows. */
export function means(data: Float32Array, first: number, last: number, count: number): Float32Array {
  const total = last - first;
  const n = Math.max(0, Math.min(count, total));
  const out = new Float32Array(n);
  for (let c = 0; c < n; c++) {
    const from = first + Math.floor((c * total) / n);
    const to = first + Math.floor(((c + 1) * total) / n);
    let sum = 0;
    for (let i = from; i < to; i++) sum += data[i]!;
    out[c] = sum / (to - from);
  }
  return out;
}
