// The images of the cluster's own programs, under the names their upstream manifests give them.
import { join } from "node:path";
import { moduleFolder, partFile } from "./build.ts";
import { docker } from "./docker.ts";
import { buildImage, type ImageSpec } from "./images.ts";
import { kubernetesCommands, kubernetesVersion } from "./parts.ts";
import { filesFolder, inCache, nodeProgram } from "./paths.ts";
import { run } from "./run.ts";

export interface BakedImage {
  names: string[];
  content: string;
}

export const ciliumImage = "quay.io/cilium/cilium:v1.17.0";
export const ciliumOperatorImage = "quay.io/cilium/operator-generic:v1.17.0";
export const metallbImage = "quay.io/metallb/controller:v0.15.2";
export const metricsServerImage = "registry.k8s.io/metrics-server/metrics-server:v0.9.0";
export const traefikImage = "traefik:v3.6.12";
export const localPathImage = "rancher/local-path-provisioner:v0.0.30";
export const postgresImage = "postgres:15";
export const corednsImage = "coredns/coredns:1.15.0";
export const nodeRuntimeImage = "webflow.local/node24:24";

async function kubeadmImages(): Promise<string[]> {
  const list = [inCache("bin", "kubeadm"), "config", "images", "list", "--kubernetes-version", kubernetesVersion];
  return (await run(list)).trim().split("\n");
}

export async function pauseNames(): Promise<string[]> {
  return (await kubeadmImages()).filter((name) => name.includes("/pause:"));
}

function kubernetesSpec(): ImageSpec {
  const commands = kubernetesCommands.map((name) => `ln -s kubernetes /usr/local/bin/${name}`);
  return {
    base: "tools",
    files: { "/usr/local/bin/kubernetes": partFile("kubernetes", "kubernetes") },
    lines: [`RUN ${commands.join(" && ")}`],
  };
}

function ciliumSpec(): ImageSpec {
  const module = moduleFolder("cilium");
  const own = (path: string): string => join(module, path);
  return {
    base: "cilium",
    files: {
      "/usr/lib/cilium/cilium-agent": partFile("cilium", "daemon"),
      "/usr/bin/cilium-agent": join(filesFolder, "cilium", "cilium-agent.sh"),
      "/usr/bin/cilium-dbg": partFile("cilium", "cilium-dbg"),
      "/opt/cni/bin/cilium-cni": partFile("cilium", "cilium-cni"),
      "/cni/loopback": partFile("cni", "loopback"),
      "/init-container.sh": own("images/cilium/init-container.sh"),
      "/install-plugin.sh": own("plugins/cilium-cni/install-plugin.sh"),
      "/cni-uninstall.sh": own("plugins/cilium-cni/cni-uninstall.sh"),
      "/var/lib/cilium/bpf": own("bpf"),
    },
    lines: [
      "RUN ln -s clang-19 /usr/bin/clang && ln -s llc-19 /usr/bin/llc && ln -sf cilium-dbg /usr/bin/cilium && (test -e /usr/bin/bpftool || ln -s /usr/sbin/bpftool /usr/bin/bpftool)",
      "RUN chmod 755 /*.sh /usr/bin/cilium-agent && chmod -R u+w /var/lib/cilium",
    ],
    env: { HOME: "/root" },
  };
}

function postgresSpec(): ImageSpec {
  return {
    base: "postgres",
    files: { "/usr/local/bin/docker-entrypoint.sh": join(filesFolder, "postgres", "entrypoint.sh") },
    env: {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/15/bin",
      PGDATA: "/var/lib/postgresql/data",
      LANG: "C.UTF-8",
    },
    lines: [
      "RUN groupmod -g 999 postgres && usermod -u 999 -g 999 -d /var/lib/postgresql postgres && rm -rf /var/lib/postgresql /etc/postgresql/15 && mkdir -p /var/lib/postgresql/data /var/run/postgresql /docker-entrypoint-initdb.d && chown -R 999:999 /var/lib/postgresql /var/run/postgresql && chmod 1777 /var/lib/postgresql/data && chmod 3777 /var/run/postgresql && chmod 755 /usr/local/bin/docker-entrypoint.sh",
      "RUN sed -i \"s/^#listen_addresses = .*/listen_addresses = '*'/\" /usr/share/postgresql/15/postgresql.conf.sample",
      "STOPSIGNAL SIGINT",
      "EXPOSE 5432",
      'CMD ["postgres"]',
    ],
    entrypoint: ["docker-entrypoint.sh"],
  };
}

function single(part: string, file: string, target: string, user?: string): ImageSpec {
  return {
    base: "scratch",
    files: { [target]: partFile(part, file) },
    entrypoint: [target],
    ...(user ? { user } : {}),
  };
}

const localPathSpec = (): ImageSpec => ({
  base: "base",
  files: { "/usr/bin/local-path-provisioner": partFile("local-path-provisioner", "local-path-provisioner") },
});

async function make(names: readonly string[], spec: ImageSpec): Promise<BakedImage> {
  const [first = "", ...more] = names;
  const content = await buildImage(first, spec);
  for (const name of more) await docker(["tag", first, name]);
  return { names: [...names], content };
}

/** The image web processes of Node are built from: Debian, Node 24 and a user who is not root. */
export async function nodeRuntime(): Promise<string> {
  await buildImage(nodeRuntimeImage, {
    base: "base",
    files: { "/usr/local/bin/node": nodeProgram() },
    env: { NODE_ENV: "production" },
    workdir: "/app",
    user: "65532:65532",
    entrypoint: ["node"],
  });
  return nodeRuntimeImage;
}

/** Everything a node must hold before the cluster starts. */
export async function bakedImages(): Promise<BakedImage[]> {
  const names = await kubeadmImages();
  const having = (part: string): string[] => names.filter((name) => name.includes(part));
  const plain = names.filter((name) => /\/(kube-|etcd)/.test(name));
  return [
    await make(plain, kubernetesSpec()),
    await make(having("/pause:"), single("pause", "pause", "/pause", "65535:65535")),
    await make([corednsImage, ...having("/coredns")], single("coredns", "coredns", "/coredns", "65532:65532")),
    await make([ciliumImage], ciliumSpec()),
    await make([ciliumOperatorImage], single("cilium", "operator", "/usr/bin/cilium-operator-generic")),
    await make([metallbImage], single("metallb", "controller", "/controller")),
    await make([metricsServerImage], single("metrics-server", "metrics-server", "/metrics-server")),
    await make([traefikImage], single("traefik", "traefik", "/traefik")),
    await make([localPathImage], localPathSpec()),
    await make([postgresImage], postgresSpec()),
  ];
}
