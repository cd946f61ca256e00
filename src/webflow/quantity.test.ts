import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalQuantity, compareQuantities, toMillis } from "./quantity.ts";

describe("a quantity is written as the API server prints it", () => {
  it.each([
    ["0", "0"],
    ["0.0", "0"],
    ["0Mi", "0"],
    ["0.5", "500m"],
    ["1.0", "1"],
    ["1000m", "1"],
    ["1500m", "1500m"],
    ["0.0001", "100u"],
    ["1000", "1k"],
    ["1024Mi", "1Gi"],
    ["1000Mi", "1000Mi"],
    ["1.5Gi", "1536Mi"],
    ["0.5Ki", "512"],
    ["1Ki", "1Ki"],
    ["0.1Gi", "107374183"],
    ["128M", "128M"],
    ["1000000k", "1G"],
    ["007", "7"],
  ])("%s -> %s", (given, printed) => {
    expect(canonicalQuantity(given)).toBe(printed);
  });

  const quantity = fc
    .tuple(fc.nat(99_999), fc.option(fc.nat(999)), fc.constantFrom("", "m", "k", "M", "G", "Ki", "Mi", "Gi"))
    .map(([whole, fraction, unit]) => `${whole}${fraction === null ? "" : `.${fraction}`}${unit}`);

  it("and what was printed is printed the same again", () => {
    fc.assert(
      fc.property(quantity, (text) => {
        const once = canonicalQuantity(text);
        // Suffixes that a user may not write are not read back.
        fc.pre(!/[nuPE]/.test(once));
        expect(canonicalQuantity(once)).toBe(once);
      }),
    );
  });

  it("refuses what is none, saying what one is", () => {
    expect(() => canonicalQuantity("much")).toThrow('"much" is not a quantity: use a number');
  });
});

it.each([
  ["1Gi", "1024Mi", 0],
  ["1G", "1Gi", -1],
  ["1", "999m", 1],
])("%s and %s compare as %d", (a, b, sign) => {
  expect(compareQuantities(a, b)).toBe(sign);
});

it.each([
  ["500ms", 500],
  ["2s", 2000],
  ["10m", 600_000],
  ["1h", 3_600_000],
])("%s is %d milliseconds", (text, millis) => {
  expect(toMillis(text)).toBe(millis);
});

it("a time without a unit is refused, saying what a time is", () => {
  expect(() => toMillis("10")).toThrow('"10" is not a length of time');
});
