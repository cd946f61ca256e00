/** Who asks what: each kind of vantage as an asker. A question is asked at a child of ours or of the platform only. */

import type { Client } from "../kernel/client.ts";
import { isKind } from "../kernel/errors.ts";
import type { KubeObject } from "../kernel/objects.ts";
import type { Cache } from "../kernel/read/cache.ts";
import type { Clock } from "../kernel/run/clock.ts";
import { deadlineOf, execute } from "../probe/ask.ts";
import type { Asker, Askers } from "../probe/asker.ts";
import type { ControlJobs } from "../probe/control-jobs.ts";
import type { Refuse } from "../probe/guard.ts";
import type { Answer, Ask, Outcome } from "../probe/question.ts";
import type { RemoteProbers } from "../probe/remote.ts";
import { labels } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";

export interface VantageOptions {
  cache: Cache;
  client: Client;
  clock: Clock;
  controls: ControlJobs;
  remote: RemoteProbers;
  refuse: Refuse;
  namespace: string;
  /** The certificate that probers inside the cluster show. */
  certificate: () => string;
}

const proberPort = 8443;

export function askers(options: VantageOptions): Askers {
  return {
    operator: (question, flowKey, signal) =>
      askHere(options, question.ask, { namespace: flowKey.split("/")[0] ?? "", signal }),
    outside: (question, _flowKey, signal) => {
      const { vantage, ask } = question;
      if (vantage.at !== "outside") throw new Error("a question from outside needs a vantage outside");
      const target = { url: vantage.url, certificate: vantage.caBundle };
      return options.remote.ask(target, { ask, deadlineMs: deadlineOf(ask), signal });
    },
    forbidden: forbiddenAsker(options),
    "database-client": (question, flowKey, signal) => options.controls.ask(question, flowKey, signal),
  };
}

function askHere(options: VantageOptions, ask: Ask, how: { namespace: string; signal: AbortSignal }): Promise<Answer> {
  if (ask.type === "secret") return secretThere(options, ask.name, how);
  const { clock, refuse } = options;
  return execute(ask, { clock, refuse, deadlineMs: deadlineOf(ask), signal: how.signal });
}

/** A dry-run create: "exists" says that it is there, and nothing of it is ever read. */
async function secretThere(
  options: VantageOptions,
  name: string,
  how: { namespace: string; signal: AbortSignal },
): Promise<Answer> {
  const started = options.clock.monotonic();
  const answer = (outcome: Outcome, detail: string): Answer => ({
    outcome,
    detail,
    at: options.clock.now(),
    millis: Math.round(options.clock.monotonic() - started),
  });
  const empty: KubeObject = { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: how.namespace } };
  try {
    await options.client.create(kinds.Secret, empty, { dryRun: true, signal: how.signal });
    return answer("missing", "the Secret is not there");
  } catch (error) {
    if (isKind(error, "exists")) return answer("ok", "the Secret is there");
    if (isKind(error, "denied")) return answer("forbidden", "the operator may not ask for it");
    return answer("vantage", "the API server could not be asked");
  }
}

/** The prober of the database's node; where that node has none, another node's says as much of a pod on this one. */
function forbiddenAsker(options: VantageOptions): Asker {
  return async (question, _flowKey, signal) => {
    const { vantage, ask } = question;
    const node = vantage.at === "forbidden" ? vantage.node : "";
    const prober = podOn(options, "webflow-prober", node) ?? podOn(options, "webflow-prober", undefined);
    if (prober === undefined) return unasked(options.clock, "no prober of the operator is ready");
    const target = { url: `https://${host(prober.address)}:${proberPort}`, certificate: options.certificate() };
    if (ask.type !== "canary") return options.remote.ask(target, { ask, deadlineMs: deadlineOf(ask), signal });
    const canary = podOn(options, "webflow-canary", node);
    if (canary === undefined) return unasked(options.clock, "no canary is ready on the database's node");
    return options.remote.ask(target, {
      ask: { ...ask, address: canary.address },
      deadlineMs: deadlineOf(ask),
      signal,
    });
  };
}

const host = (address: string) => (address.includes(":") ? `[${address}]` : address);

function unasked(clock: Clock, detail: string): Answer {
  return { outcome: "vantage", detail, at: clock.now(), millis: 0 };
}

interface PodStatus {
  podIP?: string;
  conditions?: { type: string; status: string }[];
}

function podOn(
  { cache, namespace }: VantageOptions,
  name: string,
  node: string | undefined,
): { address: string } | undefined {
  for (const pod of cache.list(kinds.Pod, { namespace, labels: { [labels.name]: name } })) {
    const { podIP, conditions } = (pod.status ?? {}) as PodStatus;
    const ready = conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true;
    const here = node === undefined || (pod.spec as { nodeName?: string } | undefined)?.nodeName === node;
    if (podIP !== undefined && ready && here && pod.metadata.deletionTimestamp === undefined) return { address: podIP };
  }
  return undefined;
}
