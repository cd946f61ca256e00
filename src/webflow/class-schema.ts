/** What a platform team decides once for many flows: the schema of WebFlowClass (cluster-scoped). */
import { type Static, Type } from "typebox";
import { Engine, Subnet, Vantage } from "./schema-ground.ts";
import {
  amounts,
  annotations,
  asSet,
  choice,
  duration,
  hostname,
  label,
  limitAboveRequest,
  mapBy,
  rules,
  storage,
} from "./schema-parts.ts";

const Dns = Type.Object(
  {
    mode: Type.Optional(
      choice(
        ["Delegated", "None"],
        "Delegated: WebFlow's own authoritative name server carries the entries. None: nobody is told, DNS is not judged. Default: the operator's setting.",
      ),
    ),
    ttlSeconds: Type.Optional(
      Type.Integer({ description: "Time to live of an entry, in seconds. Default: 5.", minimum: 1, maximum: 86400 }),
    ),
  },
  { description: "How names are made known." },
);

const EdgeClass = Type.Object(
  {
    ingressClassName: Type.Optional(
      label("IngressClass of the Ingress objects. Default: the cluster's default IngressClass.", 253),
    ),
    annotations: Type.Optional(annotations("Annotations put on every Ingress.")),
  },
  { description: "How requests come in." },
);

const Defaults = Type.Object(
  {
    min: Type.Optional(
      Type.Integer({
        description: "Fewest pods of a flow that does not say. Default: 2; max where that is less.",
        minimum: 1,
        maximum: 1000,
      }),
    ),
    max: Type.Optional(
      Type.Integer({
        description: "Most pods of a flow that does not say. Default: 4; min where that is more.",
        minimum: 1,
        maximum: 1000,
      }),
    ),
    subnet: Type.Optional(label("Subnet of pods of a flow that does not say. Default: any node.")),
    databaseSubnet: Type.Optional(label("Subnet of databases of a flow that does not say. Default: any node.")),
    storage: Type.Optional(storage("Database volume of a flow that does not say. Default: 1Gi.")),
    requests: Type.Optional(
      amounts("CPU and memory that a pod of a flow that does not say asks for. Default: 100m and 128Mi."),
    ),
    limits: Type.Optional(
      amounts(
        "Most CPU and memory that a pod of a flow that does not say may use. Default: 256Mi of memory, and no limit of CPU.",
      ),
    ),
    stopSeconds: Type.Optional(
      Type.Integer({
        description: "Seconds to stop in, of a flow that does not say. Default: 30.",
        minimum: 1,
        maximum: 600,
      }),
    ),
    within: Type.Optional(
      duration("Longest time of a check that does not say. Default: 2s.", { least: "1ms", most: "1m" }),
    ),
  },
  {
    description: "Values of flows that do not say.",
    ...rules([
      {
        rule: "!has(self.min) || !has(self.max) || self.min <= self.max",
        message: "defaults.min is above defaults.max: lower min or raise max",
        fieldPath: ".min",
      },
      limitAboveRequest("cpu"),
      limitAboveRequest("memory"),
    ]),
  },
);

const Probes = Type.Object(
  {
    round: Type.Optional(duration("How often every question is asked. Default: 10s.", { least: "1s", most: "1h" })),
    control: Type.Optional(
      duration("How often the database is asked from the allowed identity when nothing has happened. Default: 10m.", {
        least: "5s",
        most: "24h",
      }),
    ),
    isolation: Type.Optional(
      choice(
        ["Required", "Reported"],
        "Required: a flow whose isolation is not Proven is not Ready. Reported: it shows in DatabaseIsolated alone, except Violated. Default: Reported.",
      ),
    ),
    publicLeg: Type.Optional(
      choice(
        ["Required", "Reported"],
        "Whether a flow that could not be asked from outside may be Ready. Default: Required where a vantage is set, else Reported.",
      ),
    ),
  },
  { description: "How the path is proven." },
);

export const WebFlowClassSpec = Type.Object(
  {
    default: Type.Optional(
      Type.Boolean({ description: "Class of flows that name none. At most one class may say so. Default: false." }),
    ),
    zones: Type.Optional(
      Type.Array(hostname("A DNS zone."), {
        description:
          "DNS zones under which hosts must lie. Default: none; hosts are free then, and no DNS entry is made.",
        maxItems: 16,
        ...asSet,
      }),
    ),
    dns: Type.Optional(Dns),
    edge: Type.Optional(EdgeClass),
    subnets: Type.Optional(
      Type.Array(Subnet, { description: "Sets of nodes by name.", maxItems: 16, ...mapBy("name") }),
    ),
    engines: Type.Optional(
      Type.Array(Engine, {
        description: "Database engines on offer. Default: Postgres 15 to 18 by the official images.",
        maxItems: 8,
        ...mapBy("engine"),
      }),
    ),
    defaults: Type.Optional(Defaults),
    probes: Type.Optional(Probes),
    vantages: Type.Optional(
      Type.Array(Vantage, {
        description: "Places outside the cluster from which the public leg is asked.",
        maxItems: 4,
        ...mapBy("name"),
      }),
    ),
  },
  {
    description: "What the platform gives and allows.",
    ...rules([
      {
        rule: "!has(self.defaults) || !has(self.defaults.subnet) || (has(self.subnets) && self.subnets.exists(s, s.name == self.defaults.subnet))",
        message: "defaults.subnet names a subnet that subnets does not list: use one of its names",
      },
      {
        rule: "!has(self.defaults) || !has(self.defaults.databaseSubnet) || (has(self.subnets) && self.subnets.exists(s, s.name == self.defaults.databaseSubnet))",
        message: "defaults.databaseSubnet names a subnet that subnets does not list: use one of its names",
      },
    ]),
  },
);

export type WebFlowClassSpec = Static<typeof WebFlowClassSpec>;
export type { Subnet, Vantage } from "./schema-ground.ts";
