import { expect, test } from "vitest";
import { attempt, endChildren, passThrough } from "./run.ts";

test("the exit code of a command that a signal ended tells which", async () => {
  expect(await passThrough(["sh", "-c", "kill -INT $$"])).toBe(130);
});

test("handlers of signals go with the command they were for", async () => {
  const before = process.listenerCount("SIGINT");
  await passThrough(["true"]);
  expect(process.listenerCount("SIGINT")).toBe(before);
});

// The last of this file: nothing can be started after it.
test("everything ends when we are stopped, but for what must come to its own end", async () => {
  const begun = Date.now();
  const short = attempt(["sleep", "60"]);
  const stubborn = attempt(["sh", "-c", "trap '' TERM; while true; do sleep 0.1; done"]);
  const whole = attempt(["sh", "-c", "sleep 0.5; echo done"], { whole: true });
  await attempt(["sleep", "0.2"]);
  await endChildren(1);
  expect((await short).code).not.toBe(0);
  expect((await stubborn).code).not.toBe(0);
  expect((await whole).stdout).toBe("done\n");
  expect(Date.now() - begun).toBeLessThan(10_000);
  expect((await attempt(["true"])).code, "nothing is started any more").not.toBe(0);
});
