/** One page of every field, condition, reason and right, from the same schema as the CRDs. */

import { type Structural, webFlowClassDefinition, webFlowDefinition } from "../../src/webflow/crd.ts";
import { clusterPermissions, namespacePermissions, type Permission } from "../../src/webflow/rbac.ts";
import { passedThroughTable, reasonTable } from "../../src/webflow/reasons.ts";
import type { Rule } from "../../src/webflow/schema-parts.ts";

interface Row {
  path: string;
  type: string;
  required: boolean;
  text: string;
}

export function schemaOf(definition: { spec: Record<string, unknown> }): Structural {
  const [version] = definition.spec.versions as { schema: { openAPIV3Schema: Structural } }[];
  if (version === undefined) throw new Error("the definition has no version");
  return version.schema.openAPIV3Schema;
}

function rows(schema: Structural, path: string, required: boolean): Row[] {
  const own: Row = { path, type: typeOf(schema), required, text: `${schema.description ?? ""}${limits(schema)}` };
  return [own, ...below(schema, path)];
}

function below(schema: Structural, path: string): Row[] {
  if (schema.items !== undefined) return below(schema.items, `${path}[]`);
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    rows(child, `${path}.${name}`, schema.required?.includes(name) === true),
  );
}

function typeOf(schema: Structural): string {
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (schema.additionalProperties !== undefined) return `map of ${typeOf(schema.additionalProperties)}`;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(", ");
  return schema.type;
}

function limits(schema: Structural): string {
  const notes = [
    between(schema.minimum, schema.maximum, ""),
    between(schema.minItems, schema.maxItems, " items"),
    schema.enum === undefined && schema.format === undefined
      ? between(undefined, schema.maxLength, " characters")
      : undefined,
    between(undefined, schema.maxProperties, " entries"),
    ...rulesOf(schema).map((rule) => rule.message),
    ...(schema.items === undefined ? [] : rulesOf(schema.items).map((rule) => `each ${rule.message}`)),
  ].filter((note) => note !== undefined);
  return notes.length === 0 ? "" : ` *${notes.join("; ")}.*`;
}

const rulesOf = (schema: Structural): Rule[] =>
  schema.type === "string" ? (schema["x-kubernetes-validations"] ?? []) : [];

function between(least: number | undefined, most: number | undefined, unit: string): string | undefined {
  if (least === undefined) return most === undefined ? undefined : `at most ${most}${unit}`;
  if (least === most) return `exactly ${least}${unit}`;
  return most === undefined ? `at least ${least}${unit}` : `${least} to ${most}${unit}`;
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [row(head), row(head.map(() => "---")), ...lines.map(row)].join("\n");
}

function fields(schema: Structural | undefined, path: string): string {
  if (schema === undefined) throw new Error(`no schema for ${path}`);
  const lines = rows(schema, path, true)
    .slice(1)
    .map((row) => [`\`${row.path}\``, row.type, row.required ? "yes" : "", row.text]);
  return table(["field", "type", "required", "meaning"], lines);
}

function objectRules(schema: Structural): string[] {
  const own =
    schema.type === "string" ? [] : (schema["x-kubernetes-validations"] ?? []).map((rule) => `- ${rule.message}`);
  const children = [schema.items, ...Object.values(schema.properties ?? {})].filter((child) => child !== undefined);
  return [...own, ...children.flatMap(objectRules)];
}

function reasons(): string {
  const lines = reasonTable.flatMap(({ hop, reasons: own }) =>
    Object.entries<string>(own).map(([reason, text]) => [hop, `\`${reason}\``, text]),
  );
  return table(["hop", "reason", "meaning and what to do"], lines);
}

function passedThrough(): string {
  const lines = passedThroughTable.map(({ facts, reasons: theirs, text }) => [facts, theirs, text]);
  return table(["facts", "reasons", "meaning and what to do"], lines);
}

function rights(permissions: readonly Permission[]): string {
  return table(
    ["resource", "verbs", "why"],
    permissions.map(({ kind, subresource, names, verbs, why }) => {
      const resource = subresource === undefined ? kind.plural : `${kind.plural}/${subresource}`;
      const only = names === undefined ? "" : ` (${names.join(", ")})`;
      return [`${resource}${only}`, verbs.join(", "), why];
    }),
  );
}

export function reference(): [path: string, text: string][] {
  const flow = schemaOf(webFlowDefinition());
  const klass = schemaOf(webFlowClassDefinition());
  const text = `# Reference of webflow.dev/v1alpha1

Made from src/webflow by \`npm run generate\`; do not edit. \`kubectl explain webflow.spec\` tells the same.

## WebFlow: spec

${fields(flow.properties?.spec, "spec")}

Rules between fields:

${[...objectRules({ ...flow, properties: {} }), ...objectRules(flow.properties?.spec ?? flow)].join("\n")}

## WebFlow: status

${fields(flow.properties?.status, "status")}

## WebFlowClass: spec

${fields(klass.properties?.spec, "spec")}

Rules between fields:

${objectRules(klass).join("\n")}

## Reasons

A hop's reason, and a condition's, is that of the fact that decides.

${reasons()}

Reasons of Kubernetes that pass through as they are:

${passedThrough()}

## Rights of the operator

In all namespaces:

${rights(clusterPermissions)}

In its own namespace:

${rights(namespacePermissions)}
`;
  return [["manifests/REFERENCE.md", text]];
}
