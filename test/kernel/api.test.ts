/** What the API server lets in and what it refuses, with the words a user reads. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/kernel/objects.ts";
import { pathOf } from "../../src/kernel/objects.ts";
import { WebFlowKind } from "../../src/webflow/kinds.ts";
import { bad, changes, good } from "./api-cases.ts";
import { type Api, flowWith, startApi } from "./api-server.ts";

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => {
  await api?.stop();
});

describe("the API server takes", () => {
  it.each(Object.entries(good))("%s", async (_, object) => {
    const reply = await api.tryCreate(object);
    expect(reply.message).toBe("");
    expect(reply.status).toBe(201);
  });
});

describe("the API server refuses, naming the field and what to do,", () => {
  it.each(Object.entries(bad))("%s", async (_, [object, field, advice]) => {
    const reply = await api.tryCreate(object);
    expect([400, 422]).toContain(reply.status);
    expect(reply.message).toContain(field);
    expect(reply.message).toContain(advice);
  });
});

describe("a change is let in or refused:", () => {
  it.each(Object.entries(changes))("%s", async (_, [before, after, refusal]) => {
    const all = pathOf(WebFlowKind, "default");
    const created = await api.send("POST", `${all}?fieldValidation=Strict`, before);
    expect(created.message).toBe("");
    const { resourceVersion = "" } = created.body.metadata as { resourceVersion?: string };
    const next = { ...after, metadata: { ...after.metadata, resourceVersion } };
    const reply = await api.send("PUT", `${all}/${after.metadata.name}?fieldValidation=Strict`, next);
    await api.send("DELETE", `${all}/${before.metadata.name}`);
    if (refusal === undefined) expect(reply.message).toBe("");
    else expect(reply.message).toContain(refusal);
  });
});

describe("kubectl get shows", () => {
  const table = async (path: string) => {
    const reply = await api.send("GET", path);
    return reply.body;
  };

  it("host, readiness, where it is broken, since when, and age", async () => {
    const discovery = await table("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/webflows.webflow.dev");
    const { versions } = discovery.spec as {
      versions: { additionalPrinterColumns: { name: string; priority?: number }[] }[];
    };
    const columns = versions[0]?.additionalPrinterColumns.filter((column) => (column.priority ?? 0) === 0);
    expect(columns?.map((column) => column.name.toUpperCase())).toEqual(["HOST", "READY", "BROKEN-AT", "SINCE", "AGE"]);
  });

  it("flows by host, with a field selector", async () => {
    const all = pathOf(WebFlowKind, "default");
    await api.send("POST", all, flowWith({}, "one"));
    await api.send("POST", all, flowWith({ host: "two.example.test" }, "two"));
    const found = await table(`${all}?fieldSelector=spec.host%3Dtwo.example.test`);
    const names = (found.items as KubeObject[]).map((item) => item.metadata.name);
    for (const name of ["one", "two"]) await api.send("DELETE", `${all}/${name}`);
    expect(names).toEqual(["two"]);
  });
});
