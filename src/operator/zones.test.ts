import { expect, it } from "vitest";
import { settle, TestClock } from "../../test/harness/clock.ts";
import { silent } from "../kernel/hooks.ts";
import type { Applied } from "../kernel/write/apply.ts";
import { Zones, type ZonesOptions } from "./zones.ts";

it("zones that could not be written say why until they are", async () => {
  const clock = new TestClock();
  const error = { reason: "Forbidden", message: "configmaps is forbidden", kind: "denied" } as const;
  let applied: Applied = { action: "failed", error };
  const cache = { synced: () => true, get: () => undefined, list: () => [] };
  const directory = { zones: () => ["example.test"], complete: () => ({}) };
  const applier = { apply: async () => applied };
  const options = { cache, directory, applier, client: {}, namespace: "webflow-system", clock, log: silent };
  const zones = new Zones(options as unknown as ZonesOptions);
  const stop = new AbortController();
  zones.start(stop.signal);
  expect(zones.problem).toBeUndefined();
  await clock.advance(200);
  expect(zones.problem).toEqual({ reason: "Forbidden", message: "configmaps is forbidden" });
  applied = { action: "created", object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "webflow-zones" } } };
  await clock.advance(20_000);
  expect(zones.problem).toBeUndefined();
  stop.abort();
  await zones.stop();
  await settle();
});
