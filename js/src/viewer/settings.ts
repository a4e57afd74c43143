// The settings of the paper live in traits, so that all views and Python agree.

import { type Host, listen } from "../core/host";
import { EcgView, type Settings } from "./ecg-view";
import { Toolbar } from "./toolbar";

/** `format` because `layout` is ipywidgets' own. */
const TRAIT: Record<keyof Settings, string> = { layout: "format", speed: "speed", gain: "gain", order: "order" };

/** An ECG and its toolbar, bound to the traits of the paper. */
export function bindPaper(host: Host, root: HTMLElement, stop: AbortSignal): { view: EcgView; toolbar: Toolbar } {
  const settings = (): Settings => Object.fromEntries(Object.entries(TRAIT).map(([name, trait]) => [name, host.get(trait)])) as never;
  let toolbar: Toolbar | null = null;
  const view = new EcgView(root, stop, () => toolbar?.update());
  toolbar = new Toolbar(
    view,
    (name, value) => {
      host.set(TRAIT[name], value);
      host.save_changes();
    },
    () => (host.get("_ecg")?.name ?? "ecg").replace(/[^\w.-]+/g, "_").slice(0, 80),
  );
  const apply = (): void => {
    view.configure(settings());
    toolbar.set(settings());
  };
  for (const trait of Object.values(TRAIT)) listen(host, `change:${trait}`, apply, stop);
  apply();
  return { view, toolbar };
}
