// The programs the cluster is made of, all from Go modules, by version. Order is build order: tests and other work
// wait for the control plane, so it is first.
import type { Road } from "./state.ts";

export interface Part {
  name: string;
  module: string;
  version: string;
  /** Packages to build; "." is a main of our own under files/go/<name>. */
  packages: readonly string[];
  /** More modules our own main needs, each "module version". */
  requires?: readonly string[];
  /** A module with replace lines cannot be installed as it is: they are repeated in a go.mod of our own. */
  replaces?: readonly string[];
  /** Repeat the replace lines of the module itself, local folders becoming this version. */
  staging?: { version: string };
  ldflags?: string;
  /** Commands to link in the cache's bin folder: link name -> file of the part. */
  links: Readonly<Record<string, string>>;
}

export const kubernetesVersion = "v1.37.2";
const [, major = "", minor = "", patch = ""] = /^v(\d+)\.(\d+)\.(\d+)$/.exec(kubernetesVersion) ?? [];

export const kubernetesCommands = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kube-proxy",
  "kubelet",
  "kubectl",
  "kubeadm",
  "etcd",
] as const;

const plugins = "github.com/containernetworking/plugins";
const containerd = "github.com/containerd/containerd/v2";
const cilium = "github.com/cilium/cilium";
// The first is what the programs say of themselves, the second what clients send as their user agent.
const versionPackages = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
const self = (...names: string[]): Record<string, string> => Object.fromEntries(names.map((name) => [name, name]));

export const parts: readonly Part[] = [
  {
    name: "kubernetes",
    module: "k8s.io/kubernetes",
    version: kubernetesVersion,
    packages: ["."],
    requires: ["go.etcd.io/etcd/server/v3 v3.7.0"],
    staging: { version: `v0.${minor}.${patch}` },
    ldflags: versionPackages
      .flatMap((name) =>
        [`gitVersion=${kubernetesVersion}`, `gitMajor=${major}`, `gitMinor=${minor}`].map(
          (value) => `-X ${name}.${value}`,
        ),
      )
      .join(" "),
    links: Object.fromEntries(kubernetesCommands.map((name) => [name, "kubernetes"])),
  },
  {
    name: "kind",
    module: "sigs.k8s.io/kind",
    version: "v0.33.0",
    packages: ["sigs.k8s.io/kind"],
    links: self("kind"),
  },
  {
    name: "helm",
    module: "helm.sh/helm/v4",
    version: "v4.3.1",
    packages: ["helm.sh/helm/v4/cmd/helm"],
    links: self("helm"),
  },
  {
    name: "containerd",
    module: containerd,
    version: "v2.4.2",
    packages: ["containerd", "ctr", "containerd-shim-runc-v2"].map((name) => `${containerd}/cmd/${name}`),
    links: {},
  },
  {
    name: "cni",
    module: plugins,
    version: "v1.9.1",
    packages: ["ipam/host-local", "main/loopback", "main/ptp", "meta/portmap"].map(
      (name) => `${plugins}/plugins/${name}`,
    ),
    links: {},
  },
  {
    name: "coredns",
    module: "github.com/coredns/coredns",
    version: "v1.15.0",
    packages: ["."],
    links: self("coredns"),
  },
  {
    name: "cilium",
    module: cilium,
    version: "v1.17.0",
    packages: ["daemon", "plugins/cilium-cni", "operator", "cilium-dbg"].map((name) => `${cilium}/${name}`),
    replaces: ["sigs.k8s.io/controller-tools => github.com/cilium/controller-tools v0.16.5-1"],
    links: {},
  },
  {
    name: "metallb",
    module: "go.universe.tf/metallb",
    version: "v0.15.2",
    packages: ["go.universe.tf/metallb/controller"],
    links: {},
  },
  {
    name: "metrics-server",
    module: "sigs.k8s.io/metrics-server",
    version: "v0.9.0",
    packages: ["sigs.k8s.io/metrics-server/cmd/metrics-server"],
    links: {},
  },
  {
    name: "traefik",
    module: "github.com/traefik/traefik/v3",
    version: "v3.6.12",
    packages: ["github.com/traefik/traefik/v3/cmd/traefik"],
    replaces: [
      "github.com/abbot/go-http-auth => github.com/containous/go-http-auth v0.4.1-0.20200324110947-a37a7636d23e",
      "github.com/gorilla/mux => github.com/containous/mux v0.0.0-20250523120546-41b6ec3aed59",
      "github.com/mailgun/minheap => github.com/containous/minheap v0.0.0-20190809180810-6e71eb837595",
    ],
    links: {},
  },
  {
    name: "local-path-provisioner",
    module: "github.com/rancher/local-path-provisioner",
    version: "v0.0.30",
    packages: ["github.com/rancher/local-path-provisioner"],
    links: {},
  },
];

/** What only the engine road needs: small mains of our own, built against the standard library. */
export const ownParts: readonly Part[] = ["pause", "runc-wrapper"].map((name) => ({
  name,
  module: "",
  version: "1",
  packages: ["."],
  links: {},
}));

/** The registry road's nodes and add-ons come as images: only what runs outside of them is built, coredns for the resolver. */
const builtOnRegistry = ["kubernetes", "kind", "helm", "coredns"];

export function partsOf(road: Road): readonly Part[] {
  return road === "isolated" ? [...ownParts, ...parts] : builtOnRegistry.map(partNamed);
}

/** Modules whose own files are read: charts and manifests of add-ons, and for a node image of our own kind's files. */
const read = ["cilium", "metallb", "metrics-server"];

export function modulesReadOn(road: Road): readonly Part[] {
  return (road === "isolated" ? [...read, "kind", "local-path-provisioner"] : read).map(partNamed);
}

export function partNamed(name: string): Part {
  const found = [...parts, ...ownParts].find((part) => part.name === name);
  if (!found) throw new Error(`no part is named ${name}; the table is in hack/cluster/parts.ts`);
  return found;
}
