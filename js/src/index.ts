// The one module of the package: anywidget calls render(), an exported page calls mount().

import { h } from "./core/dom";
import { type Host, StaticHost } from "./core/host";
import { Explainer } from "./explainer/explainer";
import { HeartLab } from "./heart/heartlab";
import { Viewer } from "./viewer/viewer";

const COMPONENTS: Record<string, new (host: Host, root: HTMLElement, stop: AbortSignal) => unknown> = {
  viewer: Viewer,
  explainer: Explainer,
  heart: HeartLab,
};

function draw(host: Host, element: HTMLElement): () => void {
  const stop = new AbortController();
  const root = h("div", { class: "cofe" });
  element.append(root);
  try {
    new COMPONENTS[host.get("_component")]!(host, root, stop.signal);
  } catch (error) {
    root.replaceChildren(h("p.error", { role: "alert" }, `This ECG cannot be shown: ${(error as Error).message}`));
  }
  return () => {
    stop.abort();
    root.remove();
  };
}

export default {
  render({ model, el, signal }: { model: Host; el: HTMLElement; signal?: AbortSignal }): () => void {
    const clear = draw(model, el);
    signal?.addEventListener("abort", clear);
    return clear;
  },
};

/** Show the state of a widget where there is no kernel. */
export function mount(element: HTMLElement, state: Record<string, unknown>): StaticHost {
  const host = new StaticHost(state);
  element.replaceChildren();
  draw(host, element);
  return host;
}
