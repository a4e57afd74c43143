import { describe, expect, it } from "vitest";
import type { Traits } from "../src/core/host";
import type { Reply } from "../src/core/jobs";
import { picture } from "../src/core/picture";
import { MapsCard } from "../src/explainer/maps";
import { stretches } from "../src/viewer/pointed";

const SVG = (inside: string): string => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" role="img">${inside}</svg>`;
const MAPS = {
  methods: [
    { title: "Saliency", badge: "unchecked" },
    { title: "DeepLIFT", badge: "checked: beats dummies in 3 of 5" },
  ],
  waves: ["P", "QRS"].map((wave) => ({
    wave,
    cells: [
      { share: "28 %", times: "2.7 ×", much: true },
      { share: "4 %", times: "0.3 ×", much: false },
    ],
  })),
  picture: { data: SVG("<rect/>") },
  check: null as null | { words: string[]; about: string; picture: { data: string } },
};
const START: Record<string, unknown> = {
  _outputs: ["SR", "AF"].map((name) => ({ name, title: name, probability: true, unit: "", digits: 2, low: 0, high: 1 })),
  _methods: [
    ["saliency", "Saliency", "unchecked"],
    ["deeplift", "DeepLIFT", "checked: beats dummies in 3 of 5"],
    ["lrp", "LRP", "unchecked"],
  ],
  _maps: MAPS,
  _agreement: null,
  target: "AF",
  model: "af-resnet",
  mode: "maps",
  map_method: "saliency",
  compare_with: [],
  chosen: 0,
  show_needed: false,
};

function card(state: Record<string, unknown> = {}, live = true) {
  const held = { ...START, ...state };
  const traits: Traits = {
    get: (name) => held[name] as never,
    set: (name, value) => void (held[name] = value),
  };
  const asked: [string, Record<string, unknown>][] = [];
  const stopped: string[] = [];
  const made = new MapsCard(
    traits,
    live,
    (kind, parameters) => asked.push([kind, parameters]),
    (kind) => stopped.push(kind),
  );
  made.show();
  const menu = (label: string): HTMLSelectElement => made.form.querySelector(`select[aria-label="${label}"]`)!;
  const choose = (label: string, value: string): void => {
    menu(label).value = value;
    menu(label).dispatchEvent(new Event("change"));
  };
  return { made, held, asked, stopped, menu, choose, run: made.form.querySelector<HTMLButtonElement>(".cofe-run button")! };
}

const reply = (kind: string, type: Reply["type"], more = {}): Reply => ({ kind, type, id: "1", epoch: 1, ...more });

describe("a picture of ours", () => {
  it("is a node of the page, its colours those of the theme", () => {
    const made = picture(SVG('<path d="M0 0" fill="#3b7fd0" stroke="#16181d"/><text fill="#123456">a &lt; b</text>'));
    expect(made.nodeName).toBe("svg");
    const style = made.querySelector("path")!.getAttribute("style");
    expect(style).toContain("fill: var(--cofe-positive)");
    expect(style).toContain("stroke: var(--cofe-trace)");
    expect(made.querySelector("text")!.textContent).toBe("a < b");
    expect(made.querySelector("text")!.hasAttribute("style")).toBe(false);
  });

  it.each([
    SVG("<script>x</script>"),
    SVG("<foreignObject><p/></foreignObject>"),
    SVG('<rect onclick="x"/>'),
    SVG('<image href="http://a"/>'),
    SVG('<g style="fill: url(http://a)"/>'),
    SVG('<rect fill="url(http://a)"/>'),
    "<p>no picture</p>",
    "no markup <",
  ])("is refused where it could do more than be seen: %s", (text) => {
    expect(picture(text).textContent).toBe("This picture cannot be shown.");
  });
});

describe("lanes", () => {
  it("are stretches of equal bits", () => {
    const row = new Float32Array([0, 0.9999, 1.0001, 3, 3, 0, 2]);
    expect(stretches(row)).toEqual([
      [1, 3, 1],
      [3, 5, 3],
      [6, 7, 2],
    ]);
    expect(stretches(row, 2, 4)).toEqual([
      [2, 3, 1],
      [3, 4, 3],
    ]);
    expect(stretches(new Float32Array(5))).toEqual([]);
  });
});

describe("where it looks", () => {
  it("offers every method with what is known of it, one map at first", () => {
    const { menu, made } = card();
    expect([...menu("Map by").options].map((one) => one.textContent)).toEqual([
      "Saliency · unchecked",
      "DeepLIFT · checked: beats dummies in 3 of 5",
      "LRP · unchecked",
    ]);
    expect([...menu("Compare with").options].map((one) => one.value)).toEqual(["", "deeplift", "lrp"]);
    expect(menu("Compare also with").hidden).toBe(true);
    const badge = made.form.querySelector(".cofe-badge")!;
    expect(badge.textContent).toBe("Saliency on af-resnet: unchecked");
    expect(badge.classList.contains("cofe-unchecked")).toBe(true);
  });

  it("asks for all that are chosen, each once", () => {
    const { asked, choose, held, made, menu } = card();
    choose("Compare with", "lrp");
    expect(asked.pop()).toEqual(["attribute", { target: "AF", methods: ["saliency", "lrp"] }]);
    held.compare_with = ["lrp"];
    made.show();
    expect(menu("Compare also with").hidden).toBe(false);
    expect([...menu("Compare also with").options].map((one) => one.value)).toEqual(["", "deeplift"]);
    choose("Map by", "lrp");
    expect(asked.pop()).toEqual(["attribute", { target: "AF", methods: ["lrp"] }]);
    choose("Map for", "SR");
    expect(held.target).toBe("SR");
  });

  it("shows the method on screen again when another was refused", () => {
    const { menu, choose, made } = card();
    choose("Map by", "lrp");
    expect(made.takes(reply("attribute", "error"))).toBe(true);
    expect(menu("Map by").value).toBe("saliency");
    expect(made.takes(reply("explain", "done"))).toBe(false);
  });

  it("checks with progress, and stops", () => {
    const { run, asked, stopped, made } = card();
    run.click();
    expect(asked.pop()).toEqual(["check", { target: "AF", methods: ["saliency"] }]);
    made.takes(reply("check", "start"));
    made.takes(reply("attribute", "start")); // does not take the button away
    made.takes(reply("check", "step", { fraction: 0.4, message: "Sparseness" }));
    expect(run.textContent).toBe("Stop");
    expect(made.form.querySelector("progress")!.value).toBe(0.4);
    expect(made.form.textContent).toContain("Sparseness");
    run.click();
    expect(stopped).toEqual(["check"]);
    expect(run.textContent).toContain("Check this map");
  });

  it("shows numbers by wave before the picture, and says what is unchecked", () => {
    const { made } = card();
    const [table, drawn] = [made.findings.querySelector("table")!, made.findings.querySelector("svg")!];
    expect(table.compareDocumentPosition(drawn) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
    expect([...table.querySelectorAll("thead th")].map((one) => one.textContent)).toEqual([
      "Wave",
      "Saliencyunchecked",
      "DeepLIFTchecked: beats dummies in 3 of 5",
    ]);
    expect(table.querySelector("tbody tr")!.textContent).toBe("P28 %2.7 ×4 %0.3 ×");
    expect(table.querySelectorAll(".cofe-much")).toHaveLength(2);
    expect(made.findings.textContent).toContain("Saliency is unchecked");
  });

  it("shows what was checked in words and as a picture", () => {
    const check = {
      words: ["On af-resnet: good.", "On af-resnet: bad."],
      about: "16 simulated ECGs",
      picture: { data: SVG("<text>card</text>") },
    };
    const { made } = card({ _maps: { ...MAPS, check } });
    expect([...made.findings.querySelectorAll(".cofe-scorecard p")].map((one) => one.textContent)).toEqual([...check.words, check.about]);
    expect(made.findings.querySelector(".cofe-scorecard svg")!.textContent).toBe("card");
  });

  it("compares with the counterfactual on screen, not with another", () => {
    const where = { fs: 250, leads: ["I"], signal: null };
    const state = { _agreement: { words: "1.2 times chance", where, of: [0, true] } };
    expect(card(state).made.pointed).toBeNull();
    const { made, held } = card({ ...state, show_needed: true });
    expect(made.pointed).toBe(where);
    expect(made.findings.textContent).toContain("1.2 times chance");
    held.mode = "dials";
    expect(made.pointed).toBeNull();
    made.show();
    expect([made.form.hidden, made.findings.hidden]).toEqual([true, true]);
  });

  it("has nothing to press on a page", () => {
    const { made, run, menu } = card({}, false);
    expect(run.parentElement!.hidden).toBe(true);
    expect(menu("Map by").disabled).toBe(true);
    expect(made.findings.querySelector("table")).not.toBeNull();
  });
});
