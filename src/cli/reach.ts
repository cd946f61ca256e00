/** How the CLI comes to a path: afresh from the leader where it can be asked, else from the object's status, with its age. */
import { CustomObjectsApi, type KubeConfig } from "@kubernetes/client-node";
import { type FlowView, flowView, lastChange } from "../serve/flow-view.ts";
import type { WebFlow } from "../webflow/types.ts";
import { askLeader, leading, type Reach, type Wanted } from "./leader.ts";
import { wordsOf } from "./words.ts";

/** Why the leader could not be asked: shown beside the status, never hidden. */
export interface Found {
  view: FlowView;
  fallback: string | undefined;
}

export class NotFound extends Error {}

export async function findPath(reach: Reach, wanted: Wanted, now: number): Promise<Found> {
  const raw = await readFlow(reach.kube, wanted);
  let kept = false;
  try {
    const { pod, current } = await leading(reach, now);
    kept = current;
    return { view: await askLeader(reach, pod, wanted), fallback: undefined };
  } catch (error) {
    return { view: fromStatus(raw, kept), fallback: wordsOf(error) };
  }
}

async function readFlow(kube: KubeConfig, { namespace, name }: Wanted): Promise<WebFlow> {
  try {
    const api = kube.makeApiClient(CustomObjectsApi);
    const where = { group: "webflow.dev", version: "v1alpha1", namespace, plural: "webflows", name };
    return (await api.getNamespacedCustomObject(where)) as WebFlow;
  } catch (error) {
    if (statusOf(error) === 404) {
      throw new NotFound(
        `there is no WebFlow ${name} in namespace ${namespace}: see kubectl get webflows --all-namespaces, or name another with -n`,
      );
    }
    throw error;
  }
}

const statusOf = (error: unknown): number | undefined =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "number"
    ? error.code
    : undefined;

/** A status is kept by whoever leads; where nobody is known to, it may long have stopped to be true. */
function fromStatus(raw: WebFlow, kept: boolean): FlowView {
  const doubt = kept ? undefined : "No operator is known to lead, so whether the status still holds is not known.";
  return flowView(raw, raw.status, { asOf: lastChange(raw), source: "status", millis: () => null, doubt });
}
