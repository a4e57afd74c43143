// The outputs of a model, and how their values are printed.

export interface Output {
  name: string;
  title: string;
  probability: boolean; // or a value
  unit: string;
  digits: number;
  low: number | null; // between which the bar stands; null: nobody knows
  high: number | null;
}

/** A number by name: of each output, or of each measurement. */
export type Values = Readonly<Record<string, number>>;

/** Never rounded to certainty. */
export const formatProbability = (p: number): string => (p > 0 && p < 0.005 ? "< 0.01" : p < 1 && p >= 0.995 ? "> 0.99" : p.toFixed(2));

/** A value of an output as it is printed; `whole` with its unit. */
export const formatOutput = ({ probability, digits, unit }: Output, value: number, whole = true): string =>
  probability ? formatProbability(value) : value.toFixed(digits) + (whole && unit ? ` ${unit}` : "");

/** What people call it: a class by its code, a value in words. */
export const outputName = ({ probability, name, title }: Output): string => (probability ? name : title || name);

/** What stands on its axis: `p(AF)`, `potassium`. */
export const outputLabel = (output: Output): string => (output.probability ? `p(${output.name})` : outputName(output));
