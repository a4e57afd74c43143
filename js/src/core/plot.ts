// The model's answer as a curve: over a path, or over a measurement that is dialled.

import { h, put, svg, watchWidth } from "./dom";
import { clamp, max, min } from "./math";
import { formatOutput, type Output } from "./output";

export interface Curve {
  points: readonly (readonly [number, number])[]; // (x, answer)
  from: number; // x at the left and at the right end
  to: number;
  output: Output;
  goal: number | null;
  searching: boolean;
  home: number | null; // x of the ECG itself
}

const HEIGHT = 128;
export const PAD = { left: 30, right: 10, top: 8, bottom: 18 };

export class Plot {
  readonly element = svg("svg.curve", { height: HEIGHT, role: "img" });
  #curve: Curve | null = null;
  #width = 260;
  #low = 0;
  #high = 1;
  #at: readonly [number, number] | null = null;
  readonly #marker = svg("circle.here");

  readonly #idle: string;

  constructor(idle: string, stop: AbortSignal) {
    this.#idle = idle;
    watchWidth(
      this.element,
      (width) => {
        this.#width = width;
        this.#draw();
      },
      stop,
    );
    this.#draw();
  }

  show(curve: Curve | null, words = "No curve yet"): void {
    this.#curve = curve;
    put(this.element, { "aria-label": words });
    this.#draw();
  }

  /** A point of the curve, or of nothing. */
  mark(at: readonly [number, number] | null): void {
    this.#at = at;
    this.#place();
  }

  #x(x: number): number {
    const { from, to } = this.#curve!;
    return PAD.left + ((x - from) / (to - from)) * (this.#width - PAD.left - PAD.right);
  }

  #y(answer: number): number {
    return PAD.top + ((this.#high - answer) / (this.#high - this.#low)) * (HEIGHT - PAD.top - PAD.bottom);
  }

  #draw(): void {
    const [plot, curve] = [this.element, this.#curve];
    const [left, right] = [PAD.left, this.#width - PAD.right];
    this.#span();
    const line = (style: string, x1: number, x2: number, y1: number, y2: number): SVGElement =>
      svg(`line${style}` as "line", { x1, x2, y1, y2 });
    plot.replaceChildren(
      ...[this.#low, (this.#low + this.#high) / 2, this.#high].flatMap((tick) => [
        line(".axis", left, right, this.#y(tick), this.#y(tick)),
        svg("text", { x: left - 6, y: this.#y(tick) + 3.5, "text-anchor": "end" }, tick.toFixed(1)),
      ]),
    );
    if (!curve) {
      plot.append(svg("text.quiet", { x: (left + right) / 2, y: HEIGHT / 2 - 10, "text-anchor": "middle" }, this.#idle));
      return;
    }
    const { points, output, goal, searching, home } = curve;
    if (goal !== null) {
      const y = this.#y(goal);
      plot.append(
        line(".goal", left, right, y, y),
        svg(
          "text.goal-text",
          { x: left + 4, y: y < 20 ? y + 12 : y - 4 },
          `goal ${output.probability ? goal.toFixed(2) : formatOutput(output, goal)}`,
        ),
      );
    }
    if (home !== null) {
      const x = this.#x(home);
      plot.append(
        line(".goal", x, x, PAD.top, HEIGHT - PAD.bottom),
        svg("text", { x, y: HEIGHT - 5, "text-anchor": "middle" }, "this ECG"),
      );
    }
    const there = points.map(([x, answer]): [number, number] => [this.#x(x), this.#y(answer)]);
    const path = there.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
    plot.append(svg(`polyline.line${searching ? ".searching" : ""}` as "polyline", { points: path }));
    if (points.length < 40) plot.append(...there.map(([cx, cy]) => svg("circle.dot", { cx, cy, r: 2 })));
    plot.append(this.#marker);
    this.#place();
  }

  /** The answers that the plot spans: all there can be, or all there are. */
  #span(): void {
    const { output, points = [], goal = null } = this.#curve ?? {};
    const seen = [...points.map(([, answer]) => answer), ...(goal === null ? [] : [goal])];
    if (!output || output.probability || !seen.length) [this.#low, this.#high] = [output?.low ?? 0, output?.high ?? 1];
    else {
      const room = 10 ** -output.digits;
      [this.#low, this.#high] = [min(...seen) - room, max(...seen) + room];
    }
  }

  #place(): void {
    const at = this.#curve && this.#at;
    put(this.#marker, at ? { r: 5.5, cx: this.#x(at[0]), cy: this.#y(clamp(at[1], this.#low, this.#high)) } : { r: 0 });
  }
}

/** A plot with its heading and its reading above, and its ends below. */
export class PlotCard {
  readonly element: HTMLElement;
  readonly reading = h("output.reading");
  readonly #heading: HTMLLabelElement;
  readonly #ends = h("div.ends", { "aria-hidden": "true" });

  readonly plot: Plot;

  constructor(plot: Plot, slider: HTMLInputElement | null) {
    this.plot = plot;
    this.#heading = h("label", { for: slider?.id });
    this.element = h("section.card.severity", h("h2", this.#heading, this.reading), plot.element, slider, this.#ends);
  }

  name(heading: string, ...ends: string[]): void {
    this.#heading.textContent = heading;
    this.#ends.replaceChildren(...ends.map((text) => h("span", text)));
  }
}
