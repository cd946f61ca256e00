import { expect, it } from "vitest";
import { settle, TestClock } from "../../test/harness/clock.ts";
import { silent } from "../kernel/hooks.ts";
import type { Applied } from "../kernel/write/apply.ts";
import { Zones, type ZonesOptions } from "./zones.ts";

it("zones that had to wait for the caches are written soon after those are in touch again", async () => {
  const clock = new TestClock();
  let synced = false;
  let writes = 0;
  const cache = { synced: () => synced, get: () => undefined, list: () => [] };
  const directory = { zones: () => ["example.test"], complete: () => ({}) };
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "webflow-zones" } };
  const applier = {
    apply: async (): Promise<Applied> => {
      writes += 1;
      return { action: "created", object };
    },
  };
  const options = { cache, directory, applier, client: {}, namespace: "webflow-system", clock, log: silent };
  const zones = new Zones(options as unknown as ZonesOptions);
  const stop = new AbortController();
  zones.start(stop.signal);
  await clock.advance(10_000);
  expect(writes).toBe(0);
  synced = true;
  await clock.advance(1_000);
  expect(writes).toBe(1);
  stop.abort();
  await zones.stop();
});

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
  expect(zones.problem).toEqual({ reason: "Forbidden", message: "configmaps is forbidden", passing: false });
  applied = { action: "failed", error: { reason: "Timeout", message: "no answer", kind: "transient" } };
  await clock.advance(15_000);
  expect(zones.problem).toMatchObject({ reason: "Timeout", passing: true });
  await clock.advance(150_000);
  expect(zones.problem, "what does not pass is a finding").toMatchObject({ passing: false });
  applied = { action: "created", object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "webflow-zones" } } };
  await clock.advance(20_000);
  expect(zones.problem).toBeUndefined();
  stop.abort();
  await zones.stop();
  await settle();
});
