/** WebFlow and WebFlowClass as objects of the API, and a WebFlow made complete. */
import type { KubeObject } from "../kernel/objects.ts";
import type { Subnet, Vantage, WebFlowClassSpec } from "./class-schema.ts";
import type { ConditionType, FaultReason } from "./conditions.ts";
import type { Check, Edge, EnvVar, ScaleTarget, WebFlowSpec } from "./schema.ts";

export interface WebFlow extends KubeObject {
  spec: WebFlowSpec;
  status?: WebFlowStatus;
}

export interface WebFlowClass extends KubeObject {
  spec: WebFlowClassSpec;
}

/** The hops in path order: the one list that everything else follows. */
export const hopNames = ["dns", "edge", "router", "lb", "vmgroup", "process", "database", "response"] as const;
export type HopName = (typeof hopNames)[number];

/**
 * Healthy; Degraded: works, not as declared; Progressing: on its way; Broken; Unknown: no answer, no permission or
 * closed to us; NotApplicable: does not exist here.
 */
export const states = ["Healthy", "Degraded", "Progressing", "Broken", "Unknown", "NotApplicable"] as const;
export type State = (typeof states)[number];

/** An object that a fact speaks of. */
export interface Ref {
  kind: string;
  name: string;
}

export interface Fact {
  /** Short stable name within the hop. Example: authoritative. */
  name: string;
  /** A required fact decides the hop's state; an advisory one can only degrade it. */
  required: boolean;
  state: State;
  /** CamelCase, stable. */
  reason: string;
  /** A sentence for a person. Carries no number that moves without a change of state or reason. */
  message: string;
  /** From where it was seen: `api` (the API server's objects), `operator`, `database-client`, `forbidden`, or a vantage's name. */
  vantage: string;
  /** RFC 3339, when this state and reason were first seen. */
  since?: string;
  refs?: Ref[];
}

export interface HopStatus {
  hop: HopName;
  state: State;
  reason: string;
  message: string;
  vantage: string;
  since: string;
  refs?: Ref[];
  facts: Fact[];
}

/** metav1.Condition. */
export interface Condition {
  type: ConditionType;
  status: "True" | "False" | "Unknown";
  reason: string;
  message: string;
  observedGeneration: number;
  lastTransitionTime: string;
}

export interface EdgeStatus {
  name: string;
  addresses: string[];
}

export interface WebFlowStatus {
  observedGeneration?: number;
  /** WebFlowClass and its generation that were followed, `name/generation`. */
  classRevision?: string;
  conditions?: Condition[];
  /** First Broken hop in path order; absent when none is. */
  brokenAt?: HopName;
  /** Since when Ready has been what it is, RFC 3339. */
  since?: string;
  /** Hosts that this flow holds: written while no other namespace holds them, so that a later claim cannot take them. */
  hosts?: string[];
  /** Published once a whole request has passed; stays. */
  url?: string;
  edges?: EdgeStatus[];
  hops?: HopStatus[];
}

/** A WebFlow in which every choice has been made: nobody downstream writes `??`. */
export interface Flow {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly generation: number;
  readonly createdAt: string;
  readonly host: string;
  /** host and aliases. */
  readonly hosts: readonly string[];
  readonly edges: readonly (Required<Pick<Edge, "name" | "scope">> & { tlsSecret?: string })[];
  readonly routes: readonly { path: string; match: "Prefix" | "Exact"; port: string }[];
  readonly group: {
    min: number;
    max: number;
    targets: readonly ScaleTarget[];
    subnet: Subnet | undefined;
    spread: "Zone" | "Node" | "None";
  };
  readonly process: {
    image: string;
    ports: readonly { name: string; port: number }[];
    /** undefined: a TCP connection to the first port. */
    health: { path: string; port: string } | undefined;
    workers: number | undefined;
    threads: number | undefined;
    command: readonly string[] | undefined;
    args: readonly string[] | undefined;
    env: readonly EnvVar[];
    imagePullSecrets: readonly string[];
    requests: Readonly<Record<string, string>>;
    limits: Readonly<Record<string, string>>;
    stopSeconds: number;
  };
  readonly database: FlowDatabase | undefined;
  readonly checks: readonly FlowCheck[];
  readonly class: FlowClass;
  /** What the user must edit before anything can be done; empty when all is well. */
  readonly faults: readonly Fault[];
  /** Who holds the claim to this flow's hosts, when it is not this flow's namespace. */
  readonly lostTo: { namespace: string; host: string } | undefined;
  /** Hosts that no other namespace owns: the status says so, and a later claim cannot take them. */
  readonly heldHosts: readonly string[];
}

export interface Fault {
  hop: HopName;
  reason: FaultReason;
  message: string;
}

export interface FlowDatabase {
  engine: "Postgres";
  version: string;
  /** Empty only where `faults` says that the class does not offer the version. */
  image: string;
  storage: string;
  storageClassName: string | undefined;
  subnet: Subnet | undefined;
  retention: "Retain" | "Delete";
}

export interface FlowCheck {
  name: string;
  method: NonNullable<Check["method"]>;
  path: string;
  body: { type: string; text: string } | undefined;
  /** undefined: 200 to 399. */
  status: readonly number[] | undefined;
  withinMillis: number;
  everyMillis: number;
  /** POST or PUT: the leader alone asks, never retried, never by trace. */
  writes: boolean;
}

export interface FlowClass {
  /** Name of the WebFlowClass; undefined: built-in values. */
  name: string | undefined;
  /** `name/generation` of the WebFlowClass. */
  revision?: string;
  zones: readonly string[];
  dns: "Delegated" | "None";
  ttlSeconds: number;
  ingressClassName: string | undefined;
  ingressAnnotations: Readonly<Record<string, string>>;
  roundMillis: number;
  controlMillis: number;
  isolation: "Required" | "Reported";
  publicLeg: "Required" | "Reported";
  vantages: readonly Vantage[];
}
