/** The routing rules of a flow with every choice made. */
import type { WebFlowSpec } from "./schema.ts";
import type { Flow } from "./types.ts";

export function routesOf(spec: WebFlowSpec): Flow["routes"] {
  const port = spec.process.ports[0]?.name ?? "";
  if (spec.routes === undefined) return [{ path: "/", match: "Prefix", port }];
  return spec.routes.map((route) => ({ path: route.path, match: route.match ?? "Prefix", port: route.port ?? port }));
}
