import { describe, expect, it } from "vitest";
import { aClass, aFlow, ago, noon } from "../../test/builders.ts";
import { aHealthyCluster, type Cluster } from "../../test/cluster-builder.ts";
import { anObject, controlledBy } from "../../test/object-builder.ts";
import type { KubeObject } from "../kernel/objects.ts";
import { labels, labelsFor } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import { isolation } from "./database.ts";

const found = ({ flow, seen }: Cluster) => {
  const { status, reason } = isolation(flow, seen);
  return `${status}/${reason}`;
};

const policy = (spec: unknown): KubeObject => anObject(kinds.NetworkPolicy, "another", { spec });
const everyPod = { podSelector: {}, policyTypes: ["Ingress"] };
const client = { podSelector: { matchLabels: { [labels.databaseClient]: "shop" } } };

describe("isolation", () => {
  it("is Proven when policy, pods, control, refusal and canary all say so", () => {
    expect(found(aHealthyCluster())).toBe("Proven/Refused");
  });

  it.each<[string, (c: Cluster) => unknown, string]>([
    ["the forbidden identity connects", (c) => c.answerAll("database/forbidden", {}), "Violated/ForbiddenConnects"],
    [
      "the forbidden identity connects but once",
      (c) => c.answerAll("database/forbidden", { outcome: "timeout" }, { outcome: "ok" }),
      "Violated/ForbiddenConnects",
    ],
    [
      "the forbidden identity connected until now",
      (c) => c.answerAll("database/forbidden", {}, { outcome: "timeout" }),
      "Violated/ForbiddenConnects",
    ],
    [
      "the forbidden identity is refused now one way, now another",
      (c) => c.answerAll("database/forbidden", { outcome: "timeout" }, { outcome: "unreachable" }),
      "Proven/Refused",
    ],
    [
      "the forbidden identity could not be asked",
      (c) => c.answerAll("database/forbidden", { outcome: "vantage" }),
      "Unproven/ForbiddenNotAsked",
    ],
    [
      "the forbidden identity could just not be asked",
      (c) => c.answerAll("database/forbidden", { outcome: "timeout" }, { outcome: "vantage" }),
      "Proven/Refused",
    ],
    [
      "the canary could just not be asked",
      (c) => c.answerAll("database/canary", {}, { outcome: "vantage" }),
      "Proven/Refused",
    ],
    [
      "the control could just not be run",
      (c) => c.answerAll("database/control", {}, { outcome: "vantage" }),
      "Proven/Refused",
    ],
    [
      "the control could not be run since it last connected, and that is too long ago",
      (c) =>
        Object.assign(c.answerAll("database/control", {}, { outcome: "vantage" }), {
          now: noon + 600_000 * 1.5 + 61_000,
        }),
      "Unproven/ControlTooOld",
    ],
    [
      "the control could not be run since it failed",
      (c) =>
        c.answerAll("database/control", { outcome: "vantage" }).amend("database/control", {
          wellAt: noon - 60_000,
          illAt: noon - 30_000,
        }),
      "Unproven/ControlFailed",
    ],
    [
      "our policy was changed and put right: the control is run anew",
      (c) =>
        c.change(kinds.NetworkPolicy, "shop-db", (object) => ({
          ...object,
          metadata: { ...object.metadata, generation: 7 },
        })),
      "Unproven/NotAskedYet",
    ],
    [
      "the control has failed once: the proof ends at once",
      (c) => c.answerAll("database/control", {}, { outcome: "refused" }),
      "Unproven/ControlFailed",
    ],
    ["the control has not been run", (c) => c.forget("database/control"), "Unproven/NotAskedYet"],
    [
      "the control is too old",
      (c) => Object.assign(c, { now: noon + 600_000 * 1.5 + 61_000 }),
      "Unproven/ControlTooOld",
    ],
    [
      "the control is as old as it may be",
      (c) => Object.assign(c, { now: noon + 600_000 * 1.5 + 59_000 }),
      "Proven/Refused",
    ],
    [
      "policies are not enforced",
      (c) => c.answerAll("database/canary", { outcome: "open" }),
      "Unproven/PolicyNotEnforced",
    ],
    [
      "the prober has no network",
      (c) => c.answerAll("database/canary", { outcome: "control" }),
      "Unproven/CanaryFailed",
    ],
    [
      "the prober has no network, just now",
      (c) => c.answerAll("database/canary", {}, { outcome: "control" }),
      "Unproven/CanaryFailed",
    ],
    ["the canary has not been asked", (c) => c.forget("database/canary"), "Unproven/NotAskedYet"],
    [
      "the database is down",
      (c) =>
        c.change(kinds.Pod, "shop-db-0", (pod) => ({ ...pod, status: { ...(pod.status as object), conditions: [] } })),
      "Unproven/DatabaseNotReady",
    ],
    ["our policy is gone", (c) => c.delete(kinds.NetworkPolicy), "Unproven/PolicyNotInPlace"],
    [
      "our policy was edited",
      (c) =>
        c.change(kinds.NetworkPolicy, "shop-db", (object) => ({
          ...object,
          spec: { ...(object.spec as object), ingress: [{}] },
        })),
      "Unproven/PolicyNotInPlace",
    ],
    [
      "our policy lets in the label from every namespace",
      (c) =>
        c.change(kinds.NetworkPolicy, "shop-db", (object) =>
          JSON.parse(JSON.stringify(object).replace('"from":[{', '"from":[{"namespaceSelector":{},')),
        ),
      "Unproven/PolicyNotInPlace",
    ],
    [
      "a violation is stronger than a failed control",
      (c) => c.answerAll("database/control", { outcome: "auth" }).answerAll("database/forbidden", {}),
      "Violated/ForbiddenConnects",
    ],
  ])("%s", (_, happens, expected) => {
    const cluster = aHealthyCluster();
    happens(cluster);
    expect(found(cluster)).toBe(expected);
  });

  it.each<[string, unknown, boolean]>([
    ["of every pod, for everybody", { ...everyPod, ingress: [{}] }, true],
    [
      "of every pod, for one namespace",
      { ...everyPod, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: "a" } } }] }] },
      true,
    ],
    [
      "of every pod, for the label in every namespace",
      { ...everyPod, ingress: [{ from: [{ ...client, namespaceSelector: {} }] }] },
      true,
    ],
    [
      "of every pod, for the clients or a network",
      { ...everyPod, ingress: [{ from: [client, { ipBlock: { cidr: "0.0.0.0/0" } }] }] },
      true,
    ],
    [
      "of the database by an expression",
      { podSelector: { matchExpressions: [{ key: "webflow.dev/flow", operator: "Exists" }] }, ingress: [{}] },
      true,
    ],
    [
      "of the database by its pod's name",
      { podSelector: { matchLabels: { "statefulset.kubernetes.io/pod-name": "shop-db-0" } }, ingress: [{}] },
      true,
    ],
    ["with types left out", { podSelector: {}, ingress: [{}] }, true],
    ["for everybody at the port", { ...everyPod, ingress: [{ ports: [{ port: 5432 }] }] }, true],
    ["for everybody at the port's name", { ...everyPod, ingress: [{ ports: [{ port: "postgres" }] }] }, true],
    ["for everybody at a range of ports", { ...everyPod, ingress: [{ ports: [{ port: 5000, endPort: 6000 }] }] }, true],
    [
      "for everybody at another port",
      { ...everyPod, ingress: [{ ports: [{ port: 9187 }, { port: 5432, protocol: "UDP" }] }] },
      false,
    ],
    ["for the clients alone", { ...everyPod, ingress: [{ from: [client] }] }, false],
    ["of other pods", { podSelector: { matchLabels: { "app.kubernetes.io/component": "web" } }, ingress: [{}] }, false],
    ["that denies all", everyPod, false],
    ["for what goes out", { podSelector: {}, policyTypes: ["Egress"], egress: [{}] }, false],
  ])("a second policy %s: %s", (_, spec, widens) => {
    const cluster = aHealthyCluster().put(policy(spec));
    expect(found(cluster)).toBe(widens ? "Violated/PolicyWidened" : "Proven/Refused");
    if (widens)
      expect(cluster.fact("database", "isolation-policy")).toMatchObject({
        state: "Broken",
        refs: [{ kind: "NetworkPolicy", name: "another" }],
      });
  });

  it.each<[string, unknown, boolean]>([
    ["by a label that somebody put on it", { podSelector: { matchLabels: { zone: "a" } }, ingress: [{}] }, true],
    [
      "by its revision",
      { podSelector: { matchLabels: { "controller-revision-hash": "shop-db-5c" } }, ingress: [{}] },
      true,
    ],
    [
      "by a label that the next one will not have",
      { podSelector: { matchExpressions: [{ key: "zone", operator: "DoesNotExist" }] }, ingress: [{}] },
      true,
    ],
    [
      "no more than by another value of its label",
      { podSelector: { matchLabels: { zone: "b" } }, ingress: [{}] },
      false,
    ],
  ])("a second policy selects the live pod %s: %s", (_, spec, widens) => {
    const cluster = aHealthyCluster()
      .put(policy(spec))
      .change(kinds.Pod, "shop-db-0", ({ metadata, ...pod }) => {
        const worn = { ...metadata.labels, zone: "a", "controller-revision-hash": "shop-db-5c" };
        return { ...pod, metadata: { ...metadata, labels: worn } };
      });
    expect(found(cluster)).toBe(widens ? "Violated/PolicyWidened" : "Proven/Refused");
  });

  const proberPolicy = (name: string, spec: object, namespace = "webflow-system") =>
    anObject(kinds.NetworkPolicy, name, { metadata: { namespace }, spec });
  const prober = { podSelector: { matchLabels: { "app.kubernetes.io/name": "webflow-prober" } } };
  const outward = { ...prober, policyTypes: ["Egress"] };
  const everywhere = { ...outward, egress: [{}] };

  it.each<[string, KubeObject[], boolean]>([
    ["closes its way out", [proberPolicy("closed", outward)], true],
    ["closes every pod's way out", [proberPolicy("closed", { podSelector: {}, policyTypes: ["Egress"] })], true],
    ["leaves it one port", [proberPolicy("closed", { ...outward, egress: [{ ports: [{ port: 9001 }] }] })], true],
    [
      "leaves it one namespace, and has no types",
      [proberPolicy("closed", { ...prober, egress: [{ to: [{ namespaceSelector: {} }] }] })],
      true,
    ],
    ["closes it beside one that opens it", [proberPolicy("open", everywhere), proberPolicy("closed", outward)], true],
    [
      "selects it by another label that it wears",
      [
        proberPolicy("closed", { podSelector: { matchLabels: { team: "a" } }, policyTypes: ["Egress"] }),
        anObject(kinds.Pod, "webflow-prober-x", {
          metadata: { namespace: "webflow-system", labels: { ...prober.podSelector.matchLabels, team: "a" } },
        }),
      ],
      true,
    ],
    ["opens its whole way out", [proberPolicy("open", everywhere)], false],
    ["governs its way in", [proberPolicy("inward", { ...prober, policyTypes: ["Ingress"] })], false],
    ["selects others", [proberPolicy("others", { ...outward, podSelector: { matchLabels: { a: "b" } } })], false],
    ["stands in another namespace", [proberPolicy("elsewhere", outward, "default")], false],
  ])("a policy on the prober that %s", (_, objects, closed) => {
    const cluster = aHealthyCluster().put(...objects);
    expect(found(cluster)).toBe(closed ? "Unproven/ProberClosedIn" : "Proven/Refused");
    const { message, refs } = cluster.fact("database", "isolation-forbidden") ?? {};
    if (closed) expect(refs).toEqual([{ kind: "NetworkPolicy", name: "closed" }]);
    if (closed) expect(message).toContain("NetworkPolicy/closed in namespace webflow-system");
    expect(found(cluster.answerAll("database/forbidden", {}))).toBe("Violated/ForbiddenConnects");
  });

  const wearing = (owner: object[], changed: Partial<KubeObject["metadata"]> = {}) =>
    anObject(kinds.Pod, "stranger", {
      metadata: { labels: { [labels.databaseClient]: "shop" }, ownerReferences: owner as never, ...changed },
      status: { phase: "Running" },
    });
  const flowOwner = controlledBy({ kind: "WebFlow", name: "shop", uid: "flow-uid" });
  const ofJob = controlledBy({ kind: "Job", name: "shop-db-control", uid: "job-shop-db-control" });

  it.each<[string, KubeObject[], boolean]>([
    ["a bare pod", [wearing([])], true],
    ["a pod of another set", [wearing(controlledBy({ kind: "ReplicaSet", name: "other", uid: "x" }))], true],
    [
      "a pod of a set that is not in sight yet",
      [wearing(controlledBy({ kind: "ReplicaSet", name: "shop-2", uid: "x" }), { creationTimestamp: ago(2_000) })],
      false,
    ],
    [
      "a new pod of a set of another name",
      [wearing(controlledBy({ kind: "ReplicaSet", name: "other-2", uid: "x" }), { creationTimestamp: ago(2_000) })],
      true,
    ],
    ["a pod that has ended", [{ ...wearing([]), status: { phase: "Succeeded" } }], false],
    [
      "our control's pod",
      [wearing(ofJob), anObject(kinds.Job, "shop-db-control", { metadata: { ownerReferences: flowOwner } })],
      false,
    ],
    ["a pod of somebody's Job of the control's name", [wearing(ofJob), anObject(kinds.Job, "shop-db-control")], true],
    [
      "a pod that claims our control for its owner",
      [
        wearing(controlledBy({ kind: "Job", name: "shop-db-control", uid: "forged" })),
        anObject(kinds.Job, "shop-db-control", { metadata: { ownerReferences: flowOwner } }),
      ],
      true,
    ],
    ["a pod of a Job that is gone", [wearing(ofJob)], true],
    [
      "a pod of another flow's database clients",
      [anObject(kinds.Pod, "other", { metadata: { labels: { [labels.databaseClient]: "other" } } })],
      false,
    ],
  ])("the clients' label on %s", (_, objects, violates) => {
    const cluster = aHealthyCluster().put(...objects);
    expect(found(cluster)).toBe(violates ? "Violated/ForeignClient" : "Proven/Refused");
  });

  it.each<[string, KubeObject[], string]>([
    [
      "a set of a Deployment of ours that was deleted",
      [
        wearing(controlledBy({ kind: "ReplicaSet", name: "shop-old", uid: "replicaset-shop-old" })),
        anObject(kinds.ReplicaSet, "shop-old", {
          metadata: { ownerReferences: controlledBy({ kind: "Deployment", name: "shop", uid: "an-earlier-one" }) },
        }),
      ],
      "Unproven/ClientsLeaving",
    ],
    [
      "a set that is being deleted for ever",
      [
        wearing(controlledBy({ kind: "ReplicaSet", name: "shop-old", uid: "replicaset-shop-old" })),
        anObject(kinds.ReplicaSet, "shop-old", {
          metadata: {
            deletionTimestamp: ago(16_000),
            ownerReferences: controlledBy({ kind: "Deployment", name: "shop", uid: "an-earlier-one" }),
          },
        }),
      ],
      "Violated/ForeignClient",
    ],
    [
      "a set that has just gone, when our Deployment was made anew",
      [
        wearing(controlledBy({ kind: "ReplicaSet", name: "shop-old", uid: "gone" })),
        anObject(kinds.Deployment, "shop", {
          metadata: { creationTimestamp: ago(5_000), ownerReferences: flowOwner },
        }),
      ],
      "Unproven/ClientsLeaving",
    ],
    [
      "a set that is not there, though our Deployment has long been",
      [wearing(controlledBy({ kind: "ReplicaSet", name: "shop-old", uid: "gone" }))],
      "Violated/ForeignClient",
    ],
    [
      "a set that is gone, on its way out",
      [
        wearing(controlledBy({ kind: "ReplicaSet", name: "shop-old", uid: "gone" }), {
          deletionTimestamp: ago(-20_000),
        }),
      ],
      "Unproven/ClientsLeaving",
    ],
    [
      "a set that is gone, long after it should have ended",
      [
        wearing(controlledBy({ kind: "ReplicaSet", name: "shop-old", uid: "gone" }), {
          deletionTimestamp: ago(16_000),
        }),
      ],
      "Violated/ForeignClient",
    ],
    [
      "a set of another Deployment, named like ours",
      [
        wearing(controlledBy({ kind: "ReplicaSet", name: "shop-2", uid: "replicaset-shop-2" })),
        anObject(kinds.ReplicaSet, "shop-2", {
          metadata: { ownerReferences: controlledBy({ kind: "Deployment", name: "other", uid: "x" }) },
        }),
      ],
      "Violated/ForeignClient",
    ],
  ])("the clients' label on a pod of %s", (_, objects, expected) => {
    expect(found(aHealthyCluster().put(...objects))).toBe(expected);
  });

  it("asks only a pod that has run for half a minute, from its node's side, and controls each pod anew", () => {
    const cluster = aHealthyCluster();
    const keys = () => cluster.questions().flatMap(({ key, hop }) => (hop === "database" ? key : []));
    expect(keys()).toEqual([
      "database/secret",
      "database/control/pod-shop-db-0/networkpolicy-shop-db/1",
      "database/forbidden/10.244.3.20:5432",
      "database/canary/worker-c",
    ]);
    cluster.change(kinds.Pod, "shop-db-0", (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, uid: "new" },
      status: { ...(pod.status as object), startTime: ago(29_000) },
    }));
    expect(keys()).toEqual(["database/secret", "database/control/new/networkpolicy-shop-db/1"]);
    expect(found(cluster)).toBe("Unproven/NotAskedYet");
  });

  it.each([
    ["Required", { outcome: "open" }, "Unknown/PolicyNotEnforced"],
    ["Reported", { outcome: "open" }, "Healthy/EngineAnswers"],
  ] as const)("%s: an Unproven database is %s", (mode, answer, expected) => {
    const cluster = aHealthyCluster(aFlow({ class: aClass({ isolation: mode }) })).answerAll("database/canary", answer);
    expect(cluster.verdicts.database).toBe(expected);
  });

  it("breaks the database when violated, also where it is merely reported", () => {
    const cluster = aHealthyCluster(aFlow({ class: aClass({ isolation: "Reported" }) })).answerAll(
      "database/forbidden",
      {},
    );
    expect(cluster.verdicts.database).toBe("Broken/ForbiddenConnects");
  });

  it("lets in by labels that are in no selector", () => {
    expect(Object.keys(labelsFor(aFlow(), "web"))).not.toContain(labels.databaseClient);
  });
});
