/**
 * The public leg as several hops see it: whether anything may be asked about its hosts at all, the addresses that our
 * Ingress has been given, and the vantages outside.
 */
import type { Vantage } from "../probe/question.ts";
import { names } from "../webflow/address.ts";
import { lostClaim } from "../webflow/claims.ts";
import type { Vantage as ClassVantage } from "../webflow/class-schema.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Fact, Fault, Flow, HopName } from "../webflow/types.ts";
import { fact, faultFacts } from "./facts.ts";
import type { Seen } from "./hop.ts";
import { type IngressObject, isChildOf } from "./shapes.ts";

/** Faults that leave the hosts to somebody else, or to nobody. */
const claimReasons: readonly string[] = ["HostConflict", "HostOutsideZones"];

/** Why this flow may not have its hosts: then there is no route, no record and no question. */
export function claimProblem(flow: Flow): Pick<Fault, "reason" | "message"> | undefined {
  return lostClaim(flow) ?? flow.faults.find((fault) => claimReasons.includes(fault.reason));
}

/** What a hop of the public leg says where the hosts are not ours; undefined: they are, judge on. */
export function claimFacts(flow: Flow, hop: HopName): Fact[] | undefined {
  const own = faultFacts(flow, hop);
  const problem = claimProblem(flow);
  if (problem === undefined) return own.length === 0 ? undefined : own;
  if (own.length > 0) return own;
  const said = fact(hop === "router" ? "spec" : "claim");
  if (hop === "router" && flow.lostTo !== undefined) return [said.broken(problem.reason, problem.message)];
  return [unasked(said, problem)];
}

/** Who may not have its hosts is asked nothing at all. */
export const unasked = (about: ReturnType<typeof fact>, { reason, message }: Pick<Fault, "reason" | "message">): Fact =>
  about.unknown(reason, `Nothing is asked: ${message}`);

export function ingressOf(flow: Flow, seen: Seen): IngressObject | undefined {
  const found = seen.get(kinds.Ingress, names.web(flow)) as IngressObject | undefined;
  return found !== undefined && isChildOf(flow, found) ? found : undefined;
}

/** Addresses where there are any, else one host name: what the record of a host is to lead to. */
export function edgeTargets(flow: Flow, seen: Seen): string[] {
  const entries = ingressOf(flow, seen)?.status?.loadBalancer?.ingress ?? [];
  const addresses = [...new Set(entries.flatMap((entry) => entry.ip ?? []))].sort();
  return addresses.length > 0 ? addresses : entries.flatMap((entry) => entry.hostname ?? []).slice(0, 1);
}

export const isIPv6 = (target: string): boolean => target.includes(":");
export const isAddress = (target: string): boolean => isIPv6(target) || /^\d+\.\d+\.\d+\.\d+$/.test(target);

export const edgeAddresses = (flow: Flow, seen: Seen): string[] => edgeTargets(flow, seen).filter(isAddress);

/** The class that is to take our Ingress, and whether there is one. */
export function ingressClassOf(flow: Flow, seen: Seen): { name: string | undefined; exists: boolean } {
  const name = ingressOf(flow, seen)?.spec?.ingressClassName ?? flow.class.ingressClassName;
  if (name !== undefined) return { name, exists: seen.get(kinds.IngressClass, name) !== undefined };
  const byDefault = seen
    .list(kinds.IngressClass)
    .some((found) => found.metadata.annotations?.[defaultClass] === "true");
  return { name, exists: byDefault };
}

const defaultClass = "ingressclass.kubernetes.io/is-default-class";

/** Where a client knocks, and with which server name. */
export function doorOf(flow: Flow): { port: number; tlsSecret: string | undefined } {
  const tlsSecret = flow.edges.find((edge) => edge.tlsSecret !== undefined)?.tlsSecret;
  return { port: tlsSecret === undefined ? 80 : 443, tlsSecret };
}

/** Vantages that may be asked of the public leg. */
export const vantagesOf = (flow: Flow): readonly ClassVantage[] => flow.class.vantages;

export const outside = ({ name, url, caBundle }: ClassVantage): Vantage => ({ at: "outside", name, url, caBundle });

export const isLegRequired = (flow: Flow): boolean => flow.class.publicLeg === "Required";

/** What the public leg comes to where nobody outside can be asked. */
export function unseenFact(flow: Flow, name: string): Fact {
  const about = fact({ name, required: isLegRequired(flow) });
  return about.unknown(
    "NoVantage",
    "Not asked from outside the cluster, since no vantage is set: name one in the WebFlowClass's vantages.",
  );
}
