// EcgViewer: one ECG on paper, bound to the traits of cofe_widgets/widgets/viewer/viewer.py.

import { Component } from "../core/component";
import { check, h } from "../core/dom";
import type { Host } from "../core/host";
import { type Ecg, type PackedShade, unpackLayer, unpackShade } from "../core/layers";
import { BeatCard } from "./beat";
import { type PackedWaves, unpackWaves } from "./fiducials";
import { legend } from "./legend";
import { bindPaper } from "./settings";

export class Viewer extends Component {
  constructor(host: Host, root: HTMLElement, stop: AbortSignal) {
    super(host, root, stop);
    const { view, toolbar } = bindPaper(host, root, stop);
    const key = h("div");
    const beat = new BeatCard(root, stop);
    const box = h("input", { type: "checkbox", onchange: () => this.set("show_waves", box.checked) });
    const toggle = check(box, "Waves");
    root.append(h("div.head", this.title, h("div.tools", toolbar.element, toggle)), view.element, key, beat.element);
    this.on(["_ecg", "_overlay", "_shade", "_waves", "show_waves"], () => {
      const ecg: Ecg = this.get("_ecg");
      const shade: PackedShade | null = this.get("_shade");
      const waves: PackedWaves | null = this.get("_waves");
      const overlay = this.get("_overlay");
      toggle.hidden = !waves;
      box.checked = this.get("show_waves");
      const shown = waves && box.checked ? waves : null;
      this.showTitle(ecg);
      const named: string = overlay?.title ?? "";
      view.show({
        original: unpackLayer(ecg),
        changed: unpackLayer(overlay),
        named,
        shade: unpackShade(shade),
        waves: unpackWaves(shown),
        note: ecg.note,
      });
      key.replaceChildren(legend({ lines: named ? ["original", named] : null, shade, waves: shown?.source }));
      key.hidden = !named && !shade && !shown;
      beat.show(this.get("_beat"));
      toolbar.update();
    });
  }
}
