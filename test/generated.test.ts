/** What is made from something else is not stale. The plain install, which needs helm, is held in kernel/chart.test.ts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { outputs } from "../hack/generate/outputs.ts";

const root = join(import.meta.dirname, "..");

describe('what "npm run generate" makes is what is committed:', () => {
  it.each([...outputs()])("%s", (path, text) => {
    expect(readFileSync(join(root, path), "utf8")).toBe(text);
  });
});
