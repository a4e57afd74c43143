// What stands below the ECG: what its colours mean, and how much such an explanation says.

import { h, type Menu } from "../core/dom";
import type { Traits } from "../core/host";
import type { PackedShade } from "../core/layers";
import { legend } from "../viewer/legend";

/** What is shown, as cofe_widgets/vocabulary/explainability.py names it. */
export type Shown = "answer" | "attribution" | "dials" | "counterfactual" | "reasons";

export class Key {
  readonly #traits: Traits;
  readonly #legend = h("div");
  readonly #level = h("p.quiet.level");
  readonly elements: readonly HTMLElement[] = [this.#legend, this.#level];

  constructor(traits: Traits) {
    this.#traits = traits;
  }

  /** `changed` names the red line, if there is one; `pointed` is whether map and counterfactual are compared. */
  show(changed: string | null, shade: PackedShade | null, pointed: boolean, shown: Shown): void {
    const menus = this.#traits.get<{ pointed: Menu; levels: Record<Shown, string> }>("_menus");
    this.#legend.replaceChildren(legend({ lines: changed ? ["original", changed] : null, shade, pointed: pointed ? menus.pointed : null }));
    this.#legend.hidden = !changed && !shade;
    this.#level.textContent = menus.levels[shown];
  }
}
