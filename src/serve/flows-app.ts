/**
 * The paths as JSON, for those who may `get` them: GET /flows and GET /flows/NAMESPACE/NAME, with `?fresh=1` after a
 * round of questions. The leader answers; a standby hands on to it, once, with the caller's own token.
 */
import type { Express, Request, Response } from "express";
import type { Clock } from "../kernel/run/clock.ts";
import { Access, bearerOf, type Reviews } from "./access.ts";
import type { FlowView } from "./flow-view.ts";
import { type HandOn, handedOnHeader } from "./hand-on.ts";
import { closeApp, newApp, onlyGet, Refusal } from "./replies.ts";

export interface FlowsOptions extends Reviews {
  clock: Clock;
  /** Who leads; without a URL, nobody does at the moment. */
  leader: () => { self: boolean; url?: string };
  flows: () => FlowView[];
  flow: (namespace: string, name: string) => FlowView | undefined;
  /** After a round of questions; undefined when the flow has gone. */
  fresh: (namespace: string, name: string) => Promise<FlowView | undefined>;
  handOn: HandOn;
}

export function flowsApp(options: FlowsOptions): Express {
  const access = new Access(options, options.clock);
  const app = newApp();
  app
    .route("/flows")
    .get(async (request, response) => {
      if (await handedOn(request, response, "/flows", options)) return;
      const user = await access.user(request.headers.authorization);
      response.json({ flows: await access.among(user, options.flows()) });
    })
    .all(onlyGet);
  app
    .route("/flows/:namespace/:name")
    .get(async (request, response) => {
      const { namespace, name } = request.params;
      if (!isName(namespace) || !isName(name))
        throw new Refusal(404, "namespace and name are names of Kubernetes objects: check them");
      const isFresh = request.query.fresh === "1";
      if (await handedOn(request, response, `/flows/${namespace}/${name}${isFresh ? "?fresh=1" : ""}`, options)) return;
      const user = await access.user(request.headers.authorization);
      if (!(await access.mayGet(user, namespace, name))) {
        throw new Refusal(
          403,
          `you may not get webflows.webflow.dev "${name}" in namespace "${namespace}": ask for that right`,
        );
      }
      const view = isFresh ? await options.fresh(namespace, name) : options.flow(namespace, name);
      if (view === undefined) throw new Refusal(404, `there is no WebFlow "${name}" in namespace "${namespace}"`);
      response.json(view);
    })
    .all(onlyGet);
  closeApp(app, "/flows or /flows/NAMESPACE/NAME");
  return app;
}

const isName = (text: string) => /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/.test(text);

async function handedOn(
  request: Request,
  response: Response,
  path: string,
  { leader, handOn }: FlowsOptions,
): Promise<boolean> {
  const { self, url } = leader();
  if (self) return false;
  const token = bearerOf(request.headers.authorization);
  const again = { "retry-after": "2" };
  if (request.headers[handedOnHeader] !== undefined) throw new Refusal(503, "the leader is changing: try again", again);
  if (url === undefined) throw new Refusal(503, "no operator leads at the moment: try again", again);
  const reply = await handOn({ url, path, token }).catch(() => {
    throw new Refusal(503, "the leader could not be reached: try again", again);
  });
  response.status(reply.status).type("application/json").send(reply.body);
  return true;
}
