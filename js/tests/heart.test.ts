import { describe, expect, it } from "vitest";
import { attach, decode, encode } from "../src/core/codec";
import { ComparisonCard, cell, type Row } from "../src/heart/comparison";
import { type Choice, HeartDials } from "../src/heart/dials";
import { beatPaper } from "../src/viewer/beat";

const choice = (code: string, more: Partial<Choice> = {}): Choice => ({
  code,
  words: `words of ${code}`,
  heading: code === "AF" ? "Rhythm" : "Conduction",
  graded: false,
  potassium: null,
  partner: false,
  ...more,
});

function dials(state: Record<string, unknown>): {
  dials: HeartDials;
  state: Record<string, unknown>;
  by: (label: string) => HTMLInputElement & HTMLSelectElement;
} {
  const all: Record<string, unknown> = {
    _choices: [
      choice("NSR"),
      choice("AF", { partner: true }),
      choice("LBBB", { graded: true, partner: true }),
      choice("HYPERK", { potassium: [5.5, 9] }),
    ],
    ...{
      condition: "LBBB",
      second: "",
      severity: 0.5,
      potassium: 4.2,
      seed: 3,
      age: 60,
      sex: "F",
      noise: 1,
      artefacts: [],
      reversal: "",
      clipping_mv: 0,
    },
    _menus: {
      artefacts: [
        ["wander", "Wander", "Baseline wander"],
        ["mains", "Mains", "Hum"],
        ["motion", "Motion", "Pulled"],
        ["emg", "Muscle", "Muscle tremor"],
      ],
      electrodes: [
        ["", "electrodes in place"],
        ["RA-LA", "arms swapped"],
      ],
      clipping: [
        ["0", "no clipping"],
        ["1", "clipped at 1 mV"],
        ["0.5", "clipped at 0.5 mV"],
      ],
    },
    ...state,
  };
  const set = (name: string, value: unknown): void => {
    all[name] = value;
    made.update();
  };
  const made: HeartDials = new HeartDials({ get: (name) => all[name] as never, set });
  made.update();
  document.body.replaceChildren(made.element);
  const by = (label: string): never => {
    const element = [...made.element.querySelectorAll("label")].find((one) => one.textContent === label);
    return (element ? document.getElementById(element.htmlFor) : made.element.querySelector(`[aria-label="${label}"]`)) as never;
  };
  return { dials: made, state: all, by };
}

describe("dials", () => {
  it("offer every condition in words, under headings, and as a second one only those that go with the first", () => {
    const { by } = dials({});
    expect([...by("Condition").querySelectorAll("optgroup")].map((group) => group.label)).toEqual(["Conduction", "Rhythm"]);
    expect(by("Condition").options).toHaveLength(4);
    expect([...by("Second condition").options].map((option) => option.value)).toEqual(["", "AF", "LBBB"]);
  });

  it("dial severity where there are degrees, potassium where it is disordered, and say so otherwise", () => {
    const graded = dials({});
    expect([graded.by("Severity").disabled, graded.by("Potassium").disabled]).toEqual([false, true]);
    expect(graded.dials.element.textContent).toContain("50 %");
    const potassium = dials({ condition: "HYPERK", potassium: 7 });
    expect([potassium.by("Severity").disabled, potassium.by("Potassium").disabled]).toEqual([true, false]);
    expect([potassium.by("Potassium").min, potassium.by("Potassium").max]).toEqual(["5.5", "9"]);
    expect(potassium.by("Potassium").getAttribute("aria-valuetext")).toBe("7.0 mmol/L");
    expect(dials({ condition: "AF" }).dials.element.textContent).toContain("no degrees");
    const both = dials({ condition: "HYPERK", second: "LBBB" });
    expect([both.by("Severity").disabled, both.by("Potassium").disabled]).toEqual([false, false]);
  });

  it("set what the hand does", () => {
    const { state, by, dials: made } = dials({});
    by("Severity").value = "0.8";
    by("Severity").dispatchEvent(new Event("input"));
    expect(state.severity).toBe(0.8);
    const press = (text: string): void =>
      [...made.element.querySelectorAll("button")].find((button) => button.textContent === text)!.click();
    press("Another heart");
    press("Male");
    press("Mains");
    press("Motion");
    press("Mains");
    expect([state.seed, state.sex, state.artefacts]).toEqual([4, "M", ["motion"]]);
    by("Clipping").value = "0.5";
    by("Clipping").dispatchEvent(new Event("change"));
    expect(state.clipping_mv).toBe(0.5);
  });
});

describe("answers", () => {
  const row: Row = {
    label: "P amplitude",
    lead: "II",
    unit: "mV",
    digits: 2,
    true: null,
    measured: 0.051,
    twin: -0.004,
    altered: true,
    off: true,
  };

  it("show an absent wave as absent, a miss as a miss, and no minus before nothing", () => {
    const card = new ComparisonCard(() => {});
    card.show([row]);
    const line = card.element.querySelector("tbody tr")!;
    expect([...line.querySelectorAll("td")].map((td) => td.textContent)).toEqual(["–", "≠ 0.05", "0.00"]);
    expect(line.querySelector("td span")!.getAttribute("aria-label")).toBe("absent");
    expect(line.className).toBe("cofe-notable");
    expect(cell(-0.25, 2).textContent).toBe("−0.25");
  });
});

describe("frames", () => {
  it("are whole again once their bytes are back", () => {
    const packed = encode([Float32Array.of(1, -1)]);
    const whole = attach({ _ecg: { signal: { ...packed, data: 1 }, title: "a" }, _twin: null }, [
      new DataView(new ArrayBuffer(0)),
      new DataView(packed.data as ArrayBuffer),
    ]) as any;
    expect(whole._twin).toBeNull();
    expect(whole._ecg.title).toBe("a");
    expect(decode(whole._ecg.signal)[0]![0]).toBeCloseTo(1, 4);
  });
});

describe("the paper of the median beat", () => {
  it("is 25 mm/s and 10 mm/mV, four beats a row, and leaves a field for the intervals", () => {
    const sheet = beatPaper(["II", "V1", "V2", "V3", "V4", "V5", "V6"], 1);
    expect([sheet.speed, sheet.gain]).toEqual([25, 10]);
    expect(sheet.panels.map((panel) => panel.row)).toEqual([0, 0, 0, 0, 1, 1, 1]);
    expect(sheet.panels[4]!.x).toBe(sheet.panels[0]!.x);
    const right = sheet.panels[3]!.x + 25;
    expect(right).toBeLessThanOrEqual(sheet.width);
    expect(sheet.panels[1]!.x - sheet.panels[0]!.x).toBeGreaterThan(25);
    expect(beatPaper(["II"], 1).height).toBe(sheet.height / 2);
  });
});
