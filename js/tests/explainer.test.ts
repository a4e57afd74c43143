import { beforeAll, describe, expect, it } from "vitest";
import { AnswerCard, percent, printed, type Output } from "../src/explainer/prediction";
import { ChangesCard } from "../src/core/changes";
import { DialsCard, type Dial } from "../src/lab/dials";
import { edited, found } from "../src/explainer/payload";
import { Plot } from "../src/core/plot";
import { QuestionCard } from "../src/explainer/request";
import { TrustCard } from "../src/explainer/trust";
import { encode } from "../src/core/codec";

beforeAll(() => {
  globalThis.ResizeObserver ??= class {
    observe(): void {}
    unobserve(): void {}
    disconnect(): void {}
  };
});

const stop = new AbortController().signal;
const AF: Output = { name: "AF", title: "atrial fibrillation", probability: true, unit: "", digits: 2, low: 0, high: 1 };
const SR: Output = { ...AF, name: "SR", title: "sinus rhythm" };
const K: Output = { name: "potassium_mmol_l", title: "potassium", probability: false, unit: "mmol/L", digits: 1, low: 2, high: 9 };

describe("the model's answer", () => {
  it("is a bar an output, the highest in bold, with a mark where the red trace has moved it", () => {
    const card = new AnswerCard(() => {});
    card.show([SR, AF], { SR: 0.97, AF: 0.03 });
    const [sr, af] = [...card.element.querySelectorAll<HTMLElement>(".cofe-bar")];
    expect(sr!.querySelector(".cofe-first")).not.toBeNull();
    expect(af!.querySelector(".cofe-first")).toBeNull();
    card.mark({ AF: 0.5 });
    expect(af!.querySelector<HTMLElement>(".cofe-mark")!.style.left).toBe("50%");
    expect(af!.textContent).toContain("0.03 → 0.50");
    expect(sr!.querySelector<HTMLElement>(".cofe-mark")!.hidden).toBe(true);
    card.show([SR, AF], null);
    expect(card.element.textContent).toContain("No answer");
  });

  it("says a value with its unit, on a bar between what people have", () => {
    const card = new AnswerCard(() => {});
    card.show([K], { potassium_mmol_l: 5.5 });
    expect(card.element.querySelector<HTMLElement>(".cofe-fill")!.style.width).toBe("50%");
    expect(card.element.textContent).toContain("5.5 mmol/L");
    expect(card.element.querySelector(".cofe-first")).toBeNull(); // one output is not the first of several
    card.show([{ ...K, low: null, high: null }], { potassium_mmol_l: 5.5 });
    expect(card.element.querySelector<HTMLElement>(".cofe-track")!.hidden).toBe(true);
  });

  it("never rounds to certainty", () => {
    expect([percent(0), percent(0.001), percent(0.999), percent(1)]).toEqual(["0.00", "< 0.01", "> 0.99", "1.00"]);
    expect(printed(K, 4.04)).toBe("4.0 mmol/L");
  });

  it("offers models only where there are several", () => {
    const chosen: string[] = [];
    const card = new AnswerCard((name) => chosen.push(name));
    const menu = card.element.querySelector("select")!;
    card.models([], "mine");
    expect([menu.hidden, card.element.textContent]).toEqual([true, "Model’s answermine"]);
    card.models(["af-resnet", "nine-resnet"], "af-resnet");
    expect([menu.hidden, menu.value]).toEqual([false, "af-resnet"]);
    menu.value = "nine-resnet";
    menu.dispatchEvent(new Event("change"));
    expect(chosen).toEqual(["nine-resnet"]);
  });
});

describe("the question", () => {
  function question(state: Record<string, unknown>): { card: QuestionCard; state: Record<string, any> } {
    const all: Record<string, any> = {
      _menus: { methods: [["refined", "Search"], ["direction", "Direction"]], kept: [["rhythm", "Rhythm", ""], ["morphology", "Shape", ""]], counts: [["1", "One"], ["3", "Three"]] },
      ...{ _outputs: [SR, AF], target: "AF", level: 0.9, method: "refined", keep: [], diverse: 1 },
      ...state,
    };
    const card: QuestionCard = new QuestionCard({ get: (name) => all[name], set: (name, value) => ((all[name] = value), card.update()) }, () => {}, () => {});
    card.update();
    return { card, state: all };
  }
  const by = (card: QuestionCard, label: string): any => card.element.querySelector(`[aria-label="${label}"]`);

  it("asks a probability of a class, a value of a value", () => {
    const classes = question({});
    expect([by(classes.card, "Probability to reach").hidden, by(classes.card, "Value to reach").hidden]).toEqual([false, true]);
    const values = question({ _outputs: [K], target: K.name, level: 6.2 });
    expect([by(values.card, "Probability to reach").hidden, by(values.card, "Value to reach").value]).toEqual([true, "6.2"]);
    expect(values.card.element.textContent).toContain("potassium of");
    by(values.card, "Value to reach").value = "7";
    by(values.card, "Value to reach").dispatchEvent(new Event("change"));
    expect(values.state.level).toBe(7);
  });

  it("keeps what is pressed", () => {
    const { card, state } = question({});
    const press = (text: string): void => [...card.element.querySelectorAll("button")].find((one) => one.textContent === text)!.click();
    press("Rhythm");
    expect(state.keep).toEqual(["rhythm"]);
    press("Shape");
    expect(state.keep).toEqual(["rhythm", "morphology"]);
    press("Rhythm");
    expect(state.keep).toEqual(["morphology"]);
  });
});

describe("the curve", () => {
  const lines = (plot: Plot): string => plot.element.querySelector("polyline")!.getAttribute("points")!;
  const plotted = (points: [number, number][], output: Output, goal: number | null): Plot => {
    const plot = new Plot("nothing", stop);
    plot.show({ points, from: -10, to: 30, output, goal, searching: false, home: 0 }, "words");
    return plot;
  };

  it("spans all probabilities, and x from one end to the other", () => {
    const points = lines(plotted([[-10, 0], [30, 1]], AF, null)).split(" ").map((pair) => pair.split(",").map(Number));
    expect(points[0]![0]).toBeLessThan(points[1]![0]!);
    const plot = plotted([[-10, 0.2], [30, 0.3]], AF, 0.9);
    expect([...plot.element.querySelectorAll("text")].map((text) => text.textContent)).toEqual(expect.arrayContaining(["0.0", "0.5", "1.0", "goal 0.90", "this ECG"]));
  });

  it("spans the values there are and the goal", () => {
    const ticks = [...plotted([[0, 4.1], [30, 5]], K, 6.2).element.querySelectorAll("text")].map((text) => text.textContent);
    expect(ticks).toEqual(expect.arrayContaining(["4.0", "6.3", "goal 6.2 mmol/L"]));
  });

  it("marks a point, also one beyond its ends, and nothing", () => {
    const plot = plotted([[-10, 0], [30, 1]], AF, null);
    const marker = (): Element => plot.element.querySelector(".cofe-here")!;
    plot.mark([10, 0.5]);
    expect(marker().getAttribute("r")).toBe("5.5");
    plot.mark(null);
    expect(marker().getAttribute("r")).toBe("0");
  });
});

describe("trust", () => {
  const row = (name: string, verdict: string): any => ({ name, value: "1", yardstick: "", verdict, sentence: `about ${name}` });

  it("says the verdict first, shows what gives pause, and keeps the rest for who asks", () => {
    const card = new TrustCard();
    card.show({ headline: "Not reached.", rows: [row("a", "good"), row("b", "bad"), row("c", "unknown"), row("d", "mind"), row("e", "good")] });
    const text = card.element.textContent!;
    expect(text.indexOf("Not reached.")).toBeLessThan(text.indexOf("about b"));
    expect([...card.element.querySelectorAll(":scope > ul > li b")].map((b) => b.textContent)).toEqual(["b: 1", "d: 1"]);
    expect(card.element.querySelector("summary")!.textContent).toBe("2 checks in order, 1 not known");
    expect(card.element.querySelectorAll("details li")).toHaveLength(3);
    expect(card.element.querySelector("[aria-label='not in order']")).not.toBeNull();
    card.show(null);
    expect(card.element.hidden).toBe(true);
  });
});

describe("changes", () => {
  it("say gone where a wave was and is not", () => {
    const card = new ChangesCard();
    const p = { label: "P amplitude", unit: "mV", digits: 2, original: 0.12, counterfactual: null, missing: "absent", notable: true };
    card.show([p], ["Original", "As dialled"], "");
    expect(card.element.textContent).toContain("absent");
    expect(card.element.textContent).toContain("gone");
    expect([...card.element.querySelectorAll("th[scope=col]")].map((th) => th.textContent)).toEqual(["Measurement", "Original", "As dialled", "Change"]);
    card.show([], ["a", "b"], "");
    expect(card.element.hidden).toBe(true);
  });
});

describe("what if", () => {
  const PR: Dial = { name: "pr_ms", label: "PR interval", unit: "ms", digits: 0, low: -60, high: 120, now: 160, slack: 15 };
  const P: Dial = { ...PR, name: "p_amplitude_mv", label: "P amplitude", unit: "mV", digits: 2, low: 0, high: 0.2, now: null, slack: 0.04 };
  function dials(live = true): { card: DialsCard; asked: any[]; taken: string[]; slider: (k: number) => HTMLInputElement } {
    const [asked, taken]: [any[], string[]] = [[], []];
    const card = new DialsCard((change) => asked.push(change), (name) => taken.push(name), stop);
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
    card.show({ pr_ms: 40 }, null, { name: "pr_ms", points: [[-60, 0.1], [0, 0.2], [120, 0.8]] }, AF, 0.4);
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

describe("what was found", () => {
  const frame = encode([Float32Array.of(0, 1), Float32Array.of(2, 3), Float32Array.of(0, 2), Float32Array.of(2, 6)]);

  it("is frames of leads, the first the ECG itself", () => {
    const packed = { fs: 250, leads: ["I", "II"], frames: { ...frame, scale: frame.scale.slice(0, 2), shape: [2, 2, 2] }, severities: [0, 1], predictions: [0, 1] } as any;
    const got = found(packed);
    expect(got.frames).toHaveLength(2);
    expect(got.base.rows).toBe(got.frames[0]);
  });

  it("keeps what a frame does not say", () => {
    expect(edited(null, [])).toBeNull();
    expect(edited({ values: { AF: 0.5 } }, [])).toEqual({ values: { AF: 0.5 } });
    expect(edited({ signal: null }, [])).toEqual({ layer: null });
    const whole = edited({ signal: { fs: 250, leads: ["I"], signal: { ...encode([Float32Array.of(1, 0.5)]), data: 0 as never } } }, [new DataView(encode([Float32Array.of(1, 0.5)]).data as ArrayBuffer)]);
    expect(whole!.layer!.rows[0]![0]).toBeCloseTo(1, 4);
  });
});
