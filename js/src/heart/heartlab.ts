// HeartLab: a simulated heart under sliders. Bound to cofe_widgets/widgets/heart.py.
// While a hand is on a slider the kernel sends frames; where it comes to rest, the traits hold the same.

import { attach } from "../core/codec";
import { Board } from "../core/component";
import { button, group, h, press, type Menu } from "../core/dom";
import type { Host } from "../core/host";
import { runs, type Jobs, type Reply } from "../core/jobs";
import { bindPaper } from "../viewer/viewer";
import type { EcgView } from "../viewer/ecg-view";
import { layer, shadeLayer, wavesOf, type Ecg, type PackedLayer, type PackedShade } from "../core/layers";
import { legend } from "../viewer/legend";
import { MedianCard, type PackedBeat } from "../viewer/beat";
import type { Toolbar } from "../viewer/toolbar";
import type { PackedWaves } from "../viewer/fiducials";
import { AnswersCard, type Row } from "./comparison";
import { Dials } from "./dials";

/** What the kernel sends of one heart: in the traits of these names, or in a frame. */
interface Shown {
  _ecg: Ecg;
  _twin: PackedLayer | null;
  _shade: PackedShade | null;
  _waves: PackedWaves | null;
}

const SHOWN = ["_ecg", "_twin", "_shade", "_waves"] as const;
const DIALS = ["_choices", "condition", "second", "severity", "potassium", "seed", "age", "sex", "noise", "artefacts", "reversal", "clipping_mv"];
export function renderHeart(host: Host, root: HTMLElement, stop: AbortSignal): void {
  new HeartLab(host, root, stop);
}

class HeartLab extends Board {
  readonly #view: EcgView;
  readonly #toolbar: Toolbar;
  readonly #dials: Dials;
  readonly #answers: AnswersCard;
  readonly #median: MedianCard;
  readonly #overlays: HTMLButtonElement[];
  readonly #key = h("div.keys");
  readonly #jobs: Jobs | null;
  #following = false; // frames come: the traits of before are out of date

  constructor(host: Host, root: HTMLElement, stop: AbortSignal) {
    super(host, root, stop);
    const live = Boolean(this.get("_live"));
    ({ view: this.#view, toolbar: this.#toolbar } = bindPaper(host, root, stop));
    const set = (name: string, value: unknown): void => {
      this.set(name, value);
      this.#dials.update();
    };
    this.#dials = new Dials({ get: (name) => host.get(name), set });
    this.#answers = new AnswersCard((lead) => set("lead", lead));
    this.#median = new MedianCard(root, stop);
    this.#overlays = this.get<{ overlays: Menu }>("_menus").overlays.map(([value, text, title]) => button(text, title!, () => set("overlay", value), "", value));
    root.classList.add("cofe-explainer", "cofe-has-ecg", "cofe-heart");
    const tools = h("div.tools", live && group("Shown on the ECG", ...this.#overlays), this.#toolbar.element);
    root.append(
      h("header.head", this.title),
      this.alert,
      h(
        "div.body",
        live && this.#dials.element,
        h("section.card.centre", { "aria-label": "ECG" }, tools, this.#view.element, this.#key),
        h("div.below", this.#answers.element, this.#median.element),
      ),
      this.foot,
    );
    this.#bind();
    this.#jobs = this.jobs((reply, buffers) => this.#hear(reply, buffers));
  }

  #bind(): void {
    this.on(DIALS, () => this.#dials.update());
    this.on(["overlay"], () => press(this.#overlays, [this.get("overlay")]));
    this.on(["lead", "_ecg"], () => this.#answers.choices(this.get("_ecg").leads, this.get("lead")));
    this.on([...SHOWN, "_rows", "_beat"], () => {
      if (!this.#following) this.#stand();
    });
  }

  /** What the traits hold: where the dials have come to rest. */
  #stand(): void {
    this.#draw(Object.fromEntries(SHOWN.map((name) => [name, this.get(name)])) as unknown as Shown);
    this.#number(this.get("_rows"), this.get("_beat"));
  }

  #draw({ _ecg: ecg, _twin: twin, _shade: shade, _waves: waves }: Shown): void {
    this.entitle(ecg);
    this.#view.show({ original: layer(ecg), changed: layer(twin), named: "twin", shade: shadeLayer(shade), waves: wavesOf(waves), note: ecg.note });
    this.#key.replaceChildren(legend({ lines: twin ? ["this heart", "the same heart without the condition"] : null, shade, waves: waves?.source }));
    if (!waves && this.get("overlay") === "delineation") this.#key.replaceChildren(h("span.quiet", "delineating …"));
    this.#toolbar.update();
  }

  #number(rows: Row[], beat: PackedBeat | null): void {
    this.#answers.show(rows);
    this.#median.show(beat);
  }

  #hear(reply: Reply, buffers: DataView[]): void {
    if (reply.type === "start" || reply.type === "error") this.complain(reply.type === "error" ? String(reply.message) : "");
    this.#following = runs(reply);
    if (!this.#following) return this.#stand();
    if (reply.frame) this.#draw(attach(reply.frame, buffers) as Shown);
    if (reply._rows) this.#number(reply._rows as Row[], reply._beat as PackedBeat | null);
    if (reply.type === "step") this.#view.painted(() => this.#jobs!.acknowledge(reply));
  }
}
