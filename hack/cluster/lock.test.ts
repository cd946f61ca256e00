import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeLock } from "./lock.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "webflow-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const lock = () => join(folder, "run.lock");
const dead = 2 ** 22 + 1; // above the greatest process id there is

test("a free lock is taken, and names its owner", () => {
  takeLock(lock());
  expect(readFileSync(lock(), "utf8")).toBe(String(process.pid));
});

test("the lock of a dead process is taken over, and nothing is left beside it", () => {
  writeFileSync(lock(), String(dead));
  takeLock(lock());
  expect(readFileSync(lock(), "utf8")).toBe(String(process.pid));
  expect(readdirSync(folder)).toEqual(["run.lock"]);
});

test("the lock of a living command is left to it", async () => {
  const other = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)", "hack/up.ts"], { stdio: "ignore" });
  await once(other, "spawn");
  writeFileSync(lock(), String(other.pid));
  try {
    expect(() => takeLock(lock())).toThrow(`process ${other.pid}`);
    expect(readFileSync(lock(), "utf8")).toBe(String(other.pid));
  } finally {
    other.kill("SIGKILL");
  }
});
