/** Kubernetes quantities compared by value: 1000m is 1, 1Gi is 1024Mi. */

const suffixes: Readonly<Record<string, readonly [base: bigint, power: number]>> = {
  n: [10n, -9],
  u: [10n, -6],
  m: [10n, -3],
  "": [10n, 0],
  k: [10n, 3],
  M: [10n, 6],
  G: [10n, 9],
  T: [10n, 12],
  P: [10n, 15],
  E: [10n, 18],
  Ki: [2n, 10],
  Mi: [2n, 20],
  Gi: [2n, 30],
  Ti: [2n, 40],
  Pi: [2n, 50],
  Ei: [2n, 60],
};

const form = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+)|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?)$/;

export function sameQuantity(a: unknown, b: unknown): boolean {
  const [one, other] = [nanos(a), nanos(b)];
  return one !== undefined && one === other;
}

/** In billionths, the finest the API knows; undefined where it is no quantity. */
function nanos(value: unknown): bigint | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const match = form.exec(String(value));
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponent, suffix = ""] = match;
  if (whole === "" && fraction === "") return undefined;
  const [base, power] = exponent === undefined ? (suffixes[suffix] ?? [10n, 0]) : ([10n, Number(exponent)] as const);
  if (Math.abs(power) > 60) return undefined;
  let scaled = BigInt(whole + fraction) * 10n ** 9n * (power >= 0 ? base ** BigInt(power) : 1n);
  const divisor = 10n ** BigInt(fraction.length) * (power < 0 ? base ** BigInt(-power) : 1n);
  // The API rounds up what is finer than a billionth.
  scaled = (scaled + divisor - 1n) / divisor;
  return sign === "-" ? -scaled : scaled;
}
