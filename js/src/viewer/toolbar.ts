// The controls of the paper, the same above every ECG of the package.

import { button, group, h, press, select } from "../core/dom";
import { round } from "../core/math";
import { GAINS, LAYOUTS, SPEEDS } from "../core/paper";
import type { EcgView, Settings } from "./ecg-view";

export class Toolbar {
  readonly element: HTMLElement;
  readonly #pickers: Record<keyof Settings, HTMLSelectElement>;
  readonly #pager: HTMLElement;
  readonly #pageText = h("span.page");
  readonly #measure: HTMLButtonElement;
  readonly #pan: HTMLButtonElement;
  readonly #reset: HTMLButtonElement;
  readonly #view: EcgView;

  constructor(view: EcgView, picked: (name: keyof Settings, value: string | number) => void, fileName: () => string) {
    this.#view = view;
    this.#pickers = {
      layout: select(
        "Layout",
        LAYOUTS.map((v) => [v, v.replace("x", "×").replace("+1", " + II")]),
        (v) => picked("layout", v),
      ),
      speed: select(
        "Paper speed",
        SPEEDS.map((v) => [`${v}`, `${v} mm/s`]),
        (v) => picked("speed", Number(v)),
      ),
      gain: select(
        "Gain",
        GAINS.map((v) => [`${v}`, `${v} mm/mV`]),
        (v) => picked("gain", Number(v)),
      ),
      order: select(
        "Order of the limb leads",
        [
          ["standard", "Standard"],
          ["cabrera", "Cabrera"],
        ],
        (v) => picked("order", v),
      ),
    };
    const act = (does: () => void) => () => {
      does();
      this.update();
    };
    const tool = (which: "measure" | "pan", text: string, hint: string): HTMLButtonElement =>
      button(
        text,
        hint,
        act(() => (view.tool = which)),
        "",
        which,
      );
    this.#measure = tool("measure", "Measure", "Drag on the ECG to measure ms, bpm and mV");
    this.#pan = tool("pan", "Move", "Drag to move the paper; at any time with Shift");
    this.#reset = button(
      "100 %",
      "Whole page (key 0, or double click)",
      act(() => view.resetZoom()),
    );
    const zoom = (by: number) => act(() => view.zoomBy(by));
    const turn = (by: number) => act(() => view.turnPage(by));
    this.#pager = group(
      "Ten seconds",
      button("‹", "Ten seconds earlier", turn(-1)),
      this.#pageText,
      button("›", "Ten seconds later", turn(1)),
    );
    this.element = h(
      "div.toolbar",
      { role: "toolbar", "aria-label": "ECG paper" },
      ...Object.values(this.#pickers),
      group("What a drag does", this.#measure, this.#pan),
      group("Size", button("−", "Smaller (key −)", zoom(1 / 1.5)), this.#reset, button("+", "Larger (key +)", zoom(1.5))),
      this.#pager,
      button("PNG", "Save as a picture", () => void view.savePng(`${fileName()}.png`)),
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
    press([this.#measure, this.#pan], [this.#view.tool]);
    this.#reset.textContent = `${round(this.#view.zoomed * 100)} %`;
    this.#pager.hidden = this.#view.pages()[1] < 2;
    this.#pageText.textContent = this.#view.when();
  }
}
