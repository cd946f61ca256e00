/** Environment -> one frozen Config; every wrong value is reported at once, by name, with what to do. */

export interface Config {
  namespace: string;
  podName: string;
  podAddress: string;
  /** Image of this operator, for the Jobs that carry the database client's identity. */
  image: string;
  imagePullPolicy: "IfNotPresent" | "Always" | "Never";
  /** Names of Secrets, in tenants' namespaces, that those Jobs pull the image with. */
  controlPullSecrets: readonly string[];
  /** Mode of flows whose class does not say. */
  dnsMode: "Delegated" | "None";
  proberDirectory: string;
  plainPort: number;
  tlsPort: number;
  /** Port on the pod's own loopback where `webflow trace` reaches /flows through a port-forward. */
  localPort: number;
  workers: number;
  logLevel: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

export class ConfigError extends Error {}

export function readConfig(environment: Environment): Config {
  const faults: string[] = [];
  const text = (name: string, fallback?: string): string => {
    const value = environment[name] ?? fallback;
    if (value === undefined || value === "") faults.push(`${name} is not set: set it (the chart does)`);
    return value ?? "";
  };
  const choice = <const T extends string>(name: string, values: readonly T[], fallback: T): T => {
    const found = text(name, fallback);
    const value = values.find((each) => each === found);
    if (value === undefined) faults.push(`${name} is "${found}": use one of ${values.join(", ")}`);
    return value ?? fallback;
  };
  const whole = (name: string, fallback: number, most: number): number => {
    const found = text(name, String(fallback));
    const value = Number(found);
    if (!Number.isInteger(value) || value < 1 || value > most)
      faults.push(`${name} is "${found}": use a whole number from 1 to ${most}`);
    return value;
  };
  const names = (name: string): string[] => {
    const found = (environment[name] ?? "").split(",").filter((each) => each !== "");
    const wrong = found.filter((each) => !/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(each));
    if (wrong.length > 0)
      faults.push(`${name} holds "${wrong.join('", "')}": use names of Secrets, with a comma between them`);
    return found;
  };
  const config: Config = {
    namespace: text("POD_NAMESPACE"),
    podName: text("POD_NAME"),
    podAddress: text("POD_IP"),
    image: text("WEBFLOW_IMAGE"),
    imagePullPolicy: choice("WEBFLOW_IMAGE_PULL_POLICY", ["IfNotPresent", "Always", "Never"], "IfNotPresent"),
    controlPullSecrets: names("WEBFLOW_CONTROL_PULL_SECRETS"),
    dnsMode: choice("WEBFLOW_DNS_MODE", ["Delegated", "None"], "Delegated"),
    proberDirectory: text("WEBFLOW_PROBER_DIR", "/etc/webflow/prober"),
    plainPort: whole("WEBFLOW_PLAIN_PORT", 8080, 65535),
    tlsPort: whole("WEBFLOW_TLS_PORT", 8443, 65535),
    localPort: whole("WEBFLOW_LOCAL_PORT", 8081, 65535),
    workers: whole("WEBFLOW_WORKERS", 16, 256),
    logLevel: choice("WEBFLOW_LOG_LEVEL", ["trace", "debug", "info", "warn", "error"], "info"),
  };
  if (faults.length > 0) throw new ConfigError(`the operator's environment is not right:\n  ${faults.join("\n  ")}`);
  return Object.freeze(config);
}
