/**
 * The pods of a flow, by their owners' uids and not by labels, which anybody may wear; and what the kubelet says of
 * their containers.
 */
import { names, selectorFor } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Reason } from "../webflow/reasons.ts";
import type { Flow, Ref } from "../webflow/types.ts";
import { refTo } from "./facts.ts";
import type { Seen } from "./hop.ts";
import {
  ageOf,
  byName,
  type ContainerStatus,
  conditionOf,
  controllerOf,
  type DeploymentObject,
  isChildOf,
  type PodObject,
  since,
} from "./shapes.ts";

export function deploymentOf(flow: Flow, seen: Seen): DeploymentObject | undefined {
  const found = seen.get(kinds.Deployment, names.web(flow)) as DeploymentObject | undefined;
  return found !== undefined && isChildOf(flow, found) ? found : undefined;
}

/** Pods of our Deployment by name, those on their way out left aside. */
export function webPods(flow: Flow, seen: Seen): PodObject[] {
  const deployment = deploymentOf(flow, seen);
  if (deployment === undefined) return [];
  const pods = seen.list(kinds.Pod, selectorFor(flow, "web")) as readonly PodObject[];
  return pods.filter((pod) => isStaying(pod) && isOfDeployment(pod, deployment, seen)).sort(byName);
}

export function isOfDeployment(pod: PodObject, deployment: DeploymentObject, seen: Seen): boolean {
  const owner = controllerOf(pod);
  if (owner?.kind !== kinds.ReplicaSet.kind) return false;
  const set = seen.get(kinds.ReplicaSet, owner.name);
  return set?.metadata.uid === owner.uid && controllerOf(set)?.uid === deployment.metadata.uid;
}

const isStaying = (pod: PodObject) => pod.metadata.deletionTimestamp === undefined && !isOver(pod);

export const isOver = (pod: PodObject): boolean => ["Succeeded", "Failed"].includes(pod.status?.phase ?? "");

export const isReady = (pod: PodObject): boolean => conditionOf(pod, "Ready")?.status === "True";

export const isPlaced = (pod: PodObject): boolean => pod.spec?.nodeName !== undefined;

export const podRefs = (pods: readonly PodObject[]): Ref[] => pods.map((pod) => refTo(kinds.Pod, pod.metadata.name));

/** Why a container does not run, in words that stay the same while the cause does. */
export interface Trouble {
  reason: Reason;
  words: string;
}

/** A container that has ended this recently, and is not ready, is taken to be ending again and again. */
const crashMillis = 360_000;
/** What a pod refers to may be made a moment after it. */
const configMillis = 30_000;

const pullReasons = ["ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "RegistryUnavailable"];
const configReasons = ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"] as const;

export function troubleOf(pod: PodObject, now: number): Trouble | undefined {
  for (const container of pod.status?.containerStatuses ?? []) {
    const { reason = "", message = "" } = container.state?.waiting ?? {};
    const image = pod.spec?.containers?.find(({ name }) => name === container.name)?.image ?? container.image ?? "";
    if (reason === "InvalidImageName")
      return { reason: "InvalidImageName", words: `${image} is not the name of an image` };
    if (pullReasons.includes(reason)) {
      return { reason: "ImagePullBackOff", words: `image ${image} cannot be pulled (${pullCause(message)})` };
    }
    const unmade = configReasons.find((each) => each === reason);
    if (unmade !== undefined && ageOf(pod, now) >= configMillis) {
      return { reason: unmade, words: `its container cannot be made (${shortened(message)})` };
    }
    const crash = crashOf(container, now);
    if (crash !== undefined) return crash;
  }
  return undefined;
}

function crashOf({ ready, state, lastState, restartCount = 0 }: ContainerStatus, now: number): Trouble | undefined {
  const ended = state?.terminated ?? lastState?.terminated;
  const looping = state?.waiting?.reason === "CrashLoopBackOff";
  const justEnded = ended !== undefined && since(ended.finishedAt, now) < crashMillis;
  const again = state?.terminated !== undefined || restartCount > 0;
  if (!looping && !(ready !== true && again && justEnded)) return undefined;
  if (ended?.reason === "OOMKilled")
    return { reason: "OOMKilled", words: "it was ended because it used more memory than its limit" };
  if (ended?.reason === "StartError" || ended?.reason === "ContainerCannotRun") {
    return { reason: "StartError", words: `it cannot be started (${shortened(ended.message ?? "")})` };
  }
  const reason = looping || restartCount > 1 ? "CrashLoopBackOff" : "ContainerEnded";
  return { reason, words: `it ends after its start (exit code ${ended?.exitCode ?? "unknown"})` };
}

/** The kubelet's two messages of one failure differ in their beginning; what they share is the cause. */
function pullCause(message: string): string {
  if (/unauthori[sz]ed|denied|authentication|forbidden/i.test(message)) return "the registry refuses it to us";
  if (/not ?found|no such image|manifest unknown/i.test(message)) return "there is no such image";
  if (/no such host|dial tcp|i\/o timeout|connection refused|deadline/i.test(message))
    return "the registry is not reached";
  if (/never pull|not present with pull policy/i.test(message)) return "it is not on the node and may not be pulled";
  return "see the pod's events";
}

/** Without what differs from pod to pod and from try to try. */
export function shortened(message: string): string {
  const plain = message
    .replace(/\(pod: "[^"]*"[^)]*\)/g, "")
    .replace(/pods? "[^"]*" is forbidden: /g, "")
    .replace(/[^\x20-\x7e]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return plain.length > 160 ? `${plain.slice(0, 160)}...` : plain || "no reason given";
}
