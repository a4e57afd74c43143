// The explainer: an ECG, the model's answer, the counterfactual under a slider, and what changed.
// Bound to cofe_widgets/widgets/explainer.py; shows the same from an exported page, with no kernel.

import { asBytes, decode, type Packed } from "../shared/codec";
import { check, download, h } from "../shared/dom";
import { listen, type Host } from "../shared/host";
import { Jobs, type Reply } from "../shared/jobs";
import { predictionAt, signalAt, type Path } from "../shared/path";
import type { EcgView } from "../viewer/ecg-view";
import { legend } from "../viewer/legend";
import type { Layer } from "../viewer/paint";
import type { Toolbar } from "../viewer/toolbar";
import { bindPaper } from "../viewer";
import { layer, shadeLayer, type Ecg, type PackedShade } from "../viewer/layers";
import { AnswerCard, type Answer } from "./answer";
import { ChangesCard } from "./changes";
import { CurveCard } from "./curve";
import { opener, type Picked } from "./opener";
import { QuestionCard } from "./question";

interface PackedPath {
  fs: number;
  leads: string[];
  frames: Packed;
  severities: number[];
  predictions: number[];
  target: string;
  level: number;
  reached: boolean;
  message: string;
  note: string; // the filter band and the rate of what is shown
}

/** What streams in before the path is whole. */
interface Draft {
  points: [number, number][];
  frame: Layer | null;
  target: string;
  level: number;
}

export function renderExplainer(host: Host, root: HTMLElement, stop: AbortSignal): void {
  new Explainer(host, root, stop);
}

class Explainer {
  readonly #view: EcgView;
  readonly #toolbar: Toolbar;
  readonly #answer = new AnswerCard();
  readonly #changes = new ChangesCard();
  readonly #curve: CurveCard;
  readonly #question: QuestionCard;
  readonly #title = h("div", { class: "cofe-title" });
  readonly #alert = h("div", { class: "cofe-error", role: "alert", hidden: true });
  readonly #message = h("p", { class: "cofe-message", role: "status" });
  readonly #key = h("div");
  readonly #saliencyBox = h("input", { type: "checkbox" });
  readonly #originalBox = h("input", { type: "checkbox", checked: true, onchange: () => this.#drawPath() });
  readonly #live: boolean;
  readonly #jobs: Jobs | null;
  readonly #input: HTMLInputElement | null;
  #original: Layer | null = null;
  #path: Path | null = null;
  #draft: Draft | null = null;
  readonly #mixed: Float32Array[] = []; // one buffer for every slider position

  constructor(
    private readonly host: Host,
    private readonly root: HTMLElement,
    private readonly stop: AbortSignal,
  ) {
    this.#live = Boolean(host.get("_live"));
    ({ view: this.#view, toolbar: this.#toolbar } = bindPaper(host, root, stop));
    this.#curve = new CurveCard((severity) => this.#set("severity", severity), stop);
    this.#question = new QuestionCard(
      () => this.#ask(),
      () => this.#halt(),
      (target) => this.#set("target", target),
      (level) => this.#set("level", level),
    );
    this.#saliencyBox.addEventListener("change", () => this.#set("show_saliency", this.#saliencyBox.checked));
    root.classList.add("cofe-explainer");
    this.#input = this.#live ? opener(root, (files) => this.#open(files), (why) => this.#complain(why), stop) : null;
    root.append(this.#head(), this.#alert, this.#body(), this.#foot());
    if (this.#input) root.append(this.#input);
    this.#bind();
    this.#jobs = this.#live
      ? new Jobs(host, stop, (reply, buffers) => this.#hear(reply, buffers), () =>
          this.#complain("The kernel has not answered yet. It may be busy with a cell, or stopped: see the kernel indicator of the notebook."),
        )
      : null;
    if (this.#jobs) this.#watchVisibility(this.#jobs);
  }

  // ---- the parts on the page

  #head(): HTMLElement {
    const actions = h("div", { class: "cofe-actions" });
    if (this.#live) {
      const page = h("button", { type: "button", class: "cofe-plain cofe-needs-ecg", title: "Save this explanation as a page that works without a kernel", onclick: () => this.#begin("page") }, "Save page");
      actions.append(this.#examples(), page, this.#openButton());
    }
    return h("header", { class: "cofe-head cofe-needs-ecg" }, this.#title, actions);
  }

  #examples(): HTMLElement {
    const example = (text: string, condition: string): HTMLButtonElement =>
      h("button", { type: "button", class: "cofe-plain", onclick: () => this.#begin("open", { example: condition }) }, text);
    return h("span", { class: "cofe-examples" }, h("span", { class: "cofe-quiet" }, "Simulated:"), example("sinus rhythm", "NSR"), example("atrial fibrillation", "AF"));
  }

  #openButton(style = ""): HTMLButtonElement {
    return h("button", { type: "button", class: style, onclick: () => this.#input!.click() }, "Open ECG…");
  }

  /** What there is before there is an ECG. */
  #empty(): HTMLElement {
    return h(
      "div",
      { class: "cofe-empty" },
      h("strong", {}, "Drop an ECG here"),
      h("p", {}, "GE MUSE XML, Philips XML, or the .hea and .dat files of a WFDB record; up to 8 MiB. It stays on this machine."),
      this.#openButton("cofe-primary"),
      this.#examples(),
    );
  }

  #body(): HTMLElement {
    const cards = h("div", { class: "cofe-cards" }, this.#answer.element, this.#live ? this.#question.element : null, this.#curve.element);
    const tools = h("div", { class: "cofe-tools" }, this.#toolbar.element, h("span", { class: "cofe-checks" }, check(this.#originalBox, "Original"), check(this.#saliencyBox, "Saliency")));
    const paper = h("section", { class: "cofe-card cofe-main", "aria-label": "ECG" }, tools, this.#view.element, this.#key);
    return h("div", { class: "cofe-body" }, this.#live ? this.#empty() : null, cards, h("div", { class: "cofe-centre" }, this.#message, paper), this.#changes.element);
  }

  #foot(): HTMLElement {
    return h("footer", { class: "cofe-quiet" }, "For research and teaching. Not a medical device.");
  }

  // ---- traits

  #bind(): void {
    const on = (names: string[], update: () => void): void => {
      for (const name of names) listen(this.host, `change:${name}`, update, this.stop);
      update();
    };
    on(["_ecg"], () => this.#showEcg());
    on(["_answer"], () => this.#showAnswer());
    on(["_targets", "target", "level"], () => this.#question.choices(this.#get("_targets"), this.#get("target"), this.#get("level")));
    on(["_path", "_changes"], () => this.#showPath());
    on(["_saliency", "show_saliency"], () => this.#showSaliency());
    on(["_error"], () => this.#showError(this.#get("_error")));
    on(["severity"], () => {
      this.#curve.move(this.#get("severity"));
      this.#drawPath();
    });
  }

  #get<T = any>(name: string): T {
    return this.host.get(name) as T;
  }

  #set(name: string, value: unknown): void {
    this.host.set(name, value);
    this.host.save_changes();
  }

  #showEcg(): void {
    const ecg: Ecg | null = this.#get("_ecg");
    this.root.classList.toggle("cofe-has-ecg", Boolean(ecg));
    this.#title.replaceChildren(
      h("strong", {}, ecg?.title ?? "Explain an ECG"),
      ...(ecg?.facts ?? []).map((fact) => h("span", {}, fact)),
    );
    this.#original = layer(ecg);
    this.#draft = null;
    this.#view.show({ original: this.#original, changed: null, note: ecg?.note ?? "" });
    this.#showPath();
    this.#toolbar.update();
  }

  #showAnswer(): void {
    this.#answer.show(this.#get<Answer | null>("_answer"));
    this.#drawPath();
  }

  #showPath(): void {
    const packed: PackedPath | null = this.#get("_path");
    this.#path = null;
    this.#mixed.length = 0;
    if (packed) {
      const rows = decode(packed.frames);
      const leads = packed.leads.length;
      const frames = packed.severities.map((_, k) => rows.slice(k * leads, (k + 1) * leads));
      this.#path = { fs: packed.fs, leads: packed.leads, frames, severities: packed.severities, predictions: packed.predictions };
    }
    this.#changes.show(packed ? this.#get("_changes") : null, packed?.target ?? "");
    this.#say(packed?.message ?? "");
    this.#message.classList.toggle("cofe-unreached", Boolean(packed && !packed.reached));
    if (!this.#draft) this.#showCurve();
    this.#drawPath();
  }

  /** The line above the ECG is never empty, so that the ECG never jumps. */
  #say(words: string): void {
    this.#message.textContent = words || "Choose what the model should say, and press Explain.";
    this.#message.classList.toggle("cofe-idle", !words);
    this.#message.hidden = !words && !this.#live;
  }

  #showCurve(): void {
    const packed: PackedPath | null = this.#get("_path");
    this.#curve.show(
      packed && {
        points: packed.severities.map((s, k) => [s, packed.predictions[k]!]),
        level: packed.level,
        target: packed.target,
        searching: false,
      },
    );
    this.#curve.move(this.#get("severity"));
    this.#showKey();
  }

  #showKey(): void {
    const shade: PackedShade | null = this.#get("show_saliency") ? this.#get("_saliency") : null;
    const target = this.#draft?.target ?? this.#get<PackedPath | null>("_path")?.target;
    this.#key.replaceChildren(legend({ lines: target ? ["original", `counterfactual (${target})`] : null, shade }));
    this.#key.hidden = !target && !shade;
  }

  #showSaliency(): void {
    const on = this.#get<boolean>("show_saliency");
    const saliency: PackedShade | null = this.#get("_saliency");
    this.#saliencyBox.checked = on;
    this.#saliencyBox.disabled = !this.#live && !saliency;
    this.#view.show({ shade: on ? shadeLayer(saliency) : null });
    this.#showKey();
  }

  /** The trace at the severity chosen: the hot path of a dragged slider, no kernel in it. */
  #drawPath(): void {
    const [path, draft] = [this.#path, this.#draft];
    this.#originalBox.disabled = !path && !draft;
    this.#view.show({ alone: !this.#originalBox.checked });
    if (draft) {
      this.#answer.mark(draft.target, draft.points.at(-1)?.[1] ?? null);
      if (draft.frame) this.#view.show({ original: this.#base(draft.frame), changed: draft.frame });
      return;
    }
    if (!path) {
      this.#answer.mark("", null);
      if (this.#original) this.#view.show({ original: this.#original, changed: null, note: this.#get<Ecg>("_ecg").note });
      return;
    }
    const severity = this.#get<number>("severity");
    const { target, note } = this.#get<PackedPath>("_path");
    this.#answer.mark(target, predictionAt(path, severity));
    const rows = signalAt(path, severity, this.#mixed);
    this.#view.show({ original: this.#frameZero(path), changed: { fs: path.fs, leads: path.leads, rows }, note });
  }

  #zero: { path: Path; layer: Layer } | null = null;

  /** Beside a counterfactual the original is shown as the model read it: frame 0, sample for sample. */
  #frameZero(path: Path): Layer {
    if (this.#zero?.path !== path) this.#zero = { path, layer: { fs: path.fs, leads: path.leads, rows: path.frames[0]! } };
    return this.#zero.layer;
  }

  #before: Layer | null = null;

  #base(frame: Layer): Layer {
    return this.#before && this.#before.fs === frame.fs ? this.#before : this.#original!;
  }

  // ---- asking, and what comes back

  #open(files: Picked[]): void {
    this.#begin("open", { files: files.map((file) => file.name) }, files.map((file) => file.data));
    this.#say(`Reading ${files.map((file) => file.name).join(", ")} …`);
  }

  #ask(): void {
    this.#begin("explain", { target: this.#get("target"), level: this.#get("level") });
    this.#startDraft(this.#get("target"), this.#get("level"));
  }

  #begin(kind: string, parameters: Record<string, unknown> = {}, buffers: ArrayBuffer[] = []): void {
    this.#complain("");
    this.#jobs!.request(kind, parameters, buffers);
  }

  #startDraft(target: string, level: number): void {
    this.#draft = { points: [], frame: null, target, level };
    this.#question.run(true);
    this.#say("Reading the rhythm …");
    this.#message.classList.remove("cofe-unreached");
    this.#curve.show({ ...this.#draft, searching: true });
    this.#showKey();
    this.#drawPath();
  }

  #halt(): void {
    this.#jobs!.cancel("explain");
    this.#endDraft();
    this.#say("Stopped.");
  }

  #endDraft(): void {
    this.#draft = null;
    this.#before = null;
    this.#question.run(false);
    this.#showPath();
    this.#showCurve();
  }

  #hear(reply: Reply, buffers: DataView[]): void {
    if (reply.kind === "explain") return this.#hearExplain(reply, buffers);
    if (reply.type === "start") this.#complain("");
    if (reply.type === "error") this.#complain(String(reply.message));
    // The same file once more changes no trait, but "Reading …" is over all the same.
    if (reply.kind === "open" && reply.type !== "start" && reply.type !== "step") this.#showPath();
    if (reply.type === "done" && reply.kind === "page") {
      download(String(reply.name), new Blob([asBytes(buffers[0]!)], { type: "text/html" }));
    }
  }

  #hearExplain(reply: Reply, buffers: DataView[]): void {
    switch (reply.type) {
      case "start":
        this.#complain("");
        this.#startDraft(String(reply.target), Number(reply.level));
        break;
      case "snapshot":
        this.#startDraft(String(reply.target), Number(reply.level));
        this.#step(reply, buffers);
        break;
      case "step":
        this.#step(reply, buffers);
        break;
      case "error":
        this.#complain(String(reply.message));
        this.#endDraft();
        break;
      default:
        this.#endDraft();
    }
  }

  #step(reply: Reply, buffers: DataView[]): void {
    const draft = this.#draft;
    if (!draft) return;
    draft.points.push(...(reply.points as [number, number][]));
    this.#question.advance(Number(reply.fraction));
    this.#say(String(reply.message));
    const frame = reply.frame as { fs: number; leads: string[]; packed: Packed; original: Packed } | null;
    if (frame) {
      const rows = decode({ ...frame.packed, data: buffers[0]! });
      this.#before = { fs: frame.fs, leads: frame.leads, rows: decode({ ...frame.original, data: buffers[1]! }) };
      draft.frame = { fs: frame.fs, leads: frame.leads, rows };
    }
    this.#curve.show({ ...draft, searching: true });
    this.#drawPath();
    if (reply.type === "step") this.#view.painted(() => this.#jobs!.acknowledge(reply));
  }

  #complain(why: string): void {
    this.#showError(why);
  }

  #showError(why: string): void {
    this.#alert.hidden = !why;
    this.#alert.replaceChildren(
      why,
      h("button", { type: "button", class: "cofe-plain", "aria-label": "Dismiss", onclick: () => this.#showError("") }, "×"),
    );
  }

  /** Scrolled away or in a hidden tab: the kernel holds its frames back. */
  #watchVisibility(jobs: Jobs): void {
    const watch = new IntersectionObserver(([entry]) => jobs.visible(entry!.isIntersecting));
    watch.observe(this.root);
    this.stop.addEventListener("abort", () => watch.disconnect());
  }
}

