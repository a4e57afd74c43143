// The controls of the paper, the same above every ECG of the package.

import { h, select } from "../shared/dom";
import { GAINS, LAYOUTS, SPEEDS } from "../shared/geometry";
import type { EcgView, Settings } from "./ecg-view";

const LAYOUT_NAMES: Record<string, string> = {
  "3x4+1": "3×4 + II",
  "3x4": "3×4",
  "6x2": "6×2",
  "12x1": "12×1",
};

export class Toolbar {
  readonly element: HTMLElement;
  readonly #pickers: Record<keyof Settings, HTMLSelectElement>;
  readonly #pager: HTMLElement;
  readonly #pageText = h("span", { class: "cofe-page" });
  readonly #measure: HTMLButtonElement;
  readonly #pan: HTMLButtonElement;
  readonly #reset: HTMLButtonElement;

  constructor(
    private readonly view: EcgView,
    picked: (name: keyof Settings, value: string | number) => void,
    fileName: () => string,
  ) {
    this.#pickers = {
      layout: select("Layout", LAYOUTS.map((v) => [v, LAYOUT_NAMES[v]!]), (v) => picked("layout", v)),
      speed: select("Paper speed", SPEEDS.map((v) => [`${v}`, `${v} mm/s`]), (v) => picked("speed", Number(v))),
      gain: select("Gain", GAINS.map((v) => [`${v}`, `${v} mm/mV`]), (v) => picked("gain", Number(v))),
      order: select("Order of the limb leads", [["standard", "Standard"], ["cabrera", "Cabrera"]], (v) => picked("order", v)),
    };
    const tool = (which: "measure" | "pan", text: string, hint: string): HTMLButtonElement =>
      button(text, hint, () => {
        view.tool = which;
        this.update();
      });
    this.#measure = tool("measure", "Measure", "Drag on the ECG to measure ms, bpm and mV");
    this.#pan = tool("pan", "Move", "Drag to move the paper; Shift and drag does so at any time");
    this.#reset = button("100 %", "Whole page (key 0, or double click)", () => {
      view.resetZoom();
      this.update();
    });
    const zoom = (by: number) => () => {
      view.zoomBy(by);
      this.update();
    };
    const turn = (by: number) => () => {
      view.turn(by);
      this.update();
    };
    this.#pager = group(button("‹", "Ten seconds earlier", turn(-1)), this.#pageText, button("›", "Ten seconds later", turn(1)));
    this.element = h(
      "div",
      { class: "cofe-toolbar", role: "toolbar", "aria-label": "ECG paper" },
      ...Object.values(this.#pickers),
      group(this.#measure, this.#pan),
      group(button("−", "Smaller (key −)", zoom(1 / 1.5)), this.#reset, button("+", "Larger (key +)", zoom(1.5))),
      this.#pager,
      button("PNG", "Save what is on screen as a picture", () => void view.savePng(`${fileName()}.png`)),
    );
    view.canvas.addEventListener("dblclick", () => this.update());
    this.update();
  }

  set(settings: Settings): void {
    for (const [name, picker] of Object.entries(this.#pickers)) picker.value = String(settings[name as keyof Settings]);
    this.update();
  }

  /** Bring the buttons in line with the view. */
  update(): void {
    this.#measure.setAttribute("aria-pressed", String(this.view.tool === "measure"));
    this.#pan.setAttribute("aria-pressed", String(this.view.tool === "pan"));
    this.#reset.textContent = `${Math.round(this.view.zoomed * 100)} %`;
    const [page, count] = this.view.pages();
    this.#pager.hidden = count < 2;
    this.#pageText.textContent = `${page * 10}–${page * 10 + 10} s`;
  }
}

const group = (...children: Node[]): HTMLElement => h("span", { class: "cofe-group" }, ...children);

function button(text: string, title: string, onclick: () => void): HTMLButtonElement {
  return h("button", { type: "button", title, "aria-label": /\w{2}/.test(text) ? null : title, onclick }, text);
}
