// The seed's picture around the cluster: an Internet with a browser's host and a vendor's resolver, and the gateway
// between it and the VPC the nodes are in.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubectl } from "./addons/manifests.ts";
import * as at from "./addresses.ts";
import { partFile } from "./build.ts";
import { docker, tryDocker } from "./docker.ts";
import { label } from "./engine.ts";
import { buildImage } from "./images.ts";
import { ensureFolder, filesFolder, inCache, nodeProgram } from "./paths.ts";

const hostImage = "webflow.local/host:1";

export async function createNetworks(): Promise<void> {
  const vpc = ["--subnet", at.vpcRange, "--ip-range", at.vpcDynamicRange, at.vpcNetwork];
  await docker(["network", "create", ...label, ...vpc]);
  await docker(["network", "create", ...label, "--subnet", at.internetRange, at.internetNetwork]);
}

/** The resolver knows nothing itself: it asks the zone's own server. Its cache is small, as is the wait for news. */
function corefile(): string {
  return `${at.zone}:53 {
  errors
  forward . ${at.nameServerAddress} {
    max_fails 0
  }
  cache 5 {
    denial 1024 2
    servfail 1s
  }
}
.:53 {
  template ANY ANY {
    rcode NXDOMAIN
  }
}
`;
}

/** One image for the three of them: tools to look with, Node for a prober, CoreDNS for the resolver. */
export async function buildHostImage(): Promise<string> {
  const file = join(ensureFolder(inCache("work")), "resolver.Corefile");
  writeFileSync(file, corefile());
  await buildImage(hostImage, {
    base: "tools",
    files: {
      "/usr/local/bin/node": nodeProgram(),
      "/usr/local/bin/coredns": partFile("coredns", "coredns"),
      "/usr/local/bin/igw.sh": join(filesFolder, "network", "igw.sh"),
      "/usr/local/bin/host.sh": join(filesFolder, "network", "host.sh"),
      "/etc/coredns/Corefile": file,
    },
    lines: ["RUN chmod 755 /usr/local/bin/*.sh"],
  });
  return hostImage;
}

interface NodeFacts {
  address: string;
  podRange: string;
  subnet: string;
}

async function nodes(): Promise<NodeFacts[]> {
  const paths = [
    '{.status.addresses[?(@.type=="InternalIP")].address}',
    "{.spec.podCIDR}",
    "{.metadata.labels.webflow\\.dev/subnet}",
  ];
  const template = `{range .items[*]}${paths.join(" ")}{"\\n"}{end}`;
  const text = await kubectl(["get", "nodes", "-o", `jsonpath=${template}`]);
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [address = "", podRange = "", subnet = ""] = line.split(" ");
      return { address, podRange, subnet };
    });
}

async function create(name: string, network: string, address: string, more: readonly string[]): Promise<void> {
  await tryDocker(["rm", "-fv", name]);
  const place = ["--network", network, "--ip", address, "--hostname", name.replace("webflow-", "")];
  await docker(["create", ...label, "--name", name, ...place, "--cap-add", "NET_ADMIN", ...more]);
}

async function startGateway(): Promise<void> {
  const all = await nodes();
  const privateNodes = all.filter((node) => node.subnet === "private");
  const environment = {
    PUBLIC_NODES: all.flatMap((node) => (node.subnet === "public" ? [node.address] : [])).join(" "),
    PRIVATE_RANGES: privateNodes.flatMap((node) => [`${node.address}/32`, node.podRange]).join(" "),
    PUBLIC_RANGE: at.publicRange,
    VPC_RANGE: at.vpcRange,
    INTERNET_RANGE: at.internetRange,
  };
  const variables = Object.entries(environment).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  // Ports belong to the hash: else all connections of one client would go to one node.
  const kernel = ["--sysctl", "net.ipv4.ip_forward=1", "--sysctl", "net.ipv4.fib_multipath_hash_policy=1"];
  const { gateway } = at.containers;
  await create(gateway, at.vpcNetwork, at.vpcGateway, [...variables, ...kernel, hostImage, "igw.sh"]);
  await docker(["network", "connect", "--ip", at.gatewayAddress, at.internetNetwork, gateway]);
  await docker(["start", gateway]);
}

async function startHost(
  name: string,
  address: string,
  more: readonly string[],
  run: readonly string[],
): Promise<void> {
  const variables = ["-e", `PUBLIC_RANGE=${at.publicRange}`, "-e", `GATEWAY=${at.gatewayAddress}`, ...more];
  await create(name, at.internetNetwork, address, [...variables, hostImage, "host.sh", ...run]);
  await docker(["start", name]);
}

/** The nodes' way out to the Internet of the picture; a public address nobody has is refused, not swallowed. */
async function routeNodes(names: readonly string[]): Promise<void> {
  const route = `ip route replace ${at.internetRange} via ${at.vpcGateway}`;
  const rule = `FORWARD -d ${at.publicRange} -j REJECT --reject-with icmp-host-unreachable`;
  const refuse = `iptables -C ${rule} 2> /dev/null || iptables -A ${rule}`;
  await Promise.all(names.map((node) => docker(["exec", node, "sh", "-c", `${route} && { ${refuse}; }`])));
}

/** Starts gateway, browser and resolver, or those of them that are asked for, each anew. */
export async function startNetwork(
  nodeNames: readonly string[],
  wanted: readonly string[] = Object.values(at.containers),
): Promise<void> {
  const { gateway, browser, resolver } = at.containers;
  if (wanted.includes(gateway)) await startGateway();
  if (wanted.includes(browser))
    await startHost(browser, at.browserAddress, ["-e", `RESOLVER=${at.resolverAddress}`], []);
  if (wanted.includes(resolver))
    await startHost(resolver, at.resolverAddress, [], ["coredns", "-conf", "/etc/coredns/Corefile"]);
  await routeNodes(nodeNames);
}
