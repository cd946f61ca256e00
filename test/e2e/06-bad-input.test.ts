// Claim 6: bad input is refused with a message that names the field, or is a Broken hop with its cause.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { HopName, WebFlow } from "../../src/webflow/types.ts";
import {
  apply,
  childrenOf,
  deleteNamespace,
  eventually,
  flowObject,
  hopOf,
  kube,
  list,
  makeNamespace,
  need,
  readFlow,
  webflow,
} from "./cluster.ts";

const namespace = "e2e-bad";
const process = { image: "shop:0.1.0", ports: [{ name: "http", port: 8080 }] };

beforeAll(() => makeNamespace(namespace));
afterAll(async () => {
  await kube(["delete", "webflowclass", "e2e-crashing", "--ignore-not-found"]);
  await deleteNamespace(namespace);
});

async function refusal(spec: Record<string, unknown>): Promise<string> {
  try {
    await kube(["apply", "-f", "-"], stringify(flowObject({ namespace, name: "bad" }, spec)));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("it was taken");
}

describe("is refused when it is applied, by the field's name", () => {
  const bad: Record<string, [spec: Record<string, unknown>, names: RegExp]> = {
    "a wrong type": [{ vmGroup: { min: "two" } }, /spec\.vmGroup\.min/],
    "an unknown field": [{ vmgroup: { min: 2 } }, /spec\.vmgroup/],
    "min above max": [{ vmGroup: { min: 3, max: 2 } }, /spec\.vmGroup\.min.*lower min or raise max/s],
    "an engine that we do not know": [{ database: { engine: "Oracle" } }, /spec\.database\.engine.*"Postgres"/s],
    "a port that is not there": [{ routes: [{ path: "/", port: "admin" }] }, /spec\.routes.*process\.ports/s],
    "a host that is none": [{ host: "Shop" }, /spec\.host/],
    "no process": [{ process: undefined }, /spec\.process/],
    "a privileged port": [
      { process: { ...process, ports: [{ name: "http", port: 80 }] } },
      /spec\.process\.ports\[0\]\.port/,
    ],
    "a check with two bodies": [
      { checks: [{ name: "c", path: "/", method: "POST", json: "{}", form: "a=b" }] },
      /spec\.checks\[0\].*json or form/s,
    ],
  };
  for (const [name, [spec, names]] of Object.entries(bad)) {
    test(name, async () => {
      expect(await refusal(spec)).toMatch(names);
      const flows = (await list("-n", namespace, "webflows")).map(({ metadata }) => metadata.name);
      expect(flows).not.toContain("bad");
      expect(await childrenOf({ namespace, name: "bad" })).toEqual([]);
    });
  }
});

function brokenAt(name: string, hop: HopName, seconds: number): Promise<WebFlow> {
  return eventually(`${name} is Broken at ${hop}`, seconds, async () => {
    const flow = await readFlow({ namespace, name });
    return flow.status?.brokenAt === hop ? flow : undefined;
  });
}

/** Nothing half-made is left: what came of it goes with it, but for data and their credentials. */
async function goesWhole(name: string): Promise<void> {
  await kube(["-n", namespace, "delete", "webflow", name, "--timeout=30s"]);
  await eventually(`nothing is left of ${name}`, 90, async () => {
    const left = (await childrenOf({ namespace, name })).map(({ kind }) => kind);
    return left.every((kind) => kind === "PersistentVolumeClaim" || kind === "Secret");
  });
}

describe("is a Broken hop with the cause", () => {
  test("a host outside the class's zones: nothing is made", async () => {
    const name = { namespace, name: "foreign" };
    await apply(flowObject(name, { host: "shop.example.org", database: { engine: "Postgres" } }));
    const flow = await brokenAt("foreign", "dns", 30);
    expect(hopOf(flow, "dns")?.message).toContain("example.test");
    await sleep(3000);
    expect((await childrenOf(name)).map((child) => `${child.kind}/${child.metadata.name}`)).toEqual([]);
  });

  test("an image that cannot be pulled", async () => {
    await apply(
      flowObject({ namespace, name: "unpulled" }, { process: { ...process, image: "nowhere.invalid/none:1" } }),
    );
    const flow = await brokenAt("unpulled", "process", 90);
    expect(hopOf(flow, "process")?.message).toContain("nowhere.invalid/none:1");
    await goesWhole("unpulled");
  });

  test("a database image that never starts: the database is named, not those who wait for it", async () => {
    const { spec } = await need("webflowclass", "standard");
    const engines = [{ engine: "Postgres", versions: [{ version: "15", image: "webflow-operator:0.1.0" }] }];
    const own = { ...(spec as Record<string, unknown>), default: false, engines };
    await apply({
      apiVersion: "webflow.dev/v1alpha1",
      kind: "WebFlowClass",
      metadata: { name: "e2e-crashing" },
      spec: own,
    });
    const wanted = {
      className: "e2e-crashing",
      database: { engine: "Postgres" },
      checks: [{ name: "front", path: "/" }],
    };
    await apply(flowObject({ namespace, name: "crashing" }, wanted));
    const flow = await brokenAt("crashing", "database", 150);
    expect(hopOf(flow, "database")?.message).not.toBe("");
    expect(flow.status?.hops?.filter((hop) => hop.state === "Broken").map((hop) => hop.hop)).toEqual(["database"]);
    const traced = await webflow("trace", "crashing", "-n", namespace, "-o", "json");
    expect(traced.code, traced.stderr).toBe(1);
    expect(JSON.parse(traced.stdout)).toMatchObject({ flow: "crashing", ready: "False", brokenAt: "database" });
    await goesWhole("crashing");
  });
});
