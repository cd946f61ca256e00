import { expect, test } from "vitest";
import { leftOver, lookAround, type Machine } from "./machine.ts";

const machine = (changed: Partial<Machine> = {}): Machine => ({
  namespaces: [],
  mounts: ["/", "/proc"],
  processes: [],
  devices: ["lo"],
  groups: [],
  ...changed,
});

test("what is there now and was not before is left over, a second mount at one place as well", () => {
  expect(leftOver(machine(), machine())).toEqual([]);
  expect(leftOver(machine({ namespaces: ["own"] }), machine())).toEqual([]);
  const after = machine({ namespaces: ["webflow"], mounts: ["/", "/proc", "/proc"], processes: ["7 dockerd"] });
  expect(leftOver(machine(), after)).toEqual(["namespaces: webflow", "mounts: /proc", "processes: 7 dockerd"]);
});

test("this machine can be looked at", () => {
  const { mounts, devices } = lookAround();
  expect(mounts).toContain("/proc");
  expect(devices).toContain("lo");
});
