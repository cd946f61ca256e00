/**
 * Quantities as the API server prints them, and lengths of time in milliseconds. The API server rewrites what it is
 * given ("0.5" -> "500m", "1024Mi" -> "1Gi"): what we apply must be in that form already, or it would never be equal
 * to what is there. Follows k8s.io/apimachinery/pkg/api/resource/quantity.go, exact by whole-number arithmetic.
 */

const nano = 10n ** 9n;
const decimalSuffixes: readonly string[] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const binarySuffixes: readonly string[] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

interface Parsed {
  /** The value in billionths. */
  nanos: bigint;
  binary: boolean;
}

function parse(text: string): Parsed {
  const match = /^([0-9]+)(?:\.([0-9]+))?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(text);
  if (match === null)
    throw new Error(`"${text}" is not a quantity: use a number and one of m, k, M, G, T, Ki, Mi, Gi, Ti or nothing`);
  const [, whole = "0", fraction = "", suffix = ""] = match;
  const binary = suffix.endsWith("i");
  const unit = binary
    ? nano * 1024n ** BigInt(binarySuffixes.indexOf(suffix))
    : 1000n ** BigInt(decimalSuffixes.indexOf(suffix));
  const nanos = ceilDivide(BigInt(whole + fraction) * unit, 10n ** BigInt(fraction.length));
  return { nanos, binary };
}

/** The one way in which the API server prints this quantity. */
export function canonicalQuantity(text: string): string {
  const { nanos, binary } = parse(text);
  // Binary suffixes are for 1024 and more; below that the API server goes over to the decimal form.
  if (binary && nanos >= 1024n * nano) return reduced(ceilDivide(nanos, nano), 1024n, binarySuffixes);
  return reduced(nanos, 1000n, decimalSuffixes);
}

function reduced(value: bigint, base: bigint, suffixes: readonly string[]): string {
  if (value === 0n) return "0";
  let rest = value;
  let step = 0;
  while (step < suffixes.length - 1 && rest % base === 0n) {
    rest /= base;
    step += 1;
  }
  return `${rest}${suffixes[step] ?? ""}`;
}

const ceilDivide = (value: bigint, by: bigint) => (value + by - 1n) / by;

/** Below 0: a is less than b; above 0: more; 0: equal. */
export function compareQuantities(a: string, b: string): number {
  const difference = parse(a).nanos - parse(b).nanos;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

export function toMillis(text: string): number {
  const [, number = "", unit = ""] = /^([1-9][0-9]*)(ms|s|m|h)$/.exec(text) ?? [];
  const factor = units[unit];
  if (factor === undefined)
    throw new Error(`"${text}" is not a length of time: use a whole number and one of ms, s, m, h`);
  return Number(number) * factor;
}
