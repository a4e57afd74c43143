// What a component needs of its surroundings: a kernel's model, or the state of an exported page.

import { onStop } from "./dom";

export interface Host {
  get(name: string): any;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, callback: (...args: any[]) => void): void;
  off(event: string, callback: (...args: any[]) => void): void;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
}

/** The traits that a part of the page reads and sets. */
export interface Traits {
  get<T = any>(name: string): T;
  set(name: string, value: unknown): void;
}

/** Listen for as long as the view lives. */
export function listen(host: Host, event: string, callback: (...args: any[]) => void, stop: AbortSignal): void {
  host.on(event, callback);
  onStop(stop, () => host.off(event, callback));
}

/** The host of a page without a kernel: state that can change, and nobody to ask. */
export class StaticHost implements Host {
  readonly #listeners = new Map<string, Set<(...args: any[]) => void>>();

  readonly #state: Record<string, unknown>;

  constructor(state: Record<string, unknown>) {
    this.#state = state;
  }

  get(name: string): any {
    return this.#state[name];
  }

  set(name: string, value: unknown): void {
    if (this.#state[name] === value) return;
    this.#state[name] = value;
    this.#listeners.get(`change:${name}`)?.forEach((callback) => callback(this, value));
  }

  save_changes(): void {}

  send(): void {}

  on(event: string, callback: (...args: any[]) => void): void {
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event)!.add(callback);
  }

  off(event: string, callback: (...args: any[]) => void): void {
    this.#listeners.get(event)?.delete(callback);
  }
}
