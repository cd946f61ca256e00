import { expect, test } from "vitest";
import { modulesReadOn, ownParts, parts, partsOf } from "./parts.ts";
import { missing } from "./road.ts";

const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

test("with a registry only what runs outside of images is built", () => {
  expect(names(partsOf("registry"))).toEqual(["kubernetes", "kind", "helm", "coredns"]);
  expect(names(modulesReadOn("registry"))).toEqual(["cilium", "metallb", "metrics-server"]);
});

test("without one everything is", () => {
  expect(names(partsOf("isolated"))).toEqual(names([...ownParts, ...parts]));
});

test("one message says all that is missing", () => {
  const text = missing("no Docker engine answers here", ["this is user 1000, not root"], "Go 1.26 is needed");
  expect(text).toMatch(/no Docker engine answers here.*user 1000, not root; Go 1.26 is needed/);
  expect(missing(undefined, [], "Go 1.26 is needed")).not.toMatch("engine of our own");
});
