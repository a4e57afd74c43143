// HeartLab: a simulated heart under sliders. Bound to cofe_widgets/widgets/heart/heartlab.py.
// While a hand is on a slider the kernel sends frames; where it comes to rest, the traits hold the same.

import { attach } from "../core/codec";
import { Component } from "../core/component";
import { button, group, h, type Menu, press } from "../core/dom";
import type { Host } from "../core/host";
import { isRunning, type Jobs, type Reply } from "../core/jobs";
import { type Ecg, type PackedLayer, type PackedShade, unpackLayer, unpackShade } from "../core/layers";
import { BeatCard, type PackedBeat } from "../viewer/beat";
import type { EcgView } from "../viewer/ecg-view";
import { type PackedWaves, unpackWaves } from "../viewer/fiducials";
import { legend } from "../viewer/legend";
import { bindPaper } from "../viewer/settings";
import type { Toolbar } from "../viewer/toolbar";
import { ComparisonCard, type Row } from "./comparison";
import { HeartDials } from "./dials";

/** What the kernel sends of one heart: in the traits of these names, or in a frame. */
interface HeartState {
  _ecg: Ecg;
  _twin: PackedLayer | null;
  _shade: PackedShade | null;
  _waves: PackedWaves | null;
}

const STATE = ["_ecg", "_twin", "_shade", "_waves"] as const;
const DIALS = [
  "_choices",
  "condition",
  "second",
  "severity",
  "potassium",
  "seed",
  "age",
  "sex",
  "noise",
  "artefacts",
  "reversal",
  "clipping_mv",
];

export class HeartLab extends Component {
  readonly #view: EcgView;
  readonly #toolbar: Toolbar;
  readonly #dials: HeartDials;
  readonly #comparison: ComparisonCard;
  readonly #beat: BeatCard;
  readonly #overlays: HTMLButtonElement[];
  readonly #key = h("div.keys");
  readonly #jobs: Jobs | null;
  #streaming = false; // frames come: the traits of before are out of date

  constructor(host: Host, root: HTMLElement, stop: AbortSignal) {
    super(host, root, stop);
    const live = Boolean(this.get("_live"));
    ({ view: this.#view, toolbar: this.#toolbar } = bindPaper(host, root, stop));
    this.#dials = new HeartDials(this);
    this.#comparison = new ComparisonCard((lead) => this.set("lead", lead));
    this.#beat = new BeatCard(root, stop);
    this.#overlays = this.get<{ overlays: Menu }>("_menus").overlays.map(([value, text, title]) =>
      button(text, title!, () => this.set("overlay", value), "", value),
    );
    root.classList.add("cofe-explainer", "cofe-has-ecg", "cofe-heart");
    const tools = h("div.tools", live && group("HeartState on the ECG", ...this.#overlays), this.#toolbar.element);
    root.append(
      h("div.head", this.title),
      this.alert,
      h(
        "div.body",
        live && this.#dials.element,
        h("section.card.centre", { "aria-label": "ECG" }, tools, this.#view.element, this.#key),
        h("div.below", this.#comparison.element, this.#beat.element),
      ),
      this.foot,
    );
    this.#bind();
    this.#jobs = this.jobs((reply, buffers) => this.#onReply(reply, buffers));
  }

  #bind(): void {
    this.on(DIALS, () => this.#dials.update());
    this.on(["overlay"], () => press(this.#overlays, [this.get("overlay")]));
    this.on(["lead", "_ecg"], () => this.#comparison.choices(this.get("_ecg").leads, this.get("lead")));
    this.on([...STATE, "_rows", "_beat"], () => {
      if (!this.#streaming) this.#showTraits();
    });
  }

  /** What the traits hold: where the dials have come to rest. */
  #showTraits(): void {
    this.#draw(Object.fromEntries(STATE.map((name) => [name, this.get(name)])) as unknown as HeartState);
    this.#showNumbers(this.get("_rows"), this.get("_beat"));
  }

  #draw({ _ecg: ecg, _twin: twin, _shade: shade, _waves: waves }: HeartState): void {
    this.showTitle(ecg);
    this.#view.show({
      ...ecg, // note, marks
      original: unpackLayer(ecg),
      changed: unpackLayer(twin),
      named: "twin",
      shade: unpackShade(shade),
      waves: unpackWaves(waves),
    });
    this.#key.replaceChildren(
      legend({ lines: twin ? ["this heart", "the same heart without the condition"] : null, shade, waves: waves?.source }),
    );
    if (!waves && this.get("overlay") === "delineation") this.#key.replaceChildren(h("span.quiet", "delineating …"));
    this.#toolbar.update();
  }

  #showNumbers(rows: Row[], beat: PackedBeat | null): void {
    this.#comparison.show(rows);
    this.#beat.show(beat);
  }

  #onReply(reply: Reply, buffers: DataView[]): void {
    if (reply.type === "start" || reply.type === "error") this.showError(reply.type === "error" ? String(reply.message) : "");
    this.#streaming = isRunning(reply);
    if (!this.#streaming) return this.#showTraits();
    if (reply.frame) this.#draw(attach(reply.frame, buffers) as HeartState);
    if (reply._rows) this.#showNumbers(reply._rows as Row[], reply._beat as PackedBeat | null);
    if (reply.type === "step") this.#view.painted(() => this.#jobs!.acknowledge(reply));
  }
}
