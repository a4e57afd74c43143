// Opening files: a button, and the whole app as a place to drop them.

import { h } from "../shared/dom";

export const MOST_BYTES = 8 * 1024 * 1024;
const MOST_FILES = 12;

export interface Picked {
  name: string;
  data: ArrayBuffer;
}

/** A sentence that says why these files cannot be sent, or null. */
export function refusal(files: readonly { name: string; size: number }[]): string | null {
  if (!files.length) return "Nothing was dropped that is a file. Drop an ECG file, or several of one WFDB record.";
  if (files.length > MOST_FILES) return `${files.length} files were dropped; at most ${MOST_FILES} belong to one record. Drop the files of one ECG.`;
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (total > MOST_BYTES) {
    const names = files.map((file) => file.name).join(", ");
    return `${names}: ${(total / 2 ** 20).toFixed(1)} MiB, more than the ${MOST_BYTES / 2 ** 20} MiB that can be sent to the notebook. Read it in Python: cw.explore(cw.read("${files[0]!.name}")).`;
  }
  const empty = files.find((file) => file.size === 0);
  return empty ? `${empty.name} is empty. Choose the file of an ECG.` : null;
}

export function opener(
  root: HTMLElement,
  picked: (files: Picked[]) => void,
  refused: (why: string) => void,
  stop: AbortSignal,
): HTMLInputElement {
  const take = async (list: FileList | null): Promise<void> => {
    const files = [...(list ?? [])];
    const why = refusal(files);
    if (why) return refused(why);
    try {
      picked(await Promise.all(files.map(async (file) => ({ name: file.name, data: await file.arrayBuffer() }))));
    } catch (error) {
      refused(`The browser could not read ${files.map((file) => file.name).join(", ")}: ${(error as Error).message}`);
    }
  };
  const input = h("input", {
    type: "file",
    multiple: true,
    class: "cofe-file",
    tabindex: -1,
    "aria-label": "ECG files",
    onchange: () => {
      void take(input.files).finally(() => (input.value = ""));
    },
  });

  let depth = 0;
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
  const over = (by: number): void => {
    depth = Math.max(0, depth + by);
    root.classList.toggle("cofe-dropping", depth > 0);
  };
  on("dragenter", () => over(1));
  on("dragleave", () => over(-1));
  on("dragover", (event) => (event.dataTransfer!.dropEffect = "copy"));
  on("drop", (event) => {
    over(-depth);
    void take(event.dataTransfer!.files);
  });
  return input;
}
