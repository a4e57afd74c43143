// What a hand does to the paper: pointer, touch, wheel and keys, turned into moves of the view.

import type { Panel } from "../core/paper";
import type { Ground, Mark, Marks } from "./calipers";

export interface Spot {
  x: number; // CSS px of the canvas
  y: number;
}

/** The view as a hand sees it. */
export interface Grip {
  readonly marks: Marks;
  readonly ground: Ground | null; // null: there is no ECG yet
  measures(): boolean; // a drag measures; otherwise it moves the paper
  movable(): boolean;
  readonly zoomed: number;
  hit(point: Spot, catches: boolean, only?: Panel): Mark | null;
  panBy(x: number, y: number): void;
  zoomBy(factor: number, at?: Spot): void;
  resetZoom(): void;
  turn(by: number): void;
  clear(): void;
  touched(): void; // marks have changed
}

export function hands(canvas: HTMLCanvasElement, grip: Grip, stop: AbortSignal): void {
  const on = <K extends keyof HTMLElementEventMap>(type: K, act: (event: HTMLElementEventMap[K]) => void, passive = true): void =>
    canvas.addEventListener(type, act, { passive, signal: stop });
  pointers(on, canvas, grip);
  on("dblclick", (event) => (grip.zoomed > 1 ? grip.resetZoom() : grip.zoomBy(3, at(event))));
  on(
    "wheel",
    (event) => {
      if (!grip.ground) return;
      if (event.ctrlKey || event.metaKey) grip.zoomBy(Math.exp(-event.deltaY / 240), at(event));
      else if (!grip.movable() || (grip.zoomed === 1 && !event.deltaX && !event.shiftKey)) return;
      else if (event.shiftKey) grip.panBy(event.deltaY, 0);
      else grip.panBy(event.deltaX, event.deltaY);
      event.preventDefault();
    },
    false,
  );
  on("keydown", (event) => {
    if (key(event, grip)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
}

type On = <K extends keyof HTMLElementEventMap>(type: K, act: (event: HTMLElementEventMap[K]) => void) => void;

function pointers(on: On, canvas: HTMLCanvasElement, grip: Grip): void {
  const { marks } = grip;
  const fingers = new Map<number, Spot>();
  let last: Spot | null = null;
  let measuring = false;

  on("pointerdown", (event) => {
    if (event.button !== 0 || !grip.ground) return;
    fingers.set(event.pointerId, at(event));
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
    measuring = fingers.size === 1 && grip.measures() && event.pointerType !== "touch" && !event.shiftKey;
    if (measuring) {
      marks.anchor = grip.hit(at(event), true);
      marks.head = null;
    }
    grip.touched();
  });
  on("pointermove", (event) => {
    if (!grip.ground) return;
    const now = at(event);
    if (!fingers.has(event.pointerId)) {
      marks.hover = grip.hit(now, false);
      return grip.touched();
    }
    if (fingers.size === 2) pinch(grip, fingers, event.pointerId, now);
    else if (measuring && marks.anchor) {
      const point = grip.hit(now, true, marks.anchor.panel);
      if (point && Math.abs(now.x - last!.x) > 2) marks.head = point;
      grip.touched();
    } else if (last) {
      grip.panBy(last.x - now.x, last.y - now.y);
      last = now;
    }
    fingers.set(event.pointerId, now);
  });
  const up = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    if (measuring && !marks.head) marks.anchor = null; // a click without a drag clears
    measuring = false;
    last = null;
    grip.touched();
  };
  on("pointerup", up);
  on("pointercancel", up);
  on("pointerleave", () => {
    marks.hover = null;
    grip.touched();
  });
}

function pinch(grip: Grip, fingers: Map<number, Spot>, id: number, now: Spot): void {
  const other = [...fingers].find(([key]) => key !== id)![1];
  const before = fingers.get(id)!;
  const spread = Math.hypot(before.x - other.x, before.y - other.y);
  if (spread > 4) grip.zoomBy(Math.hypot(now.x - other.x, now.y - other.y) / spread, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
}

function key(event: KeyboardEvent, grip: Grip): boolean {
  const { ground, marks } = grip;
  if (!ground || event.altKey || event.ctrlKey || event.metaKey) return false;
  const along = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const across = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (along) marks.step(ground, along * (event.shiftKey ? 0.1 : 0.01));
  else if (across) marks.changeLead(ground, across);
  else if (!command(event.key, ground, grip)) return false;
  grip.touched();
  return true;
}

function command(name: string, ground: Ground, grip: Grip): boolean {
  switch (name) {
    case "Enter":
    case " ":
      grip.marks.set(ground);
      break;
    case "Escape":
      grip.clear();
      break;
    case "+":
    case "=":
      grip.zoomBy(1.5);
      break;
    case "-":
      grip.zoomBy(1 / 1.5);
      break;
    case "0":
      grip.resetZoom();
      break;
    case "PageUp":
    case "PageDown":
      grip.turn(name === "PageUp" ? -1 : 1);
      break;
    default:
      return false;
  }
  return true;
}

const at = (event: MouseEvent): Spot => ({ x: event.offsetX, y: event.offsetY });
