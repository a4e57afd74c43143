// Opening an ECG: a button, simulated examples, and the whole app as a place to drop files.

import { button, h, type Menu } from "../core/dom";

const MAX_FILES = 12;

export interface UploadFile {
  name: string;
  data: ArrayBuffer;
}

const mebibytes = (bytes: number, digits = 0): string => `${(bytes / 2 ** 20).toFixed(digits)} MiB`;

/** A sentence that says why these files cannot be sent, or null. */
export function refusal(files: readonly { name: string; size: number }[], maxBytes: number): string | null {
  if (!files.length) return "No file was dropped. Drop an ECG, or the files of one WFDB record.";
  if (files.length > MAX_FILES) return `${files.length} files were dropped. Drop the files of one ECG, at most ${MAX_FILES}.`;
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (total > maxBytes) {
    const names = files.map((file) => file.name).join(", ");
    return `${names}: ${mebibytes(total, 1)}, more than ${mebibytes(maxBytes)}. Read it in Python: cw.explore(cw.read("${files[0]!.name}")).`;
  }
  const empty = files.find((file) => file.size === 0);
  return empty ? `${empty.name} is empty. Choose the file of an ECG.` : null;
}

/** The kernel's own limit, and simulated ECGs to begin with. */
interface Offer {
  formats: string;
  max_upload_bytes: number;
  examples: Menu;
}

export class Upload {
  readonly input: HTMLInputElement;
  readonly #offer: Offer;
  readonly #onExample: (code: string) => void;

  constructor(
    root: HTMLElement,
    offer: Offer,
    onFiles: (files: UploadFile[]) => void,
    onExample: (code: string) => void,
    onRefused: (why: string) => void,
    stop: AbortSignal,
  ) {
    this.#offer = offer;
    this.#onExample = onExample;
    const take = async (list: FileList | null): Promise<void> => {
      const files = [...(list ?? [])];
      const why = refusal(files, offer.max_upload_bytes);
      if (why) return onRefused(why);
      try {
        onFiles(await Promise.all(files.map(async (file) => ({ name: file.name, data: await file.arrayBuffer() }))));
      } catch (error) {
        onRefused(`The browser could not read ${files.map((file) => file.name).join(", ")}: ${(error as Error).message}`);
      }
    };
    this.input = h("input.file", {
      type: "file",
      multiple: true,
      tabindex: -1,
      "aria-label": "ECG files",
      onchange: () => void take(this.input.files).finally(() => (this.input.value = "")),
    });
    acceptDrops(root, (files) => void take(files), stop);
  }

  button(style = ""): HTMLElement {
    return button("Open ECG…", "", () => this.input.click(), style);
  }

  examples(): HTMLElement {
    const examples = this.#offer.examples.map(([code, text]) => button(text, "", () => this.#onExample(code), ".plain"));
    return h("span.examples", h("span.quiet", "Simulated:"), ...examples);
  }

  /** What there is before there is an ECG. */
  empty(): HTMLElement {
    return h(
      "div.empty",
      h("strong", "Drop an ECG here"),
      h("p", `${this.#offer.formats}; up to ${mebibytes(this.#offer.max_upload_bytes)}. It stays on this machine.`),
      this.button(".primary"),
      this.examples(),
    );
  }
}

function acceptDrops(root: HTMLElement, dropped: (files: FileList) => void, stop: AbortSignal): void {
  const on = (type: string, act: (event: DragEvent) => void): void =>
    root.addEventListener(
      type,
      (event) => {
        const drag = event as DragEvent;
        if (!drag.dataTransfer?.types.includes("Files")) return;
        // The notebook around us must not take the file for itself.
        drag.preventDefault();
        drag.stopPropagation();
        act(drag);
      },
      { signal: stop },
    );
  const over = (on: boolean): void => void root.classList.toggle("cofe-dropping", on);
  on("dragleave", (event) => over(root.contains(event.relatedTarget as Node | null)));
  on("dragover", (event) => {
    over(true);
    event.dataTransfer!.dropEffect = "copy";
  });
  on("drop", (event) => {
    over(false);
    dropped(event.dataTransfer!.files);
  });
}
