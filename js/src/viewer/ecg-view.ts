// The ECG on its paper: three canvases (paper, signals, calipers), one animation-frame loop.

import { describe, interval, snap, type Point } from "../shared/calipers";
import { download, framed, h } from "../shared/dom";
import { fromPaper, PAGE_SECONDS, paper, room, toPaper, type Layout, type Order, type Panel, type Paper } from "../shared/geometry";
import { followTheme, palette, type Palette } from "../shared/theme";
import { FONT, label, paintGrid, paintPrint, paintSaliency, paintTraces, type Layer, type Sheet, type Window } from "./paint";

export interface Settings {
  layout: Layout;
  speed: number;
  gain: number;
  order: Order;
}

export interface Content {
  original: Layer | null;
  changed: Layer | null;
  alone: boolean; // the changed trace without the original
  saliency: (Layer & { limit: number }) | null;
  note: string; // the filter band and the rate, printed on the paper
}

const LEAST_SCALE = 1.8; // px per mm: below it the page is panned, not shrunk further
const MOST_SCALE = 6;
const MOST_ZOOM = 8;

interface Mark {
  panel: Panel;
  point: Point; // t in seconds of the record
}

export class EcgView {
  readonly element: HTMLElement;
  readonly canvas: HTMLCanvasElement; // the topmost: focus, pointer, keyboard
  readonly readout: HTMLOutputElement;
  tool: "measure" | "pan" = "measure";

  private readonly ground = h("canvas", { class: "cofe-layer", "aria-hidden": "true" });
  private readonly signals = h("canvas", { class: "cofe-layer", "aria-hidden": "true" });
  private readonly frame: HTMLElement;
  private content: Content = { original: null, changed: null, alone: false, saliency: null, note: "" };
  private settings: Settings = { layout: "3x4+1", speed: 25, gain: 10, order: "standard" };
  private sheet: Paper | null = null;
  private offsets = new Map<string, number>();
  private start = 0; // s of the record at the left edge of the page
  private zoom = 1;
  private pan = { x: 0, y: 0 }; // mm of the paper at the top left corner
  private width = 0; // CSS px
  private stale = { ground: true, signals: true, marks: true };
  private anchor: Mark | null = null;
  private head: Mark | null = null;
  private hover: Mark | null = null;
  private colours: Palette | null = null;
  private drawn = 0;
  private readonly redraw: () => void;
  private readonly afterDraw: (() => void)[] = [];

  constructor(
    private readonly root: HTMLElement,
    private readonly stop: AbortSignal,
    private readonly changedPage: () => void = () => {},
  ) {
    this.canvas = h("canvas", {
      class: "cofe-layer cofe-top",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "electrocardiogram",
    });
    this.frame = h("div", { class: "cofe-paper" }, this.ground, this.signals, this.canvas);
    this.readout = h("output", { class: "cofe-readout", "aria-live": "polite" });
    this.element = h("div", { class: "cofe-ecg" }, this.frame, this.readout);
    this.redraw = framed(() => this.draw(), stop);
    followTheme(root, () => this.refresh(), stop);
    this.listen();
    // Hidden tabs and windowed outputs are 0 x 0: keep what was drawn until there is room again.
    const watch = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry!.contentRect.width);
      if (width > 0 && width !== this.width) {
        this.width = width;
        this.refresh();
      }
    });
    watch.observe(this.frame);
    stop.addEventListener("abort", () => watch.disconnect());
  }

  show(content: Partial<Content>): void {
    const before = this.content.original;
    this.content = { ...this.content, ...content };
    const { original } = this.content;
    if (original !== before) {
      const sameShape = before && original && before.rows.length === original.rows.length && lengthS(before) === lengthS(original);
      if (!sameShape) {
        this.start = 0;
        this.clearMarks();
      }
      this.offsets = new Map(original?.leads.map((lead, i) => [lead, median(original.rows[i]!)]) ?? []);
      this.lay();
    }
    this.stale.signals = this.stale.marks = true;
    this.redraw();
  }

  configure(settings: Partial<Settings>): void {
    this.settings = { ...this.settings, ...settings };
    this.clearMarks();
    this.lay();
  }

  /** Call back once what was shown last is on screen; not while the view is hidden. */
  painted(callback: () => void): void {
    this.afterDraw.push(callback);
    this.redraw();
  }

  /** Pages of ten seconds: [this one, how many]. */
  pages(): [number, number] {
    const total = this.content.original ? lengthS(this.content.original) : 0;
    return [Math.round(this.start / PAGE_SECONDS), Math.max(1, Math.ceil(total / PAGE_SECONDS - 0.01))];
  }

  turn(by: number): void {
    const [page, count] = this.pages();
    this.start = Math.min(count - 1, Math.max(0, page + by)) * PAGE_SECONDS;
    this.clearMarks();
    this.lay();
  }

  zoomBy(factor: number, at?: { x: number; y: number }): void {
    const { scale, dx, dy, width, height } = this.window();
    const point = at ?? { x: width / 2, y: height / 2 };
    const mm = { x: (point.x - dx) / scale, y: (point.y - dy) / scale };
    this.zoom = Math.min(MOST_ZOOM, Math.max(1, this.zoom * factor));
    const next = this.window().scale;
    this.pan = { x: mm.x - point.x / next, y: mm.y - point.y / next };
    this.refresh();
  }

  resetZoom(): void {
    this.zoom = 1;
    this.pan = { x: 0, y: 0 };
    this.refresh();
  }

  get zoomed(): number {
    return this.zoom;
  }

  /** What is on screen, as a PNG of twice its size. */
  async savePng(name: string): Promise<void> {
    const win = { ...this.window(), ratio: Math.max(2, this.window().ratio) };
    const canvas = h("canvas", { width: win.width * win.ratio, height: win.height * win.ratio });
    this.paintAll(canvas.getContext("2d")!, canvas.getContext("2d")!, win);
    this.paintMarks(canvas.getContext("2d")!, win);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
    if (blob) download(name, blob);
  }

  // ---- geometry on screen

  private window(): Window {
    const sheet = this.sheet!;
    const fit = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, this.width / sheet.width));
    const scale = fit * this.zoom;
    const height = Math.round(sheet.height * fit);
    const spare = { x: sheet.width - this.width / scale, y: sheet.height - height / scale };
    this.pan.x = Math.min(Math.max(0, spare.x), Math.max(0, this.pan.x));
    this.pan.y = Math.min(Math.max(0, spare.y), Math.max(0, this.pan.y));
    // A page narrower than the view keeps whole 5 mm squares on its left.
    const inset = spare.x < 0 ? Math.floor(-spare.x / 2 / 5) * 5 * scale : 0;
    return {
      scale,
      dx: inset - this.pan.x * scale,
      dy: -this.pan.y * scale,
      width: this.width,
      height,
      ratio: globalThis.devicePixelRatio || 1,
    };
  }

  private lay(): void {
    const { original } = this.content;
    this.sheet = null;
    if (original) {
      const request = { leads: original.leads, seconds: lengthS(original) - this.start, ...this.settings };
      this.sheet = paper({ ...request, ...room(paper(request), (panel) => this.waves(original, panel)) });
    }
    this.refresh();
    this.changedPage();
  }

  /** How far a panel rises above and falls below its baseline on the paper, in mV. */
  private waves(layer: Layer, panel: Panel): { up: number; down: number } {
    const row = layer.rows[layer.leads.indexOf(panel.lead)]!;
    const offset = this.offsets.get(panel.lead) ?? 0;
    let [low, high] = [0, 0];
    for (const mv of row.subarray(Math.round((this.start + panel.t0) * layer.fs), Math.round((this.start + panel.t1) * layer.fs))) {
      if (mv - offset < low) low = mv - offset;
      else if (mv - offset > high) high = mv - offset;
    }
    return panel.sign > 0 ? { up: high, down: -low } : { up: -low, down: high };
  }

  private refresh(): void {
    this.colours = null;
    this.stale = { ground: true, signals: true, marks: true };
    this.redraw();
  }

  // ---- drawing

  private draw(): void {
    if (!this.sheet || !this.width || !this.content.original) return;
    const began = performance.now();
    this.colours ??= palette(this.root);
    const win = this.window();
    if (this.stale.ground) this.resize(win);
    if (this.stale.ground || this.stale.signals) {
      this.paintAll(this.stale.ground ? this.ground.getContext("2d")! : null, this.signals.getContext("2d")!, win);
    }
    if (this.stale.marks) {
      const ctx = this.canvas.getContext("2d")!;
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.clearRect(0, 0, this.canvas.width, this.canvas.height);
      this.paintMarks(ctx, win);
    }
    this.stale = { ground: false, signals: false, marks: false };
    // The geometry on screen, for those who measure from outside.
    Object.assign(this.frame.dataset, {
      pxPerMm: win.scale,
      originX: win.dx,
      originY: win.dy,
      frames: ++this.drawn,
      drawMs: performance.now() - began,
    });
    this.afterDraw.splice(0).forEach((callback) => callback());
  }

  private resize(win: Window): void {
    this.frame.style.height = `${win.height}px`;
    for (const canvas of [this.ground, this.signals, this.canvas]) {
      canvas.width = Math.round(win.width * win.ratio);
      canvas.height = Math.round(win.height * win.ratio);
    }
    this.canvas.style.touchAction = this.movable(win) ? "none" : "pan-y";
    this.canvas.setAttribute("aria-label", this.spoken());
    this.frame.classList.toggle("cofe-movable", this.movable(win) && this.tool === "pan");
  }

  private movable(win: Window): boolean {
    return this.sheet!.width * win.scale > win.width + 1 || this.sheet!.height * win.scale > win.height + 1;
  }

  private spoken(): string {
    const { original } = this.content;
    const { speed, gain } = this.sheet!;
    return (
      `ECG, ${original!.leads.length} leads, ${lengthS(original!).toFixed(1)} s, ${speed} mm/s, ${gain} mm/mV. ` +
      "Left and right move along a lead, up and down change the lead, Enter sets the first caliper, Escape clears."
    );
  }

  private paintAll(ground: CanvasRenderingContext2D | null, ctx: CanvasRenderingContext2D, win: Window): void {
    const colours = (this.colours ??= palette(this.root));
    const { original, changed, alone, saliency, note } = this.content;
    const sheet: Sheet = { win, paper: this.sheet!, start: this.start, colours, offsets: this.offsets };
    if (ground) paintGrid(ground, win, colours);
    if (ground !== ctx) {
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.clearRect(0, 0, ctx.canvas.width, ctx.canvas.height);
    }
    if (saliency) paintSaliency(ctx, sheet, saliency, saliency.limit);
    paintTraces(ctx, sheet, original!, changed, alone);
    paintPrint(ctx, win, this.sheet!, colours);
    const { speed, gain } = this.sheet!;
    ctx.font = `500 ${Math.min(12, Math.max(10, 2.6 * win.scale))}px ${FONT}`;
    label(ctx, `${speed} mm/s   ${gain} mm/mV   ${note}`, 6, win.height - 6, colours);
    const whole = this.sheet!.width * win.scale;
    if (whole > win.width + 1) {
      ctx.fillStyle = colours.caliper;
      ctx.globalAlpha = 0.45;
      ctx.fillRect((-win.dx / whole) * win.width, win.height - 3, (win.width / whole) * win.width, 3);
      ctx.globalAlpha = 1;
    }
  }

  private paintMarks(ctx: CanvasRenderingContext2D, win: Window): void {
    const colours = (this.colours ??= palette(this.root));
    ctx.setTransform(win.ratio, 0, 0, win.ratio, 0, 0);
    const reach = 0.46 * this.sheet!.rowHeight * win.scale;
    ctx.strokeStyle = ctx.fillStyle = colours.caliper;
    ctx.lineWidth = 1;
    const place = (mark: Mark): { x: number; y: number; zero: number } => {
      const mv = mark.point.mv - (this.offsets.get(mark.panel.lead) ?? 0);
      const at = toPaper(this.sheet!, mark.panel, mark.point.t - this.start, mv);
      return { x: at.x * win.scale + win.dx, y: at.y * win.scale + win.dy, zero: mark.panel.baseline * win.scale + win.dy };
    };
    const post = (mark: Mark, solid: boolean): { x: number; y: number; zero: number } => {
      const at = place(mark);
      ctx.setLineDash(solid ? [] : [3, 3]);
      ctx.beginPath();
      ctx.moveTo(at.x, at.zero - reach);
      ctx.lineTo(at.x, at.zero + reach);
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.beginPath();
      ctx.arc(at.x, at.y, 3, 0, 7);
      ctx.fill();
      return at;
    };
    if (this.anchor && this.head) {
      const a = post(this.anchor, true);
      const b = post(this.head, true);
      const top = Math.max(14, Math.min(a.zero, b.zero) - reach);
      ctx.beginPath();
      ctx.moveTo(a.x, top);
      ctx.lineTo(b.x, top);
      ctx.stroke();
      ctx.font = `600 12px ${FONT}`;
      const text = between(this.anchor, this.head);
      const wide = ctx.measureText(text).width;
      const x = Math.min(win.width - wide - 10, Math.max(4, (a.x + b.x) / 2 - wide / 2));
      ctx.globalAlpha = 0.94;
      ctx.fillRect(x - 5, top - 14, wide + 10, 18);
      ctx.globalAlpha = 1;
      ctx.fillStyle = colours.paper;
      ctx.fillText(text, x, top - 1);
    } else if (this.anchor) post(this.anchor, true);
    const moving = this.head ? null : this.hover;
    if (moving) post(moving, false);
  }

  // ---- pointer, wheel, keyboard

  private listen(): void {
    const canvas = this.canvas;
    const fingers = new Map<number, { x: number; y: number }>();
    let last: { x: number; y: number } | null = null;
    let measuring = false;
    const on = <K extends keyof HTMLElementEventMap>(type: K, act: (event: HTMLElementEventMap[K]) => void, passive = true): void =>
      canvas.addEventListener(type, act, { passive, signal: this.stop });

    on("pointerdown", (event) => {
      if (event.button !== 0 || !this.sheet) return;
      fingers.set(event.pointerId, at(event));
      canvas.setPointerCapture(event.pointerId);
      last = at(event);
      measuring = fingers.size === 1 && this.tool === "measure" && event.pointerType !== "touch" && !event.shiftKey;
      if (measuring) {
        this.anchor = this.hit(at(event), true);
        this.head = null;
      }
      this.touchMarks();
    });
    on("pointermove", (event) => {
      if (!this.sheet) return;
      const now = at(event);
      if (!fingers.has(event.pointerId)) {
        this.hover = this.hit(now, false);
        return this.touchMarks();
      }
      if (fingers.size === 2) this.pinch(fingers, event.pointerId, now);
      else if (measuring && this.anchor) {
        const point = this.hit(now, true, this.anchor.panel);
        if (point && Math.abs(now.x - last!.x) > 2) this.head = point;
        this.touchMarks();
      } else if (last) {
        this.panBy(last.x - now.x, last.y - now.y);
        last = now;
      }
      fingers.set(event.pointerId, now);
    });
    const up = (event: PointerEvent): void => {
      fingers.delete(event.pointerId);
      if (measuring && !this.head) this.anchor = null; // a click without a drag clears
      measuring = false;
      last = null;
      this.touchMarks();
    };
    on("pointerup", up);
    on("pointercancel", up);
    on("pointerleave", () => {
      this.hover = null;
      this.touchMarks();
    });
    on("dblclick", (event) => (this.zoom > 1 ? this.resetZoom() : this.zoomBy(3, at(event))));
    on(
      "wheel",
      (event) => {
        if (!this.sheet) return;
        if (event.ctrlKey || event.metaKey) this.zoomBy(Math.exp(-event.deltaY / 240), at(event));
        else if (!this.movable(this.window()) || (this.zoom === 1 && !event.deltaX && !event.shiftKey)) return;
        else if (event.shiftKey) this.panBy(event.deltaY, 0);
        else this.panBy(event.deltaX, event.deltaY);
        event.preventDefault();
      },
      false,
    );
    on("keydown", (event) => {
      if (this.key(event)) {
        event.preventDefault();
        event.stopPropagation();
      }
    });
  }

  private pinch(fingers: Map<number, { x: number; y: number }>, id: number, now: { x: number; y: number }): void {
    const other = [...fingers].find(([key]) => key !== id)![1];
    const before = fingers.get(id)!;
    const spread = Math.hypot(before.x - other.x, before.y - other.y);
    if (spread > 4) this.zoomBy(Math.hypot(now.x - other.x, now.y - other.y) / spread, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }

  private key(event: KeyboardEvent): boolean {
    if (!this.sheet || event.altKey || event.ctrlKey || event.metaKey) return false;
    const along = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const across = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (along) return this.step(along * (event.shiftKey ? 0.1 : 0.01));
    if (across) return this.changeLead(across);
    switch (event.key) {
      case "Enter":
      case " ":
        this.anchor = this.hover ?? this.head ?? this.firstMark();
        this.head = null;
        break;
      case "Escape":
        this.clearMarks();
        break;
      case "+":
      case "=":
        this.zoomBy(1.5);
        break;
      case "-":
        this.zoomBy(1 / 1.5);
        break;
      case "0":
        this.resetZoom();
        break;
      case "PageUp":
      case "PageDown":
        this.turn(event.key === "PageUp" ? -1 : 1);
        break;
      default:
        return false;
    }
    this.touchMarks();
    return true;
  }

  private step(by: number): boolean {
    const from = this.head ?? this.hover ?? this.anchor ?? this.firstMark();
    const { panel } = from;
    const t = Math.min(this.start + panel.t1, Math.max(this.start + panel.t0, from.point.t + by));
    const mark = { panel, point: this.sample(panel, t) };
    if (this.anchor && this.anchor.panel === panel) this.head = mark;
    else this.hover = mark;
    this.touchMarks();
    return true;
  }

  private changeLead(by: number): boolean {
    const { panels } = this.sheet!;
    const from = this.hover ?? this.head ?? this.anchor ?? this.firstMark();
    const panel = panels[(panels.indexOf(from.panel) + by + panels.length) % panels.length]!;
    const t = Math.min(this.start + panel.t1, Math.max(this.start + panel.t0, from.point.t));
    this.anchor = this.head = null;
    this.hover = { panel, point: this.sample(panel, t) };
    this.touchMarks();
    return true;
  }

  private firstMark(): Mark {
    const panel = this.sheet!.panels.at(-1)!;
    const t = this.start + (panel.t0 + panel.t1) / 2;
    return { panel, point: this.sample(panel, t) };
  }

  /** The trace that calipers measure: the one in sight. */
  private get measured(): Layer | null {
    const { original, changed, alone } = this.content;
    return (alone && changed) || original;
  }

  private sample(panel: Panel, t: number): Point {
    const { leads, rows, fs } = this.measured!;
    const row = rows[leads.indexOf(panel.lead)]!;
    const i = Math.min(row.length - 1, Math.max(0, Math.round(t * fs)));
    return { t: i / fs, mv: row[i]! };
  }

  /** The point of a trace under the hand; `catches` lets it snap to a near extremum. */
  private hit(point: { x: number; y: number }, catches: boolean, only?: Panel): Mark | null {
    const layer = this.measured;
    if (!this.sheet || !layer) return null;
    const { scale, dx, dy } = this.window();
    const mm = { x: (point.x - dx) / scale, y: (point.y - dy) / scale };
    let found = fromPaper(this.sheet, mm.x, mm.y);
    if (only) {
      const t = only.t0 + (mm.x - only.x) / this.sheet.speed;
      found = { panel: only, t: Math.min(only.t1, Math.max(only.t0, t)) };
    }
    if (!found) return null;
    const t = this.start + found.t;
    const row = layer.rows[layer.leads.indexOf(found.panel.lead)];
    if (!row) return null;
    return { panel: found.panel, point: catches ? snap(row, layer.fs, t) : this.sample(found.panel, t) };
  }

  private panBy(x: number, y: number): void {
    const { scale } = this.window();
    this.pan = { x: this.pan.x + x / scale, y: this.pan.y + y / scale };
    this.refresh();
  }

  private clearMarks(): void {
    this.anchor = this.head = this.hover = null;
    this.touchMarks();
  }

  private touchMarks(): void {
    this.stale.marks = true;
    const words = this.words();
    if (this.readout.textContent !== words) this.readout.textContent = words;
    this.redraw();
  }

  private words(): string {
    const mark = this.head ?? this.hover ?? this.anchor;
    if (!mark) return "";
    const { panel, point } = mark;
    const signed = (mv: number): string => `${panel.sign * mv < 0 ? "−" : ""}${Math.abs(mv).toFixed(2)}`;
    const parts = [`${panel.label.replace("-", "−")}  ${point.t.toFixed(3)} s  ${signed(point.mv)} mV`];
    const { changed, saliency } = this.content;
    const now = changed && !this.content.alone ? valueAt(changed, panel.lead, point.t) : null;
    if (now !== null && Math.abs(now - point.mv) >= 0.005) parts.push(`counterfactual ${signed(now)} mV`);
    const weight = saliency && valueAt(saliency, panel.lead, point.t);
    if (weight !== null) parts.push(`saliency ${weight < 0 ? "−" : "+"}${Math.abs(weight).toPrecision(2)}`);
    if (this.anchor && this.head) parts.push(between(this.anchor, this.head));
    return parts.join("   ·   ");
  }
}

/** As printed: the deflection of an inverted lead is inverted too. */
const between = (a: Mark, b: Mark): string => {
  const found = interval(a.point, b.point);
  return describe({ ...found, mv: a.panel.sign * found.mv });
};

const at = (event: PointerEvent | WheelEvent | MouseEvent): { x: number; y: number } => ({ x: event.offsetX, y: event.offsetY });

const lengthS = (layer: Layer): number => (layer.rows[0]?.length ?? 0) / layer.fs;

function valueAt(layer: Layer, lead: string, t: number): number | null {
  const row = layer.rows[layer.leads.indexOf(lead)];
  return row?.[Math.round(t * layer.fs)] ?? null;
}

function median(row: Float32Array): number {
  const sorted = Float32Array.from(row).sort();
  return sorted[sorted.length >> 1] ?? 0;
}
