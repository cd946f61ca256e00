/**
 * Who holds a host. Pure: all WebFlows in, one index out. A claim is a host or an alias, normalised. Who held it
 * before (by its status) comes before who asks for it now, then the older object, then the name; the first claim's
 * namespace owns the host, so that editing an old WebFlow cannot take a host that another namespace already serves.
 * Within the owning namespace flows share a host by path. A claim stands whether or not the rest of its flow is well:
 * else who owns what would change with every fault.
 */
import { routesOf } from "./routes.ts";
import type { Fault, Flow, WebFlow } from "./types.ts";

export interface Claims {
  /** The first of the flow's hosts that another namespace owns. */
  lostTo(flow: WebFlow): { namespace: string; host: string } | undefined;
  /** The flow's hosts that its namespace owns. */
  owned(flow: WebFlow): string[];
  /** A path on one of the flow's hosts that an earlier flow of the same namespace has already. */
  conflict(flow: WebFlow): Fault | undefined;
}

interface Claim {
  namespace: string;
  name: string;
  held: boolean;
  createdAt: string;
  flow: WebFlow;
}

export const normalHost = (host: string) => host.toLowerCase().replace(/\.$/, "");

export const hostsOf = (flow: WebFlow): string[] => [
  ...new Set([flow.spec.host, ...(flow.spec.aliases ?? [])].map(normalHost)),
];

function before(a: Claim, b: Claim): number {
  if (a.held !== b.held) return a.held ? -1 : 1;
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1;
  const [left, right] = [`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`];
  return left < right ? -1 : left > right ? 1 : 0;
}

export function claimsOf(flows: readonly WebFlow[]): Claims {
  const claims = new Map<string, Claim[]>();
  for (const flow of flows) {
    const { namespace = "", name, creationTimestamp = "" } = flow.metadata;
    for (const host of hostsOf(flow)) {
      const held = flow.status?.hosts?.includes(host) === true;
      const claim = { namespace, name, held, createdAt: creationTimestamp, flow };
      const others = claims.get(host);
      if (others === undefined) claims.set(host, [claim]);
      else others.push(claim);
    }
  }
  for (const list of claims.values()) list.sort(before);
  const paths = new Map<string, Map<string, Claim>>();
  for (const [host, list] of claims) paths.set(host, pathsOf(list));
  return {
    lostTo: (flow) => lostTo(flow, claims),
    owned: (flow) => hostsOf(flow).filter((host) => ownerOf(flow, host, claims) === undefined),
    conflict: (flow) => conflict(flow, paths),
  };
}

/** Another namespace that owns the host; undefined: nobody, or the flow's own. */
function ownerOf(flow: WebFlow, host: string, claims: ReadonlyMap<string, readonly Claim[]>): string | undefined {
  const owner = claims.get(host)?.[0]?.namespace;
  return owner === (flow.metadata.namespace ?? "") ? undefined : owner;
}

function lostTo(flow: WebFlow, claims: ReadonlyMap<string, readonly Claim[]>) {
  for (const host of hostsOf(flow)) {
    const namespace = ownerOf(flow, host, claims);
    if (namespace !== undefined) return { namespace, host };
  }
  return undefined;
}

/** What the user must do about a host that another namespace owns. */
export function lostClaim({ lostTo }: Pick<Flow, "lostTo">): Pick<Fault, "reason" | "message"> | undefined {
  if (lostTo === undefined) return undefined;
  const { namespace, host } = lostTo;
  const message = `Host ${host} belongs to namespace ${namespace}, which asked for it first: choose another host.`;
  return { reason: "HostConflict", message };
}

/** First claim of each path within the owner's namespace, in the order of the claims. */
function pathsOf(list: readonly Claim[]): Map<string, Claim> {
  const taken = new Map<string, Claim>();
  const owner = list[0];
  for (const claim of list) {
    if (claim.namespace !== owner?.namespace) continue;
    for (const key of pathKeys(claim.flow)) if (!taken.has(key)) taken.set(key, claim);
  }
  return taken;
}

/** By the rules of Ingress, `/a` and `/a/` are the same prefix. */
const pathKeys = (flow: WebFlow) =>
  routesOf(flow.spec).map(
    ({ path, match }) => `${match} ${match === "Prefix" && path !== "/" ? path.replace(/\/+$/, "") : path}`,
  );

function conflict(flow: WebFlow, paths: ReadonlyMap<string, ReadonlyMap<string, Claim>>): Fault | undefined {
  const { namespace = "", name } = flow.metadata;
  for (const host of hostsOf(flow)) {
    for (const key of pathKeys(flow)) {
      const owner = paths.get(host)?.get(key);
      if (owner === undefined || owner.namespace !== namespace || owner.name === name) continue;
      const path = key.slice(key.indexOf(" ") + 1);
      const message = `WebFlow ${owner.name} has had ${host}${path} for longer: choose another host in spec.host, or another path in spec.routes.`;
      return { hop: "router", reason: "HostConflict", message };
    }
  }
  return undefined;
}
