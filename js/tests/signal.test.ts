import { describe, expect, it } from "vitest";
import golden from "../../tests/widgets/codec.json";
import { decode, encode, type Packed } from "../src/core/codec";
import { locate, predictionAt, signalAt } from "../src/explainer/path";
import { columns, means } from "../src/viewer/decimate";
import { interval, snap, describe as words } from "../src/viewer/interval";

const noise = (n: number, gain: number, seed = 1): Float32Array => {
  let state = seed;
  return Float32Array.from({ length: n }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return gain * (state / 1073741824 - 1);
  });
};

describe("codec", () => {
  it("loses at most half a count of each lead's own scale", () => {
    const rows = [noise(5000, 3.2), noise(5000, 0.001, 7), new Float32Array(5000)];
    const packed = encode(rows);
    decode(packed).forEach((row, r) => {
      const worst = row.reduce((top, v, i) => Math.max(top, Math.abs(v - rows[r]![i]!)), 0);
      expect(worst).toBeLessThanOrEqual(packed.scale[r]! * 0.5 + 1e-7);
    });
  });

  it("carries missing samples", () => {
    const [some, none] = decode(encode([Float32Array.of(NaN, -1, 1, NaN), Float32Array.of(NaN, NaN, NaN, NaN)]));
    expect([...some!].map(Number.isNaN)).toEqual([true, false, false, true]);
    expect(none!.every(Number.isNaN)).toBe(true);
    expect(some![1]).toBeCloseTo(-1, 4);
  });

  it("reads what the Python side wrote, from base64", () => {
    const rows = decode(golden.packed as Packed);
    expect(rows).toHaveLength(golden.values.length);
    rows.forEach((row, r) =>
      row.forEach((v, i) => expect(Math.abs(v - golden.values[r]![i]!)).toBeLessThanOrEqual(golden.packed.scale[r]! * 0.5 + 1e-7)),
    );
  });

  it("reads a view that starts at an odd byte, as kernel messages do", () => {
    const packed = encode([Float32Array.of(1, -1, 0.5)]);
    const shifted = new Uint8Array(3 + 6);
    shifted.set(new Uint8Array(packed.data as ArrayBuffer), 3);
    const [row] = decode({ ...packed, data: new DataView(shifted.buffer, 3, 6) });
    expect(Array.from(row!)).toEqual([expect.closeTo(1, 4), expect.closeTo(-1, 4), expect.closeTo(0.5, 4)]);
  });

  it.each([
    [{ version: 9 }, /version 9/],
    [{ dtype: "float64" }, /float64/],
    [{ shape: [1, 4] }, /bytes/],
    [{ scale: [] }, /scales/],
  ])("refuses %j", (fault, message) => {
    expect(() => decode({ ...encode([Float32Array.of(1, 2, 3)]), ...fault })).toThrow(message);
  });
});

describe("decimation", () => {
  it("passes over missing samples, and is missing where all of a column are", () => {
    const data = Float32Array.of(NaN, 1, 3, NaN, NaN, NaN, -2, NaN);
    const { lo, hi } = columns(data, 0, 8, 4);
    expect([...lo]).toEqual([1, 3, NaN, -2]);
    expect([...hi]).toEqual([1, 3, NaN, -2]);
    const whole = columns(data, 0, 8, 1);
    expect([whole.lo[0], whole.hi[0], whole.loFirst[0]]).toEqual([-2, 3, 0]);
  });

  it("keeps the height of a spike one sample wide, in its own column", () => {
    const data = new Float32Array(5000);
    data[3210] = 1.5;
    data[3211] = -0.7;
    const cols = columns(data, 0, 5000, 200);
    const at = Math.floor((3210 / 5000) * 200);
    expect(cols.hi[at]).toBe(1.5);
    expect(cols.lo[at]).toBeCloseTo(-0.7);
    expect(cols.loFirst[at]).toBe(0);
    expect(cols.hi.filter((v) => v > 0)).toHaveLength(1);
  });

  it("is the signal itself when there is room for every sample", () => {
    const data = noise(50, 1);
    const cols = columns(data, 10, 40, 200);
    expect(Array.from(cols.lo)).toEqual(Array.from(data.slice(10, 40)));
    expect(Array.from(cols.hi)).toEqual(Array.from(data.slice(10, 40)));
  });

  it("averages signed values: equal and opposite is nothing", () => {
    expect(Array.from(means(Float32Array.of(1, -1, 2, 4), 0, 4, 2))).toEqual([0, 3]);
  });
});

describe("calipers", () => {
  const fs = 500;
  const beat = new Float32Array(1000);
  for (let i = 0; i < 1000; i++) beat[i] = Math.exp(-(((i - 300) / 8) ** 2)) - 0.3 * Math.exp(-(((i - 325) / 6) ** 2));

  it("catches the peak near the hand, and the trough beside it", () => {
    expect(snap(beat, fs, 0.585).t).toBeCloseTo(0.6, 6);
    expect(snap(beat, fs, 0.66).mv).toBeCloseTo(-0.3, 2);
  });

  it("stays where it is put on a flat stretch, and inside the record", () => {
    expect(snap(beat, fs, 1.5).t).toBe(1.5);
    expect(snap(beat, fs, 99).t).toBe(999 / fs);
    expect(snap(beat, fs, -1).t).toBe(0);
  });

  it("says ms, mV and bpm", () => {
    const found = interval({ t: 1, mv: 0 }, { t: 1.8, mv: -0.25 });
    expect(found.ms).toBeCloseTo(800);
    expect(found.bpm).toBeCloseTo(75);
    expect(words(found)).toBe("800 ms · 75 bpm · −0.25 mV");
    expect(interval({ t: 1, mv: 0 }, { t: 1, mv: 1 }).bpm).toBeNull();
  });
});

describe("path", () => {
  const frames = [[Float32Array.of(0, 0)], [Float32Array.of(1, -1)], [Float32Array.of(3, -3)]];
  const path = { fs: 250, leads: ["II"], frames, severities: [0, 0.4, 1], predictions: [0.1, 0.5, 0.9] };

  it("is the record itself at 0 and the counterfactual itself at 1", () => {
    expect(Array.from(signalAt(path, 0, [])[0]!)).toEqual([0, 0]);
    expect(Array.from(signalAt(path, 1, [])[0]!)).toEqual([3, -3]);
    expect(predictionAt(path, 1)).toBe(0.9);
  });

  it("is linear between frames and keeps to the ends", () => {
    expect(Array.from(signalAt(path, 0.7, [])[0]!)).toEqual([2, -2]);
    expect(predictionAt(path, 0.2)).toBeCloseTo(0.3);
    expect(locate(path.severities, 7)).toEqual({ below: 2, weight: 0 });
    expect(locate(path.severities, 0.4)).toEqual({ below: 1, weight: 0 });
  });
});
