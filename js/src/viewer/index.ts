// EcgViewer: one ECG on paper, bound to the traits of cofe_widgets/widgets/viewer.py.

import { decode, type Packed } from "../shared/codec";
import { h } from "../shared/dom";
import { listen, type Host } from "../shared/host";
import { EcgView, type Settings } from "./ecg-view";
import { legend, type SaliencyFacts } from "./legend";
import type { Layer } from "./paint";
import { Toolbar } from "./toolbar";

export interface PackedLayer {
  fs: number;
  leads: string[];
  signal: Packed;
}

export interface Ecg extends PackedLayer {
  title: string;
  facts: string[];
  note: string;
}

export type Saliency = PackedLayer & SaliencyFacts;

export function layer(packed: PackedLayer | null): Layer | null {
  return packed && { fs: packed.fs, leads: packed.leads, rows: decode(packed.signal) };
}

export function saliencyLayer(packed: Saliency | null): (Layer & { limit: number }) | null {
  return packed && { ...layer(packed)!, limit: packed.limit || 1 };
}

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
  const title = h("div", { class: "cofe-title" });
  const key = h("div");
  root.append(h("div", { class: "cofe-head" }, title, toolbar.element), view.element, key);
  const update = (): void => {
    const ecg: Ecg = host.get("_ecg");
    const saliency: Saliency | null = host.get("_saliency");
    title.replaceChildren(h("strong", {}, ecg.title), ...ecg.facts.map((fact) => h("span", {}, fact)));
    view.show({ original: layer(ecg), changed: layer(host.get("_overlay")), saliency: saliencyLayer(saliency), note: ecg.note });
    const named = host.get("_overlay")?.title;
    key.replaceChildren(legend(named ?? null, saliency));
    key.hidden = !named && !saliency;
    toolbar.update();
  };
  for (const trait of ["_ecg", "_overlay", "_saliency"]) listen(host, `change:${trait}`, update, stop);
  update();
}
