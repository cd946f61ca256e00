// The kind cluster itself: four nodes in two subnets, an audit log the host can read, served certificates.
import { existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { kubectl } from "./addons/manifests.ts";
import { podRange, serviceRange, vpcNetwork } from "./addresses.ts";
import { dockerEnvironment } from "./docker.ts";
import { clusterName, ensureFolder, filesFolder, inCache, inRun, logFile, namespacePath } from "./paths.ts";
import { registryNodeImage } from "./road.ts";
import { background, run, until } from "./run.ts";
import { type ClusterState, writeState } from "./state.ts";

export const auditLogFile = (): string => inRun("audit", "audit.log");
const auditMount = "/var/log/kubernetes/audit";
const policyMount = "/etc/kubernetes/audit-policy.yaml";

const zone = (name: string): Record<string, string> => ({ "topology.kubernetes.io/zone": name });
const subnet = (name: string): Record<string, string> => ({ "webflow.dev/subnet": name });

function clusterPatch(): string {
  const volume = (name: string, path: string, readOnly: boolean, pathType: string): Record<string, unknown> => ({
    ...{ name, hostPath: path, mountPath: path, readOnly, pathType },
  });
  const extraArgs = {
    "audit-policy-file": policyMount,
    "audit-log-path": `${auditMount}/audit.log`,
    "audit-log-maxsize": "200",
    "audit-log-maxbackup": "3",
    "kubelet-certificate-authority": "/etc/kubernetes/pki/ca.crt",
  };
  return JSON.stringify({
    kind: "ClusterConfiguration",
    // A cluster that is made anew loses nothing when the machine stops, and is not held up by a slow disk.
    etcd: { local: { extraArgs: [{ name: "unsafe-no-fsync", value: "true" }] } },
    apiServer: {
      extraArgs: Object.entries(extraArgs).map(([name, value]) => ({ name, value })),
      extraVolumes: [
        volume("audit-policy", policyMount, true, "File"),
        volume("audit-log", auditMount, false, "Directory"),
      ],
    },
  });
}

function kubeletPatch(): string {
  // An old control group layout is refused by default; the kubelets' certificates are signed by the cluster.
  const old = !existsSync("/sys/fs/cgroup/cgroup.controllers");
  return JSON.stringify({
    kind: "KubeletConfiguration",
    serverTLSBootstrap: true,
    ...(old ? { failCgroupV1: false } : {}),
  });
}

function privatePatch(): string {
  const taints = [{ key: "webflow.dev/subnet", value: "private", effect: "NoSchedule" }];
  return JSON.stringify({ kind: "JoinConfiguration", nodeRegistration: { taints } });
}

function configuration(apiPort: number, image: string): string {
  const auditMounts = [
    { hostPath: ensureFolder(inRun("audit")), containerPath: auditMount },
    { hostPath: join(filesFolder, "audit-policy.yaml"), containerPath: policyMount, readOnly: true },
  ];
  return JSON.stringify(
    {
      kind: "Cluster",
      apiVersion: "kind.x-k8s.io/v1alpha4",
      name: clusterName,
      networking: {
        ...{ ipFamily: "ipv4", apiServerAddress: "127.0.0.1", apiServerPort: apiPort },
        ...{ disableDefaultCNI: true, podSubnet: podRange, serviceSubnet: serviceRange, kubeProxyMode: "iptables" },
      },
      kubeadmConfigPatches: [clusterPatch(), kubeletPatch()],
      nodes: [
        { role: "control-plane", image, extraMounts: auditMounts, labels: zone("zone-a") },
        { role: "worker", image, labels: { ...subnet("public"), ...zone("zone-a") } },
        { role: "worker", image, labels: { ...subnet("public"), ...zone("zone-b") } },
        {
          ...{ role: "worker", image, labels: { ...subnet("private"), ...zone("zone-a") } },
          kubeadmConfigPatches: [privatePatch()],
        },
      ],
    },
    undefined,
    2,
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** The host's loopback -> a unix socket -> the namespace's loopback: the one way in, and none out. */
function startForwarders(state: ClusterState): void {
  const socket = inRun("api.sock");
  const script = join(import.meta.dirname, "forward.ts");
  const node = [process.execPath, "--disable-warning=ExperimentalWarning", script];
  const log = openSync(logFile("forward"), "a");
  const local = `127.0.0.1:${state.apiPort}`;
  state.pids.forwardInside = background(["nsenter", `--net=${namespacePath}`, ...node, socket, local], log, {
    cwd: "/",
  });
  state.pids.forwardHost = background([...node, local, socket], log, { cwd: "/" });
  writeState(state);
}

interface Request {
  metadata: { name: string };
  spec: { signerName: string; username: string };
  status: { conditions?: { type: string }[] };
}

/** Approves what the nodes of this cluster ask for themselves, until each has its certificate. */
export async function approveCertificates(nodeNames: readonly string[]): Promise<void> {
  const wanted = new Set(nodeNames.map((name) => `system:node:${name}`));
  await until("every kubelet has a certificate", 120, async () => {
    const found = JSON.parse(await kubectl(["get", "csr", "-o", "json"])) as { items: Request[] };
    const serving = found.items.filter(
      ({ spec }) => spec.signerName === "kubernetes.io/kubelet-serving" && wanted.has(spec.username),
    );
    const open = serving.filter((request) => (request.status.conditions ?? []).length === 0);
    if (open.length > 0) await kubectl(["certificate", "approve", ...open.map((request) => request.metadata.name)]);
    const served = new Set(serving.map((request) => request.spec.username));
    return open.length === 0 && served.size === wanted.size ? true : undefined;
  });
}

export async function createCluster(state: ClusterState, isolatedImage: string | undefined): Promise<void> {
  state.apiPort = await freePort();
  const config = inRun("kind.json");
  writeFileSync(config, configuration(state.apiPort, isolatedImage ?? registryNodeImage));
  rmSync(inRun("kubeconfig"), { force: true });
  if (state.road === "isolated") startForwarders(state);
  const argv = [inCache("bin", "kind"), "create", "cluster", "--name", clusterName, "--config", config];
  await run([...argv, "--kubeconfig", inRun("kubeconfig"), "--retain", "-v", "1"], {
    env: { ...dockerEnvironment(state.road), KIND_EXPERIMENTAL_DOCKER_NETWORK: vpcNetwork },
    log: logFile("kind"),
  });
}

export function readAuditLog(): string {
  return existsSync(auditLogFile()) ? readFileSync(auditLogFile(), "utf8") : "";
}
