/**
 * A WebFlow as the user wrote it -> a Flow in which every choice has been made: the flow's own word, else its class's,
 * else the built-in one. Pure. What only code can know to be wrong becomes a fault; it never throws on what the API
 * server has let in.
 */
import { builtin, builtinEngines } from "./builtin.ts";
import { type Claims, hostsOf } from "./claims.ts";
import type { Subnet, WebFlowClassSpec } from "./class-schema.ts";
import { type ClassChoice, isFault } from "./classes.ts";
import type { FaultReason } from "./conditions.ts";
import { canonicalQuantity, compareQuantities, toMillis } from "./quantity.ts";
import { routesOf } from "./routes.ts";
import type { Check, DatabaseSpec, Resources, WebFlowSpec } from "./schema.ts";
import type { Fault, Flow, FlowCheck, FlowClass, FlowDatabase, HopName, WebFlow, WebFlowClass } from "./types.ts";
import { isReserved, zoneOf } from "./zone.ts";

export interface OperatorDefaults {
  dnsMode: FlowClass["dns"];
  /** What the flow's data was made with, `Postgres/15`; undefined: there is no data yet. */
  madeWith?: string | undefined;
  /** The subnet that it was made in, empty for any node; undefined: there is no data yet, or nobody noted it. */
  madeIn?: string | undefined;
}

/** Told of what is wrong. */
type Blame = (hop: HopName, reason: FaultReason, message: string) => void;

export function complete(raw: WebFlow, choice: ClassChoice, claims: Claims, operator: OperatorDefaults): Flow {
  const faults: Fault[] = [];
  const blame: Blame = (hop, reason, message) => faults.push({ hop, reason, message });
  if (isFault(choice)) faults.push(choice);
  const klass = isFault(choice) ? undefined : choice;
  const from = klass?.spec ?? {};
  const { spec, metadata } = raw;
  const hosts = hostsOf(raw);
  const settled = classOf(klass, operator);
  // Without its class nothing is known of what is on offer: the one fault says it all.
  const tell: Blame = isFault(choice) ? () => undefined : blame;
  checkZones(hosts, settled, tell);
  const conflict = claims.conflict(raw);
  if (conflict !== undefined) faults.push(conflict);
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "default",
    uid: metadata.uid ?? "",
    generation: metadata.generation ?? 0,
    createdAt: metadata.creationTimestamp ?? "",
    host: hosts[0] ?? "",
    hosts,
    edges: edgesOf(spec),
    routes: routesOf(spec),
    group: groupOf(spec, from, tell),
    process: processOf(spec, from, tell),
    database: spec.database === undefined ? undefined : databaseOf(spec.database, { ...operator, from, blame: tell }),
    checks: checksOf(spec, from),
    class: settled,
    faults,
    lostTo: claims.lostTo(raw),
    heldHosts: claims.owned(raw),
  };
}

function classOf(klass: WebFlowClass | undefined, operator: OperatorDefaults): FlowClass {
  const from = klass?.spec ?? {};
  const zones = from.zones ?? [];
  const vantages = from.vantages ?? [];
  return {
    name: klass?.metadata.name,
    ...(klass === undefined ? {} : { revision: `${klass.metadata.name}/${klass.metadata.generation ?? 0}` }),
    zones,
    // Without a zone there is nowhere to put an entry.
    dns: zones.length === 0 ? "None" : (from.dns?.mode ?? operator.dnsMode),
    ttlSeconds: from.dns?.ttlSeconds ?? builtin.ttlSeconds,
    ingressClassName: from.edge?.ingressClassName,
    ingressAnnotations: from.edge?.annotations ?? {},
    roundMillis: toMillis(from.probes?.round ?? builtin.round),
    controlMillis: toMillis(from.probes?.control ?? builtin.control),
    isolation: from.probes?.isolation ?? "Reported",
    publicLeg: from.probes?.publicLeg ?? (vantages.length > 0 ? "Required" : "Reported"),
    vantages,
  };
}

function checkZones(hosts: readonly string[], { name, zones }: FlowClass, blame: Blame): void {
  if (zones.length === 0) return;
  const reserved = hosts.find((host) => isReserved(host, zones));
  if (reserved !== undefined) {
    blame("dns", "HostReserved", `Host ${reserved} is the name server's own: choose another name under the zone.`);
  }
  const stray = hosts.find((host) => zoneOf(host, zones) === undefined);
  if (stray === undefined) return;
  const message = `Host ${stray} lies under none of the zones of WebFlowClass ${name ?? ""} (${zones.join(", ")}): choose a host under one of them.`;
  blame("dns", "HostOutsideZones", message);
}

function edgesOf(spec: WebFlowSpec): Flow["edges"] {
  const edges = spec.edges ?? [{ name: "main" }];
  return edges.map(({ name, scope, tls }) => ({
    name,
    scope: scope ?? "Public",
    ...(tls === undefined ? {} : { tlsSecret: tls.secretName }),
  }));
}

function subnetOf(
  name: string | undefined,
  hop: "vmgroup" | "database",
  from: WebFlowClassSpec,
  blame: Blame,
): Subnet | undefined {
  if (name === undefined) return undefined;
  const subnets = from.subnets ?? [];
  const found = subnets.find((subnet) => subnet.name === name);
  if (found !== undefined) return found;
  const offer = subnets.length === 0 ? "it has none" : `it has ${subnets.map((subnet) => subnet.name).join(", ")}`;
  const remedy = subnets.length === 0 ? "remove the field, or ask for a class that has one" : "use one of these";
  blame(
    hop,
    "SubnetNotOffered",
    `spec.${hop === "vmgroup" ? "vmGroup" : "database"}.subnet is ${name}, which the class does not have (${offer}): ${remedy}.`,
  );
  return undefined;
}

/** A bound that was not said gives way to one that was. */
function sizeOf(own: { min?: number; max?: number }, otherwise: { min: number; max: number }) {
  const min = own.min ?? Math.min(otherwise.min, own.max ?? otherwise.max);
  return { min, max: own.max ?? Math.max(otherwise.max, min) };
}

function groupOf(spec: WebFlowSpec, from: WebFlowClassSpec, blame: Blame): Flow["group"] {
  const group = spec.vmGroup ?? {};
  return {
    ...sizeOf(group, sizeOf(from.defaults ?? {}, builtin)),
    targets: group.targets ?? [builtin.target],
    subnet: subnetOf(group.subnet ?? from.defaults?.subnet, "vmgroup", from, blame),
    spread: group.spread ?? "Zone",
  };
}

function processOf(spec: WebFlowSpec, from: WebFlowClassSpec, blame: Blame): Flow["process"] {
  const { process } = spec;
  const first = process.ports[0]?.name ?? "";
  const asked = [...routesOf(spec).map((route) => route.port), process.health?.port ?? first];
  const unknown = asked.find((name) => !process.ports.some((port) => port.name === name));
  if (unknown !== undefined) {
    const names = process.ports.map((port) => port.name).join(", ");
    blame("process", "RoutePortUnknown", `Port ${unknown} is not in process.ports (${names}): use one of these names.`);
  }
  return {
    image: process.image,
    ports: process.ports,
    health:
      process.health === undefined ? undefined : { path: process.health.path, port: process.health.port ?? first },
    workers: process.workers,
    threads: process.threads,
    command: process.command,
    args: process.args,
    env: process.env ?? [],
    imagePullSecrets: process.imagePullSecrets ?? [],
    ...amountsOf(process.resources, from.defaults),
    stopSeconds: process.stopSeconds ?? from.defaults?.stopSeconds ?? builtin.stopSeconds,
  };
}

type Amounts = NonNullable<Resources["requests"]>;

/** A side that was not said gives way to one that was, so that no default makes a pod that the API server refuses. */
function amountsOf(
  own: Resources | undefined,
  defaults: WebFlowClassSpec["defaults"],
): Pick<Flow["process"], "requests" | "limits"> {
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  for (const resource of ["cpu", "memory"] as const) {
    const fallback: Amounts = builtin.limits;
    const said = own?.limits?.[resource];
    const limit = said ?? defaults?.limits?.[resource] ?? fallback[resource];
    const request = own?.requests?.[resource] ?? defaults?.requests?.[resource] ?? builtin.requests[resource];
    const above = limit !== undefined && compareQuantities(request, limit) > 0;
    requests[resource] = canonicalQuantity(above && said !== undefined ? said : request);
    if (limit !== undefined) limits[resource] = canonicalQuantity(above && said === undefined ? request : limit);
  }
  return { requests, limits };
}

interface DatabaseGround extends Pick<OperatorDefaults, "madeWith" | "madeIn"> {
  from: WebFlowClassSpec;
  blame: Blame;
}

function databaseOf(own: DatabaseSpec, ground: DatabaseGround): FlowDatabase {
  const { from, madeWith, blame } = ground;
  const engines = from.engines ?? builtinEngines;
  const engine = engines.find((each) => each.engine === own.engine);
  if (engine === undefined) {
    const offer = engines.map((each) => each.engine).join(", ") || "none";
    blame(
      "database",
      "EngineNotOffered",
      `The class does not offer database engine ${own.engine} (it offers: ${offer}): use one that it offers.`,
    );
  }
  // Data stays with the version it was made with, also when the class comes to put another one first.
  const [, kept] = madeWith?.startsWith(`${own.engine}/`) === true ? madeWith.split("/") : [];
  const version = own.version ?? kept ?? engine?.versions[0]?.version ?? "";
  if (madeWith !== undefined && madeWith !== `${own.engine}/${version}`) {
    blame(
      "database",
      "VersionMismatch",
      `The data that is there was made with ${madeWith}, and spec.database asks for ${own.engine}/${version}: ask for what it was made with, or give the WebFlow another name.`,
    );
  }
  const image = engine?.versions.find((each) => each.version === version)?.image;
  if (engine !== undefined && image === undefined) {
    const offer = engine.versions.map((each) => each.version).join(", ");
    blame(
      "database",
      "VersionNotOffered",
      `The class does not offer version ${version} of ${own.engine} (it offers ${offer}): use one of these in database.version.`,
    );
  }
  return {
    engine: own.engine,
    version,
    image: image ?? "",
    storage: canonicalQuantity(own.storage ?? from.defaults?.storage ?? builtin.storage),
    storageClassName: own.storageClassName,
    subnet: databaseSubnet(own.subnet, ground),
    retention: own.retention ?? "Retain",
  };
}

/** Data stays in the subnet it was made in, also when the class comes to name another one. */
function databaseSubnet(own: string | undefined, { from, madeIn, blame }: DatabaseGround): Subnet | undefined {
  if (madeIn === undefined) return subnetOf(own ?? from.defaults?.databaseSubnet, "database", from, blame);
  const where = madeIn === "" ? "no subnet" : `subnet ${madeIn}`;
  if (own !== undefined && own !== madeIn) {
    const message = `The data that is there was made in ${where}, and spec.database asks for ${own}: ask for where it was made, or give the WebFlow another name.`;
    blame("database", "SubnetMismatch", message);
  }
  const kept = from.subnets?.find(({ name }) => name === madeIn);
  if (kept === undefined && madeIn !== "") {
    const message = `The data that is there was made in ${where}, which the class does not have: bring it back there, or ask for a class that has it.`;
    blame("database", "SubnetNotOffered", message);
  }
  return kept;
}

function checksOf(spec: WebFlowSpec, from: WebFlowClassSpec): FlowCheck[] {
  const checks: readonly Check[] = spec.checks ?? [{ name: "get", path: spec.process.health?.path ?? "/" }];
  const within = from.defaults?.within ?? builtin.within;
  const round = from.probes?.round ?? builtin.round;
  return checks.map((check) => {
    const method = check.method ?? "GET";
    const writes = method === "POST" || method === "PUT";
    return {
      name: check.name,
      method,
      path: check.path,
      body: bodyOf(check),
      status: check.expect?.status,
      withinMillis: toMillis(check.expect?.within ?? within),
      everyMillis: toMillis(check.every ?? (writes ? builtin.writeEvery : round)),
      writes,
    };
  });
}

function bodyOf({ json, form }: Check): FlowCheck["body"] {
  if (json !== undefined) return { type: "application/json", text: json };
  if (form !== undefined) return { type: "application/x-www-form-urlencoded", text: form };
  return undefined;
}
