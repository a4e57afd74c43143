// The functions of Math under names of their own: the bundler can shorten these.

/** Whether a number is there: neither NaN nor infinite. */
export const known: (value: unknown) => boolean = Number.isFinite;
export const { abs, ceil, floor, hypot, max, min, round } = Math;

export const clamp = (value: number, low: number, high: number): number => min(high, max(low, value));
