import { describe, expect, it } from "vitest";
import { aDatabase, aFlow } from "../../test/builders.ts";
import { TestClock } from "../../test/harness/clock.ts";
import { anObject, controlledBy } from "../../test/object-builder.ts";
import { claimWanted } from "../hops/database.ts";
import { ApiError } from "../kernel/errors.ts";
import { silent } from "../kernel/hooks.ts";
import type { Kind, KubeObject } from "../kernel/objects.ts";
import { annotations, selectorFor } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Flow } from "../webflow/types.ts";
import { claimPatch } from "./claims.ts";
import { withPassword } from "./credentials.ts";
import { OperatorWorld, type WorldOptions } from "./world.ts";

const claim = (storage: string, owners: { uid: string }[] = []) =>
  anObject(kinds.PersistentVolumeClaim, "data-shop-db-0", {
    spec: { resources: { requests: { storage } } },
    metadata: { ownerReferences: owners.map(({ uid }) => ({ apiVersion: "v1", kind: "Thing", name: uid, uid })) },
  });
const flow = (changed: Partial<typeof aDatabase> = {}): Flow =>
  aFlow({ database: { ...aDatabase, storage: "2Gi", ...changed } });

function patch(made: ReturnType<typeof claim>, of: Flow) {
  const wanted = claimWanted(of);
  if (wanted === undefined) throw new Error("no claim is wanted");
  return claimPatch(made, of, wanted);
}

describe("a database's claim", () => {
  it("is left alone when it is as wanted, in whatever unit", () => {
    expect(patch(claim("2048Mi"), flow())).toBeUndefined();
  });

  it("grows, and never shrinks", () => {
    expect(patch(claim("1Gi"), flow())?.spec?.resources.requests.storage).toBe("2Gi");
    expect(patch(claim("5Gi"), flow())).toBeUndefined();
  });

  it("is owned by its flow under retention Delete, besides whoever owned it, and no longer under Retain", () => {
    const deleting = flow({ retention: "Delete" });
    const owners = patch(claim("2Gi", [{ uid: "other" }]), deleting)?.metadata.ownerReferences as {
      uid: string;
      controller?: boolean;
    }[];
    expect(owners.map(({ uid }) => uid)).toEqual(["other", deleting.uid]);
    expect(owners.some(({ controller }) => controller)).toBe(false);
    expect(patch(claim("2Gi", [{ uid: deleting.uid }]), flow())?.metadata.ownerReferences).toEqual([]);
  });
});

describe("a database's credentials", () => {
  const secret = {
    ...anObject(kinds.Secret, "shop-db"),
    stringData: { username: "shop", database: "shop", host: "shop-db.default.svc", port: "5432" },
  };

  it("get a password of their own that stands in a URL as it is", () => {
    const [one, two] = [withPassword(secret), withPassword(secret)].map(
      ({ stringData }) => stringData as Record<string, string>,
    );
    expect(one?.password).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(one?.password).not.toBe(two?.password);
    expect(one?.url).toBe(`postgresql://shop:${one?.password}@shop-db.default.svc:5432/shop`);
    expect(one?.username).toBe("shop");
  });
});

/** A world over objects in a list; what is sent is noted, and refused where the test says so. */
function aWorld() {
  const has: { kind: Kind; object: KubeObject }[] = [];
  const sent: string[] = [];
  const refuse: { with: ApiError | undefined } = { with: undefined };
  const clock = new TestClock();
  const find = (kind: Kind, name: string) =>
    has.find((one) => one.kind === kind && one.object.metadata.name === name)?.object;
  const send = async (line: string, object: KubeObject) => {
    sent.push(line);
    if (refuse.with !== undefined) throw refuse.with;
    return object;
  };
  const cache = {
    synced: () => true,
    get: find,
    list: (kind: Kind) => has.filter((one) => one.kind === kind).map(({ object }) => object),
    byOwner: (_uid: string, kind: Kind) => has.filter((one) => one.kind === kind).map(({ object }) => object),
    wrote: () => {},
    onChange: () => () => {},
  };
  const client = {
    create: (kind: Kind, object: KubeObject) => send(`create ${kind.kind}`, object),
    patch: (kind: Kind, _where: object, body: { spec?: object }) =>
      send(`patch ${kind.kind} ${body.spec === undefined ? "owner" : "size"}`, body as unknown as KubeObject),
    get: async (kind: Kind, name: string) => find(kind, name),
    delete: (kind: Kind, object: { name: string }) => send(`delete ${kind.kind} ${object.name}`, {} as KubeObject),
  };
  const options = { cache, client, clock, log: silent, metrics: { count: () => {} } };
  const world = new OperatorWorld(options as unknown as WorldOptions);
  return { world, has, sent, refuse, clock };
}

const refusal = (status: number, kind: "exists" | "denied" | "invalid") =>
  new ApiError({ status, reason: "Refused", message: "only dynamically provisioned pvc can be resized", kind });

describe("a database's Secret", () => {
  const secret = { ...anObject(kinds.Secret, "shop-db"), stringData: {} };
  const set = { kind: kinds.StatefulSet, object: anObject(kinds.StatefulSet, "shop-db") };
  const noted = (uid: string) => ({
    kind: kinds.PersistentVolumeClaim,
    object: anObject(kinds.PersistentVolumeClaim, "data-shop-db-0", {
      metadata: { uid, annotations: { [annotations.credentials]: "shop-db" } },
    }),
  });
  const posts = async (made: ReturnType<typeof aWorld>, turns = 3) => {
    made.sent.length = 0;
    for (let turn = 0; turn < turns; turn += 1) await made.world.createOnce(kinds.Secret, secret, flow());
    return made.sent.length;
  };

  it("is made with one POST, and with none over a claim that notes it", async () => {
    const made = aWorld();
    expect(await posts(made, 1)).toBe(1);
    made.has.push(set);
    expect(await posts(made)).toBe(0);
    made.has.push(noted("one"));
    expect(await posts(made)).toBe(0);
    const restarted = aWorld();
    restarted.has.push(noted("one"));
    expect(await posts(restarted)).toBe(0);
  });

  it("is asked for again while there is neither claim nor StatefulSet that it could be for", async () => {
    const made = aWorld();
    expect(await posts(made, 1)).toBe(1);
    made.refuse.with = refusal(409, "exists");
    expect(await posts(made)).toBe(3);
    made.has.push(set);
    expect(await posts(made)).toBe(0);
  });

  it.each([
    ["is gone", []],
    ["was made anew from the StatefulSet's template", [noted("two")]],
  ])("is made again, with one POST, once the claim that noted it %s", async (_, now) => {
    const made = aWorld();
    await posts(made, 1);
    made.has.push(set, noted("one"));
    expect(await posts(made)).toBe(0);
    made.has.splice(1, 1, ...now);
    expect(await posts(made)).toBe(1);
  });
});

describe("a claim that the API server will not let grow", () => {
  const small = () => ({ kind: kinds.PersistentVolumeClaim, object: claim("1Gi") });

  it.each([
    ["denied", refusal(403, "denied")],
    ["invalid", refusal(422, "invalid")],
  ])("is asked once, says so without a retry (%s), and asked again for another size or later", async (_, error) => {
    const { world, has, sent, refuse, clock } = aWorld();
    has.push(small());
    refuse.with = error;
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await world.tendClaim(flow())).toMatchObject({
        ok: false,
        retry: false,
        failure: { message: error.message },
      });
    }
    expect(sent).toEqual(["patch PersistentVolumeClaim size"]);
    await world.tendClaim(flow({ storage: "3Gi" }));
    expect(sent).toHaveLength(2);
    clock.freeze(600_000);
    await world.tendClaim(flow({ storage: "3Gi" }));
    expect(sent).toHaveLength(3);
  });

  it("still gets its owner", async () => {
    const { world, has, sent, refuse } = aWorld();
    has.push(small());
    refuse.with = refusal(403, "denied");
    await world.tendClaim(flow());
    refuse.with = undefined;
    expect(await world.tendClaim(flow({ retention: "Delete" }))).toMatchObject({ ok: false, retry: false });
    expect(sent.at(-1)).toBe("patch PersistentVolumeClaim owner");
  });
});

describe("a database that is wanted no more", () => {
  it("keeps its policy until its StatefulSet and its last pod are gone", async () => {
    const { world, has, sent } = aWorld();
    const of = flow();
    const ownerReferences = controlledBy({ kind: "WebFlow", name: "shop", uid: of.uid });
    const owned = (kind: Kind, name: string, spec: object) => ({
      kind,
      object: anObject(kind, name, { metadata: { ownerReferences, resourceVersion: "1" }, spec }),
    });
    const selector = selectorFor(of, "database");
    has.push(
      owned(kinds.NetworkPolicy, "shop-db", { podSelector: { matchLabels: selector } }),
      owned(kinds.NetworkPolicy, "shop", { podSelector: { matchLabels: selectorFor(of, "web") } }),
      owned(kinds.StatefulSet, "shop-db", {}),
      { kind: kinds.Pod, object: anObject(kinds.Pod, "shop-db-0", { metadata: { labels: selector } }) },
    );
    expect(await world.prune(of, [])).toEqual({ ok: true, changed: true });
    expect(sent).toEqual(["delete StatefulSet shop-db", "delete NetworkPolicy shop"]);
    has.splice(1, 2);
    await world.prune(of, []);
    expect(sent).toHaveLength(2);
    has.splice(1, 1);
    await world.prune(of, []);
    expect(sent.at(-1)).toBe("delete NetworkPolicy shop-db");
  });
});
