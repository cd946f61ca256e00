// One lock on this machine: two commands must not bring the cluster up or down at the same time.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ensureFolder, runFolder } from "./paths.ts";
import { alive } from "./state.ts";

function ownerOf(file: string): number {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return 0;
  }
}

function isHeld(file: string): boolean {
  const owner = ownerOf(file);
  return owner > 0 && owner !== process.pid && alive(owner, "hack/");
}

const existed = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "EEXIST";

/** Written elsewhere and linked into place: nobody ever reads a lock that does not name its owner yet. */
function place(lock: string): boolean {
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if (existed(error)) return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Moves a dead owner's lock away and looks again: between look and move somebody else may have taken it. */
function clearDead(lock: string): void {
  if (isHeld(lock)) return;
  const aside = `${lock}.${process.pid}.old`;
  try {
    renameSync(lock, aside);
    if (isHeld(aside)) linkSync(aside, lock);
  } catch {
    // another command was faster, and its lock is in place
  }
  rmSync(aside, { force: true });
}

/**
 * Takes the lock until this process ends, or throws when another holds it. To the end, because what a failed step has
 * started is at work until then.
 */
export function takeLock(lock = `${runFolder()}.lock`): void {
  ensureFolder(dirname(lock));
  if (!place(lock)) {
    clearDead(lock);
    if (!place(lock)) {
      throw new Error(
        `another up or down is at work (process ${ownerOf(lock)}): wait for it, then run this again; its lock is ${lock}`,
      );
    }
  }
  process.once("exit", () => {
    if (ownerOf(lock) === process.pid) rmSync(lock, { force: true });
  });
}
