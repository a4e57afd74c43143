// The interval between two points of one lead, and the extremum that a caliper catches on.

import { abs, clamp, floor, known, max, min, round } from "../core/math";

export interface Point {
  t: number; // s
  mv: number;
}

export interface Interval {
  ms: number;
  mv: number;
  bpm: number | null; // null when the two points share one time
}

/** The extremum of the lead within `reach` seconds that stands out most, else the sample itself. */
export function snap(data: Float32Array, fs: number, t: number, reach = 0.04): Point {
  const at = clamp(round(t * fs), 0, data.length - 1);
  const first = max(1, round((t - reach) * fs));
  const last = min(data.length - 2, round((t + reach) * fs));
  let best = at;
  let bestProminence = 0;
  for (let i = first; i <= last; i++) {
    const v = data[i]!;
    const peak = v >= data[i - 1]! && v >= data[i + 1]!;
    const trough = v <= data[i - 1]! && v <= data[i + 1]!;
    if (!peak && !trough) continue;
    const left = data[max(0, i - round(reach * fs))]!;
    const right = data[min(data.length - 1, i + round(reach * fs))]!;
    const prominence = peak ? v - max(left, right) : min(left, right) - v;
    if (prominence > bestProminence) {
      bestProminence = prominence;
      best = i;
    }
  }
  // Less than a third of a millimetre of paper is no wave to catch on.
  if (bestProminence < 0.03) best = at;
  return { t: best / fs, mv: data[best] ?? NaN };
}

export function interval(a: Point, b: Point): Interval {
  const ms = abs(b.t - a.t) * 1000;
  return { ms, mv: b.mv - a.mv, bpm: ms > 0 ? 60000 / ms : null };
}

export function describe({ ms, mv, bpm }: Interval): string {
  const rate = bpm !== null && bpm >= 10 && bpm <= 400 ? ` · ${bpm.toFixed(0)} bpm` : "";
  const height = known(mv) ? ` · ${mv < 0 ? "−" : "+"}${abs(mv).toFixed(2)} mV` : "";
  return `${ms.toFixed(0)} ms${rate}${height}`;
}

export const span = (from: number, to: number, digits = 3): string => `${clock(from, digits).replace(" s", "")}–${clock(to, digits)}`;

/** A time of the record: seconds, after ten minutes hours, minutes and seconds. */
export function clock(t: number, digits = 3): string {
  if (t < 600) return `${t.toFixed(digits)} s`;
  return floor(t / 3600) + new Date(1000 * t).toISOString().slice(13, digits ? 23 : 19);
}
