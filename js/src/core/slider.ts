// A labelled slider that says its value.

import { h, put, uid } from "./dom";

export interface Bounds {
  min: number;
  max: number;
  step: number;
}

/** `words` prints a value. */
export class Slider {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  readonly label: HTMLLabelElement;
  readonly #reading = h("output.reading");
  readonly #words: (value: number) => string;

  constructor(label: string, bounds: Bounds, words: (value: number) => string, moved: (value: number) => void) {
    this.#words = words;
    const id = uid("dial");
    const oninput = (): void => {
      const value = Number(this.input.value);
      this.#say(words(value));
      moved(value);
    };
    this.input = h("input.range", { id, type: "range", ...bounds, oninput });
    this.label = h("label", { for: id }, label);
    this.element = h("div.dial", this.label, this.#reading, this.input);
  }

  show(value: number, off = "", bounds?: [number, number]): void {
    if (bounds) [this.input.min, this.input.max] = [String(bounds[0]), String(bounds[1])];
    this.input.value = String(value);
    this.input.disabled = Boolean(off);
    this.element.classList.toggle("cofe-off", Boolean(off));
    this.#say(off || this.#words(value));
  }

  #say(words: string): void {
    if (this.#reading.textContent === words) return; // eight dials rest while one is dragged
    this.#reading.textContent = words;
    put(this.input, { "aria-valuetext": words });
  }
}
