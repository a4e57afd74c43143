// The explainer: an ECG, the model's answer, what it would take to change it, and what if.
// Bound to cofe_widgets/widgets/explainer/explainer.py; shows the same from an exported page, with no kernel.

import { ChangesCard } from "../core/changes";
import { asBytes } from "../core/codec";
import { Component } from "../core/component";
import { button, check, download, group, h, type Menu, press } from "../core/dom";
import type { Host } from "../core/host";
import { isRunning, type Jobs, type Reply } from "../core/jobs";
import { type Ecg, type Layer, type PackedShade, unpackLayer, unpackShade } from "../core/layers";
import { type Output, outputName } from "../core/output";
import type { EcgView } from "../viewer/ecg-view";
import { bindPaper } from "../viewer/settings";
import type { Toolbar } from "../viewer/toolbar";
import { Answers } from "./answers";
import { Bands } from "./bands";
import { CurveCard } from "./curve";
import { Key } from "./key";
import { MAP_TRAITS, MapsCard } from "./maps";
import { predictionAt, signalAt } from "./path";
import { advanced, type SearchProgress } from "./payload";
import { PredictionCard } from "./prediction";
import { ReasonsCard } from "./reasons";
import { REQUEST_TRAITS, RequestCard } from "./request";
import { TrustCard } from "./trust";
import { Upload, type UploadFile } from "./upload";
import { WhatIf } from "./what-if";

export class Explainer extends Component {
  readonly #view: EcgView;
  readonly #toolbar: Toolbar;
  readonly #prediction = new PredictionCard((model) => this.#request("model", { model }));
  readonly #changes = new ChangesCard();
  readonly #reasons = new ReasonsCard();
  readonly #trust = new TrustCard();
  readonly #beside = h("div", this.#reasons.element, this.#trust.element);
  readonly #curve: CurveCard;
  readonly #whatIf: WhatIf;
  readonly #form: RequestCard;
  readonly #maps: MapsCard;
  readonly #message = h("p.message", { role: "status" });
  readonly #key = new Key(this);
  readonly #modes = this.get<{ modes: Menu }>("_menus").modes.map(([value, text, title]) =>
    button(text, title!, () => this.set("mode", value), "", value),
  );
  readonly #answers = new Answers(this);
  readonly #bands = new Bands(this);
  readonly #showOriginal = h("input", { type: "checkbox", checked: true, onchange: () => this.#draw() });
  readonly #live: boolean;
  readonly #jobs: Jobs | null;
  readonly #upload: Upload | null;
  #original: Layer | null = null;
  #search: SearchProgress | null = null;
  readonly #blended: Float32Array[] = []; // one buffer for every slider position

  constructor(host: Host, root: HTMLElement, stop: AbortSignal) {
    super(host, root, stop);
    this.#live = Boolean(this.get("_live"));
    ({ view: this.#view, toolbar: this.#toolbar } = bindPaper(host, root, stop));
    this.#curve = new CurveCard((severity) => this.set("severity", severity), stop);
    this.#whatIf = new WhatIf(this, stop);
    this.#form = new RequestCard(
      this,
      () => this.#explain(),
      () => this.#cancel(),
    );
    this.#maps = new MapsCard(this, this.#takes("attribute"), this.#request, (kind) => this.#jobs!.cancel(kind));
    root.classList.add("cofe-explainer");
    this.#upload = this.#takes("open")
      ? new Upload(
          root,
          this.get("_menus"),
          (files) => this.#open(files),
          (example) => this.#request("open", { example }),
          (why) => this.showError(why),
          stop,
        )
      : null;
    root.append(this.#head(), this.alert, this.#body(), this.foot);
    if (this.#upload) root.append(this.#upload.input);
    this.#bind();
    this.#jobs = this.jobs((reply, buffers) => this.#onReply(reply, buffers));
  }

  /** Whether the kernel, if there is one, takes jobs of this kind. */
  #takes(kind: string): boolean {
    return this.#live && this.get<string[]>("_kinds").includes(kind);
  }

  // ---- the parts on the page

  #head(): HTMLElement {
    const page = button(
      "Save page",
      "Save all this as a page that works without a kernel",
      () => this.#request("page"),
      ".plain.needs-ecg",
    );
    const actions = h("div.actions", this.#upload?.examples(), this.#takes("page") && page, this.#upload?.button());
    return h("div.head.needs-ecg", this.title, actions);
  }

  #body(): HTMLElement {
    const modes = group("What to ask", ...this.#modes);
    modes.classList.add("cofe-modes");
    modes.hidden = this.#modes.length < 2;
    const cards = h(
      "div.cards",
      modes,
      this.#prediction.element,
      this.#takes("explain") && this.#form.element,
      this.#maps.form,
      this.#curve.element,
      this.#whatIf.card.curve.element,
      this.#whatIf.card.element,
    );
    const checks = h("span.checks", ...this.#answers.elements, check(this.#showOriginal, "Original"), ...this.#bands.elements);
    const paper = h(
      "section.card",
      { "aria-label": "ECG" },
      h("div.tools", this.#toolbar.element, checks),
      this.#view.element,
      ...this.#key.elements,
    );
    const below = h("div.findings", this.#maps.findings, this.#changes.element, this.#beside);
    return h("div.body", this.#upload?.empty(), cards, h("div.centre", this.#message, paper), below);
  }

  // ---- traits

  #bind(): void {
    this.on(["_ecg"], () => this.#showEcg());
    this.on(["_models", "model"], () => this.#prediction.models(this.#takes("model") ? this.get("_models") : [], this.get("model")));
    this.on(["_answer", "_outputs"], () => {
      this.#prediction.show(this.get("_outputs"), this.get("_answer"));
      this.#draw();
    });
    this.on(REQUEST_TRAITS, () => this.#form.update());
    this.on(["_found", "chosen", "show_needed"], () => this.#showCounterfactuals());
    this.on(["_attribution", "show_attribution", "show_shares"], () => this.#showBand());
    this.on(["_error"], () => this.showError(this.get("_error")));
    this.on(["severity"], () => {
      this.#curve.move(this.get("severity"));
      this.#draw();
    });
    this.on(["_dials"], () => this.#whatIf.card.choices(this.get("_dials"), this.#live));
    this.on(["_edited"], () => {
      this.#whatIf.settle();
      this.#showDials();
    });
    this.on(["asked"], () => this.#showDialled());
    this.on(MAP_TRAITS, () => this.#showMaps());
    this.on(["mode"], () => this.#showMode());
  }

  get #dialled(): boolean {
    return this.get("mode") === "dials";
  }

  get #mapped(): boolean {
    return this.get("mode") === "maps";
  }

  #output(name: string): Output | undefined {
    return this.get<Output[]>("_outputs").find((output) => output.name === name);
  }

  /** What to do first, on this tab. */
  get #hint(): string {
    return this.#modes.find(({ value }) => value === this.get("mode"))!.title;
  }

  #name(name: string): string {
    const output = this.#output(name);
    return output ? outputName(output) : name;
  }

  #showMode(): void {
    press(this.#modes, [this.get("mode")]);
    this.root.classList.toggle("cofe-dialled", this.#dialled);
    for (const part of [this.#whatIf.card.element, this.#whatIf.card.curve.element]) part.hidden = !this.#dialled;
    for (const part of [this.#form.element, this.#curve.element]) part.hidden = this.#dialled || this.#mapped;
    this.#showCounterfactuals();
  }

  #showEcg(): void {
    const ecg: Ecg | null = this.get("_ecg");
    this.root.classList.toggle("cofe-has-ecg", Boolean(ecg));
    this.showTitle(ecg);
    this.#original = unpackLayer(ecg);
    this.#search = null;
    this.#view.show({ ...ecg, original: this.#original, changed: null });
    this.#showCounterfactuals();
    this.#toolbar.update();
  }

  #showCounterfactuals(): void {
    this.#answers.show(this.#dialled || this.#mapped);
    const chosen = this.#mapped ? null : this.#answers.chosen;
    this.#beside.hidden = this.#dialled || !chosen;
    this.#showMaps();
    if (this.#dialled) return this.#showDials();
    this.#changes.show(chosen?.changes ?? [], ["Original", "Counterfactual"], `on the way to ${chosen && this.#name(chosen.target)}; `);
    this.#reasons.show(chosen?.reasons ?? null);
    this.#trust.show(chosen?.trust ?? null);
    this.#showMessage(chosen ? chosen.words || chosen.message : "", chosen?.reached === false);
    if (!this.#search) this.#showCurve();
    this.#draw();
  }

  /** The line above the ECG is never empty, so that the ECG never jumps. */
  #showMessage(words: string, unreached = false): void {
    this.#message.classList.toggle("cofe-unreached", unreached);
    this.#message.textContent = words || this.#hint;
    this.#message.classList.toggle("cofe-idle", !words);
    this.#message.hidden = !words && !this.#live;
  }

  #showCurve(): void {
    const chosen = this.#answers.chosen;
    const output = chosen && this.#output(chosen.target);
    const points = chosen?.severities.map((s, k): [number, number] => [s, chosen.predictions[k]!]) ?? [];
    this.#curve.show(output ? { points, level: chosen.level, output, searching: false } : null);
    this.#curve.move(this.get("severity"));
    this.#showKey();
  }

  #showKey(): void {
    const shade = this.#bands.shade(this.#shares);
    const [search, chosen] = [this.#search, this.#answers.chosen];
    const target = search?.target ?? chosen?.target;
    const where = search || !chosen ? "" : `, changed in ${chosen.space}`;
    const changed = this.#dialled
      ? this.#whatIf.now?.layer && "as dialled"
      : target && `${this.#answers.needed ? "what the model needs" : "counterfactual"} (${this.#name(target)})${where}`;
    const tells = chosen?.reasons?.nameable ? "reasons" : "counterfactual";
    const explained = this.#dialled ? changed && "dials" : !this.#mapped && chosen && tells;
    this.#key.show(changed || null, shade, Boolean(this.#maps.pointed), explained || (shade ? "attribution" : "answer"));
  }

  get #shares(): PackedShade | null {
    return this.#dialled ? null : (this.#answers.chosen?.shares ?? null);
  }

  #showMaps(): void {
    this.#maps.show();
    this.#view.show({ pointed: unpackLayer(this.#maps.pointed) });
    this.#showBand();
  }

  #showBand(): void {
    this.#bands.show(this.#shares, this.#live);
    this.#view.show({ shade: unpackShade(this.#bands.shade(this.#shares)) });
    this.#showKey();
  }

  /** The ECG as dialled, its answer, what was measured on it, and the curve of the dial in hand. */
  #showDials(): void {
    if (!this.#dialled) return;
    this.#showDialled();
    this.#showNumbers();
    this.#showMessage("");
    this.#draw();
  }

  /** What follows a hand on a dial at once. */
  #showDialled(): void {
    this.#whatIf.show(this.#output(this.get("target")));
  }

  /** What is read when there is time. */
  #showNumbers(): void {
    this.#changes.show(this.#whatIf.now?.changes ?? [], ["Original", "As dialled"], "");
    this.#showKey();
  }

  /** The traces: the hot path of a dragged slider, no kernel in it. */
  #draw(): void {
    const [chosen, search, now] = [this.#answers.chosen, this.#search, this.#whatIf.now];
    const plain = { original: this.#original, changed: null, note: this.get<Ecg | null>("_ecg")?.note };
    this.#showOriginal.disabled = this.#dialled ? !now?.layer : !chosen && !search;
    const style = !this.#showOriginal.checked ? "alone" : this.#dialled ? "faint" : "over";
    if (this.#dialled) {
      this.#prediction.mark((now?.layer && now.values) || {});
      this.#view.show({
        ...plain,
        style,
        original: now?.base ?? this.#original,
        changed: now?.layer ?? null,
        named: "as dialled",
        note: now?.note ?? plain.note,
      });
      return;
    }
    this.#view.show({ style, named: "counterfactual" });
    if (search) {
      const last = search.points.at(-1)?.[1];
      this.#prediction.mark(last === undefined ? {} : { [search.target]: last });
      if (search.frame) this.#view.show({ original: search.base ?? this.#original, changed: search.frame });
    } else if (chosen) {
      const severity = this.get<number>("severity");
      this.#prediction.mark({ [chosen.target]: predictionAt(chosen, severity) });
      this.#view.show({
        original: chosen.base,
        changed: { ...chosen.base, rows: signalAt(chosen, severity, this.#blended) },
        note: chosen.note,
      });
    } else {
      this.#prediction.mark({});
      this.#view.show(plain);
    }
  }

  // ---- asking, and what comes back

  #open(files: UploadFile[]): void {
    this.#request(
      "open",
      { files: files.map((file) => file.name) },
      files.map((file) => file.data),
    );
    this.#showMessage(`Reading ${files.map((file) => file.name).join(", ")} …`);
  }

  #explain(): void {
    const names = ["target", "level", "method", "keep", "diverse"];
    this.#request("explain", Object.fromEntries(names.map((name) => [name, this.get(name)])));
    this.#startSearch(this.get("target"), this.get("level"));
  }

  readonly #request = (kind: string, parameters: Record<string, unknown> = {}, buffers: ArrayBuffer[] = []): void => {
    this.showError("");
    this.#jobs!.request(kind, parameters, buffers);
  };

  #startSearch(target: string, level: number): void {
    this.#search = { points: [], frame: null, base: null, target, level };
    this.#form.run(true);
    this.#showMessage("Reading …");
    this.#showSearch();
    this.#showKey();
  }

  #showSearch(): void {
    const output = this.#output(this.#search!.target);
    if (output) this.#curve.show({ ...this.#search!, output, searching: true });
    this.#draw();
  }

  #cancel(): void {
    this.#jobs!.cancel("explain");
    this.#endSearch();
    this.#showMessage("Stopped.");
  }

  #endSearch(): void {
    this.#search = null;
    this.#form.run(false);
    this.#showCounterfactuals();
  }

  #onReply(reply: Reply, buffers: DataView[]): void {
    const { kind, type } = reply;
    if (type === "start") this.showError("");
    if (type === "error") this.showError(String(reply.message));
    if (kind === "explain") return this.#onExplain(reply, buffers);
    if (kind === "dial") return this.#onDial(reply, buffers);
    if (this.#maps.takes(reply) && type === "step") this.#jobs!.acknowledge(reply);
    // The same file once more changes no trait, but "Reading …" is over all the same.
    if (kind === "open" && type !== "start" && type !== "step") this.#showCounterfactuals();
    if (kind === "model" && type === "error") this.#prediction.models(this.get("_models"), this.get("model"));
    if (type === "done" && kind === "page") {
      download(String(reply.name), new Blob([asBytes(buffers[0]!)], { type: "text/html" }));
    }
  }

  #onExplain(reply: Reply, buffers: DataView[]): void {
    if (reply.type === "start" || reply.type === "snapshot") this.#startSearch(String(reply.target), Number(reply.level));
    if (reply.type === "step" || reply.type === "snapshot") {
      if (!this.#search) return;
      this.#search = advanced(this.#search, reply, buffers);
      this.#form.advance(Number(reply.fraction));
      this.#showMessage(String(reply.message));
      this.#showSearch();
      if (reply.type === "step") this.#view.painted(() => this.#jobs!.acknowledge(reply));
    } else if (reply.type !== "start") this.#endSearch();
  }

  #onDial(reply: Reply, buffers: DataView[]): void {
    const told = this.#whatIf.take(reply, buffers);
    if (!isRunning(reply)) return this.#showDials();
    if (this.#dialled) {
      this.#showDialled();
      if (told?.changes) this.#showNumbers();
      if (reply.frame) this.#draw();
    }
    if (reply.type === "step") this.#view.painted(() => this.#jobs!.acknowledge(reply));
  }
}
