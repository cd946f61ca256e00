// What the shop is told by its environment; a value that cannot be meant stops it at start, by name.
export interface ShopConfig {
  port: number;
  /** Worker processes. */
  workers: number;
  /** Threads that answer requests, in each worker process. */
  threads: number;
  /** `<namespace>/<flow>`, told back in every answer. */
  flow: string;
  pod: string;
  node: string;
  /** Longest time to finish what is in flight after SIGTERM. */
  stopMillis: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

function whole(
  env: Environment,
  name: string,
  { least, most, otherwise }: { least: number; most: number; otherwise: number },
) {
  const text = env[name];
  if (text === undefined || text === "") return otherwise;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`${name} must be a whole number from ${least} to ${most}, found "${text}"`);
}

export function readConfig(env: Environment): ShopConfig {
  return {
    port: whole(env, "PORT", { least: 1, most: 65535, otherwise: 8080 }),
    workers: whole(env, "WEB_CONCURRENCY", { least: 1, most: 64, otherwise: 2 }),
    threads: whole(env, "WEB_THREADS", { least: 1, most: 64, otherwise: 2 }),
    flow: env.WEBFLOW_FLOW ?? "",
    pod: env.WEBFLOW_POD ?? env.HOSTNAME ?? "",
    node: env.WEBFLOW_NODE ?? "",
    stopMillis: 1000 * whole(env, "STOP_SECONDS", { least: 1, most: 600, otherwise: 20 }),
  };
}
