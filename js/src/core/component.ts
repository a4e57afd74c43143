// What every app of the package does with its traits, its errors and its kernel; the twin of
// cofe_widgets/widgets/core/component.py.

import { button, h, onStop } from "./dom";
import { type Host, listen, type Traits } from "./host";
import { Jobs, type Reply } from "./jobs";
import type { Ecg } from "./layers";

export abstract class Component implements Traits {
  readonly title = h("div.title");
  readonly foot = h("div.foot.quiet", "For research and teaching. Not a medical device.");
  readonly alert = h("div.error", { role: "alert", hidden: true });
  readonly root: HTMLElement;
  readonly #host: Host;
  readonly #stop: AbortSignal;

  constructor(host: Host, root: HTMLElement, stop: AbortSignal) {
    this.#host = host;
    this.root = root;
    this.#stop = stop;
  }

  get<T = any>(name: string): T {
    return this.#host.get(name) as T;
  }

  set(name: string, value: unknown): void {
    this.#host.set(name, value);
    this.#host.save_changes();
  }

  #saving: ReturnType<typeof setTimeout> | 0 = 0;

  /** What changes under a hand: every message to the kernel costs the notebook several, hence some thirty a second. */
  drag(name: string, value: unknown): void {
    this.#host.set(name, value);
    this.#saving ||= setTimeout(() => {
      this.#saving = 0;
      this.#host.save_changes();
    }, 30);
  }

  /** Now, and whenever one of these traits changes. */
  on(names: readonly string[], update: () => void): void {
    for (const name of names) listen(this.#host, `change:${name}`, update, this.#stop);
    update();
  }

  showTitle(ecg: Ecg | null): void {
    this.title.replaceChildren(h("strong", ecg?.title ?? ""), ...(ecg?.facts ?? []).map((fact) => h("span", fact)));
  }

  /** An error for the person, or nothing. */
  showError(why: string): void {
    this.alert.hidden = !why;
    this.alert.replaceChildren(
      why,
      button("×", "Dismiss", () => this.showError(""), ".plain"),
    );
  }

  /** The kernel's jobs, where there is a kernel. Scrolled away or in a hidden tab, it holds its frames back. */
  jobs(onReply: (reply: Reply, buffers: DataView[]) => void): Jobs | null {
    if (!this.get("_live")) return null;
    const jobs = new Jobs(this.#host, this.#stop, onReply, () =>
      this.showError("The kernel has not answered: it may be busy with a cell, or stopped."),
    );
    const watch = new IntersectionObserver(([entry]) => jobs.visible(entry!.isIntersecting));
    watch.observe(this.root);
    onStop(this.#stop, () => watch.disconnect());
    return jobs;
  }
}
