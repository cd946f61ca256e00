// Child processes: captured, logged to a file when asked, and told of in words when they fail.
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
  input?: string | Buffer;
  /** Everything the command prints is kept here as well, for the reader of a failure. */
  log?: string;
  timeoutMs?: number;
  /** Let it come to its own end when we are stopped: half of what it does is worse than none or all. */
  whole?: boolean;
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

/** What runs for us now and is not meant to outlive us. */
const children = new Map<ChildProcess, { whole: boolean }>();
let ending = false;

/** A program that could not be started has no exit. */
function onGone(child: ChildProcess, react: () => void): void {
  for (const event of ["exit", "error"]) child.once(event, react);
}

function watch(child: ChildProcess, whole: boolean): void {
  children.set(child, { whole });
  onGone(child, () => children.delete(child));
}

/** Ends what runs for us, and starts no more: a lane of work that goes on would only be in the way of the next command. */
export async function endChildren(seconds = 5): Promise<void> {
  ending = true;
  const gone = [...children.keys()].map((child) => new Promise<void>((resolve) => onGone(child, resolve)));
  const end = (signal: NodeJS.Signals): void => {
    for (const [child, { whole }] of children) if (!whole) child.kill(signal);
  };
  end("SIGTERM");
  const timer = setTimeout(end, seconds * 1000, "SIGKILL");
  await Promise.all(gone);
  clearTimeout(timer);
}

export const isEnding = (): boolean => ending;

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const codeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/** Calls back, with the exit code that is due, when a person or a closing terminal wants us to stop. */
export function onStop(react: (code: number) => void): void {
  for (const signal of signals) process.on(signal, () => react(codeOf(signal)));
}

/** Runs to the end and returns what came out, whatever the exit code. */
export function attempt(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [command = "", ...args] = argv;
  if (ending) return Promise.resolve({ code: codeOf("SIGTERM"), stdout: "", stderr: "not started: we are stopping" });
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      ...(options.cwd ? { cwd: options.cwd } : {}),
      env: { ...process.env, ...options.env },
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    watch(child, options.whole === true);
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

/** Hands our own terminal over, signals included; returns the exit code. */
export function passThrough(argv: readonly string[], env: Record<string, string | undefined> = {}): Promise<number> {
  const [command = "", ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
    const finish = (code: number): void => {
      for (const signal of signals) process.off(signal, forward);
      resolve(code);
    };
    for (const signal of signals) process.on(signal, forward);
    child.on("error", (error) => {
      process.stderr.write(`cannot start ${command}: ${error.message}\n`);
      finish(127);
    });
    child.on("close", (code, signal) => finish(code ?? (signal ? codeOf(signal) : 1)));
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
