// EcgViewer: one ECG on paper, bound to the traits of cofe_widgets/widgets/viewer/viewer.py.

import { Component } from "../core/component";
import { check, h } from "../core/dom";
import type { Host } from "../core/host";
import { type Ecg, type PackedShade, unpackLayer, unpackShade } from "../core/layers";
import { Slider } from "../core/slider";
import { BeatCard } from "./beat";
import { type PackedWaves, unpackWaves } from "./fiducials";
import { clock } from "./interval";
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
    // Of a long record: all of it in a strip, and where in it the page lies.
    const strip = h("img.strip", { alt: "" });
    const place = new Slider(
      "From",
      { min: 0, max: 0, step: 10 },
      (t) => clock(t, 0),
      (t) => this.drag("start", t),
    );
    root.append(h("div.head", this.title, h("div.tools", toolbar.element, toggle)), strip, place.element, view.element, key, beat.element);
    this.on(["_ecg", "_overlay", "_shade", "_waves", "show_waves", "start"], () => {
      const ecg: Ecg = this.get("_ecg");
      const shade: PackedShade | null = this.get("_shade");
      const waves: PackedWaves | null = this.get("_waves");
      const overlay = this.get("_overlay");
      toggle.hidden = !waves;
      box.checked = this.get("show_waves");
      const shown = waves && box.checked ? waves : null;
      this.showTitle(ecg);
      const { origin, total } = ecg;
      strip.hidden = place.element.hidden = !total;
      strip.src = this.get("_strip");
      const from = this.get("start");
      place.show(from, "", [0, total - 1]);
      const named: string = overlay?.title ?? "";
      view.show({
        ...ecg, // note, marks, origin, total
        original: unpackLayer(ecg),
        changed: unpackLayer(overlay),
        named,
        shade: unpackShade(shade),
        waves: unpackWaves(shown),
        start: total ? 0 : from - origin,
        seek: (to) => this.set("start", total ? to : origin + to),
      });
      key.replaceChildren(legend({ lines: named ? ["original", named] : null, shade, waves: shown?.source }));
      key.hidden = !named && !shade && !shown;
      beat.show(this.get("_beat"));
      toolbar.update();
    });
  }
}
