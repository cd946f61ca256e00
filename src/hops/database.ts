/**
 * The database in the private subnet: does the engine answer its client, and nobody else? Desires policy, credentials,
 * Service and StatefulSet, in this order.
 */
import type { Question } from "../probe/question.ts";
import { names } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Fact, Flow } from "../webflow/types.ts";
import { combine, type Saying } from "./answers.ts";
import { databaseObjects } from "./database-desire.ts";
import { claimFacts, credentialsFacts, databasePod, podFacts, secretQuestions } from "./database-pod.ts";
import { fact, failureFacts, faultFacts, named } from "./facts.ts";
import type { Hop, Seen } from "./hop.ts";
import { controlKey, isolationFacts, isolationQuestions } from "./isolation.ts";
import { isReady } from "./pods.ts";
import { claimProblem, unasked } from "./public.ts";

export { type ClaimWanted, claimWanted } from "./database-desire.ts";
export { type Isolation, isolation } from "./isolation.ts";

export const database: Hop = {
  name: "database",
  // Secrets are not among them: nothing of ours reads one.
  watches: [
    kinds.NetworkPolicy,
    kinds.Service,
    kinds.StatefulSet,
    kinds.PersistentVolumeClaim,
    kinds.Pod,
    kinds.Node,
    kinds.Deployment,
    kinds.ReplicaSet,
    kinds.Job,
  ],

  asks(flow, seen) {
    if (flow.database === undefined || claimProblem(flow) !== undefined) return [];
    return [...secretQuestions(flow, seen), ...controlQuestions(flow, seen), ...isolationQuestions(flow, seen)];
  },

  desire: databaseObjects,

  judge(flow, seen) {
    if (flow.database === undefined) {
      return [
        ...faultFacts(flow, "database"),
        fact("engine").notApplicable("NoDatabase", "The WebFlow asks for no database."),
      ];
    }
    const front = [...faultFacts(flow, "database"), ...writeFacts(flow, seen)];
    const ground = [...podFacts(flow, seen), ...claimFacts(flow, seen)];
    const problem = claimProblem(flow);
    if (problem !== undefined)
      return [...front, ...ground, unasked(fact({ name: "handshake", required: false }), problem)];
    const answers = [...handshakeFacts(flow, seen), ...isolationFacts(flow, seen)];
    return [...front, ...credentialsFacts(flow, seen), ...ground, ...answers];
  },
};

function writeFacts(flow: Flow, seen: Seen): Fact[] {
  return failureFacts(seen, [
    [kinds.NetworkPolicy, names.databasePolicy(flow)],
    [kinds.Secret, names.databaseSecret(flow)],
    [kinds.Service, names.database(flow)],
    [kinds.StatefulSet, names.database(flow)],
  ]);
}

/** The allowed side is a Job: asked of each pod that becomes ready, and else only as often as the class says. */
function controlQuestions(flow: Flow, seen: Seen): Question[] {
  const pod = databasePod(flow, seen);
  if (pod === undefined || !isReady(pod)) return [];
  const address = pod.status?.podIP;
  if (address === undefined) return [];
  const ask = { type: "handshake" as const, engine: "Postgres" as const, address };
  return [
    {
      key: controlKey(pod, flow, seen),
      hop: "database",
      vantage: { at: "database-client" },
      ask,
      everyMillis: flow.class.controlMillis,
    },
  ];
}

/** Between two controls the pod's own readiness is the fact; a control that could not be run says nothing of the engine. */
function handshakeFacts(flow: Flow, seen: Seen): Fact[] {
  const pod = databasePod(flow, seen);
  if (pod === undefined || !isReady(pod)) return [];
  const settled = seen.answer(controlKey(pod, flow, seen));
  const secret = named(kinds.Secret, names.databaseSecret(flow));
  const remedy =
    settled?.settled === "auth"
      ? `bring back ${secret} as it was when the data was made, or set the role's password to the one in it`
      : `see kubectl logs -n ${flow.namespace} ${named(kinds.Pod, pod.metadata.name).toLowerCase()}`;
  const well: Saying = { reason: "EngineAnswers", message: "The engine lets its client in and answers it.", remedy };
  const asked = { subject: "A handshake as the web tier's identity", vantage: "database-client", settled };
  const found = combine({ name: "handshake", vantage: "database-client" }, [asked], well);
  return [found.state === "Unknown" ? { ...found, required: false } : found];
}
