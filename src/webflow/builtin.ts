/** What holds where neither the flow nor its class says anything. The only place that names a default value. */
import type { WebFlowClassSpec } from "./class-schema.ts";

export const builtin = {
  min: 2,
  max: 4,
  target: { resource: "cpu", utilization: 70 },
  requests: { cpu: "100m", memory: "128Mi" },
  limits: { memory: "256Mi" },
  stopSeconds: 30,
  storage: "1Gi",
  within: "2s",
  round: "10s",
  control: "10m",
  writeEvery: "1h",
  ttlSeconds: 5,
} as const;

/** Engines by the official images' documented contract, the default version first. */
export const builtinEngines: NonNullable<WebFlowClassSpec["engines"]> = [
  {
    engine: "Postgres",
    versions: ["15", "16", "17", "18"].map((version) => ({ version, image: `postgres:${version}` })),
  },
];
