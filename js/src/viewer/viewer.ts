// EcgViewer: one ECG on paper, bound to the traits of cofe_widgets/widgets/viewer.py.

import { check, h } from "../core/dom";
import { listen, type Host } from "../core/host";
import { EcgView, type Settings } from "./ecg-view";
import { layer, shadeLayer, wavesOf, type Ecg, type PackedShade } from "../core/layers";
import { legend } from "./legend";
import { MedianCard } from "./beat";
import { Toolbar } from "./toolbar";
import type { PackedWaves } from "./fiducials";

/** Paper settings live in traits, so that all views and Python agree; `format` because `layout` is ipywidgets' own. */
const TRAIT: Record<keyof Settings, string> = { layout: "format", speed: "speed", gain: "gain", order: "order" };

export function bindPaper(host: Host, root: HTMLElement, stop: AbortSignal): { view: EcgView; toolbar: Toolbar } {
  const settings = (): Settings => ({
    layout: host.get("format"),
    speed: host.get("speed"),
    gain: host.get("gain"),
    order: host.get("order"),
  });
  let toolbar: Toolbar | null = null;
  const view = new EcgView(root, stop, () => toolbar?.update());
  toolbar = new Toolbar(
    view,
    (name, value) => {
      host.set(TRAIT[name], value);
      host.save_changes();
    },
    () => (host.get("_ecg")?.title ?? "ecg").replace(/[^\w.-]+/g, "_").slice(0, 80),
  );
  const apply = (): void => {
    view.configure(settings());
    toolbar.set(settings());
  };
  for (const trait of Object.values(TRAIT)) listen(host, `change:${trait}`, apply, stop);
  apply();
  return { view, toolbar };
}

export function renderViewer(host: Host, root: HTMLElement, stop: AbortSignal): void {
  const { view, toolbar } = bindPaper(host, root, stop);
  const title = h("div.title");
  const key = h("div");
  const median = new MedianCard(root, stop);
  const box = h("input", { type: "checkbox" });
  const toggle = check(box, "Waves");
  box.addEventListener("change", () => {
    host.set("show_waves", box.checked);
    host.save_changes();
  });
  root.append(h("div.head", title, h("div.tools", toolbar.element, toggle)), view.element, key, median.element);
  const update = (): void => {
    const ecg: Ecg = host.get("_ecg");
    const shade: PackedShade | null = host.get("_shade");
    const waves: PackedWaves | null = host.get("_waves");
    toggle.hidden = !waves;
    box.checked = host.get("show_waves");
    const shown = waves && box.checked ? waves : null;
    title.replaceChildren(h("strong", ecg.title), ...ecg.facts.map((fact) => h("span", fact)));
    const named: string | undefined = host.get("_overlay")?.title;
    view.show({ original: layer(ecg), changed: layer(host.get("_overlay")), named: named ?? "", shade: shadeLayer(shade), waves: wavesOf(shown), note: ecg.note });
    key.replaceChildren(legend({ lines: named ? ["original", named] : null, shade, waves: shown?.source }));
    key.hidden = !named && !shade && !shown;
    median.show(host.get("_beat"));
    toolbar.update();
  };
  for (const trait of ["_ecg", "_overlay", "_shade", "_waves", "show_waves"]) listen(host, `change:${trait}`, update, stop);
  update();
}
