// The answer along the path, and the severity slider that walks it.

import { h, put, uid } from "../core/dom";
import { max } from "../core/math";
import { formatOutput, type Output, outputLabel } from "../core/output";
import { PAD, Plot, PlotCard } from "../core/plot";
import { predictionAt } from "./path";

export interface CurveData {
  points: [number, number][]; // (severity or progress, answer)
  level: number;
  output: Output;
  searching: boolean;
}

const THUMB = 8; // half the slider's handle: its travel ends that much inside the track

export class CurveCard extends PlotCard {
  readonly #slider: HTMLInputElement;
  #data: CurveData | null = null;
  #severity = 1;

  constructor(moved: (severity: number) => void, stop: AbortSignal) {
    const slider = h("input.slider", {
      id: uid("severity"),
      type: "range",
      min: 0,
      max: 1,
      step: 0.01,
      value: 1,
      oninput: () => moved(Number(slider.value)),
    });
    slider.style.marginLeft = `${PAD.left - THUMB}px`;
    slider.style.width = `calc(100% - ${PAD.left + PAD.right - 2 * THUMB}px)`;
    super(new Plot("Press Explain", stop), slider);
    this.#slider = slider;
    this.show(null);
  }

  show(data: CurveData | null): void {
    this.#data = data;
    const { points = [], searching = false, output, level = 0 } = data ?? {};
    this.#slider.disabled = searching || points.length < 2;
    if (searching) this.name("Searching", "start", "now");
    else this.name("Severity", "this ECG", "counterfactual");
    this.plot.mark(null);
    // A search does not know how long it will be: its curve always spans the whole width.
    const to = searching ? max(0.02, points.at(-1)?.[0] ?? 0) : 1;
    const last = points.at(-1)?.[1];
    const range =
      output && last !== undefined
        ? `${outputLabel(output)} along the path, from ${formatOutput(output, points[0]![1])} to ${formatOutput(output, last)}`
        : undefined;
    this.plot.show(output ? { points, from: 0, to, output, goal: level, searching, home: null } : null, range);
    this.reading.textContent = searching && output && last !== undefined ? `${outputLabel(output)} ${formatOutput(output, last)}` : "";
    this.#place();
  }

  move(severity: number): void {
    this.#severity = severity;
    if (Number(this.#slider.value) !== severity) this.#slider.value = String(severity);
    this.#place();
  }

  #place(): void {
    const [data, at] = [this.#data, this.#severity];
    if (!data?.points.length || data.searching) return;
    const answer = predictionAt({ severities: data.points.map(([s]) => s), predictions: data.points.map(([, p]) => p) }, at);
    this.plot.mark([at, answer]);
    const said = `${outputLabel(data.output)} ${formatOutput(data.output, answer)}`;
    this.reading.textContent = `${at.toFixed(2)}  ·  ${said}`;
    put(this.#slider, { "aria-valuetext": `severity ${at.toFixed(2)}, ${said}` });
  }
}
