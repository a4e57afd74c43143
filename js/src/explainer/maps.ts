// Where the model looks: which maps, side by side, in numbers by wave, and what each is worth on this model.

import { button, h, type Menu, option, select } from "../core/dom";
import type { Traits } from "../core/host";
import { isRunning, type Reply } from "../core/jobs";
import type { PackedLayer } from "../core/layers";
import { type Output, outputName } from "../core/output";
import { picture } from "../core/picture";

interface Cell {
  share: string;
  times: string; // share over duration
  much: boolean;
}

interface Picture {
  data: string; // SVG
}

/** What stands below the ECG; the twin of `Maps._packed` in cofe_widgets/widgets/explainer/maps.py. */
interface PackedMaps {
  methods: { title: string; badge: string }[];
  waves: { wave: string; cells: Cell[] }[];
  picture: Picture;
  check: { words: string[]; about: string; picture: Picture } | null;
}

/** The first map beside the counterfactual on screen. */
interface Agreement {
  words: string;
  where: PackedLayer | null; // bits of `explain.agreement`; null where they cannot be compared
  of: [number, boolean]; // which of the counterfactuals, and whether of what the model needs
}

/** What the card shows: traits of cofe_widgets/widgets/explainer/view.py. */
export const MAP_TRAITS = ["_methods", "_outputs", "target", "map_method", "compare_with", "_maps", "_agreement"];

const NONE: Menu[number] = ["", "none"];
const SOON_MS = 400; // what is over sooner needs no Stop
const CHECK = "Check this map (about a minute)";

export class MapsCard {
  readonly form: HTMLElement;
  readonly findings = h("section.card.maps");
  readonly #traits: Traits;
  readonly #live: boolean;
  readonly #request: (kind: string, parameters: Record<string, unknown>) => void;
  readonly #targets: HTMLSelectElement;
  readonly #method: HTMLSelectElement;
  readonly #others: HTMLSelectElement[];
  readonly #badge = h("p.badge", { role: "status" });
  readonly #check: HTMLButtonElement;
  readonly #progress = h("progress", { max: 1, value: 0, "aria-label": "Progress of the maps" });
  readonly #doing = h("p.quiet");
  #running = ""; // the kind of job under way
  #stoppable: ReturnType<typeof setTimeout> | 0 = 0;

  constructor(
    traits: Traits,
    live: boolean,
    request: (kind: string, parameters: Record<string, unknown>) => void,
    cancel: (kind: string) => void,
  ) {
    [this.#traits, this.#live, this.#request] = [traits, live, request];
    this.#targets = select("Map for", [], (target) => traits.set("target", target));
    this.#method = select("Map by", [], () => this.#choose());
    this.#others = ["Compare with", "Compare also with"].map((label) => select(label, [], () => this.#choose()));
    this.#check = button(CHECK, "", () => {
      if (!this.#stops) return this.#ask("check");
      cancel(this.#running);
      this.#end();
    });
    this.form = h(
      "section.card.look",
      h("h2", "Where does it look?"),
      h("p", "Map for ", this.#targets, " by ", this.#method),
      this.#badge,
      h("p", "Compare with ", ...this.#others),
      h("div.run", this.#check, this.#progress),
      this.#doing,
    );
    this.#end();
  }

  get #names(): string[] {
    const chosen = [this.#method, ...this.#others].map(({ value }) => value);
    return [...new Set(chosen.filter(Boolean))];
  }

  #choose(): void {
    this.#ask("attribute");
  }

  #ask(kind: string): void {
    this.#request(kind, { target: this.#traits.get("target"), methods: this.#names });
  }

  /** Pickers as the traits have them. */
  #update(): void {
    const get = <T>(name: string): T => this.#traits.get<T>(name);
    const [outputs, methods] = [get<Output[]>("_outputs"), get<Menu>("_methods")];
    const [first, others] = [get<string>("map_method"), get<string[]>("compare_with")];
    fill(
      this.#targets,
      outputs.map((output) => [output.name, outputName(output)]),
      get("target"),
    );
    const said = methods.map(([name, title, badge]): Menu[number] => [name, `${title} · ${badge}`]);
    fill(this.#method, said, first);
    this.#others.forEach((menu, k) => {
      const free = said.filter(([name]) => name !== first && name !== others[1 - k]);
      fill(menu, [NONE, ...free], others[k] ?? "");
      menu.hidden = k > 0 && !others.length;
    });
    const known = methods.find(([name]) => name === first);
    this.#badge.textContent = known ? `${known[1]} on ${get("model")}: ${known[2]}` : "";
    this.#badge.classList.toggle("cofe-unchecked", known?.[2] === "unchecked");
    for (const menu of [this.#targets, this.#method, ...this.#others]) menu.disabled = !this.#live;
    this.#check.parentElement!.hidden = this.#doing.hidden = !this.#live;
    this.#check.disabled = !methods.length || !outputs.length;
  }

  get #mapped(): boolean {
    return this.#traits.get("mode") === "maps";
  }

  /** Where the first map and the counterfactual on screen point, if these were compared. */
  get pointed(): PackedLayer | null {
    const [found, chosen, needed] = ["_agreement", "chosen", "show_needed"].map((name) => this.#traits.get(name)) as [
      Agreement,
      number,
      boolean,
    ];
    return this.#mapped && found?.where && found.of[0] === chosen && found.of[1] === needed ? found.where : null;
  }

  /** Pickers, and what was found, on their own tab. */
  show(): void {
    this.#update();
    const maps = this.#mapped ? this.#traits.get<PackedMaps | null>("_maps") : null;
    const agreement = this.#traits.get<Agreement | null>("_agreement")?.words ?? "";
    this.form.hidden = !this.#mapped;
    this.findings.hidden = !maps;
    this.findings.replaceChildren(
      ...(maps
        ? [
            waves(maps),
            h(
              "div.picture",
              { tabindex: 0, role: "group", "aria-label": "The same beat, method beside method" },
              picture(maps.picture.data),
            ),
            h("p", { hidden: !agreement }, agreement),
            check(maps),
          ]
        : []),
    );
  }

  /** Whether a reply is about maps; then it is shown. */
  takes(reply: Reply): boolean {
    const { kind, type } = reply;
    if (kind !== "attribute" && kind !== "check") return false;
    if (!isRunning(reply)) {
      if (this.#running === kind) this.#end();
      this.#update(); // what was refused is chosen no longer
      return true;
    }
    if (type !== "step") this.#start(kind);
    if (kind === this.#running) {
      this.#doing.textContent = String(reply.message ?? "");
      this.#progress.value = Number(reply.fraction ?? 0);
    }
    return true;
  }

  get #stops(): boolean {
    return this.#check.classList.contains("cofe-stop");
  }

  #start(kind: string): void {
    if (this.#running === "check") return; // the longer one has the button
    this.#running = kind;
    clearTimeout(this.#stoppable);
    const run = (): void => {
      this.#check.textContent = "Stop";
      this.#check.classList.add("cofe-stop");
      this.#progress.style.visibility = "visible";
    };
    if (kind === "check") run();
    else this.#stoppable = setTimeout(run, SOON_MS);
  }

  #end(): void {
    clearTimeout(this.#stoppable);
    this.#running = "";
    this.#check.textContent = CHECK;
    this.#check.classList.remove("cofe-stop");
    this.#progress.style.visibility = "hidden";
    this.#doing.textContent = "The check uses simulated ECGs, none of yours.";
  }
}

function fill(menu: HTMLSelectElement, choices: Menu, value: string): void {
  menu.replaceChildren(...choices.map(option));
  menu.value = value;
}

/** Relevance by wave: numbers before pictures. */
function waves({ methods, waves }: PackedMaps): HTMLElement {
  const told = "share of each map; × share over duration, 1 is an even map";
  return h(
    "table",
    h("caption", "Relevance by wave ", h("span.quiet", told)),
    h(
      "thead",
      h(
        "tr",
        h("th", { scope: "col" }, "Wave"),
        ...methods.map(({ title, badge }) => h("th.num", { scope: "col" }, h("b", title), h("small", badge))),
      ),
    ),
    h(
      "tbody",
      ...waves.map(({ wave, cells }) =>
        h(
          "tr",
          h("th", { scope: "row" }, wave),
          ...cells.map(({ share, times, much }) => h((much ? "td.num.much" : "td.num") as "td", share, h("small", times))),
        ),
      ),
    ),
  );
}

function check({ check, methods }: PackedMaps): HTMLElement {
  if (!check) {
    const [first] = methods;
    return h("p.quiet", `${first!.title} is unchecked: whether it shows what this model looks at, nobody has measured here.`);
  }
  const { words, about, picture: card } = check;
  return h(
    "div.scorecard",
    h("h2", "Can these maps be believed?"),
    ...words.map((said) => h("p", said)),
    h("p.quiet", about),
    h("div.picture", { tabindex: 0, role: "group", "aria-label": "Scorecard" }, picture(card.data)),
  );
}
