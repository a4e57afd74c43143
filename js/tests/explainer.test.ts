import { describe, expect, it } from "vitest";
import { ChangesCard } from "../src/core/changes";
import { encode } from "../src/core/codec";
import { formatOutput, formatProbability, type Output } from "../src/core/output";
import { unpackCounterfactual } from "../src/explainer/payload";
import { PredictionCard } from "../src/explainer/prediction";
import { divided, percent, type Reason, ReasonsCard } from "../src/explainer/reasons";
import { RequestCard } from "../src/explainer/request";
import { TrustCard } from "../src/explainer/trust";

const AF: Output = { name: "AF", title: "atrial fibrillation", probability: true, unit: "", digits: 2, low: 0, high: 1 };
const SR: Output = { ...AF, name: "SR", title: "sinus rhythm" };
const K: Output = { name: "potassium_mmol_l", title: "potassium", probability: false, unit: "mmol/L", digits: 1, low: 2, high: 9 };

describe("the model's answer", () => {
  it("is a bar an output, the highest in bold, with a mark where the red trace has moved it", () => {
    const card = new PredictionCard(() => {});
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
    const card = new PredictionCard(() => {});
    card.show([K], { potassium_mmol_l: 5.5 });
    expect(card.element.querySelector<HTMLElement>(".cofe-fill")!.style.width).toBe("50%");
    expect(card.element.textContent).toContain("5.5 mmol/L");
    expect(card.element.querySelector(".cofe-first")).toBeNull(); // one output is not the first of several
    card.show([{ ...K, low: null, high: null }], { potassium_mmol_l: 5.5 });
    expect(card.element.querySelector<HTMLElement>(".cofe-track")!.hidden).toBe(true);
  });

  it("never rounds to certainty", () => {
    expect([formatProbability(0), formatProbability(0.001), formatProbability(0.999), formatProbability(1)]).toEqual([
      "0.00",
      "< 0.01",
      "> 0.99",
      "1.00",
    ]);
    expect(formatOutput(K, 4.04)).toBe("4.0 mmol/L");
  });

  it("offers models only where there are several", () => {
    const chosen: string[] = [];
    const card = new PredictionCard((name) => chosen.push(name));
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

describe("the request", () => {
  function request(state: Record<string, unknown>): { card: RequestCard; state: Record<string, any> } {
    const all: Record<string, any> = {
      _menus: {
        methods: [
          ["refined", "Search"],
          ["direction", "Direction"],
        ],
        kept: [
          ["rhythm", "Rhythm", ""],
          ["morphology", "Shape", ""],
        ],
        counts: [
          ["1", "One"],
          ["3", "Three"],
        ],
      },
      ...{ _outputs: [SR, AF], target: "AF", level: 0.9, method: "refined", keep: [], diverse: 1 },
      ...state,
    };
    const set = (name: string, value: unknown): void => {
      all[name] = value;
      card.update();
    };
    const card: RequestCard = new RequestCard(
      { get: (name) => all[name], set },
      () => {},
      () => {},
    );
    card.update();
    return { card, state: all };
  }
  const by = (card: RequestCard, label: string): any => card.element.querySelector(`[aria-label="${label}"]`);

  it("asks a probability of a class, a value of a value", () => {
    const classes = request({});
    expect([by(classes.card, "Probability to reach").hidden, by(classes.card, "Value to reach").hidden]).toEqual([false, true]);
    const values = request({ _outputs: [K], target: K.name, level: 6.2 });
    expect([by(values.card, "Probability to reach").hidden, by(values.card, "Value to reach").value]).toEqual([true, "6.2"]);
    expect(values.card.element.textContent).toContain("potassium of");
    by(values.card, "Value to reach").value = "7";
    by(values.card, "Value to reach").dispatchEvent(new Event("change"));
    expect(values.state.level).toBe(7);
  });

  it("keeps what is pressed", () => {
    const { card, state } = request({});
    const press = (text: string): void => [...card.element.querySelectorAll("button")].find((one) => one.textContent === text)!.click();
    press("Rhythm");
    expect(state.keep).toEqual(["rhythm"]);
    press("Shape");
    expect(state.keep).toEqual(["rhythm", "morphology"]);
    press("Rhythm");
    expect(state.keep).toEqual(["morphology"]);
  });
});

describe("trust", () => {
  const row = (name: string, verdict: string): any => ({ name, value: "1", yardstick: "", verdict, sentence: `about ${name}` });

  it("says the verdict first, shows what gives pause, and keeps the rest for who asks", () => {
    const card = new TrustCard();
    card.show({
      headline: "Not reached.",
      rows: [row("a", "good"), row("b", "bad"), row("c", "unknown"), row("d", "mind"), row("e", "good")],
    });
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

describe("reasons", () => {
  const row = (said: string, share: number, needed = false): Reason => ({ said, share, needed, along: !needed && share < 0.1 });

  it("are a row each, needed ones marked by more than colour, what came along told so", () => {
    const card = new ReasonsCard();
    const rows = [row("RR irregularity +28%", 0.84, true), row("T -0.10 mV", 0.2), row("P waves gone", -0.04)];
    card.show({ rows, together: "either does it alone", nameable: true });
    const [irregular, t, p] = [...card.element.querySelectorAll("tbody tr")];
    expect(irregular!.textContent).toBe("✓ RR irregularity +28%84 %");
    expect(irregular!.querySelector("[aria-label=needed]")).not.toBeNull();
    expect(irregular!.querySelector<HTMLElement>(".cofe-fill")!.style.width).toBe("84%");
    expect([t!.textContent, t!.className]).toEqual(["T −0.10 mV20 %", ""]);
    expect([p!.textContent, p!.className]).toEqual(["P waves gone came along−4 %", "cofe-along"]);
    expect([...card.element.querySelectorAll("th[scope=col]")].map((th) => th.textContent)).toEqual(["Change", "Share"]);
    expect(card.element.querySelector("p")!.textContent).toBe("Either does it alone.");
    card.show(null);
    expect(card.element.hidden).toBe(true);
  });

  it("say that one has no name", () => {
    const card = new ReasonsCard();
    card.show({ rows: [], together: "rests on one second", nameable: false });
    expect(card.element.querySelector("p")!.textContent).toBe("The model’s reason has no name: rests on one second.");
    card.show({ rows: [], together: "", nameable: true });
    expect(card.element.querySelector("p")!.hidden).toBe(true);
  });

  it("of many show the first eight and all that is needed", () => {
    const rows = Array.from({ length: 12 }, (_, k) => row(`${k}`, 0.08, k === 10));
    const { first, rest } = divided(rows);
    expect(first.map(({ said }) => said)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "10"]);
    expect(rest.map(({ said }) => said)).toEqual(["8", "9", "11"]);
    const card = new ReasonsCard();
    card.show({ rows, together: "", nameable: true });
    expect(card.element.querySelector("summary")!.textContent).toBe("3 more");
  });

  it("are shares with a true minus, and no zero below zero", () => {
    expect([percent(0.846), percent(-0.04), percent(-0.001), percent(1)]).toEqual(["85 %", "−4 %", "0 %", "100 %"]);
  });
});

describe("changes", () => {
  it("say gone where a wave was and is not", () => {
    const card = new ChangesCard();
    const p = { label: "P amplitude", unit: "mV", digits: 2, original: 0.12, counterfactual: null, missing: "absent", notable: true };
    card.show([p], ["Original", "As dialled"], "");
    expect(card.element.textContent).toContain("absent");
    expect(card.element.textContent).toContain("gone");
    card.show([{ ...p, missing: "–" }], ["Original", "As dialled"], ""); // not measured is not gone
    expect(card.element.textContent).not.toContain("gone");
    expect([...card.element.querySelectorAll("th[scope=col]")].map((th) => th.textContent)).toEqual([
      "Measurement",
      "Original",
      "As dialled",
      "Change",
    ]);
    card.show([], ["a", "b"], "");
    expect(card.element.hidden).toBe(true);
  });
});

describe("what was found", () => {
  const frame = encode([Float32Array.of(0, 1), Float32Array.of(2, 3), Float32Array.of(0, 2), Float32Array.of(2, 6)]);

  it("is frames of leads, the first the ECG itself", () => {
    const packed = {
      fs: 250,
      leads: ["I", "II"],
      frames: { ...frame, scale: frame.scale.slice(0, 2), shape: [2, 2, 2] },
      severities: [0, 1],
      predictions: [0, 1],
    } as any;
    const got = unpackCounterfactual(packed);
    expect(got.frames).toHaveLength(2);
    expect(got.base.rows).toBe(got.frames[0]);
    expect(got.needed).toBeNull();
    const other = encode([Float32Array.of(5, 1), Float32Array.of(2, 7)]);
    const { needed } = unpackCounterfactual({ ...packed, needed: { ...packed, frames: { ...other, shape: [1, 2, 2] } } });
    expect(needed!.frames).toHaveLength(2);
    expect(needed!.frames[0]![0]).toBe(needed!.base.rows[0]);
    expect([...needed!.frames[0]![1]!]).toEqual([...got.frames[0]![1]!]);
    expect([needed!.frames[1]![0]![0], needed!.frames[1]![1]![1]]).toEqual([expect.closeTo(5, 3), expect.closeTo(7, 3)]);
  });
});
