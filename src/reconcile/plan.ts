/** Wishes -> steps. Pure. A step is written only after those it names in `after`. */
import type { Desired } from "../hops/hop.ts";
import type { Kind, KubeObject, OwnerReference } from "../kernel/objects.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Flow } from "../webflow/types.ts";

/**
 * Kinds of children that go when they are no longer wanted. Claims and Secrets hold data: never. Deployment, autoscaler and
 * ServiceAccount are wanted by every flow, and there is no right to delete one.
 */
export const prunable: readonly Kind[] = [
  kinds.Ingress,
  kinds.PodDisruptionBudget,
  kinds.Service,
  kinds.StatefulSet,
  kinds.NetworkPolicy,
];

export const stepKey = (kind: Kind, name: string) => `${kind.kind}/${name}`;
const keyOfWish = (wish: Desired) => stepKey(wish.kind, wish.object.metadata.name);

/**
 * Rounds of writes: all of one may go at once, the next after it. A circle, or a wait for what nobody wants, is an error
 * of ours.
 */
export function inRounds(wishes: readonly Desired[]): Desired[][] {
  const rounds: Desired[][] = [];
  const done = new Set<string>();
  let rest = [...wishes];
  while (rest.length > 0) {
    const round = rest.filter((wish) => (wish.after ?? []).every((key) => done.has(key)));
    if (round.length === 0) throw new Error(`these objects wait for each other: ${rest.map(keyOfWish).join(", ")}`);
    rounds.push(round);
    for (const wish of round) done.add(keyOfWish(wish));
    rest = rest.filter((wish) => !round.includes(wish));
  }
  return rounds;
}

/** The wish as it is sent: owned by the flow, except a Secret, which outlives it. */
export function owned(flow: Flow, wish: Desired): KubeObject {
  if (wish.mode === "create-once") return wish.object;
  return { ...wish.object, metadata: { ...wish.object.metadata, ownerReferences: [ownerOf(flow)] } };
}

export function ownerOf(flow: Pick<Flow, "name" | "uid">): OwnerReference {
  return {
    apiVersion: kinds.WebFlowKind.apiVersion,
    kind: kinds.WebFlowKind.kind,
    name: flow.name,
    uid: flow.uid,
    controller: true,
  };
}
