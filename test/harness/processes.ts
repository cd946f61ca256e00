/**
 * Processes of one control plane: started with their output in a file, ended by id, their ids noted in the folder, so
 * that the next run can end what a killed run left behind. A noted id is only trusted while that process still has the
 * folder on its command line.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const folderPrefix = "webflow-control-plane-";

export class Processes {
  readonly #folder: string;
  readonly #children = new Map<string, ChildProcess>();
  readonly #onExit = (): void => {
    for (const child of this.#children.values()) child.kill("SIGKILL");
  };

  constructor(folder: string) {
    this.#folder = folder;
    process.on("exit", this.#onExit);
    writeFileSync(join(folder, "owner.pid"), String(process.pid));
  }

  start(name: string, path: string, args: readonly string[]): void {
    const log = openSync(join(this.#folder, `${name}.log`), "a");
    const child = spawn(path, args, { stdio: ["ignore", log, log], cwd: this.#folder });
    closeSync(log);
    child.on("error", () => undefined);
    child.unref();
    this.#children.set(name, child);
    this.#note();
  }

  /** Throws when a process has ended by itself. */
  check(): void {
    for (const [name, child] of this.#children) {
      if (ended(child))
        throw new Error(`${name} ended (${child.exitCode ?? child.signalCode})\n${this.lastWords(name)}`);
    }
  }

  lastWords(name: string): string {
    try {
      return readFileSync(join(this.#folder, `${name}.log`), "utf8").slice(-3000);
    } catch {
      return "";
    }
  }

  async stop(name: string, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const child = this.#children.get(name);
    this.#children.delete(name);
    if (child === undefined || ended(child)) return;
    child.ref();
    const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
    await exit;
    clearTimeout(timer);
    this.#note();
  }

  async stopAll(): Promise<void> {
    for (const name of [...this.#children.keys()].reverse()) await this.stop(name, "SIGKILL");
    process.off("exit", this.#onExit);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #note(): void {
    const pids = [...this.#children.values()].flatMap((child) => (child.pid === undefined ? [] : [child.pid]));
    writeFileSync(join(this.#folder, "pids"), pids.join("\n"));
  }
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

/** End the processes and remove the folders of runs whose owner is gone. */
export async function clearLeftovers(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(folderPrefix))) {
    const folder = join(tmpdir(), name);
    const owner = readNumbers(join(folder, "owner.pid"))[0];
    if (owner === undefined || alive(owner)) continue;
    for (const pid of readNumbers(join(folder, "pids"))) {
      if (commandLine(pid).includes(folder)) process.kill(pid, "SIGKILL");
    }
    await sleep(100);
    rmSync(folder, { recursive: true, force: true });
  }
}

function readNumbers(path: string): number[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .map(Number)
      .filter((pid) => pid > 0);
  } catch {
    return [];
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function commandLine(pid: number): string {
  try {
    return execFileSync("ps", ["-ww", "-o", "command=", "-p", String(pid)], { encoding: "utf8" });
  } catch {
    return "";
  }
}
