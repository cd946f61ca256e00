/** The operator's own face: health and metrics in plain, /flows over TLS and on the pod's own loopback. */
import { createServer as createPlain, type Server } from "node:http";
import { createServer as createTls } from "node:https";
import type { Express } from "express";
import type { Config } from "../config.ts";
import type { Client } from "../kernel/client.ts";
import { pathOf } from "../kernel/objects.ts";
import { keepRenewed, type Renewal, secureContext } from "../probe/renewal.ts";
import type { Reviews, User } from "../serve/access.ts";
import * as kinds from "../webflow/kinds.ts";

/** TokenReview and SubjectAccessReview: who asks, and whether the API server would let them `get` that WebFlow. */
export function reviews(client: Client): Reviews {
  return {
    review: async (token) => {
      const body = { apiVersion: kinds.TokenReview.apiVersion, kind: kinds.TokenReview.kind, spec: { token } };
      const answer = (await client.raw("POST", pathOf(kinds.TokenReview), body)) as {
        status?: { authenticated?: boolean; user?: User };
      };
      return answer.status?.authenticated === true ? answer.status.user : undefined;
    },
    allowed: async (user, namespace, name) => {
      const resourceAttributes = { group: "webflow.dev", resource: "webflows", verb: "get", namespace, name };
      const { username, uid, groups, extra } = user;
      const body = {
        apiVersion: kinds.SubjectAccessReview.apiVersion,
        kind: kinds.SubjectAccessReview.kind,
        spec: { user: username, uid, groups, extra, resourceAttributes },
      };
      const answer = (await client.raw("POST", pathOf(kinds.SubjectAccessReview), body)) as {
        status?: { allowed?: boolean };
      };
      return answer.status?.allowed === true;
    },
  };
}

export interface Faces extends Renewal {
  plain: Express;
  flows: Express;
}

/** Listens on all three; the result closes them. */
export async function openFaces(config: Config, faces: Faces): Promise<() => Promise<void>> {
  const tls = createTls(secureContext(faces.certificate(), faces.key()), faces.flows);
  const servers = [
    await listen(createPlain(faces.plain), config.plainPort),
    await listen(tls, config.tlsPort),
    await listen(createPlain(faces.flows), config.localPort, "127.0.0.1"),
  ];
  // Standbys pin what the file says now.
  const stopRenewing = keepRenewed(tls, faces);
  return async () => {
    stopRenewing();
    await Promise.all(servers.map(close));
  };
}

function listen(server: Server, port: number, host?: string): Promise<Server> {
  server.requestTimeout = 30_000;
  server.headersTimeout = 10_000;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  server.closeIdleConnections();
  const late = setTimeout(() => server.closeAllConnections(), 2000);
  return new Promise((resolve) =>
    server.close(() => {
      clearTimeout(late);
      resolve();
    }),
  );
}
