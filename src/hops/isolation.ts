/**
 * Is the database closed to all but its clients? Proven only by all of it at once: policies and pods as objects, the
 * allowed identity lately let in, the forbidden one refused, and a canary on the same node that shows that a refusal
 * means something. The claim is "refused from these vantages", never "unreachable".
 */
import { isUnasked, type Question } from "../probe/question.ts";
import { databasePort, names } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Fact, Flow } from "../webflow/types.ts";
import { phraseOfOutcome } from "./answers.ts";
import { databasePod } from "./database-pod.ts";
import { fact, listed, named, notAskedYet, refTo } from "./facts.ts";
import type { Seen } from "./hop.ts";
import {
  clientsFinding,
  type Finding,
  finding,
  type Isolation,
  policiesOnProber,
  policyFinding,
} from "./isolation-objects.ts";
import { isReady } from "./pods.ts";
import { type PodObject, type PolicyObject, since } from "./shapes.ts";

export type { Isolation } from "./isolation-objects.ts";

/** A pod's policies may not be in force yet (VPC CNI opens first and closes later). */
const settlingMillis = 30_000;

export function isolationQuestions(flow: Flow, seen: Seen): Question[] {
  const pod = askedPod(flow, seen);
  const [address, node] = [pod?.status?.podIP, pod?.spec?.nodeName];
  if (address === undefined || node === undefined) return [];
  const common = {
    hop: "database" as const,
    vantage: { at: "forbidden" as const, node },
    everyMillis: flow.class.roundMillis,
  };
  return [
    { ...common, key: forbiddenKey(address), ask: { type: "tcp", address, port: databasePort } },
    { ...common, key: canaryKey(node), ask: { type: "canary" } },
  ];
}

const forbiddenKey = (address: string) => `database/forbidden/${address}:${databasePort}`;
const canaryKey = (node: string) => `database/canary/${node}`;
/** A new pod, and a policy that was changed or put right, get a new control. */
export function controlKey(pod: PodObject, flow: Flow, seen: Seen): string {
  const { uid = "", generation = 0 } = seen.get(kinds.NetworkPolicy, names.databasePolicy(flow))?.metadata ?? {};
  return `database/control/${pod.metadata.uid ?? pod.metadata.name}/${uid}/${generation}`;
}

function askedPod(flow: Flow, seen: Seen): PodObject | undefined {
  const pod = databasePod(flow, seen);
  return pod !== undefined && since(pod.status?.startTime, seen.now) >= settlingMillis ? pod : undefined;
}

/** For condition DatabaseIsolated: what speaks against it first, else what is not known, else that it is proven. */
export function isolation(flow: Flow, seen: Seen): Isolation {
  const findings = findingsOf(flow, seen);
  const worst =
    findings.find(({ status }) => status === "Violated") ?? findings.find(({ status }) => status === "Unproven");
  if (worst !== undefined) return { status: worst.status, reason: worst.reason, message: worst.message };
  const message =
    "The web tier's identity connects, one without it is refused from the database's node's side, and policies are enforced there.";
  return { status: "Proven", reason: "Refused", message };
}

export function isolationFacts(flow: Flow, seen: Seen): Fact[] {
  return findingsOf(flow, seen).map(({ name, vantage, status, pending, reason, message, refs = [] }) => {
    const required = status === "Violated" || flow.class.isolation === "Required";
    const state =
      status === "Proven" ? "Healthy" : status === "Violated" ? "Broken" : pending === true ? "Progressing" : "Unknown";
    return fact({ name: `isolation-${name}`, required, vantage, refs }).is(state, reason, message);
  });
}

function findingsOf(flow: Flow, seen: Seen): Finding[] {
  return [policyFinding(flow, seen), clientsFinding(flow, seen), controlFinding(flow, seen), ...refusals(flow, seen)];
}

/** The positive control: a refusal of the forbidden means nothing while the allowed are not let in. */
function controlFinding(flow: Flow, seen: Seen): Finding {
  const said = finding("control", "database-client");
  const pod = databasePod(flow, seen);
  if (pod === undefined || !isReady(pod)) {
    return said.pending({
      reason: "DatabaseNotReady",
      message: "Nobody can connect while the database is not ready, so that a refusal proves nothing.",
    });
  }
  const asked = seen.answer(controlKey(pod, flow, seen));
  if (asked === undefined)
    return said.pending({ reason: notAskedYet, message: "The allowed identity has not connected yet." });
  const { answer, wellAt, illAt = 0 } = asked;
  // A control that could not be run takes nothing back of the last one that was, until that is too old.
  const stands = answer.outcome === "ok" || isUnasked(answer.outcome);
  if (!stands || wellAt === undefined || wellAt < illAt) {
    const { words } = phraseOfOutcome(answer.outcome);
    return said.unproven({ reason: "ControlFailed", message: `The allowed identity does not connect: ${words}.` });
  }
  if (seen.now - wellAt > flow.class.controlMillis * 1.5 + 60_000) {
    return said.unproven({ reason: "ControlTooOld", message: "The allowed identity last connected too long ago." });
  }
  return said.proven({
    reason: "ControlConnects",
    message: "The allowed identity connects, asked again as often as the class says.",
  });
}

function refusals(flow: Flow, seen: Seen): Finding[] {
  const pod = askedPod(flow, seen);
  const [address, node] = [pod?.status?.podIP, pod?.spec?.nodeName];
  if (address === undefined || node === undefined) {
    const message = "The database's pod has not run for long enough to be asked.";
    return [finding("forbidden", "forbidden").pending({ reason: notAskedYet, message })];
  }
  return [forbiddenFinding(seen, address), canaryFinding(seen, node)];
}

const refusedBy: readonly string[] = ["refused", "timeout", "unreachable", "reset"];

function forbiddenFinding(seen: Seen, address: string): Finding {
  const said = finding("forbidden", "forbidden");
  const asked = seen.answer(forbiddenKey(address));
  if (asked === undefined)
    return said.pending({ reason: notAskedYet, message: "The forbidden identity has not been asked yet." });
  const { answer, settled } = asked;
  if (answer.outcome === "ok" || settled === "ok") {
    return said.violated({
      reason: "ForbiddenConnects",
      message:
        "A pod without the clients' label connects to the database: see that the cluster's network enforces NetworkPolicies.",
    });
  }
  const closing = policiesOnProber(seen);
  if (closing.length > 0) return closedIn(seen, closing);
  if (!refusedBy.includes(settled)) {
    const { words } = phraseOfOutcome(settled);
    return said.unproven({ reason: "ForbiddenNotAsked", message: `The forbidden identity could not ask: ${words}.` });
  }
  return said.proven({
    reason: "ForbiddenRefused",
    message: "A pod without the clients' label is refused by the database.",
  });
}

function closedIn({ operator }: Seen, closing: readonly PolicyObject[]): Finding {
  const who = listed(closing.map(({ metadata }) => named(kinds.NetworkPolicy, metadata.name)));
  return finding("forbidden", "forbidden").unproven({
    reason: "ProberClosedIn",
    message: `${who} in namespace ${operator.namespace} limits what the forbidden prober may reach, so that a refusal proves nothing: delete it, or select other pods with it.`,
    refs: closing.map(({ metadata }) => refTo(kinds.NetworkPolicy, metadata.name)),
  });
}

function canaryFinding(seen: Seen, node: string): Finding {
  const said = finding("canary", "forbidden");
  const asked = seen.answer(canaryKey(node));
  const refs = [refTo(kinds.Node, node)];
  if (asked === undefined)
    return said.pending({ reason: notAskedYet, message: "The canary has not been asked yet.", refs });
  // What speaks against it counts at once; that nobody could ask just now takes nothing back.
  const outcome = isUnasked(asked.answer.outcome) ? asked.settled : asked.answer.outcome;
  if (outcome === "ok") {
    const message = "The forbidden identity reaches the open canary on the database's node and not the closed one.";
    return said.proven({ reason: "PolicyEnforced", message, refs });
  }
  if (outcome === "open") {
    const message =
      "A canary that a NetworkPolicy closes is open: the cluster's network does not enforce policies on the database's node.";
    return said.unproven({ reason: "PolicyNotEnforced", message, refs });
  }
  const message = `The canary on the database's node could not be asked: ${phraseOfOutcome(outcome).words}.`;
  return said.unproven({ reason: "CanaryFailed", message, refs });
}
