// The ECG on its paper: three canvases (paper, signals, calipers), one animation-frame loop.

import { download, framed, h, watchWidth } from "../core/dom";
import { type Layer, rowOf, type Shade } from "../core/layers";
import { ceil, clamp, floor, known, max, round } from "../core/math";
import { type Layout, type Order, PAGE_SECONDS, type Panel, type Paper, paper, room } from "../core/paper";
import { followTheme, type Palette, palette } from "../core/theme";
import { type Caliper, Calipers, caliperAt, type Scene } from "./calipers";
import { paintLetters, paintWaves, type Waves } from "./fiducials";
import { bindInteraction, type Interactive, type ScreenPoint } from "./interaction";
import { span } from "./interval";
import { type Mark, paintMarks } from "./marks";
import {
  context,
  FONT,
  fitCanvas,
  label,
  paintGrid,
  paintPrint,
  paintShade,
  paintTraces,
  pixelRatio,
  type Sheet,
  type Style,
  type Viewport,
  wipe,
} from "./paint";
import { paintPointed } from "./pointed";

export interface Settings {
  layout: Layout;
  speed: number;
  gain: number;
  order: Order;
}

export interface Content {
  original: Layer | null;
  changed: Layer | null;
  named: string; // what the changed trace is called
  style: Style; // of the changed trace over the original
  shade?: Shade | null; // a value for every sample, as a band behind the trace
  pointed?: Layer | null; // bits of what points at every sample, see pointed.ts
  waves?: Waves | null; // where the waves of each lead begin, peak and end
  note?: string | undefined; // the filter band and the rate, printed on the paper
  marks: readonly Mark[]; // stretches without signal, or with none to be trusted
  spoken?: string; // the same in words
  start: number; // s after the first sample that is here, at the left edge of the page
  origin: number; // s of the record before that first sample
  total: number; // s of a record of which only a page is here; 0: all is
  seek: (start: number) => void; // turns to another page
}

const LEAST_SCALE = 1.8; // px per mm: below it the page is panned, not shrunk further
const MOST_SCALE = 6;
const MOST_ZOOM = 8;

export class EcgView implements Interactive {
  readonly element: HTMLElement;
  readonly canvas: HTMLCanvasElement; // the topmost: focus, pointer, keyboard
  readonly #readout: HTMLOutputElement;
  tool: "measure" | "pan" = "measure";

  readonly #background = h("canvas.layer", { "aria-hidden": "true" });
  readonly #traces = h("canvas.layer", { "aria-hidden": "true" });
  readonly #frame: HTMLElement;
  #content: Content = {
    original: null,
    changed: null,
    named: "",
    style: "over",
    marks: [],
    start: 0,
    origin: 0,
    total: 0,
    seek: (start) => this.show({ start }),
  };
  #settings: Settings = { layout: "3x4+1", speed: 25, gain: 10, order: "standard" };
  #sheet: Paper | null = null;
  #least = { headroom: 0, footroom: 0 }; // mm
  #offsets = new Map<string, number>();
  #zoom = 1;
  #pan = { x: 0, y: 0 }; // mm of the paper at the top left corner
  #width = 0; // CSS px
  #stale = { paper: true, traces: true, calipers: true };
  readonly calipers = new Calipers();
  #colours: Palette | null = null;
  #drawn = 0;
  #faint = false; // the original lies faint on the paper's own canvas, where it need not be painted with every frame
  readonly #redraw: () => void;
  readonly #afterDraw: (() => void)[] = [];

  readonly #root: HTMLElement;
  readonly #onPage: () => void;

  constructor(root: HTMLElement, stop: AbortSignal, onPage: () => void = () => {}) {
    this.#root = root;
    this.#onPage = onPage;
    this.canvas = h("canvas", {
      class: "cofe-layer cofe-top",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "electrocardiogram",
    });
    this.#frame = h("div.paper", this.#background, this.#traces, this.canvas);
    this.#readout = h("output.readout", { "aria-live": "polite" });
    this.element = h("div.ecg", this.#frame, this.#readout);
    this.#redraw = framed(() => this.#draw(), stop);
    followTheme(root, () => this.#refresh(), stop);
    bindInteraction(this.canvas, this, stop);
    watchWidth(
      this.#frame,
      (width) => {
        this.#width = width;
        this.#refresh();
      },
      stop,
    );
  }

  show(content: Partial<Content>): void {
    const { original: before, start: from } = this.#content;
    this.#content = { ...this.#content, ...content };
    const { original, start } = this.#content;
    if (start !== from) this.clear();
    if (original !== before || start !== from) {
      const sameShape = before && original && before.rows.length === original.rows.length && lengthS(before) === lengthS(original);
      if (!sameShape) {
        this.#content.start = content.start ?? 0;
        this.#least = { headroom: 0, footroom: 0 };
        this.clear();
      }
      this.#offsets = new Map(original?.leads.map((lead, i) => [lead, median(original.rows[i]!)]) ?? []);
      this.#layOut();
    }
    const faint = this.#content.style === "faint" && this.#content.changed !== null;
    if (faint !== this.#faint) this.#stale.paper = true;
    this.#faint = faint;
    this.#stale.traces = true;
    this.#stale.calipers ||= Boolean(this.calipers.anchor ?? this.calipers.hover); // which stand on the trace
    this.#redraw();
  }

  configure(settings: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...settings };
    this.#least = { headroom: 0, footroom: 0 };
    this.clear();
    this.#layOut();
  }

  /** Call back once what was shown last is on screen; not while the view is hidden. */
  painted(callback: () => void): void {
    this.#afterDraw.push(callback);
    this.#redraw();
  }

  /** Pages of ten seconds: [this one, how many]. */
  pages(): [number, number] {
    const { original, start, origin, total } = this.#content;
    const all = total || (original ? lengthS(original) : 0);
    return [round((total ? origin : start) / PAGE_SECONDS), max(1, ceil(all / PAGE_SECONDS - 0.01))];
  }

  /** From when to when the page lasts. */
  when(): string {
    const start = this.#content.origin + this.#content.start;
    return span(start, start + PAGE_SECONDS, 0);
  }

  turnPage(by: number): void {
    const [page, count] = this.pages();
    this.#content.seek(clamp(page + by, 0, count - 1) * PAGE_SECONDS);
  }

  zoomBy(factor: number, at?: ScreenPoint): void {
    const { scale, dx, dy, width, height } = this.#viewport();
    const point = at ?? { x: width / 2, y: height / 2 };
    const mm = { x: (point.x - dx) / scale, y: (point.y - dy) / scale };
    this.#zoom = clamp(this.#zoom * factor, 1, MOST_ZOOM);
    const next = this.#viewport().scale;
    this.#pan = { x: mm.x - point.x / next, y: mm.y - point.y / next };
    this.#refresh();
  }

  resetZoom(): void {
    this.#zoom = 1;
    this.#pan = { x: 0, y: 0 };
    this.#refresh();
  }

  get zoomed(): number {
    return this.#zoom;
  }

  /** What is on screen, as a PNG of twice its size. */
  async savePng(name: string): Promise<void> {
    const win = { ...this.#viewport(), ratio: max(2, this.#viewport().ratio) };
    const canvas = h("canvas", { width: win.width * win.ratio, height: win.height * win.ratio });
    const ctx = context(canvas);
    this.#paintAll(ctx, ctx, win);
    this.calipers.paint(ctx, this.#drawing(win));
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
    if (blob) download(name, blob);
  }

  // ---- geometry on screen

  #viewport(): Viewport {
    const sheet = this.#sheet!;
    const fit = clamp(this.#width / sheet.width, LEAST_SCALE, MOST_SCALE);
    const scale = fit * this.#zoom;
    const height = round(sheet.height * fit);
    const spare = { x: sheet.width - this.#width / scale, y: sheet.height - height / scale };
    this.#pan.x = clamp(this.#pan.x, 0, max(0, spare.x));
    this.#pan.y = clamp(this.#pan.y, 0, max(0, spare.y));
    // A page narrower than the view keeps whole 5 mm squares on its left.
    const inset = spare.x < 0 ? floor(-spare.x / 2 / 5) * 5 * scale : 0;
    return {
      scale,
      dx: inset - this.#pan.x * scale,
      dy: -this.#pan.y * scale,
      width: this.#width,
      height,
      ratio: pixelRatio(),
    };
  }

  #layOut(): void {
    const { original } = this.#content;
    this.#sheet = null;
    if (original) {
      const request = { leads: original.leads, seconds: lengthS(original) - this.#content.start, ...this.#settings };
      const { headroom, footroom } = room(paper(request), (panel) => this.#reach(original, panel));
      // Room once given stays while the ECG follows a slider: the page must not jump under the hand.
      this.#least = { headroom: max(headroom, this.#least.headroom), footroom: max(footroom, this.#least.footroom) };
      this.#sheet = paper({ ...request, ...this.#least });
    }
    this.#refresh();
    this.#onPage();
  }

  /** How far a panel rises above and falls below its baseline on the paper, in mV. */
  #reach(layer: Layer, panel: Panel): { up: number; down: number } {
    const row = rowOf(layer, panel.lead)!;
    const offset = this.#offsets.get(panel.lead) ?? 0;
    const { start } = this.#content;
    let [low, high] = [0, 0];
    for (const mv of row.subarray(round((start + panel.t0) * layer.fs), round((start + panel.t1) * layer.fs))) {
      if (mv - offset < low) low = mv - offset;
      else if (mv - offset > high) high = mv - offset;
    }
    return panel.sign > 0 ? { up: high, down: -low } : { up: -low, down: high };
  }

  #refresh(): void {
    this.#colours = null;
    this.#stale = { paper: true, traces: true, calipers: true };
    this.#redraw();
  }

  // ---- drawing

  #draw(): void {
    if (!this.#sheet || !this.#width || !this.#content.original) return;
    const began = performance.now();
    this.#colours ??= palette(this.#root);
    const win = this.#viewport();
    if (this.#stale.paper) this.#resize(win);
    if (this.#stale.paper || this.#stale.traces) {
      this.#paintAll(this.#stale.paper ? context(this.#background) : null, context(this.#traces), win);
    }
    if (this.#stale.calipers) {
      const ctx = context(this.canvas);
      wipe(ctx, win.ratio);
      this.calipers.paint(ctx, this.#drawing(win));
    }
    this.#stale = { paper: false, traces: false, calipers: false };
    // The geometry on screen, for those who measure from outside.
    Object.assign(this.#frame.dataset, {
      pxPerMm: win.scale,
      originX: win.dx,
      originY: win.dy,
      frames: ++this.#drawn,
      drawMs: performance.now() - began,
    });
    this.#afterDraw.splice(0).forEach((callback) => callback());
  }

  #resize(win: Viewport): void {
    this.#frame.style.height = `${win.height}px`;
    for (const canvas of [this.#background, this.#traces, this.canvas]) fitCanvas(canvas, win);
    this.canvas.style.touchAction = this.movable(win) ? "none" : "pan-y";
    this.canvas.setAttribute("aria-label", this.#spoken());
    this.#frame.classList.toggle("cofe-movable", this.movable(win) && this.tool === "pan");
  }

  #spoken(): string {
    const { original, spoken } = this.#content;
    const { speed, gain } = this.#sheet!;
    return (
      `ECG, ${original!.leads.length} leads, ${lengthS(original!).toFixed(1)} s, ${speed} mm/s, ${gain} mm/mV. ${spoken ?? ""} ` +
      "Arrows move along a lead and between leads, Enter sets the first caliper, Escape clears."
    );
  }

  #drawing(win: Viewport): Sheet {
    const colours = (this.#colours ??= palette(this.#root));
    return { win, paper: this.#sheet!, start: this.#content.start, colours, offsets: this.#offsets };
  }

  #paintAll(background: CanvasRenderingContext2D | null, ctx: CanvasRenderingContext2D, win: Viewport): void {
    const sheet = this.#drawing(win);
    const { colours } = sheet;
    const { original, changed, style, shade, pointed, waves, note, marks } = this.#content;
    if (background) {
      paintGrid(background, win, colours);
      background.globalAlpha = 0.35;
      if (this.#faint) paintTraces(background, sheet, original!, null);
      background.globalAlpha = 1;
    }
    if (background !== ctx) wipe(ctx, win.ratio);
    paintMarks(ctx, sheet, marks);
    if (shade) paintShade(ctx, sheet, shade);
    if (waves) paintWaves(ctx, sheet, waves, !shade);
    if (pointed) paintPointed(ctx, sheet, pointed);
    paintTraces(ctx, sheet, original!, changed, style);
    if (waves) paintLetters(ctx, sheet, waves, original!);
    paintPrint(ctx, win, this.#sheet!, colours);
    const { speed, gain } = this.#sheet!;
    ctx.font = `500 ${clamp(2.6 * win.scale, 10, 12)}px ${FONT}`;
    label(ctx, `${speed} mm/s   ${gain} mm/mV   ${note}`, 6, win.height - 6, colours);
    const whole = this.#sheet!.width * win.scale;
    if (whole > win.width + 1) {
      ctx.fillStyle = colours.accent;
      ctx.globalAlpha = 0.45;
      ctx.fillRect((-win.dx / whole) * win.width, win.height - 3, (win.width / whole) * win.width, 3);
      ctx.globalAlpha = 1;
    }
  }

  // ---- what a hand does

  measures(): boolean {
    return this.tool === "measure";
  }

  movable(win = this.#viewport()): boolean {
    return this.#sheet!.width * win.scale > win.width + 1 || this.#sheet!.height * win.scale > win.height + 1;
  }

  caliperAt(point: ScreenPoint, catches: boolean, only?: Panel): Caliper | null {
    const { scale, dx, dy } = this.#viewport();
    return caliperAt(this.scene!, { x: (point.x - dx) / scale, y: (point.y - dy) / scale }, catches, only);
  }

  get scene(): Scene | null {
    const { original, changed, named, style, ...more } = this.#content;
    if (!this.#sheet || !original) return null;
    const measured = (style !== "over" && changed) || original;
    return { ...more, paper: this.#sheet, measured, changed: style === "over" ? changed : null, named };
  }

  clear(): void {
    this.calipers.clear();
    this.calipersMoved();
  }

  calipersMoved(): void {
    this.#stale.calipers = true;
    const words = this.scene ? this.calipers.words(this.scene) : "";
    if (this.#readout.textContent !== words) this.#readout.textContent = words;
    this.#redraw();
  }

  panBy(x: number, y: number): void {
    const { scale } = this.#viewport();
    this.#pan = { x: this.#pan.x + x / scale, y: this.#pan.y + y / scale };
    this.#refresh();
  }
}

const lengthS = (layer: Layer): number => (layer.rows[0]?.length ?? 0) / layer.fs;

function median(row: Float32Array): number {
  const sorted = row.filter(known).sort();
  return sorted[sorted.length >> 1] ?? 0;
}
