import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Client } from "../../src/kernel/client.ts";
import { silent } from "../../src/kernel/hooks.ts";
import type { KubeObject } from "../../src/kernel/objects.ts";
import { Cache, type KindChange } from "../../src/kernel/read/cache.ts";
import type { WatchSpec } from "../../src/kernel/read/selector.ts";
import { systemClock } from "../../src/kernel/run/clock.ts";
import { eventually, type FakeAnswer, FakeApi, type FakeWatch } from "../harness/fake-api.ts";

const kind = { apiVersion: "example.dev/v1", kind: "Thing", plural: "things", namespaced: true };

function thing(name: string, version: number, extra: object = {}): KubeObject {
  const { labels, uid = `uid-${name}`, ...rest } = extra as { labels?: Record<string, string>; uid?: string };
  const metadata = {
    name,
    namespace: "ns",
    uid,
    resourceVersion: String(version),
    managedFields: [{ manager: "x" }],
    ...(labels && { labels }),
  };
  return { apiVersion: "example.dev/v1", kind: "Thing", metadata: metadata as KubeObject["metadata"], ...rest };
}

function listOf(version: number, ...items: KubeObject[]): FakeAnswer {
  return { body: { metadata: { resourceVersion: String(version) }, items } };
}

let api: FakeApi;
let client: Client;
let cache: Cache;
let stop: AbortController;
let ended: Promise<void>;
let told: string[];
let changes: KindChange[];

beforeEach(async () => {
  api = new FakeApi();
  await api.start();
});

afterEach(async () => {
  stop?.abort();
  await ended;
  await client?.close();
  await api.stop();
});

function begin(options: { specs?: WatchSpec[]; silenceMs?: number; staleMs?: number; client?: Client } = {}): void {
  client =
    options.client ?? new Client({ connection: api.connection(), userAgent: "test", connections: 4, deadlineMs: 3000 });
  told = [];
  changes = [];
  cache = new Cache({
    client,
    watches: options.specs ?? [{ kind }],
    clock: systemClock,
    log: silent,
    backoff: { firstMs: 10, maxMs: 50 },
    silenceMs: options.silenceMs ?? 60_000,
    staleMs: options.staleMs ?? 60_000,
    absentMs: 50,
    indexedLabels: ["flow"],
  });
  cache.onChange((change) => {
    changes.push(change);
    const { before, now } = change;
    const verb = before === undefined ? "add" : now === undefined ? "delete" : "update";
    told.push(`${verb} ${(now ?? before)?.metadata.name}@${(now ?? before)?.metadata.resourceVersion}`);
  });
  stop = new AbortController();
  ended = cache.run(stop.signal);
}

async function watching(count = 1): Promise<FakeWatch> {
  let watch: FakeWatch | undefined;
  await eventually(() => {
    expect(api.watches.length).toBeGreaterThanOrEqual(count);
    watch = api.watches[count - 1];
  });
  if (watch === undefined) throw new Error("no watch");
  return watch;
}

const names = (): string[] => cache.list(kind).map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);
const lists = (): number =>
  api.requests.filter(({ query, method }) => method === "GET" && query.get("watch") === null).length;

describe("a reflector lists and watches", () => {
  it("in pages, then from there, with bookmarks and a bounded life", async () => {
    api.answer = ({ query }) => {
      expect(query.get("limit")).toBe("500");
      const page = query.get("continue");
      if (page === null)
        return { body: { metadata: { resourceVersion: "10", continue: "next" }, items: [thing("a", 3)] } };
      return listOf(10, thing("b", 4));
    };
    begin();
    expect(cache.synced()).toBe(false);
    const watch = await watching();
    expect(cache.synced()).toBe(true);
    expect(names()).toEqual(["a@3", "b@4"]);
    expect(watch.query.get("resourceVersion")).toBe("10");
    expect(watch.query.get("allowWatchBookmarks")).toBe("true");
    expect(Number(watch.query.get("timeoutSeconds"))).toBeGreaterThanOrEqual(300);
    expect(Number(watch.query.get("timeoutSeconds"))).toBeLessThanOrEqual(600);
    watch.send("ADDED", thing("c", 11));
    watch.send("MODIFIED", thing("a", 12));
    watch.send("DELETED", thing("b", 13));
    await eventually(() => expect(told).toEqual(["add a@3", "add b@4", "add c@11", "update a@12", "delete b@13"]));
    expect(names()).toEqual(["a@12", "c@11"]);
    expect(cache.get(kind, "a", "ns")?.metadata).not.toHaveProperty("managedFields");
  });

  it("and resumes from the last bookmark when the watch ends", async () => {
    api.answer = () => listOf(10, thing("a", 3));
    begin();
    const watch = await watching();
    watch.send("BOOKMARK", { kind: "Thing", apiVersion: "example.dev/v1", metadata: { resourceVersion: "50" } });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    watch.end();
    expect((await watching(2)).query.get("resourceVersion")).toBe("50");
    expect(lists()).toBe(1);
    expect(told).toEqual(["add a@3"]);
  });

  it("and knows half a character at the end of a chunk from the other half", async () => {
    api.answer = () => listOf(10);
    begin();
    const watch = await watching();
    const line = Buffer.from(`${JSON.stringify({ type: "ADDED", object: thing("a", 11, { text: "größe €" }) })}\n`);
    const middle = line.indexOf(Buffer.from("€")) + 1;
    watch.raw(line.subarray(0, middle) as unknown as string);
    await new Promise((resolve) => setTimeout(resolve, 50));
    watch.raw(line.subarray(middle) as unknown as string);
    await eventually(() => expect(cache.get(kind, "a", "ns")?.text).toBe("größe €"));
  });
});

describe("a reflector comes back", () => {
  it.each<{ name: string; first: FakeAnswer }>([
    { name: "a first list that is refused for now", first: { status: 503, body: {} } },
    { name: "a first list that is forbidden", first: { status: 403, body: { reason: "Forbidden", message: "no" } } },
    { name: "a first list that is cut off", first: { fault: "reset" } },
    { name: "a list that is no JSON", first: { body: "<html>" } },
    { name: "too many requests", first: { status: 429, body: {}, headers: { "retry-after": "1" } } },
  ])("from $name, and is not synced before", async ({ first }) => {
    let failing = true;
    api.answer = () => (failing ? first : listOf(10, thing("a", 3)));
    begin();
    await eventually(() => expect(lists()).toBeGreaterThanOrEqual(1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(cache.synced()).toBe(false);
    expect(cache.status()[0]?.phase).toBe("unsynced");
    failing = false;
    await watching();
    expect(cache.synced()).toBe(true);
    expect(names()).toEqual(["a@3"]);
  });

  it("from credentials that cannot be had", async () => {
    api.answer = () => listOf(10, thing("a", 3));
    let good = false;
    const authorize = async () => {
      if (!good) throw new Error("exec plugin failed");
      return { headers: {}, tls: {} };
    };
    begin({ client: new Client({ connection: { server: api.url, authorize }, userAgent: "test" }) });
    await eventually(() => expect(cache.status()[0]?.lastError).toContain("exec plugin failed"));
    good = true;
    await watching();
    expect(names()).toEqual(["a@3"]);
  });

  it.each<{ name: string; refusal: FakeAnswer | undefined; event: unknown }>([
    { name: "410 in the stream", refusal: undefined, event: { kind: "Status", code: 410, reason: "Expired" } },
    { name: "410 as the answer", refusal: { status: 410, body: { reason: "Expired" } }, event: undefined },
  ])("from $name by a list, telling what went missing with its last state", async ({ refusal, event }) => {
    api.answer = () =>
      lists() === 1 ? listOf(10, thing("a", 3, { mark: 1 }), thing("b", 4)) : listOf(20, thing("b", 15));
    let refusals = 0;
    api.refuseWatch = () => {
      refusals += 1;
      return refusals === 1 ? refusal : undefined;
    };
    begin();
    if (event !== undefined) (await watching()).send("ERROR", event);
    await eventually(() => expect(told).toEqual(["add a@3", "add b@4", "update b@15", "delete a@3"]));
    expect(changes.at(-1)?.before?.mark).toBe(1);
    expect(cache.status()[0]?.relists).toBe(1);
  });

  it("from a malformed line by a list, and counts it", async () => {
    api.answer = () => (lists() === 1 ? listOf(10) : listOf(20, thing("a", 15)));
    begin();
    (await watching()).raw('{"type":"ADDED","obj\n');
    await eventually(() => expect(names()).toEqual(["a@15"]));
    expect(cache.status()[0]).toMatchObject({ malformed: 1, relists: 1, phase: "synced" });
  });

  it("from a connection broken in the middle of a line, without losing the event", async () => {
    api.answer = () => listOf(10);
    begin();
    const watch = await watching();
    watch.send("ADDED", thing("a", 11));
    watch.raw('{"type":"ADDED","object":{"meta');
    await eventually(() => expect(names()).toEqual(["a@11"]));
    watch.reset();
    const again = await watching(2);
    expect(again.query.get("resourceVersion")).toBe("11");
    again.send("ADDED", thing("b", 12));
    await eventually(() => expect(names()).toEqual(["a@11", "b@12"]));
  });

  it("by a list, where the server opens each watch and tells nothing", async () => {
    api.answer = () => (lists() === 1 ? listOf(10) : listOf(20, thing("a", 15)));
    begin();
    await watching();
    const breaking = setInterval(() => {
      for (const watch of api.openWatches) watch.reset();
    }, 1);
    await eventually(() => expect(names()).toEqual(["a@15"]));
    clearInterval(breaking);
    expect(told).toEqual(["add a@15"]);
  });

  it("from silence", async () => {
    api.answer = () => listOf(10);
    begin({ silenceMs: 300 });
    const watch = await watching();
    const again = await watching(2);
    expect(watch.closed).toBe(true);
    again.send("ADDED", thing("a", 11));
    await eventually(() => expect(names()).toEqual(["a@11"]));
  });

  it("but not from silence that is none: any byte counts", async () => {
    api.answer = () => listOf(10);
    begin({ silenceMs: 400 });
    const watch = await watching();
    for (let round = 0; round < 8; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      watch.raw("\n");
    }
    expect(api.watches).toHaveLength(1);
  });

  it("from an error in the stream that is not 410, by watching on", async () => {
    api.answer = () => listOf(10);
    begin();
    const watch = await watching();
    watch.send("ADDED", thing("a", 11));
    watch.send("ERROR", { kind: "Status", code: 500, reason: "InternalError", message: "etcd" });
    expect((await watching(2)).query.get("resourceVersion")).toBe("11");
    expect(lists()).toBe(1);
  });

  it("and says since when it has been out of touch", async () => {
    api.answer = () => listOf(10);
    begin({ staleMs: 300 });
    const watch = await watching();
    api.refuseWatch = () => ({ status: 500, body: {} });
    watch.reset();
    await eventually(() => expect(cache.status()[0]?.phase).toBe("stale"));
    expect(cache.synced()).toBe(true);
    await eventually(() => expect(cache.synced()).toBe(false));
    api.refuseWatch = () => undefined;
    await eventually(() => expect(cache.synced()).toBe(true));
  });

  it("and is not in touch by a watch that was opened, but with its first line", async () => {
    api.answer = () => listOf(10);
    begin({ staleMs: 0 });
    const watch = await watching();
    watch.reset();
    await eventually(() => expect(cache.status()[0]?.phase).toBe("stale"));
    const again = await watching(2);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(cache.status()[0]?.phase).toBe("stale");
    again.send("BOOKMARK", thing("", 50));
    await eventually(() => expect(cache.status()[0]?.phase).toBe("synced"), 500);
  });

  it("and says for how long nothing was heard, however often it has asked", async () => {
    api.answer = () => listOf(10);
    begin();
    const watch = await watching();
    api.refuseWatch = () => ({ status: 500, body: {} });
    watch.reset();
    await eventually(() => expect(cache.status()[0]?.silentMs).toBeGreaterThan(500), 3_000);
    expect(api.requests.length).toBeGreaterThan(5);
  });

  it("without asking in a circle when every watch ends at once", async () => {
    api.answer = () => listOf(10);
    begin();
    await watching();
    const closing = setInterval(() => {
      for (const watch of api.openWatches) watch.end();
    }, 1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    clearInterval(closing);
    // Pauses of 5 to 50 ms; without them it would be hundreds.
    expect(api.watches.length).toBeLessThan(60);
  });
});

describe("a reflector is not deceived", () => {
  it("by another object of the same name: the first is gone, the second is new", async () => {
    api.answer = () => (lists() === 1 ? listOf(10, thing("a", 3)) : listOf(20, thing("a", 15, { uid: "other" })));
    begin();
    (await watching()).send("ERROR", { code: 410 });
    await eventually(() => expect(told).toEqual(["add a@3", "delete a@3", "add a@15"]));
  });

  it("by a list from before what it has seen", async () => {
    api.answer = () => {
      if (lists() === 1) return listOf(50, thing("new", 50));
      return lists() < 4 ? listOf(30) : listOf(60, thing("new", 50), thing("newer", 60));
    };
    begin();
    (await watching()).send("ERROR", { code: 410 });
    await eventually(() => expect(names()).toEqual(["new@50", "newer@60"]));
    expect(told).toEqual(["add new@50", "add newer@60"]);
  });

  it("by a server that was set back only until it has said so often enough, and then not by what it held", async () => {
    const specs = [
      { kind, id: "one" },
      { kind, id: "two" },
    ];
    const before = () => listOf(50, thing("a", 40, { mark: "before" }), thing("gone", 45));
    const after = () => listOf(30, thing("a", 20, { mark: "after" }), thing("b", 25));
    let isSetBack = false;
    api.answer = () => (isSetBack ? after() : before());
    begin({ specs });
    await watching(2);
    isSetBack = true;
    for (const watch of api.openWatches) watch.send("ERROR", { code: 410 });
    await eventually(() => expect(names().sort()).toEqual(["a@20", "b@25"]));
    expect(cache.get(kind, "a", "ns")?.mark).toBe("after");
    await eventually(() => expect(api.openWatches).toHaveLength(2));
    expect(api.openWatches.map(({ query }) => query.get("resourceVersion"))).toEqual(["30", "30"]);
    expect(lists()).toBe(2 + 2 * 11);
  });

  it("by an event from before what it has seen, or the same one again", async () => {
    api.answer = () => listOf(10, thing("a", 9));
    begin();
    const watch = await watching();
    watch.send("MODIFIED", thing("a", 20));
    watch.send("MODIFIED", thing("a", 15));
    watch.send("MODIFIED", thing("a", 20));
    watch.send("ADDED", thing("z", 21));
    await eventually(() => expect(told).toEqual(["add a@9", "update a@20", "add z@21"]));
  });

  it("by version numbers of different length", async () => {
    api.answer = () => listOf(99, thing("a", 99));
    begin();
    (await watching()).send("MODIFIED", {
      ...thing("a", 0),
      metadata: { ...thing("a", 0).metadata, resourceVersion: "100000000000000000000" },
    });
    await eventually(() => expect(names()).toEqual(["a@100000000000000000000"]));
  });
});

describe("an answer to our own write", () => {
  it("is seen at once, and the event that follows is not news", async () => {
    api.answer = () => listOf(10, thing("a", 9));
    begin();
    const watch = await watching();
    cache.wrote(kind, thing("a", 11, { mark: "ours" }));
    expect(cache.get(kind, "a", "ns")?.mark).toBe("ours");
    watch.send("MODIFIED", thing("a", 11, { mark: "ours" }));
    watch.send("ADDED", thing("b", 12));
    await eventually(() => expect(told).toEqual(["add a@9", "update a@11", "add b@12"]));
  });

  it("survives a list from before it, and does not survive one from after it", async () => {
    api.answer = () => [listOf(10), listOf(15), listOf(30)][lists() - 1] ?? listOf(30);
    begin();
    const watch = await watching();
    cache.wrote(kind, thing("a", 20));
    watch.send("ERROR", { code: 410 });
    const second = await watching(2);
    expect(names()).toEqual(["a@20"]);
    second.send("ERROR", { code: 410 });
    await eventually(() => expect(names()).toEqual([]));
  });

  it("that comes after the news of a later deletion brings nothing back", async () => {
    api.answer = () => listOf(10, thing("a", 9));
    begin();
    const watch = await watching();
    watch.send("DELETED", thing("a", 12));
    await eventually(() => expect(names()).toEqual([]));
    cache.wrote(kind, thing("a", 11));
    expect(names()).toEqual([]);
    cache.wrote(kind, thing("a", 13));
    expect(names()).toEqual(["a@13"]);
  });

  it("that comes after a list from after its deletion brings nothing back", async () => {
    api.answer = () => (lists() === 1 ? listOf(10, thing("a", 9)) : listOf(20));
    begin();
    (await watching()).send("ERROR", { code: 410 });
    await eventually(() => expect(names()).toEqual([]));
    cache.wrote(kind, thing("a", 15));
    expect(names()).toEqual([]);
  });

  it("is not undone by the deletion of its predecessor", async () => {
    api.answer = () => listOf(10, thing("a", 9));
    begin();
    const watch = await watching();
    cache.wrote(kind, thing("a", 20, { uid: "second" }));
    watch.send("DELETED", thing("a", 15));
    watch.send("ADDED", thing("a", 20, { uid: "second" }));
    watch.send("ADDED", thing("z", 21));
    await eventually(() => expect(told).toEqual(["add a@9", "delete a@9", "add a@20", "add z@21"]));
  });

  it("does not enter where its labels do not belong", async () => {
    api.answer = () => listOf(10);
    begin({ specs: [{ kind, labelSelector: "flow=shop,!other" }] });
    await watching();
    cache.wrote(kind, thing("a", 11));
    cache.wrote(kind, thing("b", 11, { labels: { flow: "shop", other: "1" } }));
    cache.wrote(kind, thing("c", 11, { labels: { flow: "shop" } }));
    expect(names()).toEqual(["c@11"]);
  });

  it("is seen at once where one name is watched, and no other name enters", async () => {
    api.answer = () => listOf(10);
    begin({ specs: [{ kind, namespace: "ns", fieldSelector: "metadata.name=a" }] });
    await watching();
    cache.wrote(kind, thing("a", 11));
    cache.wrote(kind, thing("b", 11));
    expect(names()).toEqual(["a@11"]);
  });

  it("does not enter where only the server knows what is selected", async () => {
    api.answer = () => listOf(10);
    begin({ specs: [{ kind, fieldSelector: "metadata.name=a,spec.nodeName=n" }] });
    await watching();
    cache.wrote(kind, thing("a", 11));
    expect(names()).toEqual([]);
  });
});

describe("the cache", () => {
  it("shows the union of several watches of one kind", async () => {
    api.answer = ({ query }) =>
      query.get("labelSelector") === "a=1"
        ? listOf(10, thing("both", 5), thing("one", 6))
        : listOf(10, thing("both", 5));
    begin({
      specs: [
        { kind, labelSelector: "a=1" },
        { kind, labelSelector: "b=1" },
      ],
    });
    await watching(2);
    const [a, b] = api.watches[0]?.query.get("labelSelector") === "a=1" ? api.watches : [...api.watches].reverse();
    expect(names().sort()).toEqual(["both@5", "one@6"]);
    a?.send("DELETED", thing("both", 11));
    a?.send("DELETED", thing("one", 12));
    await eventually(() => expect(names()).toEqual(["both@5"]));
    expect(told.filter((line) => line.includes("both"))).toEqual(["add both@5"]);
    b?.send("DELETED", thing("both", 13));
    await eventually(() => expect(names()).toEqual([]));
    expect(told.filter((line) => line.includes("both"))).toEqual(["add both@5", "delete both@13"]);
  });

  it("finds by namespace, label and owner, also after they change", async () => {
    const owned = (name: string, version: number, uid: string, flow: string): KubeObject => {
      const object = thing(name, version, { labels: { flow } });
      return {
        ...object,
        metadata: { ...object.metadata, ownerReferences: [{ apiVersion: "x", kind: "Flow", name: flow, uid }] },
      };
    };
    api.answer = () => listOf(10, owned("a", 1, "u1", "one"), owned("b", 2, "u1", "one"), owned("c", 3, "u2", "two"));
    begin();
    const watch = await watching();
    const found = (objects: readonly KubeObject[]) => objects.map(({ metadata }) => metadata.name);
    expect(found(cache.byOwner("u1"))).toEqual(["a", "b"]);
    expect(found(cache.list(kind, { namespace: "ns", labels: { flow: "two" } }))).toEqual(["c"]);
    expect(found(cache.list(kind, { namespace: "elsewhere" }))).toEqual([]);
    watch.send("MODIFIED", owned("a", 11, "u2", "two"));
    await eventually(() => expect(found(cache.byOwner("u2", kind)).sort()).toEqual(["a", "c"]));
    expect(found(cache.byOwner("u1"))).toEqual(["b"]);
    expect(found(cache.list(kind, { labels: { flow: "two" } })).sort()).toEqual(["a", "c"]);
  });

  it("counts an API that is absent as empty, and finds it when it comes", async () => {
    let there = false;
    api.answer = () => (there ? listOf(10, thing("a", 3)) : { status: 404, body: "404 page not found" });
    begin({ specs: [{ kind, optional: true }] });
    await eventually(() => expect(cache.synced()).toBe(true));
    expect(cache.status()[0]?.phase).toBe("absent");
    there = true;
    await eventually(() => expect(names()).toEqual(["a@3"]));
    expect(cache.status()[0]?.phase).toBe("synced");
  });

  it("does not count an API that must be there as empty when it is absent", async () => {
    api.answer = () => ({ status: 404, body: "404 page not found" });
    begin();
    await eventually(() => expect(lists()).toBeGreaterThan(2));
    expect(cache.synced()).toBe(false);
  });

  it("goes on when a listener throws", async () => {
    api.answer = () => listOf(10, thing("a", 3), thing("b", 4));
    begin();
    cache.onChange(() => {
      throw new Error("listener");
    });
    await watching();
    expect(names()).toEqual(["a@3", "b@4"]);
  });

  it("says which kind it does not know", () => {
    begin({ specs: [] });
    expect(() => cache.get(kind, "a", "ns")).toThrow("Thing (example.dev/v1) is not watched");
  });
});

describe("stopping", () => {
  it("during a list leaves no watch behind", async () => {
    api.answer = () => ({ fault: "hang" });
    begin();
    await eventually(() => expect(lists()).toBe(1));
    stop.abort();
    await ended;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(api.watches).toHaveLength(0);
  });

  it("during a watch closes it", async () => {
    api.answer = () => listOf(10);
    begin();
    await watching();
    stop.abort();
    await ended;
    await eventually(() => expect(api.openWatches).toHaveLength(0));
  });

  it("during a pause ends at once", async () => {
    api.answer = () => ({ status: 403, body: {}, headers: { "retry-after": "30" } });
    begin();
    await eventually(() => expect(cache.status()[0]?.lastError).toBeDefined());
    const start = Date.now();
    stop.abort();
    await ended;
    expect(Date.now() - start).toBeLessThan(1000);
  });
});
