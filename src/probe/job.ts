/**
 * The allowed identity's handshake as a Job: a pod with the database client's label connects to the database, twice,
 * and leaves its answer in its termination message. Pure: objects in, objects out.
 */
import { createHash } from "node:crypto";
import { controllerOf, type KubeObject } from "../kernel/objects.ts";
import { databaseEnvironment, group, labels, labelsFor, names } from "../webflow/address.ts";
import { Job, WebFlowKind } from "../webflow/kinds.ts";
import type { Flow } from "../webflow/types.ts";
import type { Answer, Ask } from "./question.ts";
import { parseAnswer } from "./validate.ts";

/** On a Job and its pod: the key of the question that it answers. */
export const questionAnnotation = `${group}/question`;
const container = "handshake";
/** A Job that has not ended by then has not run: image, room and start included. */
export const jobSeconds = 60;
const nobody = 65532;

export interface ControlImage {
  image: string;
  imagePullPolicy: "IfNotPresent" | "Always" | "Never";
  /** Names of Secrets expected in the flow's namespace. */
  pullSecrets?: readonly string[];
}

/** What a control needs to know of its flow. */
export type ControlFlow = Pick<Flow, "name" | "namespace" | "uid" | "group">;

export interface ControlQuestion {
  key: string;
  everyMillis: number;
  ask: Ask;
}

/** Part of the Job's name: no two questions and no two times share one. */
export function slotOf(question: ControlQuestion, now: number): string {
  const hash = createHash("sha256").update(question.key).digest("hex").slice(0, 3);
  return `${Math.floor(now / 1000).toString(36)}${hash}`;
}

export function controlJob(
  flow: ControlFlow,
  question: ControlQuestion,
  options: ControlImage & { slot: string },
): KubeObject {
  const marks = {
    labels: { ...labelsFor(flow, "control"), [labels.databaseClient]: flow.name },
    annotations: { [questionAnnotation]: question.key },
  };
  return {
    apiVersion: Job.apiVersion,
    kind: Job.kind,
    metadata: {
      name: `${names.control(flow)}-${options.slot}`,
      namespace: flow.namespace,
      ...marks,
      ownerReferences: [
        {
          apiVersion: WebFlowKind.apiVersion,
          kind: WebFlowKind.kind,
          name: flow.name,
          uid: flow.uid,
          controller: true,
        },
      ],
    },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: jobSeconds,
      // Kept beyond one period, so that an operator that has restarted finds the answer and runs no new one.
      ttlSecondsAfterFinished: Math.ceil(question.everyMillis / 1000) + 300,
      template: { metadata: marks, spec: podSpec(flow, question, options) },
    },
  };
}

/** The web tier's environment, but that the pod's own address is asked, whatever the Secret names. */
function environmentOf(flow: ControlFlow, { ask }: ControlQuestion) {
  const address = ask.type === "handshake" ? ask.address : undefined;
  const own = databaseEnvironment(flow);
  if (address === undefined) return own;
  return own.map((each) => (each.name === "PGHOST" ? { name: each.name, value: address } : each));
}

function podSpec(
  flow: ControlFlow,
  question: ControlQuestion,
  { image, imagePullPolicy, pullSecrets = [] }: ControlImage,
): Record<string, unknown> {
  const { subnet } = flow.group;
  return {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 1,
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: nobody,
      runAsGroup: nobody,
      seccompProfile: { type: "RuntimeDefault" },
    },
    // Where the web tier stands, there its database client is asked.
    ...(subnet?.nodeSelector === undefined ? {} : { nodeSelector: subnet.nodeSelector }),
    ...(subnet?.tolerations === undefined ? {} : { tolerations: subnet.tolerations }),
    containers: [
      {
        name: container,
        image,
        imagePullPolicy,
        args: ["handshake"],
        env: environmentOf(flow, question),
        terminationMessagePolicy: "File",
        resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "192Mi" } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
      },
    ],
  };
}

interface ContainerStatus {
  name?: string;
  state?: {
    waiting?: { reason?: string };
    terminated?: { reason?: string; message?: string; finishedAt?: string };
  };
}
interface PodStatus {
  phase?: string;
  reason?: string;
  containerStatuses?: ContainerStatus[];
  conditions?: { type?: string; status?: string; reason?: string }[];
}

const statusOf = (pod: KubeObject) => (pod.status ?? {}) as PodStatus;
const containerOf = (pod: KubeObject) => statusOf(pod).containerStatuses?.find((status) => status.name === container);
const reasonShaped = (reason: string | undefined) =>
  reason !== undefined && /^[A-Za-z]{1,40}$/.test(reason) ? reason : "unknown reason";

/** What the pod has to say; undefined while it has not ended. */
export function answerFromPod(pod: KubeObject): Answer | undefined {
  const ended = containerOf(pod)?.state?.terminated;
  const { phase, reason } = statusOf(pod);
  if (ended === undefined && phase !== "Failed") return undefined;
  const finished = Date.parse(ended?.finishedAt ?? "");
  const at = Number.isNaN(finished) ? Date.parse(pod.metadata.creationTimestamp ?? "") || 0 : finished;
  const parsed = parseAnswer(answerIn(ended?.message ?? ""));
  if (parsed.ok) return { ...parsed.value, at };
  return {
    outcome: "vantage",
    detail: `the control pod ended without an answer: ${reasonShaped(ended?.reason ?? reason)}`,
    at,
    millis: 0,
  };
}

function answerIn(message: string): unknown {
  try {
    return (JSON.parse(message.slice(0, 4096)) as { answer?: unknown } | null)?.answer;
  } catch {
    return undefined;
  }
}

/** Why a pod that has not ended does not get on, as far as it says. */
export function stuckReason(pod: KubeObject | undefined): string {
  if (pod === undefined) return "no pod was made for it";
  const waiting = containerOf(pod)?.state?.waiting?.reason;
  if (waiting !== undefined) return reasonShaped(waiting);
  const unscheduled = statusOf(pod).conditions?.find(
    (condition) => condition.type === "PodScheduled" && condition.status === "False",
  );
  return unscheduled === undefined ? "it did not end in time" : reasonShaped(unscheduled.reason);
}

/** A Job that can still bring an answer. */
export function isRunning(job: KubeObject): boolean {
  const status = job.status as { conditions?: { type?: string; status?: string }[] } | undefined;
  const ended = status?.conditions?.some(
    ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
  );
  return ended !== true && job.metadata.deletionTimestamp === undefined;
}

export const answers = (object: KubeObject, question: ControlQuestion) =>
  object.metadata.annotations?.[questionAnnotation] === question.key;

/** Made by this flow for itself, not by somebody who copied its labels. */
export const isControlOf = (job: KubeObject, flow: ControlFlow) =>
  controllerOf(job)?.uid === flow.uid && job.kind === Job.kind;
