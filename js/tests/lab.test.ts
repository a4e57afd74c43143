import { beforeAll, describe, expect, it } from "vitest";
import { encode } from "../src/core/codec";
import type { Output } from "../src/core/output";
import { Plot } from "../src/core/plot";
import { type Dial, DialsCard } from "../src/lab/dials";
import { unpackEditState } from "../src/lab/edit-state";

beforeAll(() => {
  globalThis.ResizeObserver ??= class {
    observe(): void {}
    unobserve(): void {}
    disconnect(): void {}
  };
});

const stop = new AbortController().signal;
const AF: Output = { name: "AF", title: "atrial fibrillation", probability: true, unit: "", digits: 2, low: 0, high: 1 };
const K: Output = { name: "potassium_mmol_l", title: "potassium", probability: false, unit: "mmol/L", digits: 1, low: 2, high: 9 };

describe("the curve", () => {
  const lines = (plot: Plot): string => plot.element.querySelector("polyline")!.getAttribute("points")!;
  const plotted = (points: [number, number][], output: Output, goal: number | null): Plot => {
    const plot = new Plot("nothing", stop);
    plot.show({ points, from: -10, to: 30, output, goal, searching: false, home: 0 }, "words");
    return plot;
  };

  it("spans all probabilities, and x from one end to the other", () => {
    const points = lines(
      plotted(
        [
          [-10, 0],
          [30, 1],
        ],
        AF,
        null,
      ),
    )
      .split(" ")
      .map((pair) => pair.split(",").map(Number));
    expect(points[0]![0]).toBeLessThan(points[1]![0]!);
    const plot = plotted(
      [
        [-10, 0.2],
        [30, 0.3],
      ],
      AF,
      0.9,
    );
    expect([...plot.element.querySelectorAll("text")].map((text) => text.textContent)).toEqual(
      expect.arrayContaining(["0.0", "0.5", "1.0", "goal 0.90", "this ECG"]),
    );
  });

  it("spans the values there are and the goal", () => {
    const ticks = [
      ...plotted(
        [
          [0, 4.1],
          [30, 5],
        ],
        K,
        6.2,
      ).element.querySelectorAll("text"),
    ].map((text) => text.textContent);
    expect(ticks).toEqual(expect.arrayContaining(["4.0", "6.3", "goal 6.2 mmol/L"]));
  });

  it("marks a point, also one beyond its ends, and nothing", () => {
    const plot = plotted(
      [
        [-10, 0],
        [30, 1],
      ],
      AF,
      null,
    );
    const marker = (): Element => plot.element.querySelector(".cofe-here")!;
    plot.mark([10, 0.5]);
    expect(marker().getAttribute("r")).toBe("5.5");
    plot.mark(null);
    expect(marker().getAttribute("r")).toBe("0");
  });
});

describe("what if", () => {
  const PR: Dial = { name: "pr_ms", label: "PR interval", unit: "ms", digits: 0, low: -60, high: 120, now: 160, slack: 15 };
  const P: Dial = { ...PR, name: "p_amplitude_mv", label: "P amplitude", unit: "mV", digits: 2, low: 0, high: 0.2, now: null, slack: 0.04 };
  function dials(live = true): { card: DialsCard; asked: any[]; taken: string[]; slider: (k: number) => HTMLInputElement } {
    const [asked, taken]: [any[], string[]] = [[], []];
    const card = new DialsCard(
      (change) => asked.push(change),
      (name) => taken.push(name),
      stop,
    );
    card.choices([PR, P], live);
    card.show({}, null, null, AF, undefined);
    return { card, asked, taken, slider: (k) => card.element.querySelectorAll("input")[k]! };
  }

  it("asks for changes, several at once, and for none", () => {
    const { card, asked, taken, slider } = dials();
    slider(0).dispatchEvent(new Event("pointerdown"));
    expect(taken).toEqual(["pr_ms"]);
    slider(0).value = "40";
    slider(0).dispatchEvent(new Event("input"));
    expect(asked.at(-1)).toEqual({ pr_ms: 40 });
    card.show(asked.at(-1), null, null, AF, undefined);
    slider(1).value = "0.1";
    slider(1).dispatchEvent(new Event("input"));
    expect(asked.at(-1)).toEqual({ pr_ms: 40, p_amplitude_mv: 0.1 });
    card.element.querySelector("button")!.click();
    expect(asked.at(-1)).toEqual({});
  });

  it("says the value asked for, what was measured, and where the two part", () => {
    const { card } = dials();
    expect(card.element.textContent).toContain("160 ms");
    expect(card.element.textContent).toContain("absent");
    card.show({ pr_ms: 40, p_amplitude_mv: 0.1 }, { pr_ms: 198, p_amplitude_mv: null }, null, AF, 0.3);
    expect(card.element.textContent).toContain("160 → 200 ms");
    expect(card.element.textContent).toContain("measured 198");
    expect(card.element.textContent).toContain("+0.10 mV");
    expect(card.element.textContent).toContain("not measurable");
    expect(card.element.querySelectorAll(".cofe-off-mark")).toHaveLength(0);
    card.show({ pr_ms: 40 }, { pr_ms: 170 }, null, AF, 0.3);
    expect(card.element.querySelectorAll(".cofe-off-mark")).toHaveLength(1);
  });

  it("draws the answer over the dial in hand, with where it stands", () => {
    const { card } = dials();
    card.show(
      { pr_ms: 40 },
      null,
      {
        name: "pr_ms",
        points: [
          [-60, 0.1],
          [0, 0.2],
          [120, 0.8],
        ],
      },
      AF,
      0.4,
    );
    expect(card.curve.element.textContent).toContain("p(AF) over PR interval");
    expect(card.curve.element.textContent).toContain("100 ms");
    expect(card.curve.element.textContent).toContain("280 ms");
    expect(card.curve.element.querySelector("polyline")!.getAttribute("points")!.split(" ")).toHaveLength(3);
    expect(card.curve.element.querySelector("output")!.textContent).toBe("0.40");
  });

  it("cannot be moved with nobody to draw", () => {
    const { slider, card } = dials(false);
    expect([slider(0).disabled, card.element.querySelector("button")!.disabled]).toEqual([true, true]);
  });
});

describe("an ECG as dialled", () => {
  it("keeps what a frame does not say", () => {
    expect(unpackEditState(null, [])).toBeNull();
    expect(unpackEditState({ values: { AF: 0.5 } }, [])).toEqual({ values: { AF: 0.5 } });
    expect(unpackEditState({ signal: null }, [])).toEqual({ layer: null });
    const whole = unpackEditState(
      { signal: { fs: 250, leads: ["I"], signal: { ...encode([Float32Array.of(1, 0.5)]), data: 0 as never } } },
      [new DataView(encode([Float32Array.of(1, 0.5)]).data as ArrayBuffer)],
    );
    expect(whole!.layer!.rows[0]![0]).toBeCloseTo(1, 4);
  });
});
