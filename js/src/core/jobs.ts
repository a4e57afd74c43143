// The browser's half of the job protocol; the kernel's is cofe_widgets/widgets/core/jobs.py.
// To the kernel: request, cancel, ack, ready, visible. From it: start, step, done, error, cancelled, snapshot.

import { onStop } from "./dom";
import { type Host, listen } from "./host";
import { max } from "./math";

export interface Reply {
  type: "start" | "step" | "done" | "error" | "cancelled" | "snapshot";
  kind: string;
  id: string;
  epoch: number;
  seq?: number;
  [more: string]: unknown;
}

/** Whether a reply says that the job is still under way. */
export const isRunning = ({ type }: Reply): boolean => type === "start" || type === "step" || type === "snapshot";

const PATIENCE_MS = 6000;

export class Jobs {
  /** The job of each kind that this view knows to be under way, whoever asked for it. */
  readonly running = new Map<string, string>();
  readonly #view = String(Math.random());
  readonly #dropped = new Set<string>(); // stopped here: nothing more of them is shown
  #epoch = 0;
  #count = 0;

  readonly #host: Host;
  readonly #stop: AbortSignal;
  readonly #onReply: (reply: Reply, buffers: DataView[]) => void;
  readonly #onSilence: () => void;

  constructor(host: Host, stop: AbortSignal, onReply: (reply: Reply, buffers: DataView[]) => void, onSilence: () => void) {
    this.#host = host;
    this.#stop = stop;
    this.#onReply = onReply;
    this.#onSilence = onSilence;
    this.#epoch = host.get("epoch") ?? 0;
    listen(host, "change:epoch", () => (this.#epoch = max(this.#epoch, host.get("epoch"))), stop);
    listen(host, "msg:custom", (reply: Reply, buffers: DataView[]) => this.#receive(reply, buffers), stop);
    document.addEventListener("visibilitychange", () => this.visible(document.visibilityState === "visible"), { signal: stop });
    host.send({ type: "ready", view: this.#view });
    onStop(stop, () => this.visible(false));
  }

  /** Ask; a running job of the same kind is out of date from here on. */
  request(kind: string, parameters: Record<string, unknown> = {}, buffers: ArrayBuffer[] = []): void {
    const id = `${this.#view}:${++this.#count}`;
    this.#forget(kind);
    this.running.set(kind, id);
    this.#host.send({ type: "request", kind, id, epoch: this.#epoch, ...parameters }, undefined, buffers);
    const timer = setTimeout(() => {
      if (this.running.get(kind) === id && !this.#answered.has(id)) this.#onSilence();
    }, PATIENCE_MS);
    onStop(this.#stop, () => clearTimeout(timer));
  }

  readonly #answered = new Set<string>();

  /** Stop now: the kernel is told, and what it still sends is ignored. */
  cancel(kind: string): void {
    const id = this.running.get(kind);
    if (!id) return;
    this.#forget(kind);
    this.#host.send({ type: "cancel", kind, id });
  }

  acknowledge(reply: Reply): void {
    this.#host.send({ type: "ack", id: reply.id, seq: reply.seq });
  }

  /** Say again whether this view can be seen; a view of 0 x 0 cannot. */
  visible(visible: boolean): void {
    this.#host.send({ type: "visible", view: this.#view, visible });
  }

  #forget(kind: string): void {
    const id = this.running.get(kind);
    if (id) this.#dropped.add(id);
    this.running.delete(kind);
  }

  #receive(reply: Reply, buffers: DataView[]): void {
    if (reply.type === "snapshot") {
      if (reply.view !== this.#view || !reply.id) return;
      this.running.set(reply.kind, reply.id);
      this.#answered.add(reply.id);
      return this.#onReply(reply, buffers);
    }
    this.#answered.add(reply.id);
    const mine = this.running.get(reply.kind);
    const stale = this.#dropped.has(reply.id) || reply.epoch < this.#epoch;
    switch (reply.type) {
      case "start":
        if (stale) return;
        this.#epoch = reply.epoch;
        this.running.set(reply.kind, reply.id);
        break;
      case "step":
        if (stale || mine !== reply.id) return this.acknowledge(reply);
        break;
      default: // the end of a job: of ours, or of one that another has replaced
        if (mine !== reply.id) return;
        this.running.delete(reply.kind);
    }
    this.#onReply(reply, buffers);
  }
}
