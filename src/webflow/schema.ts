/**
 * What a user may ask for: the schema of WebFlow, put together from its sections. CRD, types and reference all come
 * from here. Nothing has a `default:` that a class may set: defaults are resolved in complete.ts.
 */
import { type Static, Type } from "typebox";
import { Check } from "./schema-checks.ts";
import { Database } from "./schema-database.ts";
import { asSet, atomic, hostname, label, mapBy, rules } from "./schema-parts.ts";
import { Process } from "./schema-process.ts";
import { Edge, Route, VmGroup } from "./schema-way.ts";

export const WebFlowSpec = Type.Object(
  {
    className: Type.Optional(
      label("WebFlowClass that gives defaults and zones. Default: the class marked default, else built-in values.", 63),
    ),
    host: hostname("Host name of the service, under one of the class's zones. Lower case."),
    aliases: Type.Optional(
      Type.Array(hostname("Another host name."), {
        description: "More host names that lead to the same service.",
        maxItems: 8,
        ...asSet,
      }),
    ),
    edges: Type.Optional(
      Type.Array(Edge, {
        description: "Doors through which requests come in. Default: one public edge named main.",
        minItems: 1,
        maxItems: 1,
        ...mapBy("name"),
      }),
    ),
    routes: Type.Optional(
      Type.Array(Route, {
        description: "Routing rules of the host. Default: every path, to the first port.",
        minItems: 1,
        maxItems: 16,
        ...atomic,
      }),
    ),
    vmGroup: Type.Optional(VmGroup),
    process: Process,
    database: Type.Optional(Database),
    checks: Type.Optional(
      Type.Array(Check, {
        description: "Whole requests that prove the path. Default: a GET of the health path, else of /.",
        minItems: 1,
        maxItems: 8,
        ...mapBy("name"),
      }),
    ),
  },
  {
    description: "What the path should be, hop by hop.",
    ...rules([
      {
        rule: "!has(self.routes) || self.routes.all(r, !has(r.port) || self.process.ports.exists(p, p.name == r.port))",
        message: "routes[].port names a port that process.ports does not list: use one of its names",
        fieldPath: ".routes",
      },
      {
        rule: "!has(self.routes) || self.routes.all(r, self.routes.filter(o, o.path == r.path && (has(o.match) ? o.match : 'Prefix') == (has(r.match) ? r.match : 'Prefix')).size() == 1)",
        message: "routes has two rules for the same path and match: keep one of them",
        fieldPath: ".routes",
      },
      {
        rule: "!has(self.aliases) || !(self.host in self.aliases)",
        message: "aliases repeats host: remove it from aliases",
        fieldPath: ".aliases",
      },
    ]),
  },
);

export type WebFlowSpec = Static<typeof WebFlowSpec>;
export type { Check } from "./schema-checks.ts";
export type { DatabaseSpec } from "./schema-database.ts";
export type { EnvVar, Resources } from "./schema-process.ts";
export type { Edge, Route, ScaleTarget } from "./schema-way.ts";
