/** Objects and clusters for tests: a whole cluster in memory, healthy until a test breaks it. */
import { isIP } from "node:net";
import type { Hop, OperatorFacts, Seen } from "../src/hops/hop.ts";
import { path } from "../src/hops/index.ts";
import { blame } from "../src/hops/leans.ts";
import { verdictOf } from "../src/hops/verdict.ts";
import type { Kind, KubeObject } from "../src/kernel/objects.ts";
import type { Answer, Question, Settled } from "../src/probe/question.ts";
import { labels, labelsFor, names } from "../src/webflow/address.ts";
import * as kinds from "../src/webflow/kinds.ts";
import type { Fact, Flow, HopName } from "../src/webflow/types.ts";
import { zoneData } from "../src/webflow/zone.ts";
import { aFlow, edgeAddress, hour, noon } from "./builders.ts";
import { aNode, anObject, aPod, type Changed, controlledBy } from "./object-builder.ts";

const operator: OperatorFacts = {
  namespace: "webflow-system",
  image: "webflow-operator:0.1.0",
  imagePullPolicy: "IfNotPresent",
  dnsServers: [
    { name: "webflow-dns-a", address: "10.244.1.53", port: 5353 },
    { name: "webflow-dns-b", address: "10.244.2.53", port: 5353 },
  ],
  zoneConfigMap: "webflow-zones",
};

type Refine = (object: KubeObject) => KubeObject | undefined;

/** A cluster in memory: objects and answers, to be looked at as a hop does. */
export class Cluster {
  readonly flow: Flow;
  now = noon;
  operator = operator;
  readonly failures = new Map<string, { reason: string; message: string }>();
  readonly answers = new Map<string, Settled>();
  #objects = new Map<string, KubeObject>();

  constructor(flow: Flow) {
    this.flow = flow;
  }

  put(...objects: readonly KubeObject[]): this {
    for (const object of objects) this.#objects.set(keyOf(object), object);
    return this;
  }

  /** Changes each object of the kind (and name); undefined deletes it. */
  change(kind: Kind, name: string | undefined, refine: Refine): this {
    for (const [key, object] of this.#objects) {
      if (object.kind !== kind.kind || (name !== undefined && object.metadata.name !== name)) continue;
      const next = refine(structuredClone(object));
      if (next === undefined) this.#objects.delete(key);
      else this.#objects.set(key, next);
    }
    return this;
  }

  delete(kind: Kind, name?: string): this {
    return this.change(kind, name, () => undefined);
  }

  get seen(): Seen {
    const all = () => [...this.#objects.values()];
    const within = (kind: Kind, object: KubeObject, namespace = this.flow.namespace) =>
      object.kind === kind.kind && (!kind.namespaced || object.metadata.namespace === namespace);
    return {
      now: this.now,
      operator: this.operator,
      get: (kind, name, namespace) =>
        all().find((object) => within(kind, object, namespace) && object.metadata.name === name),
      list: (kind, wanted = {}, namespace) =>
        all().filter(
          (object) =>
            within(kind, object, namespace) &&
            Object.entries(wanted).every(([key, value]) => object.metadata.labels?.[key] === value),
        ),
      answer: (key) => this.answers.get(key),
      failure: (kind, name) => this.failures.get(`${kind.kind}/${name}`),
    };
  }

  questions(hops: readonly Hop[] = path): Question[] {
    return hops.flatMap((hop) => hop.asks(this.flow, this.seen));
  }

  /** Answers all that is asked, and what is asked then, until nothing new is. */
  settle(answer: (question: Question) => Partial<Answer> = rightAnswers(this.flow)): this {
    for (let open = this.questions(); open.length > 0; ) {
      for (const question of open) this.answer(question.key, answer(question));
      open = this.questions().filter(({ key }) => !this.answers.has(key));
    }
    return this;
  }

  /** Answers every question whose key begins so. */
  answerAll(prefix: string, settled: Partial<Answer>, last?: Partial<Answer>): this {
    const keys = this.questions().flatMap(({ key }) => (key.startsWith(prefix) ? key : []));
    if (keys.length === 0) throw new Error(`nothing is asked under ${prefix}`);
    for (const key of keys) this.answer(key, settled, last);
    return this;
  }

  /** Answers what has come to be asked since. */
  settleNew(answer?: Partial<Answer>): this {
    for (const question of this.questions()) {
      if (!this.answers.has(question.key)) this.answer(question.key, answer ?? rightAnswers(this.flow)(question));
    }
    return this;
  }

  /** Takes answers back, as after a start. */
  forget(prefix: string): this {
    for (const key of this.answers.keys()) if (key.startsWith(prefix)) this.answers.delete(key);
    return this;
  }

  /** Verdicts after blame, `State/Reason` by hop. */
  get verdicts(): Record<HopName, string> {
    const judged = path.map((hop) => {
      const facts = hop.judge(this.flow, this.seen);
      return { hop: hop.name, facts, ...verdictOf(facts) };
    });
    return Object.fromEntries(blame(judged).map(({ hop, state, reason }) => [hop, `${state}/${reason}`])) as Record<
      HopName,
      string
    >;
  }

  fact(hop: HopName, name: string): Fact | undefined {
    return path
      .find((each) => each.name === hop)
      ?.judge(this.flow, this.seen)
      .find((each) => each.name === name);
  }

  /** Changes what is known beside the answers whose key begins so. */
  amend(prefix: string, changed: Partial<Settled>): this {
    for (const [key, settled] of this.answers)
      if (key.startsWith(prefix)) this.answers.set(key, { ...settled, ...changed });
    return this;
  }

  /** What the question has settled on; `last` where the last answer differs from that. */
  answer(key: string, settled: Partial<Answer>, last?: Partial<Answer>): this {
    const whole = (answer: Partial<Answer>): Answer => ({
      outcome: "ok",
      detail: "",
      at: this.now,
      millis: 1,
      ...answer,
    });
    this.answers.set(key, {
      answer: whole(last ?? settled),
      settled: settled.outcome ?? "ok",
      said: {
        ...(settled.flow === undefined ? {} : { flow: settled.flow }),
        ...(settled.addresses === undefined ? {} : { addresses: settled.addresses }),
        ...(settled.status === undefined ? {} : { statusClass: Math.floor(settled.status / 100) }),
      },
      since: this.now,
      ...((settled.outcome ?? "ok") === "ok" ? { wellAt: this.now } : {}),
      wavering: last !== undefined,
      unconfirmed: false,
    });
    return this;
  }
}

const keyOf = ({ kind, metadata }: KubeObject) => `${kind}/${metadata.namespace ?? ""}/${metadata.name}`;

/** What a healthy path answers. */
export const rightAnswers =
  (flow: Flow) =>
  ({ ask, vantage }: Question): Partial<Answer> => {
    if (ask.type === "dns") return { addresses: [edgeAddress] };
    if (ask.type === "tcp" && vantage.at === "forbidden") return { outcome: "timeout" };
    if (ask.type === "http" && isIP(ask.host) !== 0) return { status: 404 };
    return ask.type === "http" ? { status: 200, flow: `${flow.namespace}/${flow.name}`, pod: podNames(flow)[0] } : {};
  };

/** A cluster in which everything that the flow desires stands and works, with every question answered well. */
export function aHealthyCluster(flow: Flow = aFlow()): Cluster {
  const cluster = new Cluster(flow);
  cluster.put(
    anObject(kinds.IngressClass, "traefik", {
      metadata: { annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } },
    }),
    aNode("worker-a", "public", "zone-a"),
    aNode("worker-b", "public", "zone-b"),
    aNode("worker-c", "private", "zone-a"),
  );
  for (const hop of path)
    for (const { kind, object } of hop.desire?.(flow, cluster.seen) ?? []) cluster.put(stood(flow, kind, object));
  cluster.put(...webObjects(flow), ...databaseObjects(flow), ...(flow.class.dns === "Delegated" ? [zones(flow)] : []));
  return cluster.settle();
}

function stood(flow: Flow, kind: Kind, object: KubeObject): KubeObject {
  const owner = { apiVersion: kinds.WebFlowKind.apiVersion, kind: "WebFlow", name: flow.name, uid: flow.uid };
  const { metadata, ...rest } = structuredClone(object);
  return anObject(kind, metadata.name, {
    ...rest,
    metadata: { ...metadata, ownerReferences: controlledBy(owner) },
    ...statusOf(flow, kind),
  });
}

function statusOf({ group }: Flow, kind: Kind): Changed {
  switch (kind) {
    case kinds.Ingress:
      return { status: { loadBalancer: { ingress: [{ ip: edgeAddress }] } } };
    case kinds.Deployment: {
      const count = { replicas: group.min, updatedReplicas: group.min, readyReplicas: group.min };
      return { status: { observedGeneration: 1, ...count, conditions: [{ type: "Progressing", status: "True" }] } };
    }
    case kinds.HorizontalPodAutoscaler:
      return { status: { conditions: ["AbleToScale", "ScalingActive"].map((type) => ({ type, status: "True" })) } };
    default:
      return {};
  }
}

/** The web pods' names, one on each public node. */
export const podNames = (flow: Flow) => [`${flow.name}-7d4b9-a`, `${flow.name}-7d4b9-b`] as const;

function webObjects(flow: Flow): KubeObject[] {
  const name = names.web(flow);
  const set = anObject(kinds.ReplicaSet, `${name}-7d4b9`, {
    metadata: { ownerReferences: controlledBy({ kind: "Deployment", name, uid: `deployment-${name}` }) },
  });
  const owner = { kind: "ReplicaSet", name: set.metadata.name, uid: set.metadata.uid ?? "" };
  const client = flow.database === undefined ? {} : { [labels.databaseClient]: flow.name };
  const pods = podNames(flow).map((pod, index) =>
    aPod({
      name: pod,
      node: index === 0 ? "worker-a" : "worker-b",
      address: `10.244.${index + 1}.10`,
      container: "web",
      image: flow.process.image,
      owner,
      labels: { ...labelsFor(flow, "web"), ...client, "pod-template-hash": "7d4b9" },
    }),
  );
  const slice = anObject(kinds.EndpointSlice, `${name}-x`, {
    metadata: {
      labels: {
        ...labelsFor(flow, "web"),
        "kubernetes.io/service-name": name,
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
      },
    },
    endpoints: pods.map(({ metadata }, index) => ({
      addresses: [`10.244.${index + 1}.10`],
      conditions: { ready: true },
      targetRef: { kind: "Pod", name: metadata.name },
    })),
  });
  return [set, ...pods, slice];
}

function databaseObjects(flow: Flow): KubeObject[] {
  if (flow.database === undefined) return [];
  const name = names.database(flow);
  return [
    aPod({
      name: names.databasePod(flow),
      node: "worker-c",
      address: "10.244.3.20",
      container: "database",
      image: flow.database.image,
      owner: { kind: "StatefulSet", name, uid: `statefulset-${name}` },
      labels: labelsFor(flow, "database"),
    }),
    anObject(kinds.PersistentVolumeClaim, names.databaseClaim(flow), {
      metadata: { annotations: { "webflow.dev/credentials": names.databaseSecret(flow) } },
      spec: { storageClassName: "standard", resources: { requests: { storage: flow.database.storage } } },
      status: { phase: "Bound" },
    }),
  ];
}

function zones(flow: Flow): KubeObject {
  const records = flow.hosts.map((host) => ({ host, targets: [edgeAddress], ttlSeconds: 5 }));
  const data = zoneData(flow.class.zones, records, {
    server: { addresses: ["198.51.100.53"] },
    previous: {},
    now: noon - hour,
  });
  return anObject(kinds.ConfigMap, operator.zoneConfigMap, { metadata: { namespace: operator.namespace }, data });
}
