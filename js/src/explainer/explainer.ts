// The explainer: an ECG, the model's answer, what it would take to change it, and what if.
// Bound to cofe_widgets/widgets/explainer.py; shows the same from an exported page, with no kernel.

import { Board } from "../core/component";
import { asBytes } from "../core/codec";
import { button, check, download, group, h, press, type Menu } from "../core/dom";
import type { Host } from "../core/host";
import { runs, type Jobs, type Reply } from "../core/jobs";
import { predictionAt, signalAt } from "./path";
import { bindPaper } from "../viewer/viewer";
import type { EcgView } from "../viewer/ecg-view";
import { layer, shadeLayer, type Ecg, type PackedShade } from "../core/layers";
import { legend } from "../viewer/legend";
import type { Layer } from "../viewer/paint";
import type { Toolbar } from "../viewer/toolbar";
import { AnswerCard, short, type Output, type Values } from "./prediction";
import { ChangesCard } from "../core/changes";
import { CurveCard } from "./curve";
import { DialsCard } from "../lab/dials";
import { edited, found, grown, type Draft, type Edited, type Found, type PackedFound } from "./payload";
import { opener, type Picked } from "./upload";
import { ASKED, QuestionCard } from "./request";
import { TrustCard } from "./trust";

export function renderExplainer(host: Host, root: HTMLElement, stop: AbortSignal): void {
  new Explainer(host, root, stop);
}

class Explainer extends Board {
  readonly #view: EcgView;
  readonly #toolbar: Toolbar;
  readonly #answer = new AnswerCard((model) => this.#begin("model", { model }));
  readonly #changes = new ChangesCard();
  readonly #trust = new TrustCard();
  readonly #curve: CurveCard;
  readonly #dials: DialsCard;
  readonly #question: QuestionCard;
  readonly #message = h("p.message", { role: "status" });
  readonly #key = h("div");
  readonly #modes = this.get<{ modes: Menu }>("_menus").modes.map(([value, text, title]) => button(text, title!, () => this.set("mode", value), "", value));
  readonly #which = h("span.group", { role: "group", "aria-label": "Answers" });
  readonly #saliencyBox = h("input", { type: "checkbox", onchange: () => this.set("show_saliency", this.#saliencyBox.checked) });
  readonly #originalBox = h("input", { type: "checkbox", checked: true, onchange: () => this.#draw() });
  readonly #live: boolean;
  readonly #jobs: Jobs | null;
  readonly #input: HTMLInputElement | null;
  #original: Layer | null = null;
  #found: Found[] = [];
  #draft: Draft | null = null;
  #edited: Edited | null = null;
  #following = false; // frames of a dialled ECG come: the trait is out of date
  readonly #mixed: Float32Array[] = []; // one buffer for every slider position

  constructor(host: Host, root: HTMLElement, stop: AbortSignal) {
    super(host, root, stop);
    this.#live = Boolean(this.get("_live"));
    ({ view: this.#view, toolbar: this.#toolbar } = bindPaper(host, root, stop));
    this.#curve = new CurveCard((severity) => this.set("severity", severity), stop);
    this.#dials = new DialsCard((asked) => this.drag("asked", asked), (name) => this.set("dial", name), stop);
    const traits = { get: <T>(name: string) => this.get<T>(name), set: (name: string, value: unknown) => this.set(name, value) };
    this.#question = new QuestionCard(traits, () => this.#ask(), () => this.#halt());
    root.classList.add("cofe-explainer");
    this.#input = this.#can("open") ? opener(root, (files) => this.#open(files), (why) => this.complain(why), stop) : null;
    root.append(this.#head(), this.alert, this.#body(), this.foot);
    if (this.#input) root.append(this.#input);
    this.#bind();
    this.#jobs = this.jobs((reply, buffers) => this.#hear(reply, buffers));
  }

  /** Whether the kernel, if there is one, takes jobs of this kind. */
  #can(kind: string): boolean {
    return this.#live && this.get<string[]>("_kinds").includes(kind);
  }

  // ---- the parts on the page

  #head(): HTMLElement {
    const page = button("Save page", "Save all this as a page that works without a kernel", () => this.#begin("page"), ".plain.needs-ecg");
    const actions = h("div.actions", this.#input && this.#examples(), this.#can("page") && page, this.#input && this.#openButton());
    return h("header.head.needs-ecg", this.title, actions);
  }

  #examples(): HTMLElement {
    const examples = this.get<{ examples: Menu }>("_menus").examples.map(([example, text]) => button(text, "", () => this.#begin("open", { example }), ".plain"));
    return h("span.examples", h("span.quiet", "Simulated:"), ...examples);
  }

  #openButton(style = ""): HTMLElement {
    return button("Open ECG…", "", () => this.#input!.click(), style);
  }

  /** What there is before there is an ECG. */
  #empty(): HTMLElement {
    return h(
      "div.empty",
      h("strong", "Drop an ECG here"),
      h("p", "GE MUSE XML, Philips XML, or the .hea and .dat files of a WFDB record; up to 8 MiB. It stays on this machine."),
      this.#openButton(".primary"),
      this.#examples(),
    );
  }

  #body(): HTMLElement {
    const modes = group("What to ask", ...this.#modes);
    modes.classList.add("cofe-modes");
    modes.hidden = this.#modes.length < 2;
    const cards = h("div.cards", modes, this.#answer.element, this.#can("explain") && this.#question.element, this.#curve.element, this.#dials.curve.element, this.#dials.element);
    const checks = h("span.checks", this.#which, check(this.#originalBox, "Original"), check(this.#saliencyBox, "Saliency"));
    const paper = h("section.card", { "aria-label": "ECG" }, h("div.tools", this.#toolbar.element, checks), this.#view.element, this.#key);
    const below = h("div.findings", this.#changes.element, this.#trust.element);
    return h("div.body", this.#input && this.#empty(), cards, h("div.centre", this.#message, paper), below);
  }

  // ---- traits

  #bind(): void {
    this.on(["_ecg"], () => this.#showEcg());
    this.on(["_models", "model"], () => this.#answer.models(this.#can("model") ? this.get("_models") : [], this.get("model")));
    this.on(["_answer", "_outputs"], () => {
      this.#answer.show(this.get("_outputs"), this.get("_answer"));
      this.#draw();
    });
    this.on(ASKED, () => this.#question.update());
    this.on(["_found", "chosen"], () => this.#showFound());
    this.on(["_saliency", "show_saliency"], () => this.#showSaliency());
    this.on(["_error"], () => this.complain(this.get("_error")));
    this.on(["severity"], () => {
      this.#curve.move(this.get("severity"));
      this.#draw();
    });
    this.on(["_dials"], () => this.#dials.choices(this.get("_dials"), this.#live));
    this.on(["_edited"], () => {
      if (!this.#following) this.#edited = edited(this.get("_edited"), []);
      this.#showDials();
    });
    this.on(["asked"], () => this.#turned());
    this.on(["mode"], () => this.#turn());
  }

  get #dialled(): boolean {
    return this.get("mode") === "dials";
  }

  #output(name: string): Output | undefined {
    return this.get<Output[]>("_outputs").find((output) => output.name === name);
  }

  /** What to do first, on this tab. */
  get #hint(): string {
    return this.#modes.find(({ value }) => value === this.get("mode"))!.title;
  }

  #short(name: string): string {
    const output = this.#output(name);
    return output ? short(output) : name;
  }

  #turn(): void {
    press(this.#modes, [this.get("mode")]);
    this.root.classList.toggle("cofe-dialled", this.#dialled);
    for (const part of [this.#dials.element, this.#dials.curve.element]) part.hidden = !this.#dialled;
    for (const part of [this.#question.element, this.#curve.element]) part.hidden = this.#dialled;
    this.#showFound();
  }

  #showEcg(): void {
    const ecg: Ecg | null = this.get("_ecg");
    this.root.classList.toggle("cofe-has-ecg", Boolean(ecg));
    this.entitle(ecg);
    this.#original = layer(ecg);
    this.#draft = null;
    this.#view.show({ original: this.#original, changed: null, note: ecg?.note ?? "" });
    this.#showFound();
    this.#toolbar.update();
  }

  get #chosen(): Found | null {
    return this.#found[this.get<number>("chosen")] ?? this.#found[0] ?? null;
  }

  #source: PackedFound[] | null = null;

  #showFound(): void {
    const packed = this.get<PackedFound[]>("_found");
    if (packed !== this.#source) this.#found = packed.map(found);
    this.#source = packed;
    const chosen = this.#chosen;
    this.#which.replaceChildren(...(this.#found.length > 1 ? this.#found : []).map((_, k) => button(`Answer ${k + 1}`, "", () => this.set("chosen", k), "", `${k}`)));
    press([...this.#which.querySelectorAll("button")], [`${this.#found.indexOf(chosen!)}`]);
    this.#which.hidden = this.#dialled;
    if (this.#dialled) return this.#showDials();
    this.#changes.show(chosen?.changes ?? [], ["Original", "Counterfactual"], `on the way to ${chosen && this.#short(chosen.target)}; `);
    this.#trust.show(chosen?.trust ?? null);
    this.#say(chosen ? chosen.words || chosen.message : "", chosen?.reached === false);
    if (!this.#draft) this.#showCurve();
    this.#draw();
  }

  /** The line above the ECG is never empty, so that the ECG never jumps. */
  #say(words: string, unreached = false): void {
    this.#message.classList.toggle("cofe-unreached", unreached);
    this.#message.textContent = words || this.#hint;
    this.#message.classList.toggle("cofe-idle", !words);
    this.#message.hidden = !words && !this.#live;
  }

  #showCurve(): void {
    const chosen = this.#chosen;
    const output = chosen && this.#output(chosen.target);
    const points = chosen?.severities.map((s, k): [number, number] => [s, chosen.predictions[k]!]) ?? [];
    this.#curve.show(output ? { points, level: chosen.level, output, searching: false } : null);
    this.#curve.move(this.get("severity"));
    this.#showKey();
  }

  #showKey(): void {
    const shade: PackedShade | null = this.get("show_saliency") ? this.get("_saliency") : null;
    const [draft, chosen] = [this.#draft, this.#chosen];
    const target = draft?.target ?? chosen?.target;
    const where = draft || !chosen ? "" : `, changed in ${chosen.space}`;
    const changed = this.#dialled ? this.#edited?.layer && "as dialled" : target && `counterfactual (${this.#short(target)})${where}`;
    this.#key.replaceChildren(legend({ lines: changed ? ["original", changed] : null, shade }));
    this.#key.hidden = !changed && !shade;
  }

  #showSaliency(): void {
    const on = this.get<boolean>("show_saliency");
    const saliency: PackedShade | null = this.get("_saliency");
    this.#saliencyBox.checked = on;
    this.#saliencyBox.disabled = !this.#live && !saliency;
    this.#view.show({ shade: on ? shadeLayer(saliency) : null });
    this.#showKey();
  }

  /** The ECG as dialled, its answer, what was measured on it, and the curve of the dial in hand. */
  #showDials(): void {
    if (!this.#dialled) return;
    this.#turned();
    this.#tell();
    this.#trust.show(null);
    this.#say("");
    this.#draw();
  }

  /** What follows a hand on a dial at once. */
  #turned(): void {
    const [now, target] = [this.#edited, this.get<string>("target")];
    const values = now?.values ?? this.get<Values | null>("_answer");
    this.#dials.show(this.get("asked"), now?.achieved ?? null, now?.curve ?? null, this.#output(target), values?.[target]);
  }

  /** What is read when there is time. */
  #tell(): void {
    this.#changes.show(this.#edited?.changes ?? [], ["Original", "As dialled"], "");
    this.#showKey();
  }

  /** The traces: the hot path of a dragged slider, no kernel in it. */
  #draw(): void {
    const [chosen, draft, now] = [this.#chosen, this.#draft, this.#edited];
    const plain = { original: this.#original, changed: null, note: this.get<Ecg | null>("_ecg")?.note ?? "" };
    this.#originalBox.disabled = this.#dialled ? !now?.layer : !chosen && !draft;
    const style = !this.#originalBox.checked ? "alone" : this.#dialled ? "faint" : "over";
    if (this.#dialled) {
      this.#answer.mark((now?.layer && now.values) || {});
      this.#view.show({ ...plain, style, original: now?.base ?? this.#original, changed: now?.layer ?? null, named: "as dialled", note: now?.note ?? plain.note });
      return;
    }
    this.#view.show({ style, named: "counterfactual" });
    if (draft) {
      const last = draft.points.at(-1)?.[1];
      this.#answer.mark(last === undefined ? {} : { [draft.target]: last });
      if (draft.frame) this.#view.show({ original: draft.base ?? this.#original, changed: draft.frame });
    } else if (chosen) {
      const severity = this.get<number>("severity");
      this.#answer.mark({ [chosen.target]: predictionAt(chosen, severity) });
      this.#view.show({ original: chosen.base, changed: { ...chosen.base, rows: signalAt(chosen, severity, this.#mixed) }, note: chosen.note });
    } else {
      this.#answer.mark({});
      this.#view.show(plain);
    }
  }

  // ---- asking, and what comes back

  #open(files: Picked[]): void {
    this.#begin("open", { files: files.map((file) => file.name) }, files.map((file) => file.data));
    this.#say(`Reading ${files.map((file) => file.name).join(", ")} …`);
  }

  #ask(): void {
    const names = ["target", "level", "method", "keep", "diverse"];
    this.#begin("explain", Object.fromEntries(names.map((name) => [name, this.get(name)])));
    this.#startDraft(this.get("target"), this.get("level"));
  }

  #begin(kind: string, parameters: Record<string, unknown> = {}, buffers: ArrayBuffer[] = []): void {
    this.complain("");
    this.#jobs!.request(kind, parameters, buffers);
  }

  #startDraft(target: string, level: number): void {
    this.#draft = { points: [], frame: null, base: null, target, level };
    this.#question.run(true);
    this.#say("Reading …");
    this.#showDraft();
    this.#showKey();
  }

  #showDraft(): void {
    const output = this.#output(this.#draft!.target);
    if (output) this.#curve.show({ ...this.#draft!, output, searching: true });
    this.#draw();
  }

  #halt(): void {
    this.#jobs!.cancel("explain");
    this.#endDraft();
    this.#say("Stopped.");
  }

  #endDraft(): void {
    this.#draft = null;
    this.#question.run(false);
    this.#showFound();
  }

  #hear(reply: Reply, buffers: DataView[]): void {
    const { kind, type } = reply;
    if (type === "start") this.complain("");
    if (type === "error") this.complain(String(reply.message));
    if (kind === "explain") return this.#hearExplain(reply, buffers);
    if (kind === "dial") return this.#hearDial(reply, buffers);
    // The same file once more changes no trait, but "Reading …" is over all the same.
    if (kind === "open" && type !== "start" && type !== "step") this.#showFound();
    if (kind === "model" && type === "error") this.#answer.models(this.get("_models"), this.get("model"));
    if (type === "done" && kind === "page") {
      download(String(reply.name), new Blob([asBytes(buffers[0]!)], { type: "text/html" }));
    }
  }

  #hearExplain(reply: Reply, buffers: DataView[]): void {
    if (reply.type === "start" || reply.type === "snapshot") this.#startDraft(String(reply.target), Number(reply.level));
    if (reply.type === "step" || reply.type === "snapshot") {
      if (!this.#draft) return;
      this.#draft = grown(this.#draft, reply, buffers);
      this.#question.advance(Number(reply.fraction));
      this.#say(String(reply.message));
      this.#showDraft();
      if (reply.type === "step") this.#view.painted(() => this.#jobs!.acknowledge(reply));
    } else if (reply.type !== "start") this.#endDraft();
  }

  #hearDial(reply: Reply, buffers: DataView[]): void {
    this.#following = runs(reply);
    const told = reply.told as Edited | undefined;
    this.#edited = this.#following ? { ...this.#edited, ...told, ...edited(reply.frame as never, buffers) } : edited(this.get("_edited"), []);
    if (!this.#following) return this.#showDials();
    if (this.#dialled) {
      this.#turned();
      if (told?.changes) this.#tell();
      if (reply.frame) this.#draw();
    }
    if (reply.type === "step") this.#view.painted(() => this.#jobs!.acknowledge(reply));
  }
}
