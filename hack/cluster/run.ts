// Child processes: captured, logged to a file when asked, and told of in words when they fail.
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
  input?: string | Buffer;
  /** Everything the command prints is kept here as well, for the reader of a failure. */
  log?: string;
  timeoutMs?: number;
}

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Debian's folders only: a self-built containerd or another docker client must not be picked up by accident. */
export const systemPath = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin";

function collect(child: ChildProcess, options: RunOptions): { stdout: Buffer[]; stderr: Buffer[] } {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const log = options.log ? createWriteStream(options.log, { flags: "a" }) : undefined;
  child.stdout?.on("data", (part: Buffer) => {
    stdout.push(part);
    log?.write(part);
  });
  child.stderr?.on("data", (part: Buffer) => {
    stderr.push(part);
    log?.write(part);
  });
  child.on("close", () => log?.end());
  return { stdout, stderr };
}

/** Runs to the end and returns what came out, whatever the exit code. */
export function attempt(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [command = "", ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      ...(options.cwd ? { cwd: options.cwd } : {}),
      env: { ...process.env, ...options.env },
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    const { stdout, stderr } = collect(child, options);
    const timer = options.timeoutMs ? setTimeout(() => child.kill("SIGKILL"), options.timeoutMs) : undefined;
    const finish = (code: number, extra = ""): void => {
      clearTimeout(timer);
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() + extra });
    };
    child.on("error", (error) => finish(127, error.message));
    child.on("close", (code, signal) => finish(code ?? 1, signal ? `ended by ${signal}` : ""));
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input);
  });
}

/** Runs and returns stdout; a failure carries the command, its code and its last lines. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await attempt(argv, options);
  if (outcome.code === 0) return outcome.stdout;
  const last = `${outcome.stdout}\n${outcome.stderr}`.trim().split("\n").slice(-15).join("\n  ");
  const where = options.log ? `\n  everything it printed: ${options.log}` : "";
  throw new Error(`${argv.slice(0, 6).join(" ")} ended with code ${outcome.code}:\n  ${last}${where}`);
}

/** Hands our own terminal over; returns the exit code. */
export function passThrough(argv: readonly string[], env: Record<string, string | undefined> = {}): Promise<number> {
  const [command = "", ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
    child.on("error", (error) => {
      process.stderr.write(`cannot start ${command}: ${error.message}\n`);
      resolve(127);
    });
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** Starts a process that outlives us; returns its id. */
export function background(argv: readonly string[], log: number, options: SpawnOptions = {}): number {
  const [command = "", ...args] = argv;
  const child = spawn(command, args, { ...options, detached: true, stdio: ["ignore", log, log] });
  child.on("error", () => undefined);
  child.unref();
  if (child.pid === undefined) throw new Error(`cannot start ${command}: is it installed?`);
  return child.pid;
}

/** Asks until the answer is not undefined. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined>,
  everyMs = 500,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`${what}: not so after ${seconds} s`);
    await sleep(everyMs);
  }
}
