import { describe, expect, it } from "vitest";
import { path } from "../hops/index.ts";
import { clusterPermissions, namespacePermissions } from "../webflow/rbac.ts";
import { watches } from "./watches.ts";

describe("the operator's caches", () => {
  const watched = new Set(watches("webflow-system").map(({ kind }) => kind));

  it("hold every kind that a hop looks at, except Secrets, which nobody reads", () => {
    const wanted = path.flatMap((hop) => hop.watches).filter((kind) => kind.kind !== "Secret");
    expect(wanted.filter((kind) => !watched.has(kind)).map(({ kind }) => kind)).toEqual([]);
  });

  it("may be filled with the rights that the operator has", () => {
    const allowed = new Set(
      [...clusterPermissions, ...namespacePermissions]
        .filter(({ verbs }) => (["list", "watch"] as const).every((verb) => verbs.includes(verb)))
        .map(({ kind }) => kind),
    );
    expect([...watched].filter((kind) => !allowed.has(kind)).map(({ kind }) => kind)).toEqual([]);
  });
});
