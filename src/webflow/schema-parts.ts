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

interface QuantityKind {
  pattern: string;
  /** The shape in words, with an example. */
  shape: string;
  least: string;
  most: string;
}

/** A Kubernetes quantity as a string, between two others. */
function quantity(description: string, { pattern, shape, least, most }: QuantityKind) {
  const within = `quantity(self).compareTo(quantity('${least}')) >= 0 && quantity(self).compareTo(quantity('${most}')) <= 0`;
  return Type.String({
    description,
    minLength: 1,
    maxLength: 24,
    ...rules([
      matches(pattern, shape),
      {
        rule: `!self.matches('${pattern}') || (${within})`,
        message: `must be from ${least} to ${most}: choose an amount between them`,
      },
    ]),
  });
}

const cpu = (description: string) =>
  quantity(description, {
    pattern: "^([0-9]+m|[0-9]+([.][0-9]{1,3})?)$",
    shape: "must be a number of cores, or of thousandths with m, such as 0.5 or 100m",
    least: "1m",
    most: "1000",
  });

/** Without `m`: thousandths of a byte are never meant. */
const bytes = (description: string, example: string, between: Pick<QuantityKind, "least" | "most">) =>
  quantity(description, {
    pattern: "^[0-9]+(([.][0-9]{1,3})?(k|M|G|T|Ki|Mi|Gi|Ti))?$",
    shape: `must be a number of bytes, with k, M, G, T, Ki, Mi, Gi or Ti, such as ${example}`,
    ...between,
  });

const memory = (description: string) => bytes(description, "128Mi", { least: "1Mi", most: "12Ti" });

/** An empty PostgreSQL takes 40 MB. */
export const storage = (description: string) => bytes(description, "10Gi", { least: "64Mi", most: "64Ti" });

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

/** The path of a URL with its query. */
export function urlPath(description: string, maxLength: number) {
  return shaped(
    description,
    { max: maxLength },
    {
      pattern: "^/[!-~]*$",
      message: "must begin with '/' and have no spaces or control characters, such as /orders?limit=1",
    },
  );
}

/** The path of a URL as an Ingress takes it: the API server refuses there what proxies read in different ways. */
export function routePath(description: string) {
  return Type.String({
    description,
    minLength: 1,
    maxLength: 256,
    ...rules([
      matches(
        "^/[A-Za-z0-9/._~!$&'()*+,;=:@%-]*$",
        "must begin with '/' and be the path of a URL without query or fragment, such as /orders",
      ),
      {
        rule: "!self.matches('//|/[.][.]?(/|$)|%2[fF]')",
        message:
          "has '//', '%2F', or '.' or '..' between slashes, which no Ingress takes: write the path without them, such as /a/b",
      },
    ]),
  });
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

const domainPart = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const labelKeyPattern = `^(${domainPart}([.]${domainPart})*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`;
const labelKeyShape =
  "must be a name of at most 63 letters, digits, '-', '_' and '.', after a domain in lower case and '/' if any, such as example.com/team";

/** The size first: a key of a map has no greatest length of its own, and the pattern is not to be tried on a long one. */
const isLabelKey = (text: string) =>
  `${text}.size() <= 317 && ${text}.indexOf('/') <= 253 && ${text}.matches('${labelKeyPattern}')`;

/** The key of a label, an annotation or a taint. */
export function labelKey(description: string) {
  const rule = { rule: isLabelKey("self"), message: labelKeyShape };
  return Type.String({ description, minLength: 1, maxLength: 317, ...rules([rule]) });
}

const labelText = {
  type: "string",
  maxLength: 63,
  ...rules([
    matches(
      "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
      "must be empty, or letters, digits, '-', '_' and '.', beginning and ending with a letter or digit, such as blue",
    ),
  ]),
};

/** The value of a label or a taint. */
export const labelValue = (description: string) => Type.Unsafe<string>({ ...labelText, description });

interface MapKind {
  of: "annotation" | "label";
  max: number;
  value: object;
}

function map(description: string, { of, max, value }: MapKind) {
  return Type.Unsafe<Record<string, string>>({
    type: "object",
    description,
    maxProperties: max,
    additionalProperties: value,
    ...rules([{ rule: `self.all(k, ${isLabelKey("k")})`, message: `each ${of}'s key ${labelKeyShape}` }]),
  });
}

export const labels = (description: string) => map(description, { of: "label", max: 16, value: labelText });

export const annotations = (description: string) =>
  map(description, { of: "annotation", max: 32, value: { type: "string", maxLength: 1024 } });

export function amounts(description: string) {
  return Type.Object(
    {
      cpu: Type.Optional(cpu("CPU, in cores or thousandths. Example: 100m.")),
      memory: Type.Optional(memory("Memory, in bytes with a unit. Example: 128Mi.")),
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
