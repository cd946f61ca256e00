/**
 * Schema -> CustomResourceDefinition. Pure. Emits the structural subset of OpenAPI v3 that the API server takes
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/), and throws on
 * anything outside it, so that a schema that would be refused is found when it is generated.
 */
import { WebFlowClassSpec } from "./class-schema.ts";
import { WebFlowClassKind, WebFlowKind } from "./kinds.ts";
import { WebFlowSpec } from "./schema.ts";
import type { Rule } from "./schema-parts.ts";
import { WebFlowStatusSchema } from "./status-schema.ts";

export interface Structural {
  type: "object" | "array" | "string" | "integer" | "number" | "boolean";
  description?: string;
  properties?: Record<string, Structural>;
  required?: string[];
  items?: Structural;
  additionalProperties?: Structural;
  enum?: string[];
  format?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  "x-kubernetes-list-type"?: string;
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-validations"?: Rule[];
}

const plain = [
  "description",
  "enum",
  "format",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "maxProperties",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-validations",
] as const;

const types = ["object", "array", "string", "integer", "number", "boolean"] as const;

/** A typebox schema, or any JSON Schema within the subset, as the API server wants it. */
export function structural(schema: object, path = "spec"): Structural {
  const { type, properties, required, items, additionalProperties, ...rest } = schema as Record<string, unknown>;
  const known = types.find((each) => each === type);
  if (known === undefined)
    throw new Error(`${path}: type ${JSON.stringify(type)} is not structural: use one of ${types.join(", ")}`);
  const strange = Object.keys(rest).find((key) => !plain.some((each) => each === key));
  if (strange !== undefined)
    throw new Error(`${path}: "${strange}" is not passed on to the API server: express it otherwise`);
  const out: Structural = { type: known };
  for (const key of plain) if (rest[key] !== undefined) Object.assign(out, { [key]: rest[key] });
  if (Array.isArray(required) && required.length > 0) out.required = [...required].map(String).sort();
  if (isObject(properties)) {
    out.properties = Object.fromEntries(
      Object.entries(properties).map(([name, child]) => [
        name,
        structural(asObject(child, `${path}.${name}`), `${path}.${name}`),
      ]),
    );
  }
  if (isObject(items)) out.items = structural(items, `${path}[]`);
  if (isObject(additionalProperties)) out.additionalProperties = structural(additionalProperties, `${path}.*`);
  return out;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

function asObject(value: unknown, path: string): object {
  if (!isObject(value)) throw new Error(`${path}: expected a schema, found ${JSON.stringify(value)}`);
  return value;
}

const text = (description: string): Structural => ({ type: "string", description });

function root(description: string, rules: Rule[], parts: Record<string, Structural>): Structural {
  return {
    type: "object",
    description,
    required: ["spec"],
    properties: {
      apiVersion: text("Version of the API that this object is written in."),
      kind: text("Kind of this object."),
      metadata: { type: "object" },
      ...parts,
    },
    "x-kubernetes-validations": rules,
  };
}

/** Children are named `<flow>-<role>` and Services want DNS-1035 labels: hence the length and the first letter. */
const flowName: Rule[] = [
  {
    rule: "self.metadata.name.size() <= 40",
    message:
      "metadata.name has more than 40 characters: choose a shorter name, names of pods and Services grow out of it",
  },
  {
    rule: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message:
      "metadata.name must be lower-case letters, digits and '-', beginning with a letter and ending with a letter or digit, such as shop",
  },
];

const className: Rule[] = [
  {
    rule: "self.metadata.name.size() <= 63 && !self.metadata.name.contains('.')",
    message:
      "metadata.name must have at most 63 characters and no dot, so that spec.className can say it: choose another name",
  },
];

interface Column {
  name: string;
  type: "string" | "date" | "boolean";
  jsonPath: string;
  description: string;
  priority?: number;
}

const readyField = (field: string) => `.status.conditions[?(@.type=="Ready")].${field}`;
const age: Column = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description: "Since when the object has been there.",
};

const flowColumns: Column[] = [
  { name: "Host", type: "string", jsonPath: ".spec.host", description: "Host name of the service." },
  { name: "Ready", type: "string", jsonPath: readyField("status"), description: "Whether a request gets through." },
  { name: "Broken-At", type: "string", jsonPath: ".status.brokenAt", description: "First hop that is Broken." },
  { name: "Since", type: "date", jsonPath: ".status.since", description: "Since when Ready has been what it is." },
  { name: "Reason", type: "string", jsonPath: readyField("reason"), description: "Why.", priority: 1 },
  { name: "URL", type: "string", jsonPath: ".status.url", description: "Where the service is reached.", priority: 1 },
  age,
];

const classColumns: Column[] = [
  { name: "Default", type: "boolean", jsonPath: ".spec.default", description: "Class of WebFlows that name none." },
  { name: "Zones", type: "string", jsonPath: ".spec.zones", description: "DNS zones under which hosts must lie." },
  age,
];

export interface CustomResourceDefinition {
  apiVersion: "apiextensions.k8s.io/v1";
  kind: "CustomResourceDefinition";
  metadata: { name: string; annotations?: Record<string, string> };
  spec: Record<string, unknown>;
}

interface Version {
  schema: Structural;
  columns: Column[];
  selectable: string[];
  status: boolean;
}

function definition(kind: typeof WebFlowKind, shortName: string, version: Version): CustomResourceDefinition {
  const [group = "", name = ""] = kind.apiVersion.split("/");
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${kind.plural}.${group}` },
    spec: {
      group,
      scope: kind.namespaced ? "Namespaced" : "Cluster",
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        shortNames: [shortName],
      },
      versions: [
        {
          name,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: version.schema },
          ...(version.status ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: version.columns,
          selectableFields: version.selectable.map((jsonPath) => ({ jsonPath })),
        },
      ],
    },
  };
}

export function webFlowDefinition(): CustomResourceDefinition {
  const parts = { spec: structural(WebFlowSpec, "spec"), status: structural(WebFlowStatusSchema, "status") };
  const description = "The path of a person's request to a web service, built by the operator and continuously proven.";
  return definition(WebFlowKind, "wf", {
    schema: root(description, flowName, parts),
    columns: flowColumns,
    selectable: [".spec.host", ".spec.className"],
    status: true,
  });
}

export function webFlowClassDefinition(): CustomResourceDefinition {
  const description =
    "What a platform gives and allows: defaults, zones, subnets, engines and vantages for many WebFlows.";
  return definition(WebFlowClassKind, "wfc", {
    schema: root(description, className, { spec: structural(WebFlowClassSpec, "spec") }),
    columns: classColumns,
    selectable: [],
    status: false,
  });
}
