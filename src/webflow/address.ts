/** The address book: every name, label and port on which two hops must agree, so that no hop asks another. */
import type { Flow } from "./types.ts";

export const group = "webflow.dev";
export const fieldManager = "webflow-controller";
export const statusManager = "webflow-status";

export const labels = {
  managedBy: "app.kubernetes.io/managed-by",
  name: "app.kubernetes.io/name",
  component: "app.kubernetes.io/component",
  flow: `${group}/flow`,
  /** Worn by pods that may speak to the flow's database; in the policy and the web pods' template, in no selector. */
  databaseClient: `${group}/db-client`,
} as const;

export const annotations = {
  /** Hash of what was last applied, so that a field we no longer want is noticed. */
  applied: `${group}/applied`,
  /** On a claim: the Secret that holds the credentials its data was made with. */
  credentials: `${group}/credentials`,
  /** On a claim: engine and major version that its data was made with, `Postgres/15`. */
  engine: `${group}/engine`,
  /** On a claim: name of the subnet that its data was made in; empty: any node. */
  subnet: `${group}/subnet`,
} as const;

export const manager = "webflow";
export type Component = "web" | "database" | "control";

type Named = Pick<Flow, "name">;

/** Names of a flow's children: `<flow>` or `<flow>-<role>`. */
export const names = {
  web: (flow: Named) => flow.name,
  database: (flow: Named) => `${flow.name}-db`,
  databaseSecret: (flow: Named) => `${flow.name}-db`,
  databasePolicy: (flow: Named) => `${flow.name}-db`,
  databasePod: (flow: Named) => `${flow.name}-db-0`,
  /** By StatefulSet's rule `<template>-<pod>`. */
  databaseClaim: (flow: Named) => `data-${flow.name}-db-0`,
  control: (flow: Named) => `${flow.name}-db-control`,
} as const;

export const databasePort = 5432;

export function labelsFor(flow: Named, component: Component): Record<string, string> {
  return {
    [labels.name]: flow.name,
    [labels.component]: component,
    [labels.managedBy]: manager,
    [labels.flow]: flow.name,
  };
}

/** Immutable in Deployments and StatefulSets, so never to change. */
export function selectorFor(flow: Named, component: Component): Record<string, string> {
  return { [labels.flow]: flow.name, [labels.component]: component };
}

/** Host names that resolve inside the namespace. */
export const databaseHost = (flow: Pick<Flow, "name" | "namespace">) => `${names.database(flow)}.${flow.namespace}.svc`;

/** A variable taken from a key of the database's credentials, as a container's `env` names it. */
export const credential = (flow: Named, variable: string, key: string) => ({
  name: variable,
  valueFrom: { secretKeyRef: { name: names.databaseSecret(flow), key } },
});

/** What every client of the database gets, the web tier and the control alike: what breaks one breaks the other. */
export const databaseEnvironment = (flow: Named) => [
  credential(flow, "PGHOST", "host"),
  credential(flow, "PGPORT", "port"),
  credential(flow, "PGUSER", "username"),
  credential(flow, "PGPASSWORD", "password"),
  credential(flow, "PGDATABASE", "database"),
];
