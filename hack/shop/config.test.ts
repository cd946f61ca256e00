import { expect, test } from "vitest";
import { readConfig } from "./config.ts";

test("the shop runs without being told anything", () => {
  expect(readConfig({})).toMatchObject({ port: 8080, workers: 2, threads: 2 });
});

test("the shop takes processes, threads and names from what WebFlow sets", () => {
  const env = {
    PORT: "9000",
    WEB_CONCURRENCY: "3",
    WEB_THREADS: "4",
    WEBFLOW_FLOW: "default/shop",
    WEBFLOW_POD: "p",
    WEBFLOW_NODE: "n",
  };
  expect(readConfig(env)).toMatchObject({
    port: 9000,
    workers: 3,
    threads: 4,
    flow: "default/shop",
    pod: "p",
    node: "n",
  });
});

test("a value that cannot be meant is refused by name", () => {
  expect(() => readConfig({ WEB_CONCURRENCY: "many" })).toThrow(
    'WEB_CONCURRENCY must be a whole number from 1 to 64, found "many"',
  );
  expect(() => readConfig({ PORT: "0" })).toThrow("PORT");
});
