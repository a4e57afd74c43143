// HeartLab: a simulated heart under sliders. Bound to cofe_widgets/widgets/heart.py.
// While a hand is on a slider the kernel sends frames; where it comes to rest, the traits hold the same.

import { attach } from "../shared/codec";
import { h } from "../shared/dom";
import { listen, type Host } from "../shared/host";
import { Jobs, type Reply } from "../shared/jobs";
import { bindPaper } from "../viewer";
import type { EcgView } from "../viewer/ecg-view";
import { layer, shadeLayer, wavesOf, type Ecg, type PackedLayer, type PackedShade } from "../viewer/layers";
import { legend } from "../viewer/legend";
import { MedianCard, type PackedBeat } from "../viewer/median";
import type { Toolbar } from "../viewer/toolbar";
import type { PackedWaves } from "../viewer/waves";
import { AnswersCard, type Row } from "./answers";
import { Dials, press } from "./dials";

/** What the kernel sends of one heart: in the traits of these names, or in a frame. */
interface Shown {
  _ecg: Ecg;
  _twin: PackedLayer | null;
  _shade: PackedShade | null;
  _waves: PackedWaves | null;
}

const SHOWN = ["_ecg", "_twin", "_shade", "_waves"] as const;
const DIALS = ["_choices", "condition", "second", "severity", "potassium", "seed", "age", "sex", "noise", "artefacts", "reversal", "clipping_mv"];
const OVERLAYS = [
  ["none", "Nothing", "The ECG alone"],
  ["truth", "Truth", "Where the waves truly begin, peak and end"],
  ["delineation", "Delineator", "Where the delineator finds them"],
  ["cause", "Cause", "What the condition altered, sample by sample"],
  ["twin", "Twin", "The same heart without the condition"],
] as const;

export function renderHeart(host: Host, root: HTMLElement, stop: AbortSignal): void {
  new HeartLab(host, root, stop);
}

class HeartLab {
  readonly #view: EcgView;
  readonly #toolbar: Toolbar;
  readonly #dials: Dials;
  readonly #answers: AnswersCard;
  readonly #median: MedianCard;
  readonly #overlays: HTMLButtonElement[];
  readonly #title = h("div", { class: "cofe-title" });
  readonly #alert = h("div", { class: "cofe-error", role: "alert", hidden: true });
  readonly #key = h("div", { class: "cofe-keys" });
  readonly #jobs: Jobs | null;
  #following = false; // frames come: the traits of before are out of date

  constructor(
    private readonly host: Host,
    root: HTMLElement,
    private readonly stop: AbortSignal,
  ) {
    const live = Boolean(host.get("_live"));
    ({ view: this.#view, toolbar: this.#toolbar } = bindPaper(host, root, stop));
    this.#dials = new Dials({ get: (name) => host.get(name), set: (name, value) => this.#set(name, value) });
    this.#answers = new AnswersCard((lead) => this.#set("lead", lead));
    this.#median = new MedianCard(root, stop);
    this.#overlays = OVERLAYS.map(([value, text, title]) => h("button", { type: "button", value, title, onclick: () => this.#set("overlay", value) }, text));
    root.classList.add("cofe-explainer", "cofe-has-ecg", "cofe-heart");
    const overlays = h("span", { class: "cofe-group", role: "group", "aria-label": "Shown on the ECG" }, ...this.#overlays);
    const tools = h("div", { class: "cofe-tools" }, live ? overlays : null, this.#toolbar.element);
    root.append(
      h("header", { class: "cofe-head" }, this.#title),
      this.#alert,
      h(
        "div",
        { class: "cofe-body" },
        live ? this.#dials.element : null,
        h("section", { class: "cofe-card cofe-centre", "aria-label": "ECG" }, tools, this.#view.element, this.#key),
        h("div", { class: "cofe-below" }, this.#answers.element, this.#median.element),
      ),
      h("footer", { class: "cofe-quiet" }, "A simulated heart, for research and teaching. Not a medical device."),
    );
    this.#bind();
    this.#jobs = live ? new Jobs(host, stop, (reply, buffers) => this.#hear(reply, buffers), () => {}) : null;
    if (this.#jobs) this.#watchVisibility(this.#jobs, root);
  }

  #set(name: string, value: unknown): void {
    this.host.set(name, value);
    this.host.save_changes();
    this.#dials.update();
  }

  #bind(): void {
    const on = (names: readonly string[], update: () => void): void => {
      for (const name of names) listen(this.host, `change:${name}`, update, this.stop);
      update();
    };
    on(DIALS, () => this.#dials.update());
    on(["overlay"], () => press(this.#overlays, [this.host.get("overlay")]));
    on(["lead", "_ecg"], () => this.#answers.choices(this.host.get("_ecg").leads, this.host.get("lead")));
    on([...SHOWN, "_rows", "_beat"], () => {
      if (!this.#following) this.#stand();
    });
  }

  /** What the traits hold: where the dials have come to rest. */
  #stand(): void {
    this.#draw(Object.fromEntries(SHOWN.map((name) => [name, this.host.get(name)])) as unknown as Shown);
    this.#number(this.host.get("_rows"), this.host.get("_beat"));
  }

  #draw({ _ecg: ecg, _twin: twin, _shade: shade, _waves: waves }: Shown): void {
    this.#title.replaceChildren(h("strong", {}, ecg.title), ...ecg.facts.map((fact) => h("span", {}, fact)));
    this.#view.show({ original: layer(ecg), changed: layer(twin), named: "twin", shade: shadeLayer(shade), waves: wavesOf(waves), note: ecg.note });
    this.#key.replaceChildren(legend({ lines: twin ? ["this heart", "the same heart without the condition"] : null, shade, waves: waves?.source }));
    if (!waves && this.host.get("overlay") === "delineation") this.#key.replaceChildren(h("span", { class: "cofe-quiet" }, "delineating …"));
    this.#toolbar.update();
  }

  #number(rows: Row[], beat: PackedBeat | null): void {
    this.#answers.show(rows);
    this.#median.show(beat);
  }

  #hear(reply: Reply, buffers: DataView[]): void {
    if (reply.type === "start" || reply.type === "error") this.#complain(reply.type === "error" ? String(reply.message) : "");
    this.#following = reply.type === "start" || reply.type === "step" || reply.type === "snapshot";
    if (!this.#following) return this.#stand();
    if (reply.frame) this.#draw(attach(reply.frame, buffers) as Shown);
    if (reply._rows) this.#number(reply._rows as Row[], reply._beat as PackedBeat | null);
    if (reply.type === "step") this.#view.painted(() => this.#jobs!.acknowledge(reply));
  }

  #complain(why: string): void {
    this.#alert.hidden = !why;
    this.#alert.textContent = why;
  }

  /** Scrolled away or in a hidden tab: the kernel holds its frames back. */
  #watchVisibility(jobs: Jobs, root: HTMLElement): void {
    const watch = new IntersectionObserver(([entry]) => jobs.visible(entry!.isIntersecting));
    watch.observe(root);
    this.stop.addEventListener("abort", () => watch.disconnect());
  }
}
