/**
 * Port, process and thread: do the containers run, and is at least one of them ready? Desires ServiceAccount and
 * Deployment. Judges what has been placed; that nothing is placed is the group's.
 */
import { names } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Fact, Flow } from "../webflow/types.ts";
import { fact, failureFacts, faultFacts, named, refTo } from "./facts.ts";
import type { Hop, Seen } from "./hop.ts";
import { deploymentOf, isPlaced, isReady, podRefs, type Trouble, troubleOf, webPods } from "./pods.ts";
import { processObjects } from "./process-desire.ts";
import { conditionOf, type DeploymentObject, isNew, type PodObject, since } from "./shapes.ts";

/** For how long a ready pod is told to have lately used too much memory. */
const memoryMillis = 600_000;

export const process: Hop = {
  name: "process",
  watches: [kinds.ServiceAccount, kinds.Deployment, kinds.ReplicaSet, kinds.Pod],

  asks: () => [],

  desire: processObjects,

  judge(flow, seen) {
    const name = names.web(flow);
    const failed = failureFacts(seen, [
      [kinds.ServiceAccount, name],
      [kinds.Deployment, name],
    ]);
    const front = [...faultFacts(flow, "process"), ...failed];
    const deployment = deploymentOf(flow, seen);
    if (deployment === undefined) {
      return [
        ...front,
        fact("ready").progressing("NotWrittenYet", `${named(kinds.Deployment, name)} is not there yet.`),
      ];
    }
    const pods = webPods(flow, seen).filter(isPlaced);
    const serves = pods.some(isReady);
    const all = { flow, seen, deployment, pods, serves };
    return [...front, ...containerFacts(all), readyFact(all), ...memoryFact(all), rolloutFact(all)];
  },
};

interface Judged {
  flow: Flow;
  seen: Seen;
  deployment: DeploymentObject;
  pods: readonly PodObject[];
  /** At least one pod is ready. */
  serves: boolean;
}

const titleOf = (flow: Flow) => named(kinds.Deployment, names.web(flow));

function containerFacts({ flow, seen, pods, serves }: Judged): Fact[] {
  if (pods.length === 0) return [];
  const troubled = pods.filter((pod) => troubleOf(pod, seen.now) !== undefined);
  const [first] = troubled;
  const trouble = first === undefined ? undefined : troubleOf(first, seen.now);
  if (trouble === undefined) return [fact("containers").healthy("Running", `The containers of ${titleOf(flow)} run.`)];
  const who = serves ? `A pod of ${titleOf(flow)}, beside others that serve,` : titleOf(flow);
  const message = `${who} does not run: ${trouble.words}; ${remedyFor(trouble, flow)}.`;
  const about = fact({ name: "containers", refs: podRefs(troubled) });
  return [about.is(serves ? "Degraded" : "Broken", trouble.reason, message)];
}

function remedyFor({ reason }: Trouble, flow: Flow): string {
  if (reason === "ImagePullBackOff" || reason === "InvalidImageName")
    return "see process.image and process.imagePullSecrets";
  if (reason === "OOMKilled") return "raise process.resources.limits.memory";
  if (reason === "StartError") return "see process.command and process.args";
  if (reason === "CrashLoopBackOff" || reason === "ContainerEnded") {
    return `see kubectl logs -n ${flow.namespace} ${titleOf(flow).toLowerCase()} --previous`;
  }
  return "see process.image, process.env and the Secrets that it names";
}

function readyFact({ flow, seen, deployment, pods, serves }: Judged): Fact {
  if (serves) return fact("ready").healthy("Ready", `${titleOf(flow)} has pods that are ready.`);
  if (isNew(deployment, seen.now))
    return fact("ready").progressing("Starting", `${titleOf(flow)} has no ready pod yet.`);
  if (pods.length === 0) return fact("ready").unknown("NoPods", `${titleOf(flow)} has no pod on a node to look at.`);
  const { health, ports } = flow.process;
  const asked =
    health === undefined
      ? `port ${ports[0]?.name} takes no connection`
      : `${health.path} on port ${health.port} is not answered with 2xx or 3xx`;
  const about = fact({ name: "ready", refs: podRefs(pods) });
  return about.broken("NotReady", `No pod of ${titleOf(flow)} is ready: ${asked}.`);
}

function memoryFact({ flow, seen, pods }: Judged): Fact[] {
  const ended = pods.filter((pod) =>
    pod.status?.containerStatuses?.some(({ lastState }) => {
      const last = lastState?.terminated;
      return isReady(pod) && last?.reason === "OOMKilled" && since(last.finishedAt, seen.now) < memoryMillis;
    }),
  );
  if (ended.length === 0) return [];
  const message = `Processes of ${titleOf(flow)} have lately been ended for using more memory than their limit: raise process.resources.limits.memory.`;
  return [fact({ name: "memory", required: false, refs: podRefs(ended) }).degraded("OOMKilled", message)];
}

function rolloutFact({ flow, deployment, serves }: Judged): Fact {
  const about = fact({ name: "rollout", refs: [refTo(kinds.Deployment, names.web(flow))] });
  const progress = conditionOf(deployment, "Progressing");
  if (progress?.status === "False" && progress.reason === "ProgressDeadlineExceeded") {
    const message = `The roll-out of ${titleOf(flow)} has not moved on for a long time${serves ? "; pods of before still serve" : ""}.`;
    return about.is(serves ? "Degraded" : "Broken", "ProgressDeadlineExceeded", message);
  }
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0 } = deployment.status ?? {};
  const isSeen = observedGeneration >= (deployment.metadata.generation ?? 0);
  const done = isSeen && updatedReplicas >= replicas && updatedReplicas >= (deployment.spec?.replicas ?? 0);
  // Pods that are refused do not come: that is the group's to say, and no movement.
  if (done || conditionOf(deployment, "ReplicaFailure")?.status === "True")
    return about.healthy("RolledOut", `${titleOf(flow)} is rolled out.`);
  // Movement, and no change of the verdict: whether anything serves meanwhile is the fact ready's to say.
  const moving = fact({ name: "rollout", required: false, refs: [refTo(kinds.Deployment, names.web(flow))] });
  return moving.progressing("RollingOut", `Pods of ${titleOf(flow)} are being made or replaced.`);
}
