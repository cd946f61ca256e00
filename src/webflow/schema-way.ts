/** The way in: edges, routes and the autoscaled group of pods. */
import { type Static, Type } from "typebox";
import { choice, label, mapBy, portName, routePath, rules } from "./schema-parts.ts";

const Tls = Type.Object(
  {
    secretName: label(
      "Secret of type kubernetes.io/tls in the WebFlow's namespace that holds the certificate and key.",
      253,
    ),
  },
  { description: "Where the certificate comes from. Absent: the edge speaks plain HTTP." },
);

export const Edge = Type.Object(
  {
    name: label("Name of the edge, shown in facts and status."),
    scope: Type.Optional(
      choice(["Public"], "Who may reach the address. Public: everybody who has a route to it. Default: Public."),
    ),
    tls: Type.Optional(Tls),
  },
  { description: "A door through which requests come in." },
);

export const Route = Type.Object(
  {
    path: routePath("Path of the URL this rule takes, beginning with '/'. Example: /orders."),
    match: Type.Optional(
      choice(
        ["Prefix", "Exact"],
        "Prefix: this path and all below it, element by element. Exact: this path alone. Default: Prefix.",
      ),
    ),
    port: Type.Optional(portName("Name of the process's port that answers. Default: the first port.")),
  },
  { description: "One rule of the routing table of the host." },
);

const Target = Type.Object(
  {
    resource: choice(["cpu", "memory"], "What is measured."),
    utilization: Type.Integer({
      description: "Percent of the pod's request at which the group grows.",
      minimum: 1,
      maximum: 100,
    }),
  },
  { description: "A measure that the group of pods is scaled by." },
);

export const VmGroup = Type.Object(
  {
    min: Type.Optional(
      Type.Integer({
        description: "Fewest pods. Default: the class's, else 2; max where that is less.",
        minimum: 1,
        maximum: 1000,
      }),
    ),
    max: Type.Optional(
      Type.Integer({
        description: "Most pods. Default: the class's, else 4; min where that is more.",
        minimum: 1,
        maximum: 1000,
      }),
    ),
    targets: Type.Optional(
      Type.Array(Target, {
        description: "What the group is scaled by. Default: cpu at 70 percent.",
        minItems: 1,
        maxItems: 2,
        ...mapBy("resource"),
      }),
    ),
    subnet: Type.Optional(
      label("Name of the class's subnet whose nodes carry the pods. Default: the class's, else any node."),
    ),
    spread: Type.Optional(choice(["Zone", "Node", "None"], "Over what the pods are spread. Default: Zone.")),
  },
  {
    description: "How many pods serve, and where: the autoscaled group.",
    ...rules([
      {
        rule: "!has(self.min) || !has(self.max) || self.min <= self.max",
        message: "vmGroup.min is above vmGroup.max: lower min or raise max",
        fieldPath: ".min",
      },
    ]),
  },
);

export type Edge = Static<typeof Edge>;
export type Route = Static<typeof Route>;
export type ScaleTarget = Static<typeof Target>;
