/** What a platform has to build on: subnets, database engines and vantages. */
import { type Static, Type } from "typebox";
import { atomic, choice, image, label, labelKey, labels, labelValue, mapBy, rules, shaped } from "./schema-parts.ts";

const Toleration = Type.Object(
  {
    key: labelKey("Key of the taint."),
    operator: Type.Optional(choice(["Exists", "Equal"], "How the value is compared. Default: Equal.")),
    value: Type.Optional(labelValue("Value of the taint.")),
    effect: Type.Optional(choice(["NoSchedule", "PreferNoSchedule", "NoExecute"], "Effect tolerated. Default: all.")),
  },
  {
    description: "A taint that pods of the subnet bear.",
    ...rules([
      {
        rule: "!has(self.value) || !has(self.operator) || self.operator == 'Equal'",
        message: "a toleration with operator Exists has no value: remove value, or set operator to Equal",
      },
    ]),
  },
);

export const Subnet = Type.Object(
  {
    name: label("Name that WebFlows use."),
    nodeSelector: Type.Optional(labels("Labels of the subnet's nodes.")),
    tolerations: Type.Optional(
      Type.Array(Toleration, {
        description: "Taints of the subnet's nodes that its pods bear.",
        maxItems: 8,
        ...atomic,
      }),
    ),
  },
  { description: "A named set of nodes." },
);

const EngineVersion = Type.Object(
  {
    version: shaped(
      "Major version.",
      { max: 16 },
      { pattern: "^[0-9]+([.][0-9]+)?$", message: 'must be a major version in quotes, such as "15"' },
    ),
    image: image(
      "Image that runs it; it must keep the official image's contract (entrypoint, environment, user, data path).",
    ),
  },
  { description: "A version on offer." },
);

export const Engine = Type.Object(
  {
    engine: choice(["Postgres"], "Kind of database."),
    versions: Type.Array(EngineVersion, {
      description: "Versions on offer, the default first.",
      minItems: 1,
      maxItems: 16,
      ...mapBy("version"),
    }),
  },
  { description: "A database engine on offer." },
);

export const Vantage = Type.Object(
  {
    name: label("Name of the vantage, shown in facts."),
    url: shaped(
      "Where the prober outside answers. Example: https://203.0.113.10:8443.",
      { max: 256 },
      {
        pattern: "^https://[^/?#@\\s]+$",
        message: "must be https:// with a host and a port and no path, such as https://203.0.113.10:8443",
      },
    ),
    caBundle: shaped(
      "The prober's own certificate, PEM, which it must show (pinned).",
      { max: 16384 },
      {
        pattern: "^\\s*-----BEGIN CERTIFICATE-----",
        message: "must be a certificate in PEM form: put the content of the prober's tls.crt here",
      },
    ),
    resolver: Type.Optional(
      Type.String({
        description:
          "Address of the DNS resolver that clients there use. Example: 203.0.113.53. Absent: a client's resolver is not asked.",
        minLength: 1,
        maxLength: 45,
        ...rules([{ rule: "isIP(self)", message: "must be an IP address, such as 203.0.113.53" }]),
      }),
    ),
  },
  { description: "A place outside the cluster from which the public leg is asked." },
);

export type Subnet = Static<typeof Subnet>;
export type Vantage = Static<typeof Vantage>;
