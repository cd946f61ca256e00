/** What the kubelet and Prometheus ask, on the plain port: nothing about any flow's content but its metrics. */
import type { Express } from "express";
import type { Registry } from "prom-client";
import { closeApp, newApp, onlyGet } from "./replies.ts";

export interface PlainOptions {
  registry: Pick<Registry, "metrics" | "contentType">;
  /** Whether this process can do its work: its caches are synced. A standby is ready as well. */
  ready: () => { ok: boolean; reasons: string[] };
  /** Set right before each scrape, where a gauge is told rather than counted. */
  beforeScrape?: () => void;
}

export function plainApp({ registry, ready, beforeScrape }: PlainOptions): Express {
  const app = newApp();
  app
    .route("/healthz")
    .get((_request, response) => void response.json({ ok: true }))
    .all(onlyGet);
  app
    .route("/readyz")
    .get((_request, response) => {
      const { ok, reasons } = ready();
      response.status(ok ? 200 : 503).json({ ok, reasons });
    })
    .all(onlyGet);
  app
    .route("/metrics")
    .get(async (_request, response) => {
      beforeScrape?.();
      const text = await registry.metrics();
      response.set("content-type", registry.contentType).send(text);
    })
    .all(onlyGet);
  closeApp(app, "/healthz, /readyz or /metrics");
  return app;
}
