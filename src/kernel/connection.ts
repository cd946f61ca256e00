/**
 * Where the API server is and how we prove who we are. Kubeconfig, in-cluster files, client certificates and exec
 * plugins are client-node's business; what it gives is asked for anew every few seconds, so that a rotated token or
 * certificate authority is picked up without a restart.
 */
import { readFile } from "node:fs/promises";
import { KubeConfig } from "@kubernetes/client-node";

export interface Tls {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
  rejectUnauthorized?: boolean;
}

export interface Authorization {
  headers: Record<string, string>;
  tls: Tls;
}

export interface Connection {
  /** Example: https://10.0.0.1:443 */
  readonly server: string;
  /** Proxy to go through, as the kubeconfig's proxy-url says. */
  readonly proxy?: string;
  /** Credentials as of now; `fresh` after the server refused the last ones. */
  authorize(fresh?: boolean): Promise<Authorization>;
}

const keepMillis = 5_000;

/** The connection that kubectl would use (KUBECONFIG, ~/.kube/config), else the one of the pod we run in. */
export function defaultConnection(kubeconfig?: string): Connection {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  return connectionOf(config);
}

export function connectionOf(config: KubeConfig): Connection {
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new Error(
      `kubeconfig: current-context "${config.getCurrentContext()}" names no cluster; set it to a context that exists`,
    );
  }
  if (cluster.proxyUrl?.startsWith("socks") === true) {
    throw new Error(`kubeconfig: proxy-url "${cluster.proxyUrl}" is a SOCKS proxy; only HTTP proxies are supported`);
  }
  let kept: { at: number; value: Authorization } | undefined;
  return {
    server: cluster.server.replace(/\/+$/, ""),
    ...(cluster.proxyUrl === undefined ? {} : { proxy: cluster.proxyUrl }),
    async authorize(fresh = false) {
      const now = performance.now();
      if (!fresh && kept !== undefined && now - kept.at < keepMillis) return kept.value;
      const value = await read(config);
      kept = { at: now, value };
      return value;
    },
  };
}

interface Filled extends Tls {
  headers?: Record<string, string>;
  auth?: string;
}

async function read(config: KubeConfig): Promise<Authorization> {
  const filled: Filled = { headers: {} };
  await config.applyToHTTPSOptions(filled as Parameters<KubeConfig["applyToHTTPSOptions"]>[0]);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(filled.headers ?? {})) headers[name.toLowerCase()] = value.trim();
  if (filled.auth !== undefined) headers.authorization = `Basic ${Buffer.from(filled.auth).toString("base64")}`;
  const file = tokenFile(config);
  // client-node reads the file once a minute; a refused token must be re-read at once.
  if (file !== undefined) headers.authorization = `Bearer ${(await readFile(file, "utf8")).trim()}`;
  const tls: Tls = {};
  if (filled.ca !== undefined) tls.ca = filled.ca;
  if (filled.cert !== undefined) tls.cert = filled.cert;
  if (filled.key !== undefined) tls.key = filled.key;
  if (filled.servername !== undefined) tls.servername = filled.servername;
  if (filled.rejectUnauthorized !== undefined) tls.rejectUnauthorized = filled.rejectUnauthorized;
  return { headers, tls };
}

function tokenFile(config: KubeConfig): string | undefined {
  const provider: unknown = config.getCurrentUser()?.authProvider;
  if (typeof provider !== "object" || provider === null || !("config" in provider)) return undefined;
  const settings = provider.config as { tokenFile?: string } | undefined;
  return settings?.tokenFile;
}
