import { describe, expect, it } from "vitest";
import { aDatabase, aFlow } from "../../test/builders.ts";
import { TestClock } from "../../test/harness/clock.ts";
import { anObject, controlledBy } from "../../test/object-builder.ts";
import { templateWanted } from "../hops/database-desire.ts";
import { ApiError } from "../kernel/errors.ts";
import type { Kind, KubeObject } from "../kernel/objects.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Flow } from "../webflow/types.ts";
import { Claims, type ClaimsOptions } from "./claims.ts";

const flow = (storage: string): Flow => aFlow({ database: { ...aDatabase, storage } });
const young = { creationTimestamp: new Date(new TestClock().now() - 29_000).toISOString() };
const old = { creationTimestamp: new Date(new TestClock().now() - 31_000).toISOString() };

const set = (made: Flow, metadata: Partial<KubeObject["metadata"]> = {}) =>
  anObject(kinds.StatefulSet, "shop-db", {
    metadata: {
      resourceVersion: "7",
      ownerReferences: controlledBy({ kind: "WebFlow", name: "shop", uid: made.uid }),
      ...old,
      ...metadata,
    },
    spec: { volumeClaimTemplates: [{ ...templateWanted(made), status: { phase: "Pending" } }] },
  });
const pod = anObject(kinds.Pod, "shop-db-0");
const unlabelled = anObject(kinds.PersistentVolumeClaim, "data-shop-db-0");

/** What the cache has, what the API server has besides, and how often the StatefulSet is deleted. */
function claimsOver(cached: readonly KubeObject[], hidden: readonly KubeObject[] = []) {
  const deleted: unknown[] = [];
  const refuse: { with: ApiError | undefined } = { with: undefined };
  const find = (kind: Kind, name: string) =>
    [...cached, ...hidden].filter((one) => one.kind === kind.kind && one.metadata.name === name);
  const options = {
    clock: new TestClock(),
    objects: {
      get: (kind: Kind, name: string) => find(kind, name).find((one) => cached.includes(one)),
    },
    client: {
      list: async (kind: Kind, { fieldSelector = "" }) => ({ items: find(kind, fieldSelector.split("=")[1] ?? "") }),
      delete: async (_: Kind, exactly: object) => {
        if (refuse.with !== undefined) throw refuse.with;
        deleted.push(exactly);
      },
    },
  };
  return { claims: new Claims(options as unknown as ClaimsOptions), deleted, refuse };
}

describe("a StatefulSet whose claim was never made", () => {
  it("is made anew for another size, once, and exactly that one is deleted", async () => {
    const { claims, deleted } = claimsOver([set(flow("1Gi"))]);
    expect(await claims.tend(flow("5Gi"))).toEqual({ ok: true, changed: true });
    await claims.tend(flow("5Gi"));
    expect(deleted).toEqual([
      { name: "shop-db", namespace: "default", uid: "statefulset-shop-db", resourceVersion: "7" },
    ]);
    await claims.tend(flow("6Gi"));
    expect(deleted).toHaveLength(2);
  });

  it("is asked for again after a deletion that failed", async () => {
    const { claims, deleted, refuse } = claimsOver([set(flow("1Gi"))]);
    refuse.with = new ApiError({ status: 409, reason: "Conflict", message: "changed", kind: "conflict" });
    expect(await claims.tend(flow("5Gi"))).toMatchObject({ ok: false, retry: true });
    refuse.with = undefined;
    await claims.tend(flow("5Gi"));
    expect(deleted).toHaveLength(1);
  });

  it.each([
    ["its template is as wanted, in whatever unit", [set(flow("5120Mi"))], []],
    ["it has had no time to make its claim", [set(flow("1Gi"), young)], []],
    ["somebody else controls it", [set(flow("1Gi"), { ownerReferences: [] })], []],
    ["it is on its way out", [set(flow("1Gi"), { deletionTimestamp: "2026-01-01T00:00:00Z" })], []],
    ["the API server has a claim that the cache does not show", [set(flow("1Gi"))], [unlabelled]],
    ["its pod is there", [set(flow("1Gi"))], [pod]],
    ["it is not there itself", [], []],
  ])("stays where %s", async (_, cached, hidden) => {
    const { claims, deleted } = claimsOver(cached, hidden);
    expect(await claims.tend(flow("5Gi"))).toEqual({ ok: true, changed: false });
    expect(deleted).toEqual([]);
  });
});

it("a new claim notes engine, version and subnet of its data, also that there is no subnet", () => {
  const noted = (of: Flow) => templateWanted(of) as { metadata: { annotations: object } } | undefined;
  expect(noted(flow("1Gi"))?.metadata.annotations).toMatchObject({
    "webflow.dev/engine": "Postgres/15",
    "webflow.dev/subnet": "private",
  });
  const anywhere = aFlow({ database: { ...aDatabase, subnet: undefined } });
  expect(noted(anywhere)?.metadata.annotations).toMatchObject({ "webflow.dev/subnet": "" });
});
