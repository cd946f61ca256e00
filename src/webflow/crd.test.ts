import { Type } from "typebox";
import { describe, expect, it } from "vitest";
import { type Structural, structural, webFlowClassDefinition, webFlowDefinition } from "./crd.ts";

const schemas = Object.fromEntries(
  [webFlowDefinition(), webFlowClassDefinition()].map((definition) => {
    const [version] = definition.spec.versions as { schema: { openAPIV3Schema: Structural } }[];
    return [definition.metadata.name, version?.schema.openAPIV3Schema];
  }),
);

interface Field {
  path: string;
  schema: Structural;
}

function fieldsOf(schema: Structural, path: string): Field[] {
  const children = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    fieldsOf(child, `${path}.${name}`),
  );
  const items = schema.items === undefined ? [] : fieldsOf(schema.items, `${path}[]`);
  const values = schema.additionalProperties === undefined ? [] : fieldsOf(schema.additionalProperties, `${path}{}`);
  return [{ path, schema }, ...children, ...items, ...values];
}

/** Every field of ours; the API server knows apiVersion, kind and metadata itself. */
const fields = Object.entries(schemas).flatMap(([name, schema]) =>
  ["spec", "status"].flatMap((part) => {
    const found = schema?.properties?.[part];
    return found === undefined ? [] : fieldsOf(found, `${name} ${part}`);
  }),
);

const offenders = (wrong: (field: Field) => boolean) => fields.filter(wrong).map((field) => field.path);

describe("every field of the API", () => {
  it("is there to be walked", () => {
    expect(fields.length).toBeGreaterThan(100);
  });

  it("is described, in a sentence that ends", () => {
    const said = ({ path, schema }: Field) => path.endsWith("{}") || /^[A-Z].*\.$/.test(schema.description ?? "");
    expect(offenders((field) => !said(field))).toEqual([]);
  });

  it("that is text has a greatest length or a list of values", () => {
    expect(
      offenders(
        ({ schema }) => schema.type === "string" && schema.maxLength === undefined && schema.enum === undefined,
      ),
    ).toEqual([]);
  });

  it("that is a list has a greatest length and says how it is merged", () => {
    const unbounded = ({ schema }: Field) =>
      schema.type === "array" && (schema.maxItems === undefined || schema["x-kubernetes-list-type"] === undefined);
    expect(offenders(unbounded)).toEqual([]);
  });

  it("that is a map has a greatest size", () => {
    expect(
      offenders(({ schema }) => schema.additionalProperties !== undefined && schema.maxProperties === undefined),
    ).toEqual([]);
  });

  it("that is a number of a spec has bounds", () => {
    const free = ({ path, schema }: Field) =>
      path.includes(" spec") &&
      schema.type === "integer" &&
      (schema.minimum === undefined || schema.maximum === undefined);
    expect(offenders(free)).toEqual([]);
  });

  it("has no default of its own: defaults are the class's", () => {
    expect(offenders(({ schema }) => "default" in schema)).toEqual([]);
  });

  it("names no other namespace", () => {
    expect(offenders(({ path }) => /namespace/i.test(path))).toEqual([]);
  });

  it("with rules has a message for each, saying what to do", () => {
    const silent = ({ schema }: Field) =>
      (schema["x-kubernetes-validations"] ?? []).some(({ message }) => !/: |such as|must be|must begin/.test(message));
    expect(offenders(silent)).toEqual([]);
  });
});

it("a list that is merged by key requires the key in its items", () => {
  const loose = ({ schema }: Field) =>
    (schema["x-kubernetes-list-map-keys"] ?? []).some((key) => schema.items?.required?.includes(key) !== true);
  expect(offenders(loose)).toEqual([]);
});

describe("a schema that the API server would refuse is refused here", () => {
  it.each([
    ["a union", Type.Union([Type.String(), Type.Integer()]), "spec: type undefined is not structural"],
    ["a pattern, which says nothing to a user", Type.String({ pattern: "^a$" }), 'spec: "pattern" is not passed on'],
    ["a union, deep", Type.Object({ a: Type.Union([Type.String(), Type.Null()]) }), "spec.a: type undefined"],
  ])("%s", (_, schema, words) => {
    expect(() => structural(schema)).toThrow(words);
  });
});
