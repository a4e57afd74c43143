// Probability of the target along the path, and the severity slider that walks it.

import { h, svg, uid } from "../shared/dom";
import { predictionAt } from "../shared/path";
import { percent } from "./answer";

export interface CurveData {
  points: [number, number][]; // (severity or progress, probability)
  level: number;
  target: string;
  searching: boolean;
}

const HEIGHT = 128;
const PAD = { left: 30, right: 10, top: 8, bottom: 18 };
const THUMB = 8; // half the slider's handle: its travel ends that much inside the track

export class CurveCard {
  readonly element: HTMLElement;
  readonly slider: HTMLInputElement;
  readonly #plot = svg("svg", { class: "cofe-curve", height: HEIGHT, role: "img" });
  readonly #ends = h("div", { class: "cofe-ends", "aria-hidden": "true" });
  readonly #reading = h("output", { class: "cofe-reading" });
  readonly #heading = h("span");
  #data: CurveData | null = null;
  #severity = 1;
  #width = 260;
  #marker: SVGElement | null = null;

  constructor(moved: (severity: number) => void, stop: AbortSignal) {
    const id = uid("severity");
    this.slider = h("input", { id, type: "range", min: 0, max: 1, step: 0.01, value: 1, class: "cofe-slider" });
    this.slider.style.marginLeft = `${PAD.left - THUMB}px`;
    this.slider.style.width = `calc(100% - ${PAD.left + PAD.right - 2 * THUMB}px)`;
    this.slider.addEventListener("input", () => moved(Number(this.slider.value)));
    this.element = h(
      "section",
      { class: "cofe-card cofe-severity" },
      h("h3", {}, h("label", { for: id }, this.#heading), this.#reading),
      this.#plot,
      this.slider,
      this.#ends,
    );
    const watch = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry!.contentRect.width);
      if (width > 0 && width !== this.#width) {
        this.#width = width;
        this.#draw();
      }
    });
    watch.observe(this.#plot);
    stop.addEventListener("abort", () => watch.disconnect());
    this.show(null);
  }

  show(data: CurveData | null): void {
    this.#data = data;
    this.slider.disabled = !data || data.searching || data.points.length < 2;
    this.#heading.textContent = data?.searching ? "Searching" : "Severity";
    const [from, to] = data?.searching ? ["start", "now"] : ["this ECG", "counterfactual"];
    this.#ends.replaceChildren(h("span", {}, from!), h("span", {}, to!));
    this.#draw();
  }

  move(severity: number): void {
    this.#severity = severity;
    if (Number(this.slider.value) !== severity) this.slider.value = String(severity);
    this.#placeMarker();
  }

  #x(severity: number): number {
    return PAD.left + severity * (this.#width - PAD.left - PAD.right);
  }

  #y(probability: number): number {
    return PAD.top + (1 - probability) * (HEIGHT - PAD.top - PAD.bottom);
  }

  #draw(): void {
    const [plot, data] = [this.#plot, this.#data];
    const [left, right] = [this.#x(0), this.#x(1)];
    plot.replaceChildren(
      ...[0, 0.5, 1].flatMap((p) => [
        svg("line", { class: "cofe-axis", x1: left, x2: right, y1: this.#y(p), y2: this.#y(p) }),
        svg("text", { x: left - 6, y: this.#y(p) + 3.5, "text-anchor": "end" }, p.toFixed(1)),
      ]),
    );
    this.#marker = null;
    if (!data) {
      const note = svg("text", { x: (left + right) / 2, y: this.#y(0.5) - 6, "text-anchor": "middle", class: "cofe-quiet" });
      note.textContent = "Press Explain to fill this curve";
      plot.append(note);
      plot.setAttribute("aria-label", "No curve yet");
      this.#reading.textContent = "";
      return;
    }
    const { level, target, searching } = data;
    // A search does not know how long it will be: its curve always spans the whole width.
    const span = searching ? Math.max(0.02, data.points.at(-1)?.[0] ?? 0) : 1;
    const points = data.points.map(([s, p]): [number, number] => [s / span, p]);
    const goal = this.#y(level);
    const goalText = svg("text", { x: left + 4, y: goal - 4, class: "cofe-goal-text" });
    goalText.textContent = `goal ${level.toFixed(2)}`;
    plot.append(svg("line", { class: "cofe-goal", x1: left, x2: right, y1: goal, y2: goal }), goalText);
    const line = points.map(([s, p]) => `${this.#x(s).toFixed(1)},${this.#y(p).toFixed(1)}`).join(" ");
    plot.append(svg("polyline", { class: searching ? "cofe-line cofe-searching" : "cofe-line", points: line }));
    if (!searching || points.length < 40) {
      plot.append(...points.map(([s, p]) => svg("circle", { class: "cofe-dot", cx: this.#x(s), cy: this.#y(p), r: 2 })));
    }
    plot.setAttribute("aria-label", `Probability of ${target} along the path, from ${percent(points[0]?.[1] ?? 0)} to ${percent(points.at(-1)?.[1] ?? 0)}`);
    if (searching) this.#reading.textContent = points.length ? `p(${target}) ${percent(points.at(-1)![1])}` : "";
    else {
      this.#marker = svg("circle", { class: "cofe-here", r: 5.5 });
      plot.append(this.#marker);
    }
    this.#placeMarker();
  }

  #placeMarker(): void {
    const [data, marker] = [this.#data, this.#marker];
    if (!data || !marker || !data.points.length) return;
    const path = { severities: data.points.map(([s]) => s), predictions: data.points.map(([, p]) => p) };
    const p = predictionAt(path, this.#severity);
    marker.setAttribute("cx", String(this.#x(this.#severity)));
    marker.setAttribute("cy", String(this.#y(p)));
    this.#reading.textContent = `${this.#severity.toFixed(2)}  ·  p(${data.target}) ${percent(p)}`;
    this.slider.setAttribute("aria-valuetext", `severity ${this.#severity.toFixed(2)}, probability of ${data.target} ${percent(p)}`);
  }
}
