/** One measured figure. */
export interface BenchResult {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the project wants it to be, in words such as `>= 1500`; null when nobody has said. */
  readonly aim: string | null;
  /** What it is compared with, measured in the same run. */
  readonly peer: string | null;
  readonly peerValue: number | null;
  readonly ratio: number | null;
}

export function result(
  name: string,
  value: number,
  unit: string,
  more: Partial<Omit<BenchResult, "name" | "value" | "unit">> = {},
): BenchResult {
  return {
    name,
    value: round(value),
    unit,
    aim: null,
    peer: null,
    peerValue: null,
    ratio: null,
    ...more,
  };
}

/** Compared with a peer; the ratio is ours to theirs. */
export function compared(
  name: string,
  value: number,
  unit: string,
  peer: string,
  peerValue: number,
  aim: string | null = null,
): BenchResult {
  return result(name, value, unit, {
    aim,
    peer,
    peerValue: round(peerValue),
    ratio: round(value / peerValue),
  });
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
