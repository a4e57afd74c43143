// The cached path of a counterfactual: frames at rising severities, moved through with no kernel.

export interface Path {
  fs: number;
  leads: string[];
  frames: Float32Array[][]; // [frame][lead]
  severities: number[]; // 0..1, rising
  predictions: number[];
}

/** Frame index below `severity` and how far it is towards the next. */
export function locate(severities: readonly number[], severity: number): { below: number; weight: number } {
  const last = severities.length - 1;
  if (last < 1 || severity <= severities[0]!) return { below: 0, weight: 0 };
  if (severity >= severities[last]!) return { below: last, weight: 0 };
  let below = 0;
  while (severities[below + 1]! <= severity) below++;
  const step = severities[below + 1]! - severities[below]!;
  return { below, weight: step > 0 ? (severity - severities[below]!) / step : 0 };
}

export function predictionAt(path: Pick<Path, "severities" | "predictions">, severity: number): number {
  const { below, weight } = locate(path.severities, severity);
  const here = path.predictions[below]!;
  return weight ? here + weight * (path.predictions[below + 1]! - here) : here;
}

/** The signal at any severity, linear between the two cached frames around it; written into `out`. */
export function signalAt(path: Path, severity: number, out: Float32Array[]): Float32Array[] {
  const { below, weight } = locate(path.severities, severity);
  const a = path.frames[below]!;
  const b = path.frames[below + 1] ?? a;
  for (let lead = 0; lead < a.length; lead++) {
    const from = a[lead]!;
    const to = b[lead]!;
    const row = (out[lead] ??= new Float32Array(from.length));
    for (let i = 0; i < from.length; i++) row[i] = from[i]! + weight * (to[i]! - from[i]!);
  }
  return out;
}
