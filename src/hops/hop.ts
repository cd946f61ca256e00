/**
 * The shape of a room. Every hop is one value of this shape; rooms never import each other, the kernel or node:*, and
 * do no I/O. They agree with their neighbours through webflow/address.ts alone.
 */
import type { Kind, KubeObject } from "../kernel/objects.ts";
import type { Question, Settled } from "../probe/question.ts";
import type { Fact, Flow, HopName } from "../webflow/types.ts";

/** What a turn may look at: objects from the caches and answers to questions, both in memory. */
export interface Seen {
  /** The time of the turn, milliseconds since 1970. */
  readonly now: number;
  /** One object; the flow's namespace unless another is given. */
  get(kind: Kind, name: string, namespace?: string): KubeObject | undefined;
  /** Objects of the flow's namespace (or of the cluster, for a kind that has none) with these labels. */
  list(kind: Kind, labels?: Readonly<Record<string, string>>, namespace?: string): readonly KubeObject[];
  /** The answer to a question, by its key; undefined while none has come. */
  answer(key: string): Settled | undefined;
  /** What came of applying an object of ours in the last turn, when it did not succeed. */
  failure(kind: Kind, name: string): { reason: string; message: string; passing?: boolean } | undefined;
  /** What the operator was started with and hops may know. */
  readonly operator: OperatorFacts;
}

export interface OperatorFacts {
  namespace: string;
  /** Image of this operator, used for Jobs with the database client's identity. */
  image: string;
  imagePullPolicy: "IfNotPresent" | "Always" | "Never";
  /** Address and port where our authoritative name servers answer inside the cluster; one for each ready DNS pod. */
  dnsServers: readonly { name: string; address: string; port: number }[];
  /** Name of the ConfigMap of the operator's namespace that holds the zones. */
  zoneConfigMap: string;
}

/** An object that a hop wants, and when it may be written. */
export interface Desired {
  kind: Kind;
  object: KubeObject;
  /**
   * apply: kept as wanted. create-once: a Secret, made by one POST when `unless` says that it never was, then left alone.
   */
  mode: "apply" | "create-once";
  /** Keys `Kind/name` of objects that must stand before this one is written. Example: the policy before the pod. */
  after?: readonly string[];
}

export interface Hop {
  readonly name: HopName;
  /** Kinds that this hop reads or writes: the operator's caches and RBAC follow from them. */
  readonly watches: readonly Kind[];
  /** Questions to be kept asked while things are as they are. */
  asks(flow: Flow, seen: Seen): Question[];
  /** Objects wanted. Pure: the same flow and seen give the same objects, byte for byte. */
  desire?(flow: Flow, seen: Seen): Desired[];
  /** Facts by ordered checks, worst news first within the same subject. */
  judge(flow: Flow, seen: Seen): Fact[];
}
