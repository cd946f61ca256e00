/** What every answer of ours looks like: JSON, never kept by anybody, and errors that say what to do. */
import type { NextFunction, Request, RequestHandler, Response } from "express";
import express, { type Express } from "express";

export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.headers = headers;
  }
}

export function newApp(): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");
  app.use((_request: Request, response: Response, next: NextFunction) => {
    response.set({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    next();
  });
  return app;
}

/** Any other method on a path that exists. */
export const onlyGet: RequestHandler = (request) => {
  throw new Refusal(405, `${request.method} does nothing here: use GET`, { allow: "GET, HEAD" });
};

/** Put last: what no path took, and what any of them threw. */
export function closeApp(app: Express, paths: string): void {
  app.use(() => {
    throw new Refusal(404, `nothing is here: ask ${paths}`);
  });
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error);
    const refusal = asRefusal(error);
    response.status(refusal.status).set(refusal.headers).json({ error: refusal.message });
  });
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  // Express's own, such as a path that cannot be decoded.
  const status = (error as { status?: unknown } | null)?.status;
  if (typeof status === "number" && status >= 400 && status < 500)
    return new Refusal(status, "the request cannot be read: check its path");
  return new Refusal(500, "something went wrong here: see the operator's log");
}
