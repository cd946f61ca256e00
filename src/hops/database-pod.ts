/** The database's one pod and its volume, as objects: placed, running, ready, with its credentials and its data. */
import type { Question } from "../probe/question.ts";
import { names } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import { compareQuantities } from "../webflow/quantity.ts";
import { passedThrough } from "../webflow/reasons.ts";
import type { Fact, Flow } from "../webflow/types.ts";
import { fact, named, notAskedYet, refTo } from "./facts.ts";
import { isInSubnet, isOnLostNode, nodeOf, nodesOf, unplacedWords } from "./ground.ts";
import type { Seen } from "./hop.ts";
import { isReady, troubleOf } from "./pods.ts";
import {
  type ClaimObject,
  conditionOf,
  controllerOf,
  isChildOf,
  isNew,
  type PodObject,
  type StatefulSetObject,
} from "./shapes.ts";

const secretMillis = 60_000;
export const secretKey = "database/secret";

function setOf(flow: Flow, seen: Seen): StatefulSetObject | undefined {
  const found = seen.get(kinds.StatefulSet, names.database(flow)) as StatefulSetObject | undefined;
  return found !== undefined && isChildOf(flow, found) ? found : undefined;
}

/** The pod of our StatefulSet, unless it is on its way out. */
export function databasePod(flow: Flow, seen: Seen): PodObject | undefined {
  const set = setOf(flow, seen);
  const pod = seen.get(kinds.Pod, names.databasePod(flow)) as PodObject | undefined;
  if (set === undefined || pod === undefined || controllerOf(pod)?.uid !== set.metadata.uid) return undefined;
  return pod.metadata.deletionTimestamp === undefined ? pod : undefined;
}

export const claimOf = (flow: Flow, seen: Seen): ClaimObject | undefined =>
  seen.get(kinds.PersistentVolumeClaim, names.databaseClaim(flow)) as ClaimObject | undefined;

/** Asked once data may have been made with it: before that, its absence is no news. */
export function secretQuestions(flow: Flow, seen: Seen): Question[] {
  if (claimOf(flow, seen) === undefined) return [];
  const ask = { type: "secret" as const, name: names.databaseSecret(flow) };
  return [{ key: secretKey, hop: "database", vantage: { at: "operator" }, ask, everyMillis: secretMillis }];
}

export function credentialsFacts(flow: Flow, seen: Seen): Fact[] {
  const asked = seen.answer(secretKey);
  if (claimOf(flow, seen) === undefined) return [];
  const secret = named(kinds.Secret, names.databaseSecret(flow));
  const about = { name: "credentials", vantage: "operator", refs: [refTo(kinds.Secret, names.databaseSecret(flow))] };
  if (asked === undefined) {
    return [fact(about).progressing(notAskedYet, `Whether ${secret} is there has not been asked yet.`)];
  }
  if (asked.settled === "ok") return [fact(about).healthy("CredentialsThere", `${secret} is there.`)];
  if (asked.settled !== "missing") {
    return [
      fact({ ...about, required: false }).unknown(
        "CredentialsNotSeen",
        `Whether ${secret} is there could not be asked.`,
      ),
    ];
  }
  const claim = named(kinds.PersistentVolumeClaim, names.databaseClaim(flow));
  const remedy = `put it back under the same name with the keys username, password, database, host, port and url; or, if the data may go, delete the WebFlow, then ${claim}, and apply the WebFlow again: the data is lost then`;
  return [
    fact(about).broken(
      "CredentialsMissing",
      `${secret} is gone, and the data in ${claim} was made with its password: ${remedy}.`,
    ),
  ];
}

export function podFacts(flow: Flow, seen: Seen): Fact[] {
  const title = named(kinds.StatefulSet, names.database(flow));
  const set = setOf(flow, seen);
  if (set === undefined) return [fact("pod").progressing("NotWrittenYet", `${title} is not there yet.`)];
  const pod = databasePod(flow, seen);
  const starting = isNew(set, seen.now);
  if (pod === undefined) {
    const message = `${named(kinds.Pod, names.databasePod(flow))} is not there; ${title} makes it anew.`;
    return [fact("pod").is(starting ? "Progressing" : "Broken", "PodMissing", message)];
  }
  return [podFact(pod, seen, starting), ...subnetFact(flow, seen, pod)];
}

function podFact(pod: PodObject, seen: Seen, starting: boolean): Fact {
  const title = named(kinds.Pod, pod.metadata.name);
  const about = fact({ name: "pod", refs: [refTo(kinds.Pod, pod.metadata.name)] });
  const words = unplacedWords(pod, seen.now);
  if (words !== undefined)
    return about.broken("Unschedulable", `${title} cannot be placed, says the scheduler: ${words}.`);
  if (nodesOf(seen).length > 0 && isOnLostNode(pod, seen)) {
    const node = named(kinds.Node, pod.spec?.nodeName ?? "");
    return about.broken("NodeLost", `${node} under ${title} is lost or not ready.`);
  }
  if (isReady(pod)) return about.healthy("Ready", `${title} is ready: its engine takes connections.`);
  const trouble = troubleOf(pod, seen.now);
  if (trouble !== undefined) {
    if (/secret .* not found/i.test(trouble.words))
      return about.broken("CredentialsMissing", `${title} does not start: ${trouble.words}.`);
    return about.broken(trouble.reason, `${title} does not run: ${trouble.words}.`);
  }
  if (starting) return about.progressing("Starting", `${title} is on its way up.`);
  return about.broken("NotReady", `${title} is not ready: its engine does not take connections.`);
}

function subnetFact(flow: Flow, seen: Seen, pod: PodObject): Fact[] {
  const subnet = flow.database?.subnet;
  const node = nodeOf(pod, seen);
  if (subnet === undefined || node === undefined) return [];
  const about = fact({ name: "subnet", refs: [refTo(kinds.Node, node.metadata.name)] });
  if (isInSubnet(node, subnet))
    return [about.healthy("InSubnet", `The database is on a node of subnet ${subnet.name}.`)];
  return [
    about.degraded(
      "OutsideSubnet",
      `The database is on ${named(kinds.Node, node.metadata.name)}, outside subnet ${subnet.name}.`,
    ),
  ];
}

export function claimFacts(flow: Flow, seen: Seen): Fact[] {
  const name = names.databaseClaim(flow);
  const title = named(kinds.PersistentVolumeClaim, name);
  const about = fact({ name: "volume", refs: [refTo(kinds.PersistentVolumeClaim, name)] });
  const failure = seen.failure(kinds.PersistentVolumeClaim, name);
  if (failure !== undefined)
    return [about.degraded(passedThrough(failure.reason), `${title} could not be changed: ${failure.message}`)];
  const claim = claimOf(flow, seen);
  if (claim === undefined) {
    const pod = databasePod(flow, seen);
    if (pod === undefined || isNew(pod, seen.now)) return [];
    return [about.broken("VolumeMissing", `${title} is gone, and the database's data with it.`)];
  }
  if (claim.metadata.deletionTimestamp !== undefined) {
    return [
      about.degraded(
        "VolumeDeleting",
        `${title} has been deleted and goes, with its data, when the database's pod stops: save the data now.`,
      ),
    ];
  }
  if (claim.status?.phase === "Lost") return [about.broken("VolumeLost", `${title} has lost its volume.`)];
  if (claim.status?.phase === "Pending") return [pendingFact(claim, seen, title)];
  return [about.healthy("VolumeBound", `${title} has its volume.`), ...growthFact(flow, claim, title)];
}

function pendingFact(claim: ClaimObject, seen: Seen, title: string): Fact {
  const about = fact({ name: "volume", refs: [refTo(kinds.PersistentVolumeClaim, claim.metadata.name)] });
  if (isNew(claim, seen.now)) return about.progressing("VolumePending", `${title} has no volume yet.`);
  const storageClass = claim.spec?.storageClassName;
  if (storageClass === undefined) {
    return about.broken(
      "StorageClassMissing",
      `${title} gets no volume, since no StorageClass is the default: mark one, or set database.storageClassName.`,
    );
  }
  return about.broken(
    "VolumePending",
    `${title} gets no volume: see that StorageClass/${storageClass} exists and that its provisioner runs.`,
  );
}

function growthFact(flow: Flow, claim: ClaimObject, title: string): Fact[] {
  const size = claim.spec?.resources?.requests?.storage;
  const wanted = flow.database?.storage;
  const resizing = ["Resizing", "FileSystemResizePending"].some((type) => conditionOf(claim, type)?.status === "True");
  const smaller = size !== undefined && wanted !== undefined && isSmaller(size, wanted);
  if (!resizing && !smaller) return [];
  return [
    fact({ name: "growth", required: false }).progressing(
      "StorageGrowing",
      `${title} is growing to the size asked for.`,
    ),
  ];
}

/** A size that somebody else wrote may have a form that we do not read: then it is not judged. */
function isSmaller(size: string, wanted: string): boolean {
  try {
    return compareQuantities(size, wanted) < 0;
  } catch {
    return false;
  }
}
