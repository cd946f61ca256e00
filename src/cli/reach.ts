/**
 * How the CLI comes to a path: from the leader's /flows through a port-forward to the pod's own loopback, with the
 * kubeconfig's token or one asked for the reader's ServiceAccount; else from the object's status, with its age.
 */
import { request } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { CoordinationV1Api, CoreV1Api, CustomObjectsApi, type KubeConfig, PortForward } from "@kubernetes/client-node";
import { type FlowView, flowView } from "../serve/flow-view.ts";
import type { WebFlow } from "../webflow/types.ts";

export interface Reach {
  kube: KubeConfig;
  /** Namespace of the operator. */
  operator: string;
  localPort: number;
}

export interface Wanted {
  namespace: string;
  name: string;
}

/** Why the leader could not be asked: shown beside the status, never hidden. */
export interface Found {
  view: FlowView;
  fallback: string | undefined;
}

export class NotFound extends Error {}

export async function findPath(reach: Reach, wanted: Wanted): Promise<Found> {
  const raw = await readFlow(reach.kube, wanted);
  try {
    return { view: await askLeader(reach, wanted), fallback: undefined };
  } catch (error) {
    return { view: fromStatus(raw), fallback: error instanceof Error ? error.message : String(error) };
  }
}

async function readFlow(kube: KubeConfig, { namespace, name }: Wanted): Promise<WebFlow> {
  try {
    const api = kube.makeApiClient(CustomObjectsApi);
    const where = { group: "webflow.dev", version: "v1alpha1", namespace, plural: "webflows", name };
    return (await api.getNamespacedCustomObject(where)) as WebFlow;
  } catch (error) {
    if (statusOf(error) === 404) {
      throw new NotFound(
        `there is no WebFlow ${name} in namespace ${namespace}: see kubectl get webflows --all-namespaces, or name another with -n`,
      );
    }
    throw error;
  }
}

const statusOf = (error: unknown): number | undefined =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "number"
    ? error.code
    : undefined;

/** The status is as old as its newest word; no word at all is as old as the object. */
function fromStatus(raw: WebFlow): FlowView {
  const times = [
    ...(raw.status?.hops ?? []).map((hop) => hop.since),
    ...(raw.status?.conditions ?? []).map((condition) => condition.lastTransitionTime),
    raw.metadata.creationTimestamp ?? new Date(0).toISOString(),
  ];
  const asOf = times.sort().at(-1) ?? new Date(0).toISOString();
  return flowView(raw, raw.status, { asOf, source: "status", millis: () => null });
}

async function askLeader(reach: Reach, { namespace, name }: Wanted): Promise<FlowView> {
  const pod = await leaderPod(reach);
  const token = await bearerToken(reach);
  const forward = await openForward(reach, pod);
  try {
    return await fetchView(forward.port, `/flows/${namespace}/${name}?fresh=1`, token);
  } finally {
    forward.close();
  }
}

async function leaderPod({ kube, operator }: Reach): Promise<string> {
  const lease = await kube
    .makeApiClient(CoordinationV1Api)
    .readNamespacedLease({ name: "webflow-operator", namespace: operator });
  const holder = lease.spec?.holderIdentity ?? "";
  if (holder === "") throw new Error("no operator leads at the moment");
  return holder.split("_")[0] ?? holder;
}

/** A kubeconfig that signs in with a certificate has no token to show: one is asked for the reader's ServiceAccount. */
async function bearerToken({ kube, operator }: Reach): Promise<string> {
  const own = kube.getCurrentUser()?.token;
  if (own !== undefined && own !== "") return own;
  const answer = await kube.makeApiClient(CoreV1Api).createNamespacedServiceAccountToken({
    name: "webflow-viewer",
    namespace: operator,
    body: { spec: { audiences: [], expirationSeconds: 600 } },
  });
  if (answer.status?.token === undefined) throw new Error("no token was given for the ServiceAccount webflow-viewer");
  return answer.status.token;
}

interface Forward {
  port: number;
  close(): void;
}

function openForward({ kube, operator, localPort }: Reach, pod: string): Promise<Forward> {
  const forwarder = new PortForward(kube);
  const open = new Set<Socket>();
  // An orderly close waits for the API server's side of it, and the command would wait with it.
  const streams = new Set<{ terminate(): void }>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => socket.destroy());
    forwarder.portForward(operator, pod, [localPort], socket, null, socket).then(
      (stream) => {
        const opened = typeof stream === "function" ? stream() : stream;
        if (opened !== null) streams.add(opened);
      },
      () => socket.destroy(),
    );
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      resolve({
        port,
        close: () => {
          for (const socket of open) socket.destroy();
          for (const stream of streams) stream.terminate();
          server.close();
        },
      });
    });
  });
}

function fetchView(port: number, path: string, token: string): Promise<FlowView> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port, path, headers: { authorization: `Bearer ${token}` }, timeout: 20_000 },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("end", () => {
          const text = Buffer.concat(parts).toString("utf8");
          if (answer.statusCode === 200) resolve(JSON.parse(text) as FlowView);
          else reject(new Error(`the leader answered ${answer.statusCode}: ${text.slice(0, 300)}`));
        });
        answer.on("error", reject);
      },
    );
    asked.on("timeout", () => asked.destroy(new Error("the leader did not answer within 20 s")));
    asked.on("error", reject);
    asked.end();
  });
}
