/**
 * A question asked of the live path, and its answer. Questions are plain values with a deadline; who asks them (the
 * operator, a prober outside or on a node, a Job with the database client's identity) is the vantage's business.
 */
import type { HopName } from "../webflow/types.ts";

/** From where it is asked. */
export type Vantage =
  /** The operator's own pod. */
  | { at: "operator" }
  /** A prober outside the cluster, named by the class; reached over TLS pinned to its certificate. */
  | { at: "outside"; name: string; url: string; caBundle: string }
  /** The forbidden identity: the prober in the operator's namespace that runs on, or else nearest to, this node. */
  | { at: "forbidden"; node: string }
  /** The allowed identity: a Job in the flow's namespace with the database client's label. */
  | { at: "database-client" };

export type Ask =
  | {
      type: "dns";
      server: string;
      port: number;
      name: string;
      rrtype: "A" | "AAAA" /** Ask for recursion: true for a resolver, false for an authoritative server. */;
      recurse: boolean;
    }
  | { type: "tcp"; address: string; port: number }
  | { type: "tls"; address: string; port: number; serverName: string }
  | HttpAsk
  | CanaryAsk
  /**
   * A database client's own handshake: connect, authenticate, select one row. Asked by a Job alone; `address` is the
   * database pod's own, so that no other server is asked whatever the Secret names.
   */
  | { type: "handshake"; engine: "Postgres"; address?: string }
  /** Is the Secret there? Asked by a dry-run create: nothing is written and nothing is read. */
  | { type: "secret"; name: string };

/**
 * The forbidden prober reaches the open canary of its node, and not the denied one. Hops leave the address out: who
 * asks fills in the canary pod of the vantage's node.
 */
export interface CanaryAsk {
  type: "canary";
  address?: string;
  /** Port that any pod may reach. Default: 9001. */
  open?: number;
  /** Port that a policy closes. Default: 9002. */
  denied?: number;
}

export interface HttpAsk {
  type: "http";
  /** Connect here. Absent: resolve `host` at `resolver` first (a whole request), once, and connect to the answer. */
  address?: string;
  resolver?: string;
  /** Port of the resolver. Default: 53. */
  resolverPort?: number;
  port: number;
  /** Name of the check, told to the service in the header `webflow-check`. Default: probe. */
  check?: string;
  /** Server name of TLS. Absent: plain HTTP. */
  tls?: string;
  host: string;
  method: "GET" | "HEAD" | "POST" | "PUT";
  path: string;
  body?: { type: string; text: string };
  /** Right status codes; absent: 200 to 399. `any`: whatever HTTP answer will do. */
  status?: number[] | "any";
  withinMillis: number;
}

export interface Question {
  /** Unique within a flow, stable while the question is the same. Example: edge/tcp/browser/198.51.100.10:80. */
  key: string;
  hop: HopName;
  vantage: Vantage;
  ask: Ask;
  everyMillis: number;
  /** Asked once per period by the leader alone, never again sooner and never by trace. */
  writes?: boolean;
}

/**
 * What came of it. `ok`, or why not:
 * refused, timeout, unreachable, reset: of a connection; nxdomain, servfail, nodata, not-authoritative: of a name;
 * tls: handshake or certificate; status, slow, truncated, protocol: of an HTTP answer;
 * auth, database: of a handshake; missing: of a Secret; open, control: of a canary (denied one open, open one closed);
 * vantage: the prober could not be asked; forbidden: the operator may not; error: anything else.
 */
export const outcomes = [
  "ok",
  "refused",
  "timeout",
  "unreachable",
  "reset",
  "nxdomain",
  "servfail",
  "nodata",
  "not-authoritative",
  "tls",
  "status",
  "slow",
  "truncated",
  "protocol",
  "auth",
  "database",
  "missing",
  "open",
  "control",
  "vantage",
  "forbidden",
  "error",
] as const;
export type Outcome = (typeof outcomes)[number];

/** Nothing was asked: the vantage or our rights stood in the way. */
export const isUnasked = (outcome: Outcome): boolean => ["vantage", "forbidden", "error"].includes(outcome);

export interface Answer {
  outcome: Outcome;
  /** One short printable line of our own words: never a body, a header or a secret. */
  detail: string;
  /** Milliseconds since 1970 when it was answered. */
  at: number;
  millis: number;
  /** Milliseconds of each phase of a request. */
  phases?: { dns?: number; connect?: number; tls?: number; firstByte?: number; body?: number };
  /** Addresses that a name resolved to, sorted. */
  addresses?: string[];
  /** HTTP status code. */
  status?: number;
  /** What the service said of itself in `webflow-flow` and `webflow-pod`; only name-shaped values are kept. */
  flow?: string;
  pod?: string;
  /** RFC 3339, end of validity of the certificate shown. */
  notAfter?: string;
}

/** What an answer says beside its outcome and a verdict may rest on. */
export interface Said {
  /** What the service said of itself in `webflow-flow`. */
  flow?: string;
  addresses?: readonly string[];
  /** Class of the HTTP status: 2 for 2xx. */
  statusClass?: number;
}

/**
 * An answer as judged: `settled` and `said` move only on k of the last n answers, so that one lost packet, or one stray
 * answer, moves no verdict. `since` is the time of the first answer of the run that settled it.
 */
export interface Settled {
  answer: Answer;
  settled: Outcome;
  said: Said;
  since: number;
  /** When it was last well, milliseconds since 1970; undefined: never yet. */
  wellAt?: number;
  /** When it was last asked and not well; undefined: never yet. */
  illAt?: number;
  /** The last answer differs from the settled one: it is being asked again. */
  wavering: boolean;
  /** The first answer of all was not well, and stands alone so far: no verdict rests on it. */
  unconfirmed: boolean;
}
