// Mounts below folders of ours: what is mounted there must go before the folder does, or its files would be removed.
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { attempt } from "./run.ts";

const table = "/proc/self/mountinfo";

/** The kernel writes blanks and backslashes of a path as octal numbers. */
const plain = (path: string): string =>
  path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** Mount points at or below these folders, the innermost first. */
export function mountPointsIn(mountinfo: string, folders: readonly string[]): string[] {
  return mountinfo
    .split("\n")
    .flatMap((line) => line.split(" ")[4] ?? [])
    .map(plain)
    .filter((path) => folders.some((folder) => path === folder || path.startsWith(`${folder}/`)))
    .reverse()
    .sort((a, b) => b.length - a.length);
}

export function mountsBelow(...folders: readonly string[]): string[] {
  if (!existsSync(table)) return [];
  const real = folders.filter((folder) => existsSync(folder)).map((folder) => realpathSync(folder));
  return mountPointsIn(readFileSync(table, "utf8"), real);
}

export async function unmountBelow(...folders: readonly string[]): Promise<void> {
  for (const path of mountsBelow(...folders)) await attempt(["umount", "-l", path]);
  const left = mountsBelow(...folders);
  if (left.length > 0) throw new Error(`cannot unmount ${left.join(", ")}: unmount it by hand, then try again`);
}
