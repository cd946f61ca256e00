import { expect, test } from "vitest";
import { mountPointsIn } from "./mounts.ts";

const line = (path: string) => `36 35 98:0 / ${path} rw,noatime shared:1 - ext3 /dev/root rw`;
const table = ["/cache/engine", "/cache/work/rootfs-node/proc", "/cache/work", "/cache/workshop", "/cache/work"]
  .map(line)
  .join("\n");

test("mounts at and below a folder are found, the innermost first, each as often as it is mounted", () => {
  expect(mountPointsIn(table, ["/cache/work"])).toEqual(["/cache/work/rootfs-node/proc", "/cache/work", "/cache/work"]);
});

test("a folder whose name only begins alike is not ours", () => {
  expect(mountPointsIn(table, ["/cache/eng"])).toEqual([]);
});

test("a blank in a path is written as the kernel writes it", () => {
  expect(mountPointsIn(line("/my\\040cache/work/a"), ["/my cache/work"])).toEqual(["/my cache/work/a"]);
});
