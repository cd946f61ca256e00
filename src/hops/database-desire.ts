/**
 * What keeps the data: policy and credentials first, then the pod that they are for. What cannot change in a
 * StatefulSet is never changed: a claim grows by itself (`claimWanted`), its template stays as it was made. A template
 * that has no claim yet and is no longer wanted (`templateWanted`) goes with its StatefulSet, never by a change.
 */
import { annotations, databaseHost, databasePort, labels, labelsFor, names, selectorFor } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Flow, FlowDatabase } from "../webflow/types.ts";
import { named } from "./facts.ts";
import type { Desired, Seen } from "./hop.ts";
import { type ClaimTemplate, isChildOf, type StatefulSetObject } from "./shapes.ts";
import { containerSecurity, placement, podSecurity } from "./template.ts";

/** User and group of the official image. */
const engineId = 999;
const dataVolume = "data";
const dataPath = "/var/lib/postgresql/data";
/** Both the role and the database that the web tier uses. */
const account = "app";
const stopSeconds = 60;

export const portName = "postgres";

export function databaseObjects(flow: Flow, seen: Seen): Desired[] {
  if (flow.database === undefined) return [];
  return [policy(flow), credentials(flow), service(flow), statefulSet(flow, flow.database, seen)];
}

const metadata = (flow: Flow, name: string) => ({
  name,
  namespace: flow.namespace,
  labels: labelsFor(flow, "database"),
});

/** Who wears the client's label, in this namespace, to this port: nobody else, to nothing else. */
export const policySpec = (flow: Flow) => ({
  podSelector: { matchLabels: selectorFor(flow, "database") },
  policyTypes: ["Ingress"],
  ingress: [
    {
      from: [{ podSelector: { matchLabels: { [labels.databaseClient]: flow.name } } }],
      ports: [{ protocol: "TCP", port: databasePort }],
    },
  ],
});

function policy(flow: Flow): Desired {
  const { apiVersion, kind } = kinds.NetworkPolicy;
  const object = { apiVersion, kind, metadata: metadata(flow, names.databasePolicy(flow)), spec: policySpec(flow) };
  return { kind: kinds.NetworkPolicy, mode: "apply", object };
}

/** Who makes it adds the password, and the url that holds it. */
function credentials(flow: Flow): Desired {
  const { apiVersion, kind } = kinds.Secret;
  const stringData = { username: account, database: account, host: databaseHost(flow), port: String(databasePort) };
  const object = { apiVersion, kind, metadata: metadata(flow, names.databaseSecret(flow)), type: "Opaque", stringData };
  return { kind: kinds.Secret, mode: "create-once", object };
}

function service(flow: Flow): Desired {
  const { apiVersion, kind } = kinds.Service;
  const spec = {
    clusterIP: "None",
    selector: selectorFor(flow, "database"),
    ports: [{ name: portName, port: databasePort, protocol: "TCP", targetPort: portName }],
  };
  return {
    kind: kinds.Service,
    mode: "apply",
    object: { apiVersion, kind, metadata: metadata(flow, names.database(flow)), spec },
  };
}

function statefulSet(flow: Flow, database: FlowDatabase, seen: Seen): Desired {
  const { apiVersion, kind } = kinds.StatefulSet;
  const spec = {
    serviceName: names.database(flow),
    // One, and said: a second pod would be a second, empty database behind the same name.
    replicas: 1,
    selector: { matchLabels: selectorFor(flow, "database") },
    updateStrategy: { type: "RollingUpdate" },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    template: { metadata: { labels: labelsFor(flow, "database") }, spec: podSpec(flow, database) },
    volumeClaimTemplates: [claimTemplate(flow, database, seen)],
  };
  return {
    kind: kinds.StatefulSet,
    mode: "apply",
    after: [
      named(kinds.NetworkPolicy, names.databasePolicy(flow)),
      named(kinds.Secret, names.databaseSecret(flow)),
      named(kinds.ServiceAccount, names.web(flow)),
    ],
    object: { apiVersion, kind, metadata: metadata(flow, names.database(flow)), spec },
  };
}

function podSpec(flow: Flow, database: FlowDatabase): Record<string, unknown> {
  return {
    serviceAccountName: names.web(flow),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: { ...podSecurity, runAsUser: engineId, runAsGroup: engineId, fsGroup: engineId },
    terminationGracePeriodSeconds: stopSeconds,
    ...placement(database.subnet),
    containers: [container(flow, database)],
    volumes: [
      { name: "tmp", emptyDir: {} },
      { name: "run", emptyDir: {} },
    ],
  };
}

function container(flow: Flow, { image }: FlowDatabase): Record<string, unknown> {
  const from = (variable: string, key: string) => ({
    name: variable,
    valueFrom: { secretKeyRef: { name: names.databaseSecret(flow), key } },
  });
  return {
    name: "database",
    image,
    env: [
      from("POSTGRES_USER", "username"),
      from("POSTGRES_PASSWORD", "password"),
      from("POSTGRES_DB", "database"),
      // A folder of its own: a volume's root may hold what the engine does not want there.
      { name: "PGDATA", value: `${dataPath}/pgdata` },
    ],
    ports: [{ name: portName, containerPort: databasePort, protocol: "TCP" }],
    readinessProbe: {
      exec: { command: ["pg_isready", "-U", account, "-d", account, "-h", "127.0.0.1"] },
      periodSeconds: 5,
      timeoutSeconds: 3,
      failureThreshold: 3,
    },
    resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "1Gi" } },
    securityContext: containerSecurity,
    volumeMounts: [
      { name: dataVolume, mountPath: dataPath },
      { name: "tmp", mountPath: "/tmp" },
      { name: "run", mountPath: "/var/run/postgresql" },
    ],
  };
}

/** Immutable once made: what stands there is stated as it is, whatever an earlier operator or spec made of it. */
function claimTemplate(flow: Flow, database: FlowDatabase, seen: Seen): Record<string, unknown> {
  const live = seen.get(kinds.StatefulSet, names.database(flow)) as StatefulSetObject | undefined;
  const made = live !== undefined && isChildOf(flow, live) ? live.spec?.volumeClaimTemplates?.[0] : undefined;
  return made === undefined ? newTemplate(flow, database) : keptTemplate(made);
}

/** Only fields that we would state: the server adds its own to them. */
function keptTemplate({ metadata: { name = dataVolume, labels: worn, annotations: notes } = {}, spec }: ClaimTemplate) {
  const { accessModes, resources, storageClassName } = spec ?? {};
  return {
    metadata: { name, ...stated({ labels: worn, annotations: notes }) },
    spec: stated({ accessModes, resources, storageClassName }),
  };
}

const stated = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** What the claim's template would be if it were made today. */
export const templateWanted = (flow: Flow): object | undefined =>
  flow.database === undefined ? undefined : newTemplate(flow, flow.database);

function newTemplate(flow: Flow, { engine, version, storage, storageClassName, subnet }: FlowDatabase) {
  return {
    metadata: {
      name: dataVolume,
      labels: labelsFor(flow, "database"),
      annotations: {
        [annotations.credentials]: names.databaseSecret(flow),
        [annotations.engine]: `${engine}/${version}`,
        [annotations.subnet]: subnet?.name ?? "",
      },
    },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage } },
      ...stated({ storageClassName }),
    },
  };
}

export interface ClaimWanted {
  name: string;
  /** Size asked for; a claim only grows. */
  storage: string;
  /** Whether the claim goes with the WebFlow, by an owner reference. */
  owned: boolean;
}

export function claimWanted(flow: Flow): ClaimWanted | undefined {
  if (flow.database === undefined) return undefined;
  const { storage, retention } = flow.database;
  return { name: names.databaseClaim(flow), storage, owned: retention === "Delete" };
}
