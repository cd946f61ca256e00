/**
 * A control plane alone: etcd, kube-apiserver and, where asked, kube-controller-manager as plain processes on loopback,
 * for tests that need the real API but no pods. Ready in a few seconds; `stop` ends what was started, by process id, and
 * removes its folder. A run that was killed leaves a folder behind: the next start finds it and clears it first.
 * The binaries come from the cache that `npm run up` fills ($WEBFLOW_CACHE, else webflow under the user's cache folder).
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inCache } from "../../hack/cluster/paths.ts";
import { freePorts, getJson, waitFor } from "./net.ts";
import { clearLeftovers, folderPrefix, Processes } from "./processes.ts";

export interface ControlPlane {
  /** Path of a kubeconfig with all rights. */
  readonly kubeconfig: string;
  /** https://127.0.0.1:PORT */
  readonly url: string;
  /** PEM of the server's certificate authority. */
  readonly ca: string;
  /** Bearer token of a member of system:masters. */
  readonly token: string;
  /** Bearer token of the user `nobody`, who has no rights but what a test gives. */
  readonly nobodyToken: string;
  stop(): Promise<void>;
  /** The audit log so far; empty unless `audit` was asked for. */
  auditLines(): AuditLine[];
  /** Restart the API server on the same port with the same data; `gap` runs while it is down. */
  restartApiServer(gap?: () => Promise<void>): Promise<void>;
}

export interface AuditLine {
  verb: string;
  userAgent?: string;
  requestURI: string;
  stage: string;
  user?: { username?: string };
  objectRef?: { resource?: string; namespace?: string; name?: string; subresource?: string };
  responseStatus?: { code?: number };
  requestReceivedTimestamp?: string;
}

export interface ControlPlaneOptions {
  controllerManager?: boolean;
  audit?: boolean;
}

/** Folder of the binaries. */
export function binFolder(): string {
  return inCache("bin");
}

function binary(name: string): string {
  const path = join(binFolder(), name);
  try {
    accessSync(path, constants.X_OK);
  } catch {
    throw new Error(`${path} is missing: run "npm run up" once, it builds the Kubernetes binaries into the cache`);
  }
  return path;
}

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const names = ["etcd", "kube-apiserver", ...(options.controllerManager === true ? ["kube-controller-manager"] : [])];
  const paths = new Map(names.map((name) => [name, binary(name)]));
  await clearLeftovers();
  const folder = mkdtempSync(join(tmpdir(), folderPrefix));
  const processes = new Processes(folder);
  try {
    return await start(folder, processes, paths, options);
  } catch (error) {
    await processes.stopAll();
    throw error;
  }
}

async function start(
  folder: string,
  processes: Processes,
  paths: ReadonlyMap<string, string>,
  options: ControlPlaneOptions,
): Promise<ControlPlane> {
  const [client = 0, peer = 0, api = 0] = await freePorts(3);
  const url = `https://127.0.0.1:${api}`;
  const token = randomBytes(16).toString("hex");
  const nobodyToken = randomBytes(16).toString("hex");
  writeInputs(folder, token, nobodyToken);
  processes.start("etcd", paths.get("etcd") ?? "", etcdArgs(folder, client, peer));
  await waitFor("etcd", 60_000, () => getJson(`http://127.0.0.1:${client}/health`), processes);

  const apiArgs = apiServerArgs(folder, client, api, options);
  const startApi = () =>
    startApiServer({ folder, processes, url, token, args: apiArgs, path: paths.get("kube-apiserver") ?? "" });
  const ca = await startApi();
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, kubeconfigOf(url, ca, token), { mode: 0o600 });
  if (options.controllerManager === true) {
    await startControllerManager({
      folder,
      processes,
      path: paths.get("kube-controller-manager") ?? "",
      url,
      ca,
      token,
    });
  }
  return {
    kubeconfig,
    url,
    ca,
    token,
    nobodyToken,
    stop: () => processes.stopAll(),
    auditLines: () => readAudit(join(folder, "audit.log")),
    restartApiServer: async (gap) => {
      await processes.stop("kube-apiserver");
      await gap?.();
      await startApi();
    },
  };
}

interface ApiStart {
  folder: string;
  processes: Processes;
  path: string;
  args: readonly string[];
  url: string;
  token: string;
}

/** Resolves with the PEM of the authority by which the server made its own certificate. */
async function startApiServer({ folder, processes, path, args, url, token }: ApiStart): Promise<string> {
  processes.start("kube-apiserver", path, args);
  const ca = () => readFileSync(join(folder, "pki", "apiserver.crt"), "utf8");
  const ready = async () => {
    await getJson(`${url}/readyz`, { ca: ca(), token });
    await getJson(`${url}/api/v1/namespaces/default`, { ca: ca(), token });
  };
  await waitFor("kube-apiserver", 120_000, ready, processes);
  return ca();
}

function writeInputs(folder: string, token: string, nobodyToken: string): void {
  mkdirSync(join(folder, "pki"));
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
  write("sa.key", privateKey);
  write("sa.pub", publicKey);
  write("tokens.csv", `${token},admin,admin,"system:masters"\n${nobodyToken},nobody,nobody\n`);
  write(
    "audit.yaml",
    "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n",
  );
}

function etcdArgs(folder: string, client: number, peer: number): string[] {
  const clientUrl = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  return [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    "--unsafe-no-fsync",
    "--log-level=error",
  ];
}

function apiServerArgs(folder: string, etcd: number, port: number, options: ControlPlaneOptions): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcd}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${port}`,
    `--cert-dir=${join(folder, "pki")}`,
    `--token-auth-file=${join(folder, "tokens.csv")}`,
    "--authorization-mode=RBAC",
    `--service-account-key-file=${join(folder, "sa.pub")}`,
    `--service-account-signing-key-file=${join(folder, "sa.key")}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--endpoint-reconciler-type=none",
    "--allow-privileged=true",
    ...(options.controllerManager === true ? [] : ["--disable-admission-plugins=ServiceAccount"]),
    ...(options.audit === true
      ? [`--audit-policy-file=${join(folder, "audit.yaml")}`, `--audit-log-path=${join(folder, "audit.log")}`]
      : []),
  ];
}

interface ManagerStart {
  folder: string;
  processes: Processes;
  path: string;
  url: string;
  ca: string;
  token: string;
}

async function startControllerManager({ folder, processes, path, url, ca, token }: ManagerStart): Promise<void> {
  processes.start("kube-controller-manager", path, [
    `--kubeconfig=${join(folder, "kubeconfig")}`,
    "--secure-port=0",
    "--leader-elect=false",
    "--use-service-account-credentials=false",
    `--service-account-private-key-file=${join(folder, "sa.key")}`,
    "--kube-api-qps=500",
    "--kube-api-burst=500",
  ]);
  const account = `${url}/api/v1/namespaces/default/serviceaccounts/default`;
  await waitFor("kube-controller-manager", 60_000, () => getJson(account, { ca, token }), processes);
}

export function kubeconfigOf(url: string, ca: string, token: string): string {
  const data = Buffer.from(ca).toString("base64");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server: url, "certificate-authority-data": data } }],
    users: [{ name: "test", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  });
}

function readAudit(path: string): AuditLine[] {
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  // The last line may be half written.
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AuditLine);
}
