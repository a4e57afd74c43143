// Opening files: a button, and the whole app as a place to drop them.

import { h } from "../core/dom";

const MAX_FILES = 12;

export interface UploadFile {
  name: string;
  data: ArrayBuffer;
}

export const mebibytes = (bytes: number, digits = 0): string => `${(bytes / 2 ** 20).toFixed(digits)} MiB`;

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

export function uploadInput(
  root: HTMLElement,
  maxBytes: number,
  picked: (files: UploadFile[]) => void,
  refused: (why: string) => void,
  stop: AbortSignal,
): HTMLInputElement {
  const take = async (list: FileList | null): Promise<void> => {
    const files = [...(list ?? [])];
    const why = refusal(files, maxBytes);
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
    void take(event.dataTransfer!.files);
  });
  return input;
}
