/**
 * The small pieces every schema of ours is made of: each string is bounded, each choice closed. Shapes are CEL rules
 * and not `pattern`, because a rule can say what to do and a pattern can only show itself.
 */
import { Type } from "typebox";

export interface Rule {
  rule: string;
  message: string;
  fieldPath?: string;
}

/** CEL rules, as the API server evaluates them (https://kubernetes.io/docs/reference/using-api/cel/). */
export function rules(list: Rule[]): { "x-kubernetes-validations": Rule[] } {
  return { "x-kubernetes-validations": list };
}

/** Lists that are merged by key or as a set, so that two appliers do not fight over the whole. */
export const mapBy = (key: string) => ({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] });
export const asSet = { "x-kubernetes-list-type": "set" };
export const atomic = { "x-kubernetes-list-type": "atomic" };

/** `\` doubled twice: once for CEL's string, once for ours. */
const matches = (pattern: string, message: string): Rule => ({
  rule: `self.matches('${pattern.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}')`,
  message,
});

interface Length {
  min?: number;
  max: number;
}

/** A string of one shape; `shape` says it in words, with an example. */
export function shaped(description: string, length: Length, shape: { pattern: string; message: string }) {
  return Type.String({
    description,
    minLength: length.min ?? 1,
    maxLength: length.max,
    ...rules([matches(shape.pattern, shape.message)]),
  });
}

export function choice<const T extends string>(values: readonly T[], description: string) {
  return Type.Unsafe<T>({ type: "string", enum: values, description });
}

/** A name by RFC 1123 label rules (dots allowed beyond 63 characters, where Kubernetes allows a subdomain). */
export function label(description: string, maxLength = 63) {
  return maxLength > 63
    ? shaped(
        description,
        { max: maxLength },
        {
          pattern: "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$",
          message:
            "must be lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit, such as my-name",
        },
      )
    : shaped(
        description,
        { max: maxLength },
        {
          pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
          message:
            "must be lower-case letters, digits and '-', beginning and ending with a letter or digit, such as my-name",
        },
      );
}

/** The name of a container port: by IANA rules it has a letter in it. */
export function portName(description: string) {
  return Type.String({
    description,
    minLength: 1,
    maxLength: 15,
    ...rules([
      matches(
        "^[a-z0-9]+(-[a-z0-9]+)*$",
        "must be lower-case letters and digits, with single '-' between them, at most 15 characters, such as http",
      ),
      matches("[a-z]", "must have at least one letter, such as http"),
    ]),
  });
}

/** A host name by RFC 1123 with at least two labels; lower case, so that equal names are equal strings. */
export function hostname(description: string) {
  return Type.String({
    description,
    minLength: 3,
    maxLength: 253,
    ...rules([
      matches(
        "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+$",
        "must be a host name in lower case with at least two labels and no dot at the end, such as shop.example.test",
      ),
      {
        rule: "self != 'cluster.local' && !self.endsWith('.cluster.local')",
        message: "lies under cluster.local, which belongs to the cluster itself: use a name in a zone of your own",
      },
      {
        rule: "!self.matches('(^|\\\\.)[0-9]+$')",
        message: "ends in a number as an IP address does: use a host name, the operator finds the address",
      },
    ]),
  });
}

/** A Kubernetes quantity as a string. */
export function quantity(description: string) {
  return shaped(
    description,
    { max: 24 },
    {
      pattern: "^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$",
      message:
        "must be a quantity: a number and one of m, k, M, G, T, Ki, Mi, Gi, Ti or nothing, such as 100m or 128Mi",
    },
  );
}

/** A length of time: a whole number and one of ms, s, m, h, between two others. */
export function duration(description: string, { least, most }: { least: string; most: string }) {
  const pattern = "^[1-9][0-9]{0,5}(ms|s|m|h)$";
  const within = `duration(self) >= duration('${least}') && duration(self) <= duration('${most}')`;
  return Type.String({
    description: `${description} Shape: 500ms, 2s, 10m or 1h.`,
    minLength: 2,
    maxLength: 8,
    ...rules([
      matches(pattern, "must be a length of time: a whole number above 0 and one of ms, s, m, h, such as 500ms or 10m"),
      {
        rule: `!self.matches('${pattern}') || (${within})`,
        message: `must be from ${least} to ${most}: choose a time between them`,
      },
    ]),
  });
}

/** The path of a URL, with its query where `query` is set. */
export function urlPath(description: string, maxLength: number, query = false) {
  return shaped(
    description,
    { max: maxLength },
    {
      pattern: query ? "^/[!-~]*$" : "^/[A-Za-z0-9/._~!$&'()*+,;=:@%-]*$",
      message: query
        ? "must begin with '/' and have no spaces or control characters, such as /orders?limit=1"
        : "must begin with '/' and be the path of a URL without query or fragment, such as /orders",
    },
  );
}

export function image(description: string) {
  return shaped(
    description,
    { max: 512 },
    {
      pattern: "^[^\\s]+$",
      message: "must be an image reference without spaces, such as registry.example.com/shop:1.0",
    },
  );
}

function map(description: string, max: number, valueLength: number) {
  return Type.Unsafe<Record<string, string>>({
    type: "object",
    description,
    maxProperties: max,
    additionalProperties: { type: "string", maxLength: valueLength },
  });
}

export const labels = (description: string, max = 16) => map(description, max, 63);
export const annotations = (description: string, max = 32) => map(description, max, 1024);

export function amounts(description: string) {
  return Type.Object(
    {
      cpu: Type.Optional(quantity("CPU, in cores or thousandths. Example: 100m.")),
      memory: Type.Optional(quantity("Memory, in bytes with a unit. Example: 128Mi.")),
    },
    { description },
  );
}

/** For an object with `requests` and `limits`. What is no quantity is left to the field's own rule. */
export function limitAboveRequest(resource: "cpu" | "memory"): Rule {
  const both = ["requests", "limits"].flatMap((side) => [
    `!has(self.${side})`,
    `!has(self.${side}.${resource})`,
    `!isQuantity(self.${side}.${resource})`,
  ]);
  return {
    rule: `${both.join(" || ")} || quantity(self.limits.${resource}).compareTo(quantity(self.requests.${resource})) >= 0`,
    message: `limits.${resource} is below requests.${resource}: raise the limit or lower the request`,
  };
}
