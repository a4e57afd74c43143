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

const NAMES = ["paper", "minor", "major", "trace", "changed", "changedFill", "text", "caliper", "positive", "negative", "p", "qrs", "t"] as const;

export function palette(root: HTMLElement): Palette {
  const style = getComputedStyle(root);
  const value = (name: string): string => style.getPropertyValue(`--cofe-${name}`).trim();
  return { ...Object.fromEntries(NAMES.map((name) => [name, value(name) || "#888"])), wash: Number(value("wave-wash")) || 0.15 } as Palette;
}

/** JupyterLab says its theme on the body; elsewhere the ground's own brightness or the system decides. */
function isDark(): boolean {
  const body = document.body;
  const told = body.dataset.jpThemeLight;
  if (told) return told === "false";
  const ground = getComputedStyle(body).getPropertyValue("--jp-layout-color0").trim();
  const ctx = ground && document.createElement("canvas").getContext("2d");
  if (!ctx) return matchMedia("(prefers-color-scheme: dark)").matches;
  ctx.fillStyle = ground; // which the canvas gives back as #rrggbb: grounds are grey, one channel tells
  return parseInt(ctx.fillStyle.slice(1, 3), 16) < 128;
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
  watch.observe(document.body, { attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class", "style"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply, { signal: stop });
  stop.addEventListener("abort", () => watch.disconnect());
}
