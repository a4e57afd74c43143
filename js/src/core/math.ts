// The functions of Math under names of their own: the bundler can shorten these.

export const { abs, ceil, floor, max, min, round } = Math;

export const clamp = (value: number, low: number, high: number): number => min(high, max(low, value));
