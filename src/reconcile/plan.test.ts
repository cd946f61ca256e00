import { describe, expect, it } from "vitest";
import type { Desired } from "../hops/hop.ts";
import type { Kind } from "../kernel/objects.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Flow } from "../webflow/types.ts";
import { inRounds, owned, prunable } from "./plan.ts";

const flow = { name: "shop", namespace: "default", uid: "u1" } as Flow;
const wish = (kind: Kind, name: string, after: string[] = [], mode: Desired["mode"] = "apply"): Desired => ({
  kind,
  object: { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name, namespace: "default" } },
  mode,
  after,
});
const policy = wish(kinds.NetworkPolicy, "shop-db");
const secret = wish(kinds.Secret, "shop-db", [], "create-once");
const database = wish(kinds.StatefulSet, "shop-db", ["NetworkPolicy/shop-db", "Secret/shop-db"]);

describe("a plan", () => {
  it("writes a database only after its policy and its credentials, in whatever order they were wished", () => {
    for (const wishes of [
      [database, secret, policy],
      [policy, database, secret],
    ]) {
      const rounds = inRounds(wishes);
      expect(rounds.map((round) => round.map((each) => each.kind.kind).sort())).toEqual([
        ["NetworkPolicy", "Secret"],
        ["StatefulSet"],
      ]);
    }
  });

  it("refuses wishes that wait for each other", () => {
    const circle = [wish(kinds.Service, "a", ["Service/b"]), wish(kinds.Service, "b", ["Service/a"])];
    expect(() => inRounds(circle)).toThrow(/wait for each other: Service\/a, Service\/b/);
  });

  it("names no kind that holds data among those that are pruned", () => {
    expect(prunable).not.toContain(kinds.PersistentVolumeClaim);
    expect(prunable).not.toContain(kinds.Secret);
  });

  it("puts the owner on every child but the Secret, which outlives the flow", () => {
    expect(owned(flow, policy).metadata.ownerReferences).toMatchObject([{ uid: "u1", controller: true }]);
    expect(owned(flow, secret).metadata.ownerReferences).toBeUndefined();
  });
});
