import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { cacheFolder, runFolder } from "./paths.ts";

afterEach(() => vi.unstubAllEnvs());

test("a cache folder is absolute, however it was said", () => {
  vi.stubEnv("WEBFLOW_CACHE", "some/cache");
  expect(cacheFolder()).toBe(join(process.cwd(), "some", "cache"));
});

test("another cache folder does not hide the cluster that runs", () => {
  const before = runFolder();
  vi.stubEnv("WEBFLOW_CACHE", "/another/cache");
  expect(runFolder()).toBe(before);
});
