// The least there is between us and the DOM. Text always goes in as text, never as markup.

import { floor } from "./math";

export type Part =
  | Node
  | string
  | false
  | null
  | undefined
  | Record<string, string | number | boolean | null | undefined | ((event: any) => void)>;
type Made<Tags, Kind> = Tags[(Kind extends `${infer Tag}.${string}` ? Tag : Kind) & keyof Tags];

/** An element: `h("p.quiet", { title: "…" }, "text")`. Names after dots are its classes, less their `cofe-`. */
export function h<Kind extends string>(kind: Kind, ...parts: Part[]): Made<HTMLElementTagNameMap, Kind> {
  return make((tag) => document.createElement(tag), kind, parts) as never;
}

export function svg<Kind extends string>(kind: Kind, ...parts: Part[]): Made<SVGElementTagNameMap, Kind> {
  return make((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag), kind, parts) as never;
}

function make(create: (tag: string) => Element, kind: string, parts: Part[]): Element {
  const [tag, ...names] = kind.split(".");
  const element = create(tag!);
  element.classList.add(...names.map((name) => `cofe-${name}`));
  put(element, ...parts);
  return element;
}

/** Add children, attributes and listeners to what there is. */
export function put(element: Element, ...parts: Part[]): void {
  for (const part of parts) {
    if (part instanceof Node || typeof part === "string") element.append(part);
    else if (part) for (const [name, value] of Object.entries(part)) attribute(element, name, value);
  }
}

function attribute(element: Element, name: string, value: unknown): void {
  if (typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
  else if (value === true) element.setAttribute(name, "");
  else if (value !== false && value != null) element.setAttribute(name, String(value));
}

/** `title` explains it, and is its name where the text is but a sign. */
export function button(text: string, title: string, onclick: () => void, kind = "", value: string | null = null): HTMLButtonElement {
  const name = /\w{2}/.test(text) ? null : title;
  return h(`button${kind}` as "button", { type: "button", title: title || null, "aria-label": name, value, onclick }, text);
}

let serial = 0;
/** An id no other element of the page has: labels and controls are tied by it. */
export const uid = (stem: string): string => `cofe-${stem}-${++serial}`;

/** The words of a menu or a row of buttons: value, text, and what it means. */
export type Menu = readonly (readonly [string, string, string?])[];

/** A labelled drop-down; */
export function select(label: string, choices: Menu, onchange: (value: string) => void): HTMLSelectElement {
  return h(
    "select",
    { "aria-label": label, title: label, onchange: (e) => onchange((e.target as HTMLSelectElement).value) },
    ...choices.map(option),
  );
}

export const option = ([value, text]: Menu[number]): HTMLElement => h("option", { value }, text);

/** Of buttons of which some are on: those of these values. */
export function press(buttons: readonly HTMLButtonElement[], on: readonly string[]): void {
  for (const one of buttons) one.setAttribute("aria-pressed", String(on.includes(one.value)));
}

/** A list with a name more, or less where it was there. */
export const toggled = (on: readonly string[], name: string): string[] =>
  on.includes(name) ? on.filter((other) => other !== name) : [...on, name];

export const group = (label: string, ...children: Node[]): HTMLElement =>
  h("span.group", { role: "group", "aria-label": label }, ...children);

/** A box with its words beside it. */
export const check = (box: HTMLInputElement, text: string | Node): HTMLElement => h("label.check", box, text);

/** What is to be undone when a view goes away. */
export const onStop = (stop: AbortSignal, undo: () => void): void => stop.addEventListener("abort", undo);

/** Call `draw` at most once a frame, however often it is asked for; drops out when `stop` fires. */
export function framed(draw: () => void, stop: AbortSignal): () => void {
  let asked = 0;
  onStop(stop, () => cancelAnimationFrame(asked));
  return () => {
    if (asked || stop.aborted) return;
    asked = requestAnimationFrame(() => {
      asked = 0;
      draw();
    });
  };
}

/** Call back with every new width. Hidden tabs and windowed outputs are 0 x 0: what was drawn stays until there is room again. */
export function watchWidth(element: Element, changed: (width: number) => void, stop: AbortSignal): void {
  let last = 0;
  const watch = new ResizeObserver(([entry]) => {
    const width = floor(entry!.contentRect.width);
    if (width > 0 && width !== last) changed((last = width));
  });
  watch.observe(element);
  onStop(stop, () => watch.disconnect());
}

export function download(name: string, blob: Blob): void {
  const href = URL.createObjectURL(blob);
  h("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
