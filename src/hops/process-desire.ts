/** What runs the process: its ServiceAccount, and the Deployment that says everything but how many. */
import { credential, databaseEnvironment, labels, labelsFor, names, selectorFor } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Flow } from "../webflow/types.ts";
import { named } from "./facts.ts";
import type { Desired } from "./hop.ts";
import { containerSecurity, placement, podSecurity } from "./template.ts";

/** A pod that stops goes on serving for this long, while everybody learns to send requests elsewhere. */
const drainSeconds = 10;
/** Beyond what the process may take to stop. */
const marginSeconds = 5;
/** A pod on a node that is lost is made anew after this long; a web pod has nothing to lose. */
const lostNodeSeconds = 30;
/** A roll-out that has not moved on for this long is stuck. */
const progressSeconds = 300;

export function processObjects(flow: Flow): Desired[] {
  return [serviceAccount(flow), deployment(flow)];
}

function serviceAccount(flow: Flow): Desired {
  const kind = kinds.ServiceAccount;
  return {
    kind,
    mode: "apply",
    object: {
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      metadata: { name: names.web(flow), namespace: flow.namespace, labels: labelsFor(flow, "web") },
      automountServiceAccountToken: false,
    },
  };
}

function deployment(flow: Flow): Desired {
  const kind = kinds.Deployment;
  const client = flow.database === undefined ? {} : { [labels.databaseClient]: flow.name };
  return {
    kind,
    mode: "apply",
    after: [named(kinds.ServiceAccount, names.web(flow))],
    object: {
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      metadata: { name: names.web(flow), namespace: flow.namespace, labels: labelsFor(flow, "web") },
      // No replicas: the autoscaler alone writes them.
      spec: {
        selector: { matchLabels: selectorFor(flow, "web") },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" } },
        progressDeadlineSeconds: progressSeconds,
        revisionHistoryLimit: 3,
        template: { metadata: { labels: { ...labelsFor(flow, "web"), ...client } }, spec: podSpec(flow) },
      },
    },
  };
}

function podSpec(flow: Flow): Record<string, unknown> {
  const { imagePullSecrets, stopSeconds } = flow.process;
  const tolerations = ["not-ready", "unreachable"].map((state) => ({
    key: `node.kubernetes.io/${state}`,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: lostNodeSeconds,
  }));
  return {
    serviceAccountName: names.web(flow),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurity,
    terminationGracePeriodSeconds: drainSeconds + stopSeconds + marginSeconds,
    ...(imagePullSecrets.length === 0 ? {} : { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
    ...placement(flow.group.subnet, tolerations),
    ...spread(flow),
    containers: [container(flow)],
    volumes: [{ name: "tmp", emptyDir: {} }],
  };
}

/** Softly: a pod in the same zone as another is better than none. */
function spread(flow: Flow): Record<string, unknown> {
  const keys = {
    Zone: ["topology.kubernetes.io/zone", "kubernetes.io/hostname"],
    Node: ["kubernetes.io/hostname"],
    None: [],
  }[flow.group.spread];
  if (keys.length === 0) return {};
  const topologySpreadConstraints = keys.map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: selectorFor(flow, "web") },
    matchLabelKeys: ["pod-template-hash"],
  }));
  return { topologySpreadConstraints };
}

function container(flow: Flow): Record<string, unknown> {
  const { image, ports, command, args, requests, limits } = flow.process;
  const resources = {
    ...(Object.keys(requests).length === 0 ? {} : { requests: { ...requests } }),
    ...(Object.keys(limits).length === 0 ? {} : { limits: { ...limits } }),
  };
  return {
    name: "web",
    image,
    ...(command === undefined ? {} : { command: [...command] }),
    ...(args === undefined ? {} : { args: [...args] }),
    env: environment(flow),
    ports: ports.map(({ name, port }) => ({ name, containerPort: port, protocol: "TCP" })),
    readinessProbe: readiness(flow),
    lifecycle: { preStop: { sleep: { seconds: drainSeconds } } },
    resources,
    securityContext: containerSecurity,
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
  };
}

function readiness({ process: { health, ports } }: Flow): Record<string, unknown> {
  const often = { periodSeconds: 3, timeoutSeconds: 2, failureThreshold: 3 };
  if (health === undefined) return { tcpSocket: { port: ports[0]?.name }, ...often };
  return { httpGet: { path: health.path, port: health.port }, ...often };
}

type Variable = { name: string } & Record<string, unknown>;

/** Ours win over the user's of the same name. */
function environment(flow: Flow): Variable[] {
  const ours = [...identity(flow), ...means(flow), ...databaseAccess(flow)];
  const taken = new Set(ours.map(({ name }) => name));
  const theirs = flow.process.env
    .filter(({ name }) => !taken.has(name))
    .map(({ name, value, secret }): Variable => {
      if (secret === undefined) return { name, value: value ?? "" };
      return { name, valueFrom: { secretKeyRef: { name: secret.name, key: secret.key } } };
    });
  return [...theirs, ...ours];
}

const own = (name: string, fieldPath: string): Variable => ({ name, valueFrom: { fieldRef: { fieldPath } } });

const identity = (flow: Flow): Variable[] => [
  { name: "WEBFLOW_FLOW", value: `${flow.namespace}/${flow.name}` },
  own("WEBFLOW_POD", "metadata.name"),
  own("WEBFLOW_NODE", "spec.nodeName"),
];

function means({ process: { ports, workers, threads } }: Flow): Variable[] {
  const number = (name: string, value: number | undefined): Variable[] =>
    value === undefined ? [] : [{ name, value: String(value) }];
  return [...number("PORT", ports[0]?.port), ...number("WEB_CONCURRENCY", workers), ...number("WEB_THREADS", threads)];
}

function databaseAccess(flow: Flow): Variable[] {
  if (flow.database === undefined) return [];
  return [...databaseEnvironment(flow), credential(flow, "DATABASE_URL", "url")];
}
