import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Client } from "../../src/kernel/client.ts";
import { connectionOf, defaultConnection } from "../../src/kernel/connection.ts";
import { ApiError } from "../../src/kernel/errors.ts";
import type { KubeObject } from "../../src/kernel/objects.ts";
import { type ControlPlane, startControlPlane } from "../harness/control-plane.ts";
import { eventually, type FakeAnswer, FakeApi } from "../harness/fake-api.ts";

const ConfigMap = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };

function configMap(name: string, data: Record<string, string> = {}): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" }, data };
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApiError)) throw new Error(`no ApiError: ${String(error)}`);
  return error;
}

describe("a call", () => {
  let api: FakeApi;
  let client: Client;

  beforeEach(async () => {
    api = new FakeApi();
    await api.start();
    client = new Client({
      connection: api.connection(),
      userAgent: "webflow-operator/test",
      connections: 3,
      deadlineMs: 2000,
      random: () => 0,
    });
  });

  afterEach(async () => {
    await client.close();
    await api.stop();
  });

  const answers = (...list: FakeAnswer[]): void => {
    let index = 0;
    api.answer = () => list[Math.min(index++, list.length - 1)] ?? {};
  };
  const good: FakeAnswer = { body: configMap("a") };

  it.each<{ name: string; fault: FakeAnswer }>([
    { name: "500", fault: { status: 500, body: {} } },
    { name: "503", fault: { status: 503, body: "no upstream" } },
    { name: "429", fault: { status: 429, body: {} } },
    { name: "a broken connection", fault: { fault: "reset" } },
  ])("that reads or applies is repeated after $name", async ({ fault }) => {
    answers(fault, good, fault, good);
    await client.get(ConfigMap, "a", "default");
    await client.apply(ConfigMap, configMap("a"), { fieldManager: "test" });
    expect(api.requests.map(({ method }) => method)).toEqual(["GET", "GET", "PATCH", "PATCH"]);
  });

  it("is not repeated for ever", async () => {
    answers({ status: 500, body: { reason: "InternalError", message: "etcd" } });
    const error = await failure(client.get(ConfigMap, "a", "default"));
    expect(error).toMatchObject({ status: 500, kind: "transient", reason: "InternalError", message: "etcd" });
    expect(api.requests).toHaveLength(4);
  });

  it("that creates or replaces is not repeated at all", async () => {
    answers({ status: 500, body: {} });
    await failure(client.create(ConfigMap, configMap("a")));
    await failure(client.replace(ConfigMap, configMap("a")));
    await failure(client.raw("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {}));
    expect(api.requests).toHaveLength(3);
  });

  it("waits as long as the server says, and gives the wait to the caller when it is too long", async () => {
    answers({ status: 429, body: {}, headers: { "retry-after": "1" } }, good);
    const start = Date.now();
    await client.get(ConfigMap, "a", "default");
    expect(Date.now() - start).toBeGreaterThanOrEqual(990);
    answers({ status: 429, body: {}, headers: { "retry-after": "60" } });
    expect(await failure(client.get(ConfigMap, "a", "default"))).toMatchObject({
      kind: "transient",
      retryAfterMs: 60_000,
    });
    expect(api.requests).toHaveLength(3);
  });

  it("ends by its deadline when no answer comes, and holds up no other", async () => {
    api.answer = ({ path }) => (path.endsWith("/stuck") ? { fault: "hang" } : good);
    const start = Date.now();
    const stuck = failure(client.get(ConfigMap, "stuck", "default", { deadlineMs: 500 }));
    await client.get(ConfigMap, "a", "default");
    expect(Date.now() - start).toBeLessThan(400);
    expect(await stuck).toMatchObject({ kind: "transient", reason: "Timeout" });
    expect(Date.now() - start).toBeLessThan(1500);
  });

  it("ends by its deadline also while it waits for a connection, and leaves its place to the next", async () => {
    api.answer = ({ path }) => (path.endsWith("/stuck") ? { fault: "hang" } : good);
    const narrow = new Client({ connection: api.connection(), userAgent: "x", connections: 1 });
    const start = Date.now();
    const stuck = failure(narrow.get(ConfigMap, "stuck", "default", { deadlineMs: 1000 }));
    const waiting = failure(narrow.get(ConfigMap, "a", "default", { deadlineMs: 200 }));
    const next = narrow.get(ConfigMap, "b", "default");
    expect(await waiting).toMatchObject({ reason: "Timeout" });
    expect(Date.now() - start).toBeLessThan(800);
    await stuck;
    await next;
    expect(api.requests.map(({ path }) => path.split("/").at(-1))).toEqual(["stuck", "b"]);
    await narrow.close();
  });

  it("ends when its caller gives up", async () => {
    answers({ fault: "hang" });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    expect(await failure(client.get(ConfigMap, "a", "default", { signal: stop.signal }))).toMatchObject({
      reason: "Aborted",
    });
  });

  it.each([
    [400, "BadRequest", "invalid"],
    [401, "Unauthorized", "denied"],
    [403, "Forbidden", "denied"],
    [404, "NotFound", "notfound"],
    [409, "AlreadyExists", "exists"],
    [409, "Conflict", "conflict"],
    [410, "Expired", "gone"],
    [415, "UnsupportedMediaType", "terminal"],
    [422, "Invalid", "invalid"],
  ])("that is answered %d %s is %s", async (status, reason, kind) => {
    const details = { causes: [{ reason: "FieldValueInvalid", message: "bad", field: "spec.x" }] };
    answers({ status, body: { kind: "Status", reason, message: "said why", details } });
    const error = await failure(client.get(ConfigMap, "a", "default"));
    expect(error).toMatchObject({ status, reason, kind, message: "said why", causes: details.causes });
    expect(api.requests).toHaveLength(status === 401 ? 2 : 1);
  });

  it("keeps few connections and uses them again", async () => {
    answers(good);
    await Promise.all(Array.from({ length: 40 }, () => client.get(ConfigMap, "a", "default")));
    await client.get(ConfigMap, "a", "default");
    expect(api.connections).toBeLessThanOrEqual(3);
    expect(api.requests[0]?.headers["user-agent"]).toBe("webflow-operator/test");
  });

  it("that writes is refused by who must not write, reads are not", async () => {
    answers(good);
    const refusing = new Client({
      connection: api.connection(),
      userAgent: "x",
      beforeWrite: () => {
        throw new Error("not the leader");
      },
    });
    await refusing.get(ConfigMap, "a", "default");
    await expect(refusing.apply(ConfigMap, configMap("a"), { fieldManager: "x" })).rejects.toThrow("not the leader");
    await expect(refusing.raw("POST", "/x", {})).rejects.toThrow("not the leader");
    expect(api.requests).toHaveLength(1);
    await refusing.close();
  });

  it("that writes is refused also when the right was lost while it waited for a connection", async () => {
    api.answer = ({ method }) => (method === "GET" ? { fault: "hang" } : good);
    let leads = true;
    const leader = new Client({
      connection: api.connection(),
      userAgent: "x",
      connections: 1,
      beforeWrite: () => {
        if (!leads) throw new Error("not the leader");
      },
    });
    const stuck = failure(leader.get(ConfigMap, "a", "default", { deadlineMs: 200 }));
    const write = leader.apply(ConfigMap, configMap("a"), { fieldManager: "x" });
    await eventually(() => expect(api.requests).toHaveLength(1));
    leads = false;
    await expect(write).rejects.toThrow("not the leader");
    expect(await stuck).toMatchObject({ reason: "Timeout" });
    expect(api.requests.map(({ method }) => method)).toEqual(["GET"]);
    leads = true;
    await leader.apply(ConfigMap, configMap("a"), { fieldManager: "x" });
    await leader.close();
  });

  it("that writes is refused also when the right was lost while credentials were fetched", async () => {
    answers(good);
    let leads = true;
    const authorize = async () => {
      leads = false;
      return { headers: {}, tls: {} };
    };
    const beforeWrite = () => {
      if (!leads) throw new Error("not the leader");
    };
    const leader = new Client({ connection: { server: api.url, authorize }, userAgent: "x", beforeWrite });
    await expect(leader.apply(ConfigMap, configMap("a"), { fieldManager: "x" })).rejects.toThrow("not the leader");
    expect(api.requests).toHaveLength(0);
    await leader.close();
  });

  it("ends with its client's own signal, whatever its caller says, whether sent or waiting", async () => {
    answers({ fault: "hang" });
    const stop = new AbortController();
    const connection = api.connection();
    const leader = new Client({ connection, userAgent: "x", connections: 1, signal: stop.signal });
    const { signal } = new AbortController();
    const calls = ["a", "b", "c"].map((name) =>
      failure(leader.apply(ConfigMap, configMap(name), { fieldManager: "x", signal })),
    );
    await eventually(() => expect(api.requests).toHaveLength(1));
    stop.abort();
    for (const call of calls) expect(await call).toMatchObject({ reason: "Aborted" });
    expect(await failure(leader.get(ConfigMap, "a", "default"))).toMatchObject({ reason: "Aborted" });
    expect(api.requests).toHaveLength(1);
    await leader.close();
  });

  it("cannot leave its path by a name", async () => {
    answers(good);
    await client.get(ConfigMap, "../secrets/x", "default");
    expect(api.requests[0]?.path).toBe("/api/v1/namespaces/default/configmaps/..%2Fsecrets%2Fx");
  });
});

describe("against the real API server", () => {
  let plane: ControlPlane;
  let client: Client;

  beforeAll(async () => {
    plane = await startControlPlane();
    client = new Client({ connection: defaultConnection(plane.kubeconfig), userAgent: "test" });
  });

  afterAll(async () => {
    await client?.close();
    await plane?.stop();
  });

  it("lists in pages", async () => {
    for (let index = 0; index < 5; index += 1) await client.create(ConfigMap, configMap(`page-${index}`));
    const first = await client.list(ConfigMap, { namespace: "default", limit: 2 });
    expect(first.items).toHaveLength(2);
    expect(first.items[0]).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
    const second = await client.list(ConfigMap, {
      namespace: "default",
      limit: 2,
      ...(first.continue && { continue: first.continue }),
    });
    expect(second.items).toHaveLength(2);
    expect(second.resourceVersion).toBe(first.resourceVersion);
  });

  it("says whether an apply has created", async () => {
    const once = await client.apply(ConfigMap, configMap("applied", { a: "1" }), { fieldManager: "test" });
    const twice = await client.apply(ConfigMap, configMap("applied", { a: "1" }), { fieldManager: "test" });
    expect([once.created, twice.created]).toEqual([true, false]);
    expect(twice.object.metadata.resourceVersion).toBe(once.object.metadata.resourceVersion);
  });

  it("changes nothing in a dry run", async () => {
    await client.create(ConfigMap, configMap("dry"), { dryRun: true });
    expect((await failure(client.get(ConfigMap, "dry", "default"))).kind).toBe("notfound");
  });

  it("deletes the state that was named and no other", async () => {
    const before = await client.create(ConfigMap, configMap("precise"));
    const { uid = "", resourceVersion = "", name } = before.metadata;
    const after = await client.patch(ConfigMap, before.metadata, { data: { a: "1" } }, { type: "merge" });
    const exactly = { name, namespace: "default", uid };
    expect((await failure(client.delete(ConfigMap, { ...exactly, resourceVersion }))).kind).toBe("conflict");
    const now = after.metadata.resourceVersion ?? "";
    expect((await failure(client.delete(ConfigMap, { ...exactly, uid: "another", resourceVersion: now }))).kind).toBe(
      "conflict",
    );
    await client.delete(ConfigMap, { ...exactly, resourceVersion: now });
    expect((await failure(client.get(ConfigMap, name, "default"))).kind).toBe("notfound");
  });

  it("patches by JSON Patch, and asks reviews", async () => {
    const made = await client.create(ConfigMap, configMap("patched", { a: "1" }));
    const patched = await client.patch(ConfigMap, made.metadata, [{ op: "replace", path: "/data/a", value: "2" }], {
      type: "json",
    });
    expect(patched.data).toEqual({ a: "2" });
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token: plane.nobodyToken } };
    expect(await client.raw("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)).toMatchObject({
      status: { authenticated: true, user: { username: "nobody" } },
    });
  });

  it("takes a rotated token and certificate authority without a restart", async () => {
    const folder = await mkdtemp(join(tmpdir(), "webflow-credentials-"));
    try {
      const tokenFile = join(folder, "token");
      const caFile = join(folder, "ca.crt");
      writeFileSync(tokenFile, "outdated\n");
      writeFileSync(caFile, plane.ca);
      const config = new KubeConfig();
      config.loadFromOptions({
        clusters: [{ name: "c", server: plane.url, caFile, skipTLSVerify: false }],
        users: [{ name: "u", authProvider: { name: "tokenFile", config: { tokenFile } } }],
        contexts: [{ name: "x", cluster: "c", user: "u" }],
        currentContext: "x",
      });
      const rotating = new Client({ connection: connectionOf(config), userAgent: "test" });
      expect(await failure(rotating.list(ConfigMap, { namespace: "default" }))).toMatchObject({
        status: 401,
        kind: "denied",
      });
      writeFileSync(tokenFile, `${plane.token}\n`);
      await rotating.list(ConfigMap, { namespace: "default" });
      await rotating.close();

      const other = await startOther(folder);
      writeFileSync(caFile, other);
      const distrusting = new Client({ connection: connectionOf(config), userAgent: "test" });
      expect((await failure(distrusting.list(ConfigMap, { namespace: "default" }))).message).toMatch(/certificate/);
      writeFileSync(caFile, plane.ca);
      // Credentials are read anew every few seconds.
      await new Promise((resolve) => setTimeout(resolve, 5500));
      await distrusting.list(ConfigMap, { namespace: "default" });
      await distrusting.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("says what is wrong with a kubeconfig", () => {
    const config = new KubeConfig();
    config.loadFromString(
      readFileSync(plane.kubeconfig, "utf8").replace('"current-context":"test"', '"current-context":"nowhere"'),
    );
    expect(() => connectionOf(config)).toThrow('current-context "nowhere" names no cluster');
  });
});

/** Some other certificate authority: the public certificates that Node carries. */
async function startOther(_folder: string): Promise<string> {
  const { rootCertificates } = await import("node:tls");
  return rootCertificates[0] ?? "";
}
