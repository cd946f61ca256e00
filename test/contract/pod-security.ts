/**
 * The restricted Pod Security standard (https://kubernetes.io/docs/concepts/security/pod-security-standards/), as far as
 * it speaks of a pod's fields: what a template does against it.
 */
type Fields = Record<string, unknown>;

const fields = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const volumeKinds = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

export function violations(spec: unknown): string[] {
  const pod = fields(spec);
  const shared = fields(pod.securityContext);
  const found = ["hostNetwork", "hostPID", "hostIPC"].filter((name) => pod[name] === true);
  for (const volume of list(pod.volumes).map(fields)) {
    const kinds = Object.keys(volume).filter((key) => key !== "name");
    if (!kinds.every((kind) => volumeKinds.includes(kind)))
      found.push(`volume ${String(volume.name)}: ${kinds.join()}`);
  }
  if (list(shared.sysctls).length > 0) found.push("sysctls");
  const containers = [pod.containers, pod.initContainers, pod.ephemeralContainers].flatMap(list).map(fields);
  if (containers.length === 0) found.push("no container to look at");
  return [...found, ...containers.flatMap((container) => ofContainer(container, shared))];
}

function ofContainer(container: Fields, shared: Fields): string[] {
  const own = fields(container.securityContext);
  const said = (name: string) => own[name] ?? shared[name];
  const capabilities = fields(own.capabilities);
  const seccomp = fields(said("seccompProfile")).type;
  const rules: Record<string, boolean> = {
    privileged: own.privileged === true,
    allowPrivilegeEscalation: own.allowPrivilegeEscalation !== false,
    "capabilities.drop": !list(capabilities.drop).includes("ALL"),
    "capabilities.add": list(capabilities.add).some((name) => name !== "NET_BIND_SERVICE"),
    runAsNonRoot: said("runAsNonRoot") !== true,
    runAsUser: said("runAsUser") === 0,
    seccompProfile: seccomp !== "RuntimeDefault" && seccomp !== "Localhost",
    procMount: own.procMount !== undefined && own.procMount !== "Default",
    seLinuxOptions: said("seLinuxOptions") !== undefined,
    hostPort: list(container.ports).some((port) => Number(fields(port).hostPort ?? 0) !== 0),
    "probe host": hostsOf(container).length > 0,
  };
  return Object.keys(rules).filter((rule) => rules[rule] === true);
}

/** Hosts that probes or lifecycle hooks are sent to instead of the pod itself. */
function hostsOf(container: Fields): unknown[] {
  const hooks = [
    container.readinessProbe,
    container.livenessProbe,
    container.startupProbe,
    ...Object.values(fields(container.lifecycle)),
  ];
  return hooks
    .map(fields)
    .flatMap((hook) => [fields(hook.httpGet).host, fields(hook.tcpSocket).host])
    .filter((host) => host !== undefined);
}
