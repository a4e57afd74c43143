// The median beat beside the rhythm: lead II and the chest leads on paper of their own, with the
// waves that were measured, and PR, QRS and QT as calipers in the last field.

import { h, onStop, watchWidth } from "../core/dom";
import { type PackedLayer, unpackLayer } from "../core/layers";
import { ceil, clamp, floor, min, round } from "../core/math";
import type { Paper } from "../core/paper";
import { palette } from "../core/theme";
import { type PackedWaves, paintLetters, paintWaves, unpackWaves } from "./fiducials";
import { context, FONT, fitCanvas, label, paintGrid, paintPrint, paintTraces, pixelRatio, type Sheet } from "./paint";

export interface PackedBeat extends PackedLayer {
  waves: PackedWaves;
  intervals: { text: string; from: number; to: number }[]; // ms; QTc and what is not given have no bounds
}

const COLUMNS = 4;
const ROW_MM = 32;
const GAP_MM = 2;

/** Beats side by side, one field more than there are leads. */
export function beatPaper(leads: readonly string[], seconds: number, gain = 10): Paper {
  const field = ceil(seconds * 25) + GAP_MM;
  const rows = ceil((leads.length + 1) / COLUMNS);
  return {
    layout: "3x4",
    speed: 25,
    gain,
    width: COLUMNS * field + GAP_MM,
    height: rows * ROW_MM,
    rowHeight: ROW_MM,
    pulses: [],
    panels: leads.map((lead, k) => {
      const row = floor(k / COLUMNS);
      const place = { x: GAP_MM + (k % COLUMNS) * field, baseline: (row + 0.55) * ROW_MM };
      return { lead, label: lead, sign: 1, row, ...place, t0: 0, t1: seconds, rhythm: false };
    }),
  };
}

export class BeatCard {
  readonly element: HTMLElement;
  readonly #canvas = h("canvas", { role: "img" });
  readonly #frame = h("div.beat", this.#canvas);
  #beat: PackedBeat | null = null;

  readonly #root: HTMLElement;

  constructor(root: HTMLElement, stop: AbortSignal) {
    this.#root = root;
    this.element = h("section.card", { hidden: true }, h("h2", "Median beat"), this.#frame);
    watchWidth(this.#frame, () => this.#draw(), stop);
    const theme = new MutationObserver(() => this.#draw());
    theme.observe(root, { attributeFilter: ["data-theme"] });
    onStop(stop, () => theme.disconnect());
  }

  show(beat: PackedBeat | null): void {
    this.#beat = beat;
    this.element.hidden = !beat;
    this.#draw();
  }

  #draw(): void {
    const [beat, canvas, frame] = [this.#beat, this.#canvas, this.#frame];
    const width = frame.clientWidth;
    const trace = unpackLayer(beat);
    if (!beat || !trace || !width) return;
    const paper = beatPaper(beat.leads, trace.rows[0]!.length / beat.fs);
    const scale = width / paper.width;
    const ratio = pixelRatio();
    const height = round(paper.height * scale);
    const win = { scale, dx: 0, dy: 0, width, height, ratio };
    frame.style.height = `${height}px`;
    fitCanvas(canvas, win);
    canvas.setAttribute("aria-label", `Median beat: ${words(beat).join(", ")}`);
    const ctx = context(canvas);
    const sheet: Sheet = { win, paper, start: 0, colours: palette(this.#root), offsets: new Map() };
    const waves = unpackWaves(beat.waves)!;
    paintGrid(ctx, win, sheet.colours);
    paintWaves(ctx, sheet, waves, true);
    paintTraces(ctx, sheet, trace, null);
    paintPrint(ctx, win, paper, sheet.colours);
    paintLetters(ctx, sheet, waves, trace);
    calipers(ctx, sheet, beat);
  }
}

const words = ({ intervals }: PackedBeat): string[] => intervals.map(({ text }) => text);

/** In the field after the last lead, under the same stretch of time as the beats above. */
function calipers(ctx: CanvasRenderingContext2D, { win, paper, colours }: Sheet, beat: PackedBeat): void {
  const k = beat.leads.length;
  const left = paper.panels[k % COLUMNS]!.x;
  const top = floor(k / COLUMNS) * ROW_MM + 8;
  ctx.font = `500 ${clamp(2.4 * win.scale, 10, 12)}px ${FONT}`;
  words(beat).forEach((text, line) => {
    const { from, to } = beat.intervals[line]!;
    const [x, end] = [from, to].map((ms) => (left + 0.025 * ms) * win.scale);
    const y = (top + 5.6 * line) * win.scale;
    if (to > from) {
      ctx.fillStyle = colours.accent;
      ctx.fillRect(x!, y + 2.5, end! - x!, 1.5);
      for (const at of [x!, end!]) ctx.fillRect(at - 0.5, y, 1, 6);
    }
    // QTc has no place in time: it stands under QT.
    const place = to > from ? x! : (left + 0.025 * (beat.intervals[line - 1]?.from ?? 0)) * win.scale;
    label(ctx, text, min(place, win.width - ctx.measureText(text).width - 4), y - 2, colours);
  });
}
