/** Objects that the API server takes, and objects that it refuses with the words that a user reads. */
import type { KubeObject } from "../../src/kernel/objects.ts";
import { classWith, flowWith, processWith } from "./api-server.ts";

const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const vantage = { name: "browser", url: "https://203.0.113.10:8443", caBundle: certificate };
const check = { name: "order", method: "POST", path: "/orders" };
const port = { name: "http", port: 8080 };
const amounts = (requests: object) => ({ process: { image: "shop:0.1.0", ports: [port], resources: { requests } } });
const withAmounts = (requests: object) => flowWith(amounts(requests));
const withStorage = (storage: string) => flowWith({ database: { engine: "Postgres", storage } });
const withRoute = (path: string) => flowWith({ routes: [{ path }] });
const withSubnet = (fields: object) => classWith({ subnets: [{ name: "a", ...fields }] });
const annotated = (key: string) => classWith({ edge: { annotations: { [key]: "x" } } });

export const good: Record<string, KubeObject> = {
  "a flow with a host, an image and a port": flowWith({ database: undefined }),
  "a flow with a database": flowWith(),
  "a flow in which everything is said": flowWith({
    className: "standard",
    aliases: ["www.example.test"],
    edges: [{ name: "main", scope: "Public", tls: { secretName: "shop-tls" } }],
    routes: [
      { path: "/", match: "Prefix", port: "http" },
      { path: "/", match: "Exact" },
    ],
    vmGroup: { min: 2, max: 10, targets: [{ resource: "cpu", utilization: 70 }], subnet: "public", spread: "Zone" },
    process: {
      image: "shop:0.1.0",
      ports: [
        { name: "http", port: 8080 },
        { name: "admin", port: 8081 },
      ],
      health: { path: "/healthz?deep=1", port: "admin" },
      workers: 2,
      threads: 4,
      command: ["node"],
      args: ["shop.mjs"],
      env: [
        { name: "A", value: "" },
        { name: "B", secret: { name: "keys", key: "b.key" } },
      ],
      imagePullSecrets: ["pull"],
      resources: { requests: { cpu: "0.5", memory: "64Mi" }, limits: { cpu: "1", memory: "1G" } },
      stopSeconds: 20,
    },
    database: { engine: "Postgres", version: "15", storage: "1Gi", subnet: "private", retention: "Delete" },
    checks: [
      { ...check, json: '{"item":"bar","quantity":1}', expect: { status: [201], within: "500ms" }, every: "1h" },
    ],
  }),
  "the least amounts, and paths with dots and escapes in their elements": flowWith({
    ...amounts({ cpu: "1m", memory: "1Mi" }),
    database: { engine: "Postgres", storage: "64Mi" },
    routes: [{ path: "/.well-known/..a/b./%7Eme" }, { path: "/a/" }],
  }),
  "the greatest amounts": flowWith({
    ...amounts({ cpu: "1000", memory: "12Ti" }),
    database: { engine: "Postgres", storage: "64Ti" },
  }),
  "amounts in fractions and in plain numbers": flowWith({
    ...amounts({ cpu: "0.125", memory: "134217728" }),
    database: { engine: "Postgres", storage: "1.5G" },
  }),
  "a flow whose name has forty characters": flowWith({}, "a".repeat(40)),
  "an empty class": classWith(),
  "a class in which everything is said": classWith({
    default: true,
    zones: ["example.test"],
    dns: { mode: "Delegated", ttlSeconds: 5 },
    edge: { ingressClassName: "traefik", annotations: { "example.com/arn": "a".repeat(200) } },
    subnets: [
      {
        name: "private",
        nodeSelector: { a: "b", [`${"a.".repeat(126)}a/${"N".repeat(63)}`]: "", "example.com/Team_1": "Blue.2" },
        tolerations: [
          { key: "a", operator: "Exists" },
          { key: "example.com/a", value: "b" },
        ],
      },
    ],
    engines: [{ engine: "Postgres", versions: [{ version: "15", image: "postgres:15" }] }],
    defaults: { min: 1, max: 3, databaseSubnet: "private", storage: "2Gi", limits: { memory: "1Gi" }, within: "1s" },
    probes: { round: "10s", control: "30s", isolation: "Required", publicLeg: "Reported" },
    vantages: [{ ...vantage, resolver: "203.0.113.53" }],
  }),
};

/** Each with the field that the message names, and what it says. */
export const bad: Record<string, [KubeObject, string, string]> = {
  "no host": [flowWith({ host: undefined }), "spec.host", "Required value"],
  "no process": [flowWith({ process: undefined }), "spec.process", "Required value"],
  "no image": [processWith({ image: undefined }), "spec.process.image", "Required value"],
  "no port": [processWith({ ports: [] }), "spec.process.ports", "should have at least 1 items"],
  "a number written as text": [flowWith({ vmGroup: { min: "two" } }), "spec.vmGroup.min", "must be of type integer"],
  "text written as a number": [
    flowWith({ database: { engine: "Postgres", version: 15 } }),
    "spec.database.version",
    "must be of type string",
  ],
  "a list where one is wanted": [flowWith({ host: ["a.test"] }), "spec.host", "must be of type string"],
  "a field that does not exist": [flowWith({ replicas: 3 }), "spec.replicas", "unknown field"],
  "a field that does not exist, deep": [
    processWith({ health: { paht: "/", path: "/" } }),
    "spec.process.health.paht",
    "unknown field",
  ],
  "a namespace": [flowWith({ namespace: "other" }), "spec.namespace", "unknown field"],
  "a host in capitals": [flowWith({ host: "Shop.example.test" }), "spec.host", "must be a host name in lower case"],
  "a host of one label": [flowWith({ host: "shop" }), "spec.host", "at least two labels"],
  "a host with a scheme": [flowWith({ host: "http://shop.example.test" }), "spec.host", "such as shop.example.test"],
  "a host with a dot at the end": [flowWith({ host: "shop.example.test." }), "spec.host", "no dot at the end"],
  "a host of the cluster": [
    flowWith({ host: "shop.default.svc.cluster.local" }),
    "spec.host",
    "use a name in a zone of your own",
  ],
  "an IPv4 address as host": [flowWith({ host: "10.0.0.1" }), "spec.host", "use a host name"],
  "an IPv6 address as host": [flowWith({ host: "fd00::1" }), "spec.host", "must be a host name"],
  "a host of 254 characters": [flowWith({ host: `${"a.".repeat(126)}aa` }), "spec.host", "may not be more than 253"],
  "an alias of the cluster": [
    flowWith({ aliases: ["a.cluster.local"] }),
    "spec.aliases[0]",
    "use a name in a zone of your own",
  ],
  "the host as an alias": [flowWith({ aliases: ["shop.example.test"] }), "spec.aliases", "remove it from aliases"],
  "two edges": [flowWith({ edges: [{ name: "a" }, { name: "b" }] }), "spec.edges", "must have at most 1 item"],
  "a scope we do not know": [
    flowWith({ edges: [{ name: "a", scope: "Everyone" }] }),
    "spec.edges[0].scope",
    'supported values: "Public"',
  ],
  "an internal edge, which nothing would make so": [
    flowWith({ edges: [{ name: "a", scope: "Internal" }] }),
    "spec.edges[0].scope",
    'supported values: "Public"',
  ],
  "a route to an unknown port": [
    flowWith({ routes: [{ path: "/", port: "admin" }] }),
    "spec.routes",
    "use one of its names",
  ],
  "a route without a slash": [flowWith({ routes: [{ path: "orders" }] }), "spec.routes[0].path", "must begin with '/'"],
  "a route with a query": [flowWith({ routes: [{ path: "/a?b" }] }), "spec.routes[0].path", "without query"],
  "a route with an empty element": [withRoute("/a//b"), "spec.routes[0].path", "write the path without them"],
  "a route through the same place": [withRoute("/./a"), "spec.routes[0].path", "which no Ingress takes"],
  "a route that goes up": [withRoute("/a/../b"), "spec.routes[0].path", "which no Ingress takes"],
  "a route that ends going up": [withRoute("/a/.."), "spec.routes[0].path", "such as /a/b"],
  "a route that ends in the same place": [withRoute("/."), "spec.routes[0].path", "such as /a/b"],
  "a route with a hidden slash": [withRoute("/a%2Fb"), "spec.routes[0].path", "'%2F'"],
  "a route with a hidden slash in lower case": [withRoute("/a%2fb"), "spec.routes[0].path", "'%2F'"],
  "one route twice": [
    flowWith({ routes: [{ path: "/" }, { path: "/", match: "Prefix" }] }),
    "spec.routes",
    "keep one of them",
  ],
  "min above max": [flowWith({ vmGroup: { min: 5, max: 2 } }), "spec.vmGroup.min", "lower min or raise max"],
  "no pods": [flowWith({ vmGroup: { min: 0 } }), "spec.vmGroup.min", "greater than or equal to 1"],
  "a target of 200 percent": [
    flowWith({ vmGroup: { targets: [{ resource: "cpu", utilization: 200 }] } }),
    "spec.vmGroup.targets[0].utilization",
    "less than or equal to 100",
  ],
  "one target twice": [
    flowWith({
      vmGroup: {
        targets: [
          { resource: "cpu", utilization: 2 },
          { resource: "cpu", utilization: 3 },
        ],
      },
    }),
    "spec.vmGroup.targets[1]",
    "Duplicate value",
  ],
  "an image with a space": [processWith({ image: "shop 1" }), "spec.process.image", "without spaces"],
  "a port below 1024": [
    processWith({ ports: [{ name: "http", port: 80 }] }),
    "spec.process.ports[0].port",
    "greater than or equal to 1024",
  ],
  "a port's name of digits": [
    processWith({ ports: [{ name: "80", port: 8080 }] }),
    "spec.process.ports[0].name",
    "at least one letter",
  ],
  "one port number twice": [
    processWith({
      ports: [
        { name: "a", port: 8080 },
        { name: "b", port: 8080 },
      ],
    }),
    "spec.process.ports",
    "keep one of them",
  ],
  "a health check of an unknown port": [
    processWith({ health: { path: "/", port: "admin" } }),
    "spec.process.health.port",
    "use one of its names",
  ],
  "a variable with value and secret": [
    processWith({ env: [{ name: "A", value: "b", secret: { name: "s", key: "k" } }] }),
    "spec.process.env[0]",
    "keep one of them",
  ],
  "a variable without either": [
    processWith({ env: [{ name: "A" }] }),
    "spec.process.env[0]",
    "exactly one of value and secret",
  ],
  "a variable's name with a dash": [
    processWith({ env: [{ name: "A-B", value: "" }] }),
    "spec.process.env[0].name",
    "such as LOG_LEVEL",
  ],
  "an amount of memory in words": [
    processWith({ resources: { requests: { memory: "much" } } }),
    "spec.process.resources.requests.memory",
    "such as 128Mi",
  ],
  "thousandths of a byte": [
    withAmounts({ memory: "128m" }),
    "spec.process.resources.requests.memory",
    "with k, M, G, T, Ki, Mi, Gi or Ti",
  ],
  "128 bytes of memory": [
    withAmounts({ memory: "128" }),
    "spec.process.resources.requests.memory",
    "must be from 1Mi to 12Ti: choose an amount between them",
  ],
  "more memory than a machine has": [
    withAmounts({ memory: "13Ti" }),
    "spec.process.resources.requests.memory",
    "must be from 1Mi to 12Ti",
  ],
  "no CPU": [withAmounts({ cpu: "0" }), "spec.process.resources.requests.cpu", "must be from 1m to 1000"],
  "more CPU than a machine has": [
    withAmounts({ cpu: "1001" }),
    "spec.process.resources.requests.cpu",
    "must be from 1m to 1000",
  ],
  "CPU in bytes": [withAmounts({ cpu: "1Gi" }), "spec.process.resources.requests.cpu", "such as 0.5 or 100m"],
  "CPU in millionths": [withAmounts({ cpu: "0.0005" }), "spec.process.resources.requests.cpu", "such as 0.5 or 100m"],
  "no storage": [withStorage("0"), "spec.database.storage", "must be from 64Mi to 64Ti"],
  "storage in thousandths of a byte": [withStorage("1000m"), "spec.database.storage", "such as 10Gi"],
  "storage that no database fits into": [withStorage("63Mi"), "spec.database.storage", "must be from 64Mi to 64Ti"],
  "more storage than a volume has": [withStorage("65Ti"), "spec.database.storage", "must be from 64Mi to 64Ti"],
  "a limit below the request": [
    processWith({ resources: { requests: { cpu: "1" }, limits: { cpu: "500m" } } }),
    "spec.process.resources",
    "raise the limit or lower the request",
  ],
  "an engine we do not know": [
    flowWith({ database: { engine: "MySQL" } }),
    "spec.database.engine",
    'supported values: "Postgres"',
  ],
  "a version in words": [
    flowWith({ database: { engine: "Postgres", version: "latest" } }),
    "spec.database.version",
    'such as "15"',
  ],
  "a retention we do not know": [
    flowWith({ database: { engine: "Postgres", retention: "Burn" } }),
    "spec.database.retention",
    "supported values",
  ],
  "a check with two bodies": [
    flowWith({ checks: [{ ...check, json: "{}", form: "a=b" }] }),
    "spec.checks[0]",
    "remove one",
  ],
  "a GET with a body": [
    flowWith({ checks: [{ name: "a", path: "/", json: "{}" }] }),
    "spec.checks[0]",
    "set method, or remove the body",
  ],
  "a time without a unit": [
    flowWith({ checks: [{ ...check, every: "10" }] }),
    "spec.checks[0].every",
    "such as 500ms or 10m",
  ],
  "a check that is asked ten times a second": [
    flowWith({ checks: [{ ...check, every: "100ms" }] }),
    "spec.checks[0].every",
    "must be from 1s to 168h",
  ],
  "a round of a thousand hours": [
    classWith({ probes: { round: "1000h" } }),
    "spec.probes.round",
    "must be from 1s to 1h",
  ],
  "a status code of 99": [
    flowWith({ checks: [{ ...check, expect: { status: [99] } }] }),
    "spec.checks[0].expect.status[0]",
    "greater than or equal to 100",
  ],
  "a name of 41 characters": [flowWith({}, "a".repeat(41)), "metadata.name", "choose a shorter name"],
  "a name beginning with a digit": [flowWith({}, "1shop"), "metadata.name", "beginning with a letter"],
  "a name with a dot": [flowWith({}, "shop.one"), "metadata.name", "such as shop"],
  "a class with a zone of the cluster": [classWith({ zones: ["cluster.local"] }), "spec.zones[0]", "zone of your own"],
  "a class whose default subnet is not there": [
    classWith({ defaults: { subnet: "public" } }),
    "spec",
    "use one of its names",
  ],
  "a class with min above max": [
    classWith({ defaults: { min: 3, max: 2 } }),
    "spec.defaults.min",
    "lower min or raise max",
  ],
  "a vantage without TLS": [
    classWith({ vantages: [{ ...vantage, url: "http://203.0.113.10" }] }),
    "spec.vantages[0].url",
    "must be https://",
  ],
  "a vantage without a certificate": [
    classWith({ vantages: [{ ...vantage, caBundle: "none" }] }),
    "spec.vantages[0].caBundle",
    "PEM",
  ],
  "a vantage whose resolver is a name": [
    classWith({ vantages: [{ ...vantage, resolver: "dns.example.test" }] }),
    "spec.vantages[0].resolver",
    "must be an IP address",
  ],
  "a toleration that exists with a value": [
    classWith({ subnets: [{ name: "a", tolerations: [{ key: "a", operator: "Exists", value: "b" }] }] }),
    "spec.subnets[0].tolerations[0]",
    "remove value",
  ],
  "a node label that begins with a dash": [
    withSubnet({ nodeSelector: { "-a": "b" } }),
    "spec.subnets[0].nodeSelector",
    "each label's key must be a name of at most 63 letters",
  ],
  "a node label whose domain has an empty part": [
    withSubnet({ nodeSelector: { "a..b/c": "d" } }),
    "spec.subnets[0].nodeSelector",
    "such as example.com/team",
  ],
  "a node label whose name is too long": [
    withSubnet({ nodeSelector: { ["a".repeat(64)]: "b" } }),
    "spec.subnets[0].nodeSelector",
    "at most 63 letters",
  ],
  "a node label whose domain is too long": [
    withSubnet({ nodeSelector: { [`${"a.".repeat(127)}a/b`]: "c" } }),
    "spec.subnets[0].nodeSelector",
    "such as example.com/team",
  ],
  "a node label with a space in its value": [
    withSubnet({ nodeSelector: { a: "b c" } }),
    "spec.subnets[0].nodeSelector[a]",
    "must be empty, or letters",
  ],
  "a taint's key with two slashes": [
    withSubnet({ tolerations: [{ key: "a/b/c" }] }),
    "spec.subnets[0].tolerations[0].key",
    "such as example.com/team",
  ],
  "a taint's value with a slash": [
    withSubnet({ tolerations: [{ key: "a", value: "b/c" }] }),
    "spec.subnets[0].tolerations[0].value",
    "such as blue",
  ],
  "an annotation without a name": [annotated("example.com/"), "spec.edge.annotations", "such as example.com/team"],
  "an annotation whose key goes on and on": [
    annotated("a".repeat(100_000)),
    "spec.edge.annotations",
    "each annotation's key must be a name",
  ],
  "default storage of nothing": [
    classWith({ defaults: { storage: "0Gi" } }),
    "spec.defaults.storage",
    "must be from 64Mi to 64Ti",
  ],
  "a default limit in thousandths of a byte": [
    classWith({ defaults: { limits: { memory: "256m" } } }),
    "spec.defaults.limits.memory",
    "such as 128Mi",
  ],
  "a class with a dot in its name": [classWith({}, "a.b"), "metadata.name", "choose another name"],
};

const database = (fields: object) =>
  flowWith({ database: { engine: "Postgres", version: "15", storage: "2Gi", subnet: "private", ...fields } });

/** From one object to the next, and the refusal if there is to be one. */
export const changes: Record<string, [KubeObject, KubeObject, string | undefined]> = {
  "another host": [flowWith(), flowWith({ host: "b.example.test" }), undefined],
  "a database added": [flowWith({ database: undefined }), database({}), undefined],
  "a database removed": [database({}), flowWith({ database: undefined }), undefined],
  "a version and a size said that were not said": [
    database({ version: undefined, storage: undefined }),
    database({}),
    undefined,
  ],
  "more storage, in another unit": [database({}), database({ storage: "3072Mi" }), undefined],
  "less storage": [database({}), database({ storage: "2047Mi" }), "database.storage can only grow"],
  "storage no longer said": [database({}), database({ storage: undefined }), "database.storage can only grow"],
  "another version": [database({}), database({ version: "16" }), "database.version cannot change"],
  "a version no longer said": [database({}), database({ version: undefined }), "database.version cannot change"],
  "another subnet": [database({}), database({ subnet: "public" }), "database.subnet cannot change"],
  "a subnet said that was not said": [database({ subnet: undefined }), database({}), "database.subnet cannot change"],
  "a subnet no longer said": [database({}), database({ subnet: undefined }), "database.subnet cannot change"],
  "another storage class": [
    database({}),
    database({ storageClassName: "fast" }),
    "database.storageClassName cannot change",
  ],
};
