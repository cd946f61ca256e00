import { describe, expect, it } from "vitest";
import type { Kind, KubeObject } from "../kernel/objects.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Flow } from "../webflow/types.ts";
import { parseRecords, zoneData } from "../webflow/zone.ts";
import { reconcileZones, type ZonesWorld } from "./zones.ts";

const host = "shop.example.test";
const raw: KubeObject = {
  apiVersion: "webflow.dev/v1alpha1",
  kind: "WebFlow",
  metadata: { name: "shop", namespace: "default", uid: "u1" },
};
const shop = {
  ...{ name: "shop", namespace: "default", hosts: [host], faults: [], lostTo: undefined },
  class: { dns: "Delegated", zones: ["example.test"], ttlSeconds: 5 },
} as unknown as Flow;
const server = { addresses: ["198.51.100.53"] };
const standing = zoneData(["example.test"], [{ host, targets: ["198.51.100.10"], ttlSeconds: 5 }], {
  server,
  previous: {},
  now: 1_000_000,
});
const ingress = { status: { loadBalancer: { ingress: [{ ip: "198.51.100.10" }] } } };
const service = { status: { loadBalancer: { ingress: [{ ip: "198.51.100.53" }] } } };

/** What is written; undefined: nothing. */
async function written(flow: Flow, zones: readonly string[]): Promise<Record<string, string> | undefined> {
  let data: Record<string, string> | undefined;
  const objects = new Map<Kind, unknown>([
    [kinds.ConfigMap, { data: standing }],
    [kinds.Ingress, ingress],
    [kinds.Service, service],
  ]);
  const world: ZonesWorld = {
    objects: {
      get: (kind) => objects.get(kind) as KubeObject | undefined,
      list: (kind) => (kind === kinds.WebFlowKind ? [raw] : []),
    },
    ...{ namespace: "webflow-system", configMap: "webflow-zones", now: () => 2_000_000, complete: () => flow },
    zones: () => zones,
    applyZones: async (object) => {
      data = object.data as Record<string, string>;
    },
    nudge: async () => {},
    hash: (text) => text,
  };
  await reconcileZones(world);
  return data;
}

const classless = (reason: string) =>
  ({ ...shop, class: { dns: "None", zones: [] }, faults: [{ hop: "dns", reason, message: "" }] }) as unknown as Flow;

describe("the zones", () => {
  it("are not written while nothing has changed", async () => {
    expect(await written(shop, ["example.test"])).toBeUndefined();
  });

  it("keep a running service's names while its class is not known, also when that was the zone's only class", async () => {
    expect(await written(classless("TwoDefaultClasses"), ["example.test"])).toBeUndefined();
    expect(await written(classless("ClassNotFound"), [])).toBeUndefined();
  });

  it("lose a name that its class no longer covers, and one whose claim was lost", async () => {
    const outside = { ...shop, class: { ...shop.class, zones: ["example.org"] } } as Flow;
    expect(parseRecords((await written(outside, ["example.test"])) ?? {}).has(host)).toBe(false);
    const lost = { ...classless("ClassNotFound"), lostTo: { namespace: "other", host } } as Flow;
    expect(parseRecords((await written(lost, ["example.test"])) ?? {}).has(host)).toBe(false);
  });
});
