// The least there is between us and the DOM. Text always goes in as text, never as markup.

type Attributes = Record<string, string | number | boolean | null | undefined | ((event: any) => void)>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string | null)[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string | null)[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill<E extends Element>(element: E, attributes: Attributes, children: (Node | string | null)[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

let serial = 0;
/** An id no other element of the page has: labels and controls are tied by it. */
export const uid = (stem: string): string => `cofe-${stem}-${++serial}`;

/** A labelled drop-down; `choices` are [value, text]. */
export function select(
  label: string,
  choices: readonly (readonly [string, string])[],
  onchange: (value: string) => void,
): HTMLSelectElement {
  return h(
    "select",
    { "aria-label": label, title: label, onchange: (e) => onchange((e.target as HTMLSelectElement).value) },
    ...choices.map(([value, text]) => h("option", { value }, text)),
  );
}

/** A box with its words beside it. */
export const check = (box: HTMLInputElement, text: string): HTMLElement => h("label", { class: "cofe-check" }, box, text);

/** Call `draw` at most once a frame, however often it is asked for; drops out when `stop` fires. */
export function framed(draw: () => void, stop: AbortSignal): () => void {
  let asked = 0;
  stop.addEventListener("abort", () => cancelAnimationFrame(asked));
  return () => {
    if (asked || stop.aborted) return;
    asked = requestAnimationFrame(() => {
      asked = 0;
      draw();
    });
  };
}

export function download(name: string, blob: Blob): void {
  const href = URL.createObjectURL(blob);
  h("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
