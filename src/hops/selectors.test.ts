import { describe, expect, it } from "vitest";
import { equal, matches } from "./selectors.ts";
import type { LabelSelector } from "./shapes.ts";

const worn = { app: "shop", tier: "db" };
const by = (key: string, operator: string, values?: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }],
});

describe("a label selector", () => {
  it.each<[string, LabelSelector, boolean]>([
    ["empty: everything", {}, true],
    ["a label and its value", { matchLabels: { app: "shop" } }, true],
    ["a label of another value", { matchLabels: { app: "shop", tier: "web" } }, false],
    ["a label of an object's own", { matchLabels: { constructor: "x" } }, false],
    ["In", by("app", "In", ["a", "shop"]), true],
    ["In, another", by("app", "In", ["a"]), false],
    ["NotIn", by("app", "NotIn", ["shop"]), false],
    ["NotIn, not worn", by("none", "NotIn", ["shop"]), true],
    ["Exists", by("app", "Exists"), true],
    ["Exists, not worn", by("toString", "Exists"), false],
    ["DoesNotExist", by("app", "DoesNotExist"), false],
    ["an operator of another day: taken to match", by("app", "Like"), true],
  ])("%s", (_, selector, expected) => {
    expect(matches(selector, worn)).toBe(expected);
  });
});

describe("equality", () => {
  it.each<[string, unknown, unknown, boolean]>([
    ["of keys in another order", { a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 }, true],
    ["not of a field more", { a: 1 }, { a: 1, b: undefined }, false],
    ["not of lists in another order", [1, 2], [2, 1], false],
    ["not of a list and an object", [1], { 0: 1 }, false],
    ["not of null and an object", null, {}, false],
  ])("%s", (_, a, b, expected) => {
    expect(equal(a, b)).toBe(expected);
    expect(equal(b, a)).toBe(expected);
  });
});
