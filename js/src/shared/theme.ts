// Light or dark, and the colours of the paper: set in index.css, read here for the canvas.

export interface Palette {
  paper: string;
  minor: string;
  major: string;
  trace: string;
  changed: string;
  changedFill: string;
  text: string;
  caliper: string;
  positive: string;
  negative: string;
  p: string;
  qrs: string;
  t: string;
  wash: number; // opacity of a band over a wave
}

const NAMES: Record<Exclude<keyof Palette, "wash">, string> = {
  paper: "--cofe-paper",
  minor: "--cofe-minor",
  major: "--cofe-major",
  trace: "--cofe-trace",
  changed: "--cofe-changed",
  changedFill: "--cofe-changed-fill",
  text: "--cofe-print",
  caliper: "--cofe-caliper",
  positive: "--cofe-positive",
  negative: "--cofe-negative",
  p: "--cofe-p",
  qrs: "--cofe-qrs",
  t: "--cofe-t",
};

export function palette(root: HTMLElement): Palette {
  const style = getComputedStyle(root);
  const entries = Object.entries(NAMES).map(([key, name]) => [key, style.getPropertyValue(name).trim() || "#888"]);
  const wash = Number(style.getPropertyValue("--cofe-wave-wash")) || 0.15;
  return { ...Object.fromEntries(entries), wash } as Palette;
}

/** JupyterLab says its theme on the body; elsewhere the ground's own brightness or the system decides. */
function isDark(): boolean {
  const body = document.body;
  const told = body.dataset.jpThemeLight;
  if (told) return told === "false";
  const ground = getComputedStyle(body).getPropertyValue("--jp-layout-color0").trim();
  const channels = luminance(ground);
  if (channels !== null) return channels < 0.5;
  return typeof matchMedia === "function" && matchMedia("(prefers-color-scheme: dark)").matches;
}

export function luminance(colour: string): number | null {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(colour)?.[1];
  const parts = hex
    ? (hex.length === 3 ? [...hex].map((c) => c + c) : hex.match(/../g)!).map((c) => parseInt(c, 16))
    : /^rgba?\(([^)]+)\)$/.exec(colour)?.[1]?.split(",").slice(0, 3).map(Number);
  if (!parts || parts.length !== 3 || parts.some(Number.isNaN)) return null;
  return (0.2126 * parts[0]! + 0.7152 * parts[1]! + 0.0722 * parts[2]!) / 255;
}

/** Keep `data-theme` of the root true to the page around it, and call back when it changes. */
export function followTheme(root: HTMLElement, changed: () => void, stop: AbortSignal): void {
  const apply = (): void => {
    const theme = isDark() ? "dark" : "light";
    if (root.dataset.theme === theme) return;
    root.dataset.theme = theme;
    changed();
  };
  apply();
  const watch = new MutationObserver(apply);
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class", "style"] });
  const system = typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : null;
  system?.addEventListener("change", apply);
  stop.addEventListener("abort", () => {
    watch.disconnect();
    system?.removeEventListener("change", apply);
  });
}
