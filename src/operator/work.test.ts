import { expect, it } from "vitest";
import { settle, TestClock } from "../../test/harness/clock.ts";
import { anObject, controlledBy } from "../../test/object-builder.ts";
import { readConfig } from "../config.ts";
import { ApiError } from "../kernel/errors.ts";
import type { Kind, KubeObject } from "../kernel/objects.ts";
import { createLog } from "../telemetry/log.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import * as kinds from "../webflow/kinds.ts";
import { Directory } from "./directory.ts";
import { Work, type WorkOptions } from "./work.ts";

const flow = (name: string) =>
  anObject(kinds.WebFlowKind, name, {
    spec: { host: `${name}.example.test`, process: { image: "shop:0.1.0", ports: [{ name: "http", port: 8080 }] } },
  });
/** Owned by the flow and no longer wanted. */
const stray = ({ metadata: { name, uid = "" } }: KubeObject) =>
  anObject(kinds.NetworkPolicy, `${name}-old`, {
    metadata: { resourceVersion: "1", ownerReferences: controlledBy({ kind: "WebFlow", name, uid }) },
  });

/** A cluster that takes every write but a delete, and what the leader's work logs on it. */
function aLeader(...flows: KubeObject[]) {
  const clock = new TestClock();
  const said: Record<string, unknown>[] = [];
  const strays = flows.map(stray);
  const listed = (kind: Kind) => (kind === kinds.WebFlowKind ? flows : kind === kinds.NetworkPolicy ? strays : []);
  const named = (kind: Kind, name: string) => listed(kind).find(({ metadata }) => metadata.name === name);
  const cache = {
    synced: () => true,
    get: named,
    list: listed,
    byOwner: (uid: string, kind: Kind) =>
      listed(kind).filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid)),
    wrote: () => {},
    onChange: () => () => {},
  };
  const client = {
    apply: async (_: Kind, object: KubeObject) => ({ object, created: true }),
    create: async (_: Kind, object: KubeObject) => object,
    get: async (kind: Kind, name: string) => named(kind, name),
    delete: async () => {
      throw new ApiError({ status: 403, reason: "Forbidden", message: "may not delete", kind: "denied" });
    },
  };
  const environment = { POD_NAMESPACE: "webflow-system", POD_NAME: "a", POD_IP: "127.0.0.1", WEBFLOW_IMAGE: "a" };
  const destination = { write: (line: string) => void said.push(JSON.parse(line)) };
  const options = {
    config: readConfig({ ...environment, WEBFLOW_DNS_MODE: "None" }),
    clock,
    log: createLog({ level: "debug", destination }),
    version: "0",
    apiServer: undefined,
    cache,
    client,
    metrics: createMetrics(),
  };
  const directory = new Directory(cache as unknown as WorkOptions["cache"], "None");
  const work = new Work({ ...options, directory } as unknown as WorkOptions);
  return { work, clock, said };
}

it("what is logged in a turn names the flow and the turn", async () => {
  const { work, clock, said } = aLeader(flow("shop"), flow("books"));
  const stop = new AbortController();
  const { stop: end } = work.start(stop.signal);
  await settle();
  await clock.advance(10);
  const [ended] = await Promise.all([end(), clock.advance(1000)]);
  expect(ended).toBeUndefined();
  const lines = (message: string) => said.filter(({ msg }) => msg === message);
  expect(lines("not pruned; tried again").map(({ flow, turn, name }) => [flow, turn, name])).toEqual([
    ["default/shop", 1, "shop-old"],
    ["default/books", 2, "books-old"],
  ]);
  expect(lines("turn taken").map(({ flow, turn, next }) => [flow, turn, next])).toEqual([
    ["default/shop", 1, "retry"],
    ["default/books", 2, "retry"],
  ]);
});
