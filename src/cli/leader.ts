/**
 * The leader asked from outside: who it is by the Lease, and its /flows through a port-forward to the pod's own loopback,
 * with the kubeconfig's token or one asked for the reader's ServiceAccount.
 */
import { request } from "node:http";
import type { RequestOptions } from "node:https";
import { CoordinationV1Api, CoreV1Api, type KubeConfig, type V1Lease } from "@kubernetes/client-node";
import type { FlowView } from "../serve/flow-view.ts";
import type { OpenForward } from "./forward.ts";

export interface Reach {
  kube: KubeConfig;
  /** Namespace of the operator. */
  operator: string;
  localPort: number;
  forward: OpenForward;
}

export interface Wanted {
  namespace: string;
  name: string;
}

export interface Leading {
  pod: string;
  /** The Lease has not run out, as far as our clock and the cluster's agree: somebody keeps the status. */
  current: boolean;
}

export async function leading({ kube, operator }: Reach, now: number): Promise<Leading> {
  const api = kube.makeApiClient(CoordinationV1Api);
  const lease = await api.readNamespacedLease({ name: "webflow-operator", namespace: operator });
  const holder = lease.spec?.holderIdentity ?? "";
  if (holder === "") throw new Error("no operator leads at the moment");
  return { pod: holder.split("_")[0] ?? holder, current: now < runsOut(lease) };
}

function runsOut({ spec }: V1Lease): number {
  // The client calls it a Date and leaves it the text that it was.
  return new Date(spec?.renewTime ?? 0).getTime() + (spec?.leaseDurationSeconds ?? 0) * 1000;
}

export async function askLeader(reach: Reach, pod: string, { namespace, name }: Wanted): Promise<FlowView> {
  const token = await bearerToken(reach);
  const { port, refused, close } = await reach.forward(reach.kube, {
    namespace: reach.operator,
    pod,
    port: reach.localPort,
  });
  try {
    return await Promise.race([fetchView(port, `/flows/${namespace}/${name}?fresh=1`, token), refused]);
  } finally {
    close();
  }
}

/** A kubeconfig that signs in with a certificate has no token to show: one is asked for the reader's ServiceAccount. */
async function bearerToken({ kube, operator }: Reach): Promise<string> {
  const own = await ownToken(kube);
  if (own !== undefined) return own;
  const answer = await kube.makeApiClient(CoreV1Api).createNamespacedServiceAccountToken({
    name: "webflow-viewer",
    namespace: operator,
    body: { spec: { audiences: [], expirationSeconds: 600 } },
  });
  if (answer.status?.token === undefined) throw new Error("no token was given for the ServiceAccount webflow-viewer");
  return answer.status.token;
}

/** Whatever the API server itself would be shown: a token of the kubeconfig, of a file, or of an exec plugin. */
async function ownToken(kube: KubeConfig): Promise<string | undefined> {
  const options: RequestOptions = {};
  await kube.applyToHTTPSOptions(options);
  const shown = Object.entries(options.headers ?? {}).find(([name]) => name.toLowerCase() === "authorization")?.[1];
  return /^Bearer\s+(\S+)\s*$/i.exec(String(shown ?? ""))?.[1];
}

function fetchView(port: number, path: string, token: string): Promise<FlowView> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port, path, headers: { authorization: `Bearer ${token}` }, timeout: 20_000 },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("end", () => {
          try {
            resolve(viewIn(answer.statusCode, Buffer.concat(parts).toString("utf8")));
          } catch (error) {
            reject(error);
          }
        });
        answer.on("error", reject);
      },
    );
    asked.on("timeout", () => asked.destroy(new Error("the leader did not answer within 20 s")));
    asked.on("error", reject);
    asked.end();
  });
}

function viewIn(status: number | undefined, text: string): FlowView {
  if (status !== 200) throw new Error(`the leader answered ${status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as FlowView;
}
