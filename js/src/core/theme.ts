// Light or dark, and the colours of either: read from the file that the SVG of the Python side reads too.

import themes from "../../../cofe_widgets/report/figures/palette.json";

import { onStop } from "./dom";

export type Palette = (typeof themes)["light"];

/** The colours of a root whose theme is followed. */
export const palette = (root: HTMLElement): Palette => themes[root.dataset.theme as keyof typeof themes];

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

/** Keep theme and colours of the root true to the page around it, and call back when they change. */
export function followTheme(root: HTMLElement, changed: () => void, stop: AbortSignal): void {
  const apply = (): void => {
    const theme = isDark() ? "dark" : "light";
    if (root.dataset.theme === theme) return;
    root.dataset.theme = theme;
    for (const [name, value] of Object.entries(themes[theme])) root.style.setProperty(`--cofe-${name}`, `${value}`);
    changed();
  };
  apply();
  const watch = new MutationObserver(apply);
  watch.observe(document.body, { attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class", "style"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply, { signal: stop });
  onStop(stop, () => watch.disconnect());
}
