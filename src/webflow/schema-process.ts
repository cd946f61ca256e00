/** The process that serves. */
import { type Static, Type } from "typebox";
import {
  amounts,
  asSet,
  atomic,
  image,
  label,
  limitAboveRequest,
  mapBy,
  portName,
  rules,
  shaped,
  urlPath,
} from "./schema-parts.ts";

const Port = Type.Object(
  {
    name: portName("Name of the port, used by routes and checks."),
    port: Type.Integer({ description: "TCP port the process listens on.", minimum: 1024, maximum: 65535 }),
  },
  {
    description:
      "A port that the process listens on. Ports below 1024 need a privilege that restricted pods do not have.",
  },
);

const Health = Type.Object(
  {
    path: urlPath("Path that answers 2xx or 3xx to GET when the process can serve. Example: /healthz.", 256),
    port: Type.Optional(portName("Name of the port asked. Default: the first port.")),
  },
  { description: "How readiness is asked. Absent: a TCP connection to the first port." },
);

const SecretKey = Type.Object(
  {
    name: label("Name of a Secret in the WebFlow's namespace.", 253),
    key: shaped(
      "Key in the Secret.",
      { max: 253 },
      { pattern: "^[-._a-zA-Z0-9]+$", message: "must be letters, digits, '-', '_' and '.', such as password" },
    ),
  },
  { description: "A value kept in a Secret; the operator names it and never reads it." },
);

const EnvVar = Type.Object(
  {
    name: shaped(
      "Name of the variable.",
      { max: 128 },
      {
        pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
        message: "must be letters, digits and '_', not beginning with a digit, such as LOG_LEVEL",
      },
    ),
    value: Type.Optional(Type.String({ description: "Its value, taken literally.", maxLength: 4096 })),
    secret: Type.Optional(SecretKey),
  },
  {
    description: "An environment variable of the process: exactly one of value and secret.",
    ...rules([
      {
        rule: "has(self.value) != has(self.secret)",
        message: "env needs exactly one of value and secret: keep one of them",
      },
    ]),
  },
);

const Resources = Type.Object(
  {
    requests: Type.Optional(amounts("What a pod is given at least; the autoscaler measures against it.")),
    limits: Type.Optional(amounts("What a pod may use at most.")),
  },
  {
    description:
      "What a pod asks for and may use at most. Default: the class's, else requests of 100m and 128Mi, and a memory limit of 256Mi.",
    ...rules([limitAboveRequest("cpu"), limitAboveRequest("memory")]),
  },
);

export const Process = Type.Object(
  {
    image: image("Container image of the web service."),
    ports: Type.Array(Port, {
      description: "Ports the process listens on; the first is the main one.",
      minItems: 1,
      maxItems: 8,
      ...mapBy("name"),
    }),
    health: Type.Optional(Health),
    workers: Type.Optional(
      Type.Integer({
        description:
          "Worker processes in a pod, told to the process as WEB_CONCURRENCY. Counted as a fact only when declared.",
        minimum: 1,
        maximum: 256,
      }),
    ),
    threads: Type.Optional(
      Type.Integer({
        description: "Threads in a worker, told to the process as WEB_THREADS. Counted as a fact only when declared.",
        minimum: 1,
        maximum: 1024,
      }),
    ),
    command: Type.Optional(
      Type.Array(Type.String({ description: "One word of the command.", maxLength: 1024 }), {
        description: "Replaces the image's entrypoint.",
        maxItems: 64,
        ...atomic,
      }),
    ),
    args: Type.Optional(
      Type.Array(Type.String({ description: "One argument.", maxLength: 1024 }), {
        description: "Replaces the image's arguments.",
        maxItems: 64,
        ...atomic,
      }),
    ),
    env: Type.Optional(
      Type.Array(EnvVar, {
        description:
          "Environment variables of the process. Those that WebFlow sets (PG*, DATABASE_URL, PORT, WEB_CONCURRENCY, WEB_THREADS, WEBFLOW_*) win.",
        maxItems: 64,
        ...mapBy("name"),
      }),
    ),
    imagePullSecrets: Type.Optional(
      Type.Array(label("Name of a Secret in the WebFlow's namespace that the image is pulled with.", 253), {
        description: "Secrets that the image is pulled with.",
        maxItems: 8,
        ...asSet,
      }),
    ),
    resources: Type.Optional(Resources),
    stopSeconds: Type.Optional(
      Type.Integer({
        description:
          "Seconds the process may take to finish what it has begun after SIGTERM. Default: the class's, else 30.",
        minimum: 1,
        maximum: 600,
      }),
    ),
  },
  {
    description: "The process that serves: image, ports, health and means.",
    ...rules([
      {
        rule: "!has(self.health) || !has(self.health.port) || self.ports.exists(p, p.name == self.health.port)",
        message: "process.health.port names a port that process.ports does not list: use one of its names",
        fieldPath: ".health.port",
      },
      {
        rule: "self.ports.all(p, self.ports.filter(o, o.port == p.port).size() == 1)",
        message: "process.ports lists the same port number twice: keep one of them, routes may share it",
        fieldPath: ".ports",
      },
    ]),
  },
);

export type EnvVar = Static<typeof EnvVar>;
export type Resources = Static<typeof Resources>;
