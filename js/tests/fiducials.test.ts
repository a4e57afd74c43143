import { describe, expect, it } from "vitest";
import golden from "../../tests/widgets/waves.json";
import type { Palette } from "../src/core/theme";
import { decodeWaves, letters, type PackedWaves, type Wave, waveAt, waveWords } from "../src/viewer/fiducials";

const packed = golden.packed as PackedWaves;
const waves = decodeWaves(packed);
const colours = { p: "blue", qrs: "orange", t: "green" } as Palette;

describe("the table of waves", () => {
  it("is what the Python side packed, a lead at a time and in seconds", () => {
    for (const [, lead, name, onset, peak, offset] of golden.rows as [number, string, string, number | null, number, number | null][]) {
      const found = waves.get(lead)!.find((wave) => wave.name === name)!;
      expect(found.peak).toBeCloseTo(peak / 1000, 5);
      for (const [got, told] of [
        [found.onset, onset],
        [found.offset, offset],
      ] as const) {
        if (told === null) expect(got).toBeNaN();
        else expect(got).toBeCloseTo(told / 1000, 5);
      }
    }
    expect(waves.get("I")).toEqual([]); // a lead without a wave: nothing is made up
    const peaks = waves.get("II")!.map((wave) => wave.peak);
    expect(peaks).toEqual([...peaks].sort((a, b) => a - b));
  });

  it.each([
    [{ version: 9 }, /version 9/],
    [{ rows: 4 }, /bytes/],
  ])("refuses %j", (fault, message) => {
    expect(() => decodeWaves({ ...packed, ...fault })).toThrow(message);
  });
});

describe("the wave under the pointer", () => {
  it("says name, onset, offset and duration, and the deflection inside a QRS", () => {
    expect(waveWords(waveAt(waves, "II", 0.15)!)).toBe("P 0.120–0.214 s  94 ms");
    expect(waveWords(waveAt(waves, "II", 0.33)!)).toBe("QRS 0.290–0.382 s  92 ms  (R 35 ms)");
    expect(waveWords(waveAt(waves, "II", 0.38)!)).toBe("QRS 0.290–0.382 s  92 ms");
  });

  it("is none between waves, at the ST point, and in a lead without any", () => {
    expect(waveAt(waves, "II", 0.25)).toBeNull();
    expect(waveAt(waves, "II", 0.442)).toBeNull();
    expect(waveAt(waves, "I", 0.33)).toBeNull();
  });
});

describe("letters", () => {
  const wave = (name: string, peak: number): Wave => ({ name, onset: peak - 0.02, peak, offset: peak + 0.02 });

  it("name deflections where they are known, else the whole QRS", () => {
    const text = (all: Wave[], scale: number): string[] => letters(all, colours, scale).map((letter) => letter.text);
    expect(text([wave("P", 0.1), wave("QRS", 0.3), wave("T", 0.6)], 4)).toEqual(["QRS", "T", "P"]);
    expect(text([wave("QRS", 0.3), wave("Q", 0.28), wave("R", 0.3), wave("S", 0.33), wave("L", 0.4)], 4)).toEqual(["R", "S", "Q"]);
  });

  it("put J at the end of the QRS, once the paper is large enough", () => {
    const found = letters([wave("QRS", 0.3), wave("R", 0.3)], colours, 8);
    expect(found.map((letter) => letter.text)).toEqual(["R", "J"]);
    expect(found[1]!.t).toBeCloseTo(0.32);
  });

  it("leave out what has no place", () => {
    expect(letters([wave("T", NaN)], colours, 8)).toEqual([]);
  });
});
