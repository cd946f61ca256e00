/**
 * The table of reasons is the whole truth: facts take no other reason (the compiler), what turns write beside facts is
 * listed, and what is listed is written by who is said to write it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fact } from "../src/hops/facts.ts";
import { leansOn } from "../src/hops/leans.ts";
import { reasonTable } from "../src/webflow/reasons.ts";

const root = join(import.meta.dirname, "..");
const text = (file: string) => readFileSync(join(root, "src", file), "utf8");
const sourcesOf = (folder: string) =>
  readdirSync(join(root, "src", folder))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => `${folder}/${file}`);

const isolated = ["hops/isolation.ts", "hops/isolation-objects.ts"];

/** Who writes the reasons of each part of the table. */
const writers: Readonly<Record<(typeof reasonTable)[number]["hop"], readonly string[]>> = {
  conditions: ["reconcile/summarize.ts"],
  "any (facts spec, claim)": ["webflow/complete.ts", "webflow/classes.ts", "webflow/claims.ts"],
  any: ["hops/verdict.ts", "hops/router.ts", "hops/lb.ts"],
  "any that asks": ["hops/answers.ts", "hops/facts.ts"],
  "any that writes": ["reconcile/reconcile.ts", "kernel/write/apply.ts", "kernel/errors.ts", "kernel/client.ts"],
  "edge, router, response": ["hops/public.ts"],
  dns: ["hops/dns.ts", "hops/name-service.ts"],
  edge: ["hops/edge.ts"],
  router: ["hops/router.ts"],
  lb: ["hops/lb.ts"],
  vmgroup: ["hops/vmgroup.ts"],
  "process, database": ["hops/pods.ts"],
  process: ["hops/process.ts"],
  database: ["hops/database.ts", "hops/database-pod.ts"],
  "database (isolation)": isolated,
  response: ["hops/response.ts"],
  Events: ["reconcile/announce.ts"],
};

/** What a hop says of those it leans on is put together from their names. */
const waits = Object.values(leansOn)
  .flat()
  .map((hop) => `WaitsFor${hop.charAt(0).toUpperCase()}${hop.slice(1)}`);

/** Words in quotes; what is only compared with is not written. */
const literals = (code: string) =>
  [...code.replaceAll(/[!=]== "\w+"/g, "").matchAll(/"([A-Z]\w+)"/g)].map(([, word = ""]) => word);

/** Literals that become a reason outside of facts: a field's value, whatever its choices, or an Event's. */
const given = (file: string) => [
  ...[...text(file).matchAll(/\breason:([^,\n]*)/g)].flatMap(([, value = ""]) => literals(value)),
  ...[...text(file).matchAll(/\bnews\("\w+", "(\w+)"/g)].map(([, word = ""]) => word),
];

const listed = reasonTable.flatMap(({ hop, reasons }) =>
  Object.entries<string>(reasons).map(([reason, meaning]) => ({ hop, reason, meaning })),
);
const known = new Set(listed.map(({ reason }) => reason));

describe("a reason that is written", () => {
  it("is listed, or the fact does not compile", () => {
    // @ts-expect-error not in the table
    expect(fact("any").broken("NoSuchReason", "").state).toBe("Broken");
  });

  it("is listed where it is no fact's", () => {
    const files = ["hops", "reconcile", "webflow"].flatMap(sourcesOf);
    const all = files.flatMap((file) => given(file).map((reason) => `${reason} of ${file}`));
    const found = ["HeldBack of reconcile/reconcile.ts", "PathProven of reconcile/summarize.ts"];
    expect(all).toEqual(expect.arrayContaining(found));
    expect(all.filter((one) => !known.has(one.split(" ")[0] ?? ""))).toEqual([]);
  });

  it("is listed where it says for whom a hop waits", () => {
    expect(waits.filter((reason) => !known.has(reason))).toEqual([]);
  });

  it("passes through from Kubernetes in four places only", () => {
    const calls = sourcesOf("hops").flatMap((file) =>
      [...text(file).matchAll(/\bpassedThrough\(([^)]*)\)/g)].map(([, what = ""]) => `${file}: ${what}`),
    );
    expect(calls.sort()).toEqual([
      "hops/database-pod.ts: failure.reason",
      "hops/dns.ts: failure.reason",
      "hops/facts.ts: failure.reason",
      "hops/vmgroup.ts: refused.reason",
    ]);
  });
});

describe("a reason that is listed", () => {
  it("is written by who is said to write it", () => {
    const written = new Map<string, Set<string>>(
      Object.entries(writers).map(([hop, files]) => [hop, new Set(files.flatMap((file) => literals(text(file))))]),
    );
    for (const reason of waits) written.get("any")?.add(reason);
    const idle = listed.filter(({ hop, reason }) => written.get(hop)?.has(reason) !== true);
    expect(idle.map(({ hop, reason }) => `${hop}: ${reason}`)).toEqual([]);
  });

  it("says in one sentence what it means and what to do", () => {
    expect(listed.filter(({ meaning }) => !/^[^:]+: [^:]+\.$/.test(meaning) || /\. /.test(meaning))).toEqual([]);
  });
});
