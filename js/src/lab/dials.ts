// What if: a slider for every named measurement, and the answer as a curve over the one in hand.

import { button, h, put } from "../core/dom";
import { abs } from "../core/math";
import { formatOutput, type Output, outputLabel, type Values } from "../core/output";
import { Plot, PlotCard } from "../core/plot";
import { Slider } from "../core/slider";
import { minus } from "../core/table";

/** A measurement that can be dialled: the slider's place is the change that is asked for. */
export interface Dial {
  name: string;
  label: string;
  unit: string;
  digits: number;
  low: number; // least and greatest change
  high: number;
  now: number | null; // the ECG's own value; null: it has none
  slack: number; // asked and achieved may differ by this unremarked
}

/** The answer as one measurement is dialled and the others stay. */
export interface DialCurve {
  name: string;
  points: [number, number][]; // (change, answer)
}

export type Achieved = Readonly<Record<string, number | null>>;

export class DialsCard {
  readonly element: HTMLElement;
  readonly curve: PlotCard;
  readonly #box = h("div.dialbox");
  readonly #reset: HTMLButtonElement;
  #asked: Values = {};
  #live = false;
  #curveKey = ""; // the curve on screen: while a hand is on the dial it stays
  #sliders: { dial: Dial; slider: Slider; achieved: HTMLElement }[] = [];

  readonly #onAsk: (asked: Values) => void;
  readonly #onTake: (name: string) => void;

  constructor(onAsk: (asked: Values) => void, onTake: (name: string) => void, stop: AbortSignal) {
    this.#onAsk = onAsk;
    this.#onTake = onTake;
    this.curve = new PlotCard(new Plot("Take a slider", stop), null);
    this.#reset = button("Reset", "Back to the ECG itself", () => onAsk({}), ".plain");
    this.element = h("section.card.whatif", h("h2", "What if it measured …", this.#reset), this.#box);
  }

  /** `live`: there is a kernel to draw what is asked for. */
  choices(dials: readonly Dial[], live: boolean): void {
    this.#live = live;
    this.#sliders = dials.map((dial) => {
      const { name, label, low, high, digits } = dial;
      const turn = (change: number): void => this.#onAsk({ ...this.#asked, [name]: change });
      const slider = new Slider(label, { min: low, max: high, step: 10 ** -(digits + 1) }, (change) => words(dial, change), turn);
      const achieved = h("small");
      slider.label.append(achieved);
      const take = (): void => this.#onTake(name);
      put(slider.input, { onfocus: take, onpointerdown: take, ondblclick: () => turn(0) });
      return { dial, slider, achieved };
    });
    this.#box.replaceChildren(...this.#sliders.map(({ slider }) => slider.element));
  }

  /** Where the sliders stand, what was measured there, and the curve of one of them. */
  show(asked: Values, achieved: Achieved | null, curve: DialCurve | null, output: Output | undefined, answer: number | undefined): void {
    this.#asked = asked;
    this.#reset.disabled = !this.#live || !Object.values(asked).some(Boolean);
    for (const { dial, slider, achieved: small } of this.#sliders) {
      const change = asked[dial.name] ?? 0;
      slider.show(change);
      slider.input.disabled = !this.#live;
      const measured = change && achieved ? achieved[dial.name] : undefined;
      const wanted = dial.now === null ? null : dial.now + change;
      small.textContent =
        measured === undefined ? "" : measured === null ? " not measurable" : ` measured ${minus(measured.toFixed(dial.digits))}`;
      small.classList.toggle("cofe-off-mark", typeof measured === "number" && wanted !== null && abs(measured - wanted) > dial.slack);
    }
    this.#draw(asked, curve, output, answer);
  }

  #draw(asked: Values, curve: DialCurve | null, output: Output | undefined, answer: number | undefined): void {
    const dial = this.#sliders.find((one) => one.dial.name === curve?.name)?.dial;
    const { plot, reading } = this.curve;
    const known = dial && output && answer !== undefined;
    plot.mark(known ? [asked[dial.name] ?? 0, answer] : null);
    reading.textContent = known ? formatOutput(output, answer) : "";
    if (!dial || !curve || !output) {
      this.#curveKey = "";
      this.curve.name("Answer over a measurement");
      return plot.show(null);
    }
    const { low, high } = dial;
    const name = `${outputLabel(output)} over ${dial.label}`;
    const key = JSON.stringify([curve, name]);
    if (key === this.#curveKey) return;
    this.#curveKey = key;
    this.curve.name(name, value(dial, low), value(dial, high));
    plot.show({ points: curve.points, from: low, to: high, output, goal: null, searching: false, home: 0 }, name);
  }
}

/** "162 → 190 ms"; where the ECG has no value of its own, the change. */
function words(dial: Dial, change: number): string {
  const { now, unit } = dial;
  if (!change) return now === null ? "absent" : value(dial, 0);
  return now === null ? value(dial, change) : `${minus(now.toFixed(dial.digits))} → ${value(dial, change)}`.replace(` ${unit} →`, " →");
}

function value({ now, unit, digits }: Dial, change: number): string {
  const size = now === null ? `${change > 0 ? "+" : ""}${change.toFixed(digits)}` : (now + change).toFixed(digits);
  return minus(`${size} ${unit}`);
}
