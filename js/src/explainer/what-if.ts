// The ECG under dials: what the kernel streams of it while a hand moves, and its last position in the trait.

import type { Component } from "../core/component";
import { isRunning, type Reply } from "../core/jobs";
import type { Output, Values } from "../core/output";
import { DialsCard } from "../lab/dials";
import { type EditState, type PackedEditState, unpackEditState } from "../lab/edit-state";

export class WhatIf {
  readonly card: DialsCard;
  readonly #traits: Component;
  /** The ECG as dialled. */
  now: EditState | null = null;
  #streaming = false; // frames come: the trait is out of date

  constructor(traits: Component, stop: AbortSignal) {
    this.#traits = traits;
    this.card = new DialsCard(
      (asked) => traits.drag("asked", asked),
      (name) => traits.set("dial", name),
      stop,
    );
  }

  /** Where the dials last stood still. */
  settle(): void {
    if (!this.#streaming) this.now = unpackEditState(this.#traits.get("_edited"), []);
  }

  /** A reply of the kernel; what it tells beside the ECG, if anything. */
  take(reply: Reply, buffers: DataView[]): EditState | undefined {
    this.#streaming = isRunning(reply);
    const told = reply.told as EditState | undefined;
    if (this.#streaming)
      this.now = { ...this.now, ...told, ...unpackEditState(reply.frame as PackedEditState | null, buffers) } as EditState;
    else this.settle();
    return told;
  }

  /** What follows a hand on a dial at once; the target's output. */
  show(output: Output | undefined): void {
    const [now, target] = [this.now, this.#traits.get<string>("target")];
    const values = now?.values ?? this.#traits.get<Values | null>("_answer");
    this.card.show(this.#traits.get("asked"), now?.achieved ?? null, now?.curve ?? null, output, values?.[target]);
  }
}
