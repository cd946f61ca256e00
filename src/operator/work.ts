/** What the leader does: turns, zones and questions, put together. Nothing here decides. */
import { isIP } from "node:net";
import { join } from "node:path";
import { path } from "../hops/index.ts";
import type { Client } from "../kernel/client.ts";
import type { Cache } from "../kernel/read/cache.ts";
import { Queue } from "../kernel/turn/queue.ts";
import { Workers } from "../kernel/turn/worker.ts";
import { Applier } from "../kernel/write/apply.ts";
import { Events } from "../kernel/write/events.ts";
import { ControlJobs } from "../probe/control-jobs.ts";
import { fileValue } from "../probe/file-value.ts";
import { neverAsked, refusing } from "../probe/guard.ts";
import { Prober } from "../probe/prober.ts";
import { RemoteProbers } from "../probe/remote.ts";
import { stepKey } from "../reconcile/plan.ts";
import { Reconciler } from "../reconcile/reconcile.ts";
import { wake } from "../reconcile/wake.ts";
import { type Logger, TurnLog } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { annotations, fieldManager, labelsFor } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Directory } from "./directory.ts";
import type { OperatorOptions } from "./operator.ts";
import { askers } from "./vantages.ts";
import { zonesConfigMap } from "./watches.ts";
import { OperatorWorld } from "./world.ts";
import { dnsServers, Zones } from "./zones.ts";

export interface WorkOptions extends OperatorOptions {
  cache: Cache;
  client: Client;
  directory: Directory;
  metrics: Metrics;
}

export class Work {
  readonly prober: Prober;
  reconciler: Reconciler | undefined;
  readonly #options: WorkOptions;
  readonly #queue: Queue;
  readonly #applier: Applier;
  readonly #remote: RemoteProbers;
  readonly #controls: ControlJobs;
  readonly #log: TurnLog;
  #turns = 0;

  constructor(options: WorkOptions) {
    const { clock, cache, client, metrics } = options;
    this.#options = options;
    this.#log = new TurnLog(options.log);
    this.#queue = new Queue(clock, {
      depth: (waiting) => metrics.set("webflow_queue_depth", waiting),
      waited: (millis) => metrics.observe("webflow_queue_seconds", millis / 1000),
    });
    this.#applier = new Applier({
      client,
      cache,
      clock,
      manager: fieldManager,
      hashAnnotation: annotations.applied,
      log: this.#log,
      onNoEffect: (kind) => metrics.count("webflow_noop_apply_total", { kind: kind.kind }),
    });
    this.#remote = new RemoteProbers({ clock, token: fileValue(join(options.config.proberDirectory, "token")) });
    this.#controls = this.#newControls();
    this.prober = this.#newProber();
  }

  start(signal: AbortSignal): { stop(): Promise<void> } {
    const { cache, clock, log, metrics, config } = this.#options;
    const zones = new Zones({ ...this.#options, applier: this.#applier, namespace: config.namespace });
    const events = new Events({
      client: this.#options.client,
      kind: kinds.Event,
      clock,
      log: this.#log,
      controller: "webflow.dev/operator",
      instance: config.podName,
    });
    this.reconciler = new Reconciler(path, this.#newWorld(events, zones));
    const stopWaking = cache.onChange((change) => {
      const woken = wake(change, cache, config.namespace);
      for (const flow of woken.flows) this.#queue.add(flow, woken.priority);
      if (woken.zones) zones.wake();
    });
    const workers = new Workers({
      queue: this.#queue,
      turn: (key) => this.#oneTurn(key),
      concurrency: config.workers,
      clock,
      log,
      backoff: { firstMs: 50, maxMs: 60_000 },
      onTurn: ({ result, millis }) => {
        const told = result === "retry" || result === "give-up" ? "error" : result === "later" ? "waiting" : "ok";
        metrics.count("webflow_reconciles_total", { result: told });
        metrics.observe("webflow_reconcile_seconds", millis / 1000);
      },
    });
    for (const flow of this.#options.directory.flows())
      this.#queue.add(`${flow.metadata.namespace}/${flow.metadata.name}`, "resync");
    workers.start(signal);
    zones.start(signal);
    return {
      stop: async () => {
        stopWaking();
        this.prober.stop();
        this.#remote.close();
        await Promise.all([workers.stop(), zones.stop()]);
        await events.flush();
      },
    };
  }

  #oneTurn(flow: string): Promise<{ laterMs?: number }> {
    this.#turns += 1;
    return this.#log.run({ flow, turn: this.#turns }, (log) => this.#turn(flow, log));
  }

  async #turn(key: string, log: Logger): Promise<{ laterMs?: number }> {
    if (this.reconciler === undefined) return {};
    const turn = await this.reconciler.reconcile(key);
    log.debug({ next: turn.next }, "turn taken");
    if (turn.next === "done") this.#controls.forget(key);
    if (turn.next === "retry") throw new Error("a child could not be written; its hop says why");
    return turn.next === "later" ? { laterMs: turn.millis } : {};
  }

  #newWorld(events: Events, zones: Zones): OperatorWorld {
    const { cache, client, directory, metrics, clock, config } = this.#options;
    const operator = () => ({
      namespace: config.namespace,
      image: config.image,
      imagePullPolicy: config.imagePullPolicy,
      dnsServers: dnsServers(cache, config.namespace),
      zoneConfigMap: zonesConfigMap,
    });
    return new OperatorWorld({
      cache,
      client,
      applier: this.#applier,
      events,
      prober: this.prober,
      directory,
      metrics,
      clock,
      log: this.#log,
      operator,
      sharedFailures: () =>
        new Map(zones.problem === undefined ? [] : [[stepKey(kinds.ConfigMap, zonesConfigMap), zones.problem]]),
    });
  }

  #newProber(): Prober {
    const { cache, client, clock, config, apiServer, metrics } = this.#options;
    const refuse = refusing([...neverAsked, ...(apiServer === undefined || isIP(apiServer) === 0 ? [] : [apiServer])]);
    const vantages = askers({
      cache,
      client,
      clock,
      controls: this.#controls,
      remote: this.#remote,
      refuse,
      namespace: config.namespace,
      certificate: fileValue(join(config.proberDirectory, "tls.crt")),
    });
    return new Prober({
      askers: vantages,
      clock,
      onChange: (flow) => this.#queue.add(flow, "drift"),
      record: (question, answer) => metrics.probed(question, answer),
    });
  }

  #newControls(): ControlJobs {
    const { cache, client, clock, config, directory } = this.#options;
    const mine = { labels: (flow: { name: string }) => labelsFor(flow, "control") };
    return new ControlJobs({
      clock,
      image: config.image,
      imagePullPolicy: config.imagePullPolicy,
      pullSecrets: config.controlPullSecrets,
      flow: (key) => {
        const raw = directory.find(key);
        return raw === undefined ? undefined : directory.complete(raw);
      },
      create: async (job) => cache.wrote(kinds.Job, await client.create(kinds.Job, job)),
      jobs: (flow) => cache.list(kinds.Job, { namespace: flow.namespace, labels: mine.labels(flow) }),
      pods: (flow) => cache.list(kinds.Pod, { namespace: flow.namespace, labels: mine.labels(flow) }),
    });
  }
}
