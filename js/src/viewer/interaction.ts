// Pointer, touch, wheel and keys on the paper, turned into moves of the view.

import { abs, hypot } from "../core/math";
import type { Panel } from "../core/paper";
import type { Caliper, Calipers, Scene } from "./calipers";

export interface ScreenPoint {
  x: number; // CSS px of the canvas
  y: number;
}

/** What of the view a hand can move. */
export interface Interactive {
  readonly calipers: Calipers;
  readonly scene: Scene | null; // null: there is no ECG yet
  measures(): boolean; // a drag measures; otherwise it moves the paper
  movable(): boolean;
  readonly zoomed: number;
  caliperAt(point: ScreenPoint, catches: boolean, only?: Panel): Caliper | null;
  panBy(x: number, y: number): void;
  zoomBy(factor: number, at?: ScreenPoint): void;
  resetZoom(): void;
  turnPage(by: number): void;
  clear(): void;
  calipersMoved(): void;
}

export function bindInteraction(canvas: HTMLCanvasElement, view: Interactive, stop: AbortSignal): void {
  const on = <K extends keyof HTMLElementEventMap>(type: K, act: (event: HTMLElementEventMap[K]) => void, passive = true): void =>
    canvas.addEventListener(type, act, { passive, signal: stop });
  pointers(on, canvas, view);
  on("dblclick", (event) => (view.zoomed > 1 ? view.resetZoom() : view.zoomBy(3, at(event))));
  on(
    "wheel",
    (event) => {
      if (!view.scene) return;
      if (event.ctrlKey || event.metaKey) view.zoomBy(Math.exp(-event.deltaY / 240), at(event));
      else if (!view.movable() || (view.zoomed === 1 && !event.deltaX && !event.shiftKey)) return;
      else if (event.shiftKey) view.panBy(event.deltaY, 0);
      else view.panBy(event.deltaX, event.deltaY);
      event.preventDefault();
    },
    false,
  );
  on("keydown", (event) => {
    if (key(event, view)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
}

type On = <K extends keyof HTMLElementEventMap>(type: K, act: (event: HTMLElementEventMap[K]) => void) => void;

function pointers(on: On, canvas: HTMLCanvasElement, view: Interactive): void {
  const { calipers } = view;
  const fingers = new Map<number, ScreenPoint>();
  let last: ScreenPoint | null = null;
  let measuring = false;

  on("pointerdown", (event) => {
    if (event.button !== 0 || !view.scene) return;
    fingers.set(event.pointerId, at(event));
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
    measuring = fingers.size === 1 && view.measures() && event.pointerType !== "touch" && !event.shiftKey;
    if (measuring) {
      calipers.anchor = view.caliperAt(at(event), true);
      calipers.head = null;
    }
    view.calipersMoved();
  });
  on("pointermove", (event) => {
    if (!view.scene) return;
    const now = at(event);
    if (!fingers.has(event.pointerId)) {
      calipers.hover = view.caliperAt(now, false);
      return view.calipersMoved();
    }
    if (fingers.size === 2) pinch(view, fingers, event.pointerId, now);
    else if (measuring && calipers.anchor) {
      const point = view.caliperAt(now, true, calipers.anchor.panel);
      if (point && abs(now.x - last!.x) > 2) calipers.head = point;
      view.calipersMoved();
    } else if (last) {
      view.panBy(last.x - now.x, last.y - now.y);
      last = now;
    }
    fingers.set(event.pointerId, now);
  });
  const up = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    if (measuring && !calipers.head) calipers.anchor = null; // a click without a drag clears
    measuring = false;
    last = null;
    view.calipersMoved();
  };
  on("pointerup", up);
  on("pointercancel", up);
  on("pointerleave", () => {
    calipers.hover = null;
    view.calipersMoved();
  });
}

function pinch(view: Interactive, fingers: Map<number, ScreenPoint>, id: number, now: ScreenPoint): void {
  const other = [...fingers].find(([key]) => key !== id)![1];
  const before = fingers.get(id)!;
  const spread = hypot(before.x - other.x, before.y - other.y);
  if (spread > 4) view.zoomBy(hypot(now.x - other.x, now.y - other.y) / spread, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
}

function key(event: KeyboardEvent, view: Interactive): boolean {
  const { scene, calipers } = view;
  if (!scene || event.altKey || event.ctrlKey || event.metaKey) return false;
  const along = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const across = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (along) calipers.step(scene, along * (event.shiftKey ? 0.1 : 0.01));
  else if (across) calipers.changeLead(scene, across);
  else if (!command(event.key, scene, view)) return false;
  view.calipersMoved();
  return true;
}

function command(name: string, scene: Scene, view: Interactive): boolean {
  switch (name) {
    case "Enter":
    case " ":
      view.calipers.set(scene);
      break;
    case "Escape":
      view.clear();
      break;
    case "+":
    case "=":
      view.zoomBy(1.5);
      break;
    case "-":
      view.zoomBy(1 / 1.5);
      break;
    case "0":
      view.resetZoom();
      break;
    case "PageUp":
    case "PageDown":
      view.turnPage(name === "PageUp" ? -1 : 1);
      break;
    default:
      return false;
  }
  return true;
}

const at = (event: MouseEvent): ScreenPoint => ({ x: event.offsetX, y: event.offsetY });
