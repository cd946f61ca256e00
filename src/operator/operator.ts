/** The operator put together: caches on every process, work on the leader, an ordered stop. Nothing here decides. */
import { isIP } from "node:net";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { Client } from "../kernel/client.ts";
import { defaultConnection } from "../kernel/connection.ts";
import { Cache } from "../kernel/read/cache.ts";
import { watchId } from "../kernel/read/selector.ts";
import type { Clock } from "../kernel/run/clock.ts";
import { Leader } from "../kernel/run/leader.ts";
import { type Ended, runManager } from "../kernel/run/manager.ts";
import { fileValue } from "../probe/file-value.ts";
import { flowsApp } from "../serve/flows-app.ts";
import { pinnedHandOn } from "../serve/hand-on.ts";
import { plainApp } from "../serve/plain-app.ts";
import type { Logger } from "../telemetry/log.ts";
import { createMetrics, type Metrics } from "../telemetry/metrics.ts";
import { appliedWith, writesWith } from "../telemetry/writes.ts";
import * as kinds from "../webflow/kinds.ts";
import { clusterPermissions, namespacePermissions } from "../webflow/rbac.ts";
import { Directory } from "./directory.ts";
import { openFaces, reviews } from "./faces.ts";
import { Paths } from "./paths.ts";
import { indexedLabels, watches } from "./watches.ts";
import { Work } from "./work.ts";

export interface OperatorOptions {
  config: Config;
  clock: Clock;
  log: Logger;
  version: string;
  /** Address of the API server, which no question may reach. */
  apiServer: string | undefined;
}

/** Runs until the signal is aborted or leadership is lost; the caller ends the process then. */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<Ended> {
  const { config, clock, log } = options;
  const metrics = newMetrics(config);
  const userAgent = `webflow-operator/${options.version}`;
  const connection = defaultConnection();
  // Reviews and the Lease are writes of every process; everything else goes through the client that only a leader may use.
  const reader = new Client({ connection, userAgent, clock });
  const leaseClient = new Client({ connection, userAgent, clock, connections: 1, onAnswer: metrics.answered });
  const cache = newCache(options, reader, metrics);
  const directory = new Directory(cache, config.dnsMode);
  const leader = new Leader({
    client: leaseClient,
    kind: kinds.Lease,
    namespace: config.namespace,
    name: "webflow-operator",
    identity: `${config.podName}_${config.podAddress}_${Math.floor(clock.now() / 1000).toString(36)}`,
    clock,
    log,
  });
  const beforeWrite = (): void => {
    if (!leader.leading()) throw new Error("this process does not lead, or not for certain: it does not write");
  };
  const writing = new AbortController();
  const leading = { signal: writing.signal, beforeWrite };
  const client = new Client({ connection, userAgent, clock, connections: 16, onAnswer: metrics.answered, ...leading });
  const work = new Work({ ...options, cache, client, directory, metrics });
  const paths = new Paths({ directory, prober: work.prober, clock, reconciler: () => work.reconciler });
  const certificate = fileValue(join(config.proberDirectory, "tls.crt"));
  const close = await openFaces(config, {
    plain: plainApp({
      registry: metrics.registry,
      ready: () => readiness(cache),
      beforeScrape: () => scrape(metrics, cache, leader),
    }),
    flows: flowsApp({
      ...reviews(reader),
      clock,
      leader: () => whoLeads(leader, config),
      flows: () => paths.all(),
      flow: (namespace, name) => paths.one(namespace, name),
      fresh: (namespace, name) => paths.fresh(namespace, name),
      handOn: pinnedHandOn(certificate),
    }),
    certificate,
    key: fileValue(join(config.proberDirectory, "tls.key")),
    clock,
    log,
  });
  try {
    return await runManager({ cache, leader, writing, lead: (aborted) => work.start(aborted), clock, log }, signal);
  } finally {
    await close();
    await Promise.all([reader.close(), client.close(), leaseClient.close()]);
  }
}

function newMetrics({ namespace }: Config): Metrics {
  const rights = [...clusterPermissions, ...namespacePermissions];
  return createMetrics({
    watches: watches(namespace).map(watchId),
    writes: writesWith(rights),
    applied: appliedWith(rights),
    processMetrics: true,
  });
}

function newCache({ config, clock, log }: OperatorOptions, client: Client, metrics: Metrics): Cache {
  const specs = watches(config.namespace);
  return new Cache({
    client,
    clock,
    log,
    watches: specs,
    indexedLabels,
    hooks: {
      relisted: (id, reason) => metrics.count("webflow_relists_total", { watch: id, reason }),
      malformed: (id) => metrics.count("webflow_parse_errors_total", { watch: id }),
    },
  });
}

function readiness(cache: Cache): { ok: boolean; reasons: string[] } {
  const late = cache.status().filter(({ phase }) => phase !== "synced" && phase !== "absent");
  const ok = cache.synced();
  return {
    ok,
    reasons: ok
      ? []
      : late.map(({ id, phase, lastError }) => `${id} is ${phase}${lastError === undefined ? "" : `: ${lastError}`}`),
  };
}

function scrape(metrics: Metrics, cache: Cache, leader: Leader): void {
  metrics.set("webflow_leader", leader.leading() ? 1 : 0);
  metrics.set("webflow_flows", cache.list(kinds.WebFlowKind).length);
  for (const { id, silentMs } of cache.status())
    metrics.set("webflow_watch_age_seconds", silentMs / 1000, { watch: id });
}

/** The Lease's holder is `pod_address_start`: where a standby hands on to. */
function whoLeads(leader: Leader, { tlsPort }: Config): { self: boolean; url?: string } {
  if (leader.leading()) return { self: true };
  const address = leader.holder()?.split("_")[1] ?? "";
  if (isIP(address) === 0) return { self: false };
  return { self: false, url: `https://${isIP(address) === 6 ? `[${address}]` : address}:${tlsPort}` };
}
