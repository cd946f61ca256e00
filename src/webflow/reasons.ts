/**
 * Every reason of our own, by the hop that writes it, each with what it means and what to do: the reference is made from
 * this table, and facts take no reason that is not in it (`Reason`). Words of Kubernetes are in it where a hop chooses
 * them one by one (Unschedulable, OOMKilled). Others pass through as they are, marked by `passedThrough`, and only so:
 * - the API server's reason for a refused write (Forbidden, Invalid, ...), or Http<status> where it gave none: facts
 *   `written-<kind>` of router, lb, vmgroup, process and database, `volume` of database, `record` of dns;
 * - the Deployment's for pods that could not be made (condition ReplicaFailure): fact `placed` of vmgroup.
 * A hop's reason and a condition's are those of the fact that decides.
 */
import { faultReasons, pathReasons } from "./conditions.ts";
import {
  containerReasons,
  databaseReasons,
  isolationReasons,
  lbReasons,
  processReasons,
  vmgroupReasons,
} from "./reasons-inside.ts";
import { dnsReasons, edgeReasons, publicLegReasons, responseReasons, routerReasons } from "./reasons-way.ts";

/** Of every hop: nothing known yet, or a neighbour is to blame. */
const anyReasons = {
  NotWrittenYet: "The object that the hop rests on is not there yet: wait.",
  NothingKnown: "Nothing is known of the hop: see the operator's log.",
  WaitsForDns: "It does not work because dns does not: see there.",
  WaitsForEdge: "It does not work because edge does not: see there.",
  WaitsForRouter: "It does not work because router does not: see there.",
  WaitsForLb: "It does not work because lb does not: see there.",
  WaitsForVmgroup: "It does not work because vmgroup does not: see there.",
  WaitsForProcess: "It does not work because process does not: see there.",
  WaitsForDatabase: "It does not work because database does not: see there.",
};

/** Of facts that rest on questions: one for each outcome. */
const answerReasons = {
  NotAskedYet: "No answer has come yet, or something must come first: wait.",
  Answers: "It answers: nothing to do.",
  ConnectionRefused: "The connection is refused: see that something listens there.",
  TimedOut:
    "No answer comes in time: see what drops the packets (routes, firewalls, NetworkPolicies) or is overloaded.",
  Unreachable: "No route leads there: see the network's routes and nodes.",
  ConnectionReset: "The connection is closed without an answer: see the log of what listens there.",
  NameNotFound: "The name does not exist: see the zones and their delegation.",
  NameServerFailed: "The name server fails: see its pods and log.",
  NoAddressRecord: "The name exists but has no address of the kind: see the zones.",
  NotAuthoritative: "The name server does not hold the zone: see the zones that it has read.",
  TlsFailed: "The TLS handshake fails or the certificate is wrong for the host: see the TLS Secret.",
  WrongStatus: "The HTTP status is not an expected one: see the process's log, or correct the check.",
  TooSlow: "The answer is right but late: make the service faster, or allow the check more time.",
  Truncated: "The answer ends before its end: see the log of what answers.",
  NotHttp: "What answers does not speak the protocol: see which port is named.",
  WrongPassword: "The credentials are refused: bring back the Secret as it was, or set the role's password to its own.",
  DatabaseError: "The database answers with an error: see its log.",
  NotFound: "What was asked for does not exist: create it again.",
  CanaryOpen: "The canary that is to be closed is open: see PolicyNotEnforced.",
  CanaryClosed: "The canary that is to be open is closed: see the pods of webflow-canary.",
  VantageUnreachable: "The vantage itself could not be asked: see that its prober runs and is reachable.",
  NotPermitted: "The operator may not ask this: see its rights.",
  ProbeFailed: "The question could not be asked: see the operator's log.",
};

/** Of facts written-<kind>, volume and record, beside the API server's own reasons. */
const writeReasons = {
  NameConflict: "An object of that name exists and is not ours: delete it, or choose another name for the WebFlow.",
  Terminating: "The object is being deleted and is made again when it is gone: wait, or see its finalizers.",
  PreviousOwner: "The object belongs to an earlier WebFlow of the name: wait until it is cleared away.",
  Contested: "Somebody else keeps changing the object: find out who, and stop one of the two.",
  HeldBack: "An object that must stand first could not be written: see its own fact.",
  Malformed: "The API server's answer could not be read: see what stands between the operator and it.",
  Network: "The API server was not reached: see the network and the control plane.",
  Timeout: "The API server did not answer in time: see the control plane's load.",
  Aborted: "The write was cut short, as by a stop of the operator: wait, it is tried again.",
  Error: "The operator itself failed: see its log and report it.",
};

/** Of Events alone. */
const eventReasons = {
  Healed: "A hop that was Broken is Healthy again: nothing to do.",
  Ready: "The path has become Ready: nothing to do.",
  NotReady: "The path is no longer Ready: see brokenAt and the hops.",
};

/** In the order in which the reference shows them; `hop` says who writes them. */
export const reasonTable = [
  { hop: "conditions", reasons: pathReasons },
  { hop: "any (facts spec, claim)", reasons: faultReasons },
  { hop: "any", reasons: anyReasons },
  { hop: "any that asks", reasons: answerReasons },
  { hop: "any that writes", reasons: writeReasons },
  { hop: "edge, router, response", reasons: publicLegReasons },
  { hop: "dns", reasons: dnsReasons },
  { hop: "edge", reasons: edgeReasons },
  { hop: "router", reasons: routerReasons },
  { hop: "lb", reasons: lbReasons },
  { hop: "vmgroup", reasons: vmgroupReasons },
  { hop: "process, database", reasons: containerReasons },
  { hop: "process", reasons: processReasons },
  { hop: "database", reasons: databaseReasons },
  { hop: "database (isolation)", reasons: isolationReasons },
  { hop: "response", reasons: responseReasons },
  { hop: "Events", reasons: eventReasons },
] as const;

type KeysOf<T> = T extends unknown ? keyof T : never;
/** A reason of our own; one that is not listed does not compile. */
export type Reason = KeysOf<(typeof reasonTable)[number]["reasons"]> & string;

declare const asItIs: unique symbol;
/** Somebody else's reason. */
export type PassedThrough = string & { readonly [asItIs]: true };
export const passedThrough = (reason: string): PassedThrough => reason as PassedThrough;

/** Facts that carry somebody else's reason, and whose. */
export const passedThroughTable = [
  {
    facts: "`written-<kind>` of router, lb, vmgroup, process and database; `volume` of database; `record` of dns",
    reasons: "Forbidden, Invalid, Conflict, NotFound, TooManyRequests, InternalError, ... or `Http<status>`",
    text: "The API server refused the write: do as the message says (for Forbidden see rights, quotas and Pod Security).",
  },
  {
    facts: "`placed` of vmgroup",
    reasons: "FailedCreate, FailedDelete, ...",
    text: "The Deployment's condition ReplicaFailure: see quotas and admission rules, as the message says.",
  },
] as const;
