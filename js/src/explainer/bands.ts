// The band behind the traces: where the model looks, or the share of the answer that is drawn there.

import { check, h } from "../core/dom";
import type { Traits } from "../core/host";
import type { PackedShade } from "../core/layers";

export class Bands {
  readonly #traits: Traits;
  readonly #method = h("span.method"); // of the attribution, by name
  readonly #attribution = this.#box("show_attribution", "show_shares");
  readonly #shares = this.#box("show_shares", "show_attribution");
  readonly #sharesLabel = check(this.#shares, "Share of the answer");
  readonly elements: readonly HTMLElement[] = [check(this.#attribution, this.#method), this.#sharesLabel];

  constructor(traits: Traits) {
    this.#traits = traits;
  }

  /** There is room for one: the other goes. */
  #box(name: string, other: string): HTMLInputElement {
    const box = h("input", {
      type: "checkbox",
      onchange: () => {
        this.#traits.set(name, box.checked);
        if (box.checked) this.#traits.set(other, false);
      },
    });
    return box;
  }

  /** The one that is asked for, of those there are; shares come with the answer on screen. */
  shade(shares: PackedShade | null): PackedShade | null {
    const on = (name: string): boolean => this.#traits.get(name);
    return (on("show_shares") && shares) || (on("show_attribution") ? this.#traits.get("_attribution") : null);
  }

  show(shares: PackedShade | null, live: boolean): void {
    const attribution = this.#traits.get<PackedShade | null>("_attribution");
    this.#method.textContent = attribution?.reading ?? "attribution";
    this.#attribution.checked = this.#traits.get("show_attribution");
    this.#attribution.disabled = !live && !attribution;
    this.#shares.checked = this.#traits.get("show_shares");
    this.#sharesLabel.hidden = !shares;
  }
}
