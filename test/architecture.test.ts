import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.parentPath.includes("node_modules"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const text = (file: string) => readFileSync(join(root, file), "utf8");
const isTest = (file: string) => file.endsWith(".test.ts");
const sources = filesIn("src").filter((file) => !isTest(file));
const all = [...filesIn("src"), ...filesIn("hack"), ...filesIn("test")];

/** What a file imports: paths from the root for our own, names for packages. */
function importsOf(file: string): string[] {
  const found = text(file).matchAll(/^(?:import|export)[^;]*? from "([^"]+)";/gms);
  return [...found].map(([, from = ""]) =>
    from.startsWith(".") ? relative(root, resolve(root, dirname(file), from)) : from,
  );
}

const under = (folder: string) => sources.filter((file) => file.startsWith(`${folder}/`));
const offences = (files: readonly string[], wrong: (from: string, file: string) => boolean) =>
  files.flatMap((file) =>
    importsOf(file)
      .filter((from) => wrong(from, file))
      .map((from) => `${file} imports ${from}`),
  );

describe("values go one way", () => {
  it("the kernel knows no WebFlow", () => {
    expect(offences(under("src/kernel"), (from) => from.startsWith("src/") && !from.startsWith("src/kernel/"))).toEqual(
      [],
    );
  });

  it("inside the kernel, read never imports write, and turn imports neither", () => {
    expect(offences(under("src/kernel/read"), (from) => from.startsWith("src/kernel/write/"))).toEqual([]);
    expect(offences(under("src/kernel/turn"), (from) => /^src\/kernel\/(read|write)\//.test(from))).toEqual([]);
  });

  it("the language imports nothing of ours but the shape of objects and quantities", () => {
    const allowed = ["src/kernel/objects.ts", "src/kernel/write/quantity.ts"];
    expect(
      offences(
        under("src/webflow"),
        (from) => from.startsWith("src/") && !from.startsWith("src/webflow/") && !allowed.includes(from),
      ),
    ).toEqual([]);
  });

  it("rooms know the language, questions and each other's shape, and do no I/O", () => {
    const allowed = /^src\/(hops|webflow)\/|^src\/kernel\/objects\.ts$|^src\/probe\/question\.ts$/;
    expect(offences(under("src/hops"), (from) => !allowed.test(from))).toEqual([]);
  });

  it("rooms never import each other", () => {
    const rooms = ["dns", "edge", "router", "lb", "vmgroup", "process", "database", "response"].map(
      (name) => `src/hops/${name}.ts`,
    );
    const wrong = (from: string, file: string) => rooms.includes(file) && rooms.includes(from);
    expect(offences(under("src/hops"), wrong)).toEqual([]);
  });

  it("turns decide without the network: reconcile imports no probe but its questions, and no client", () => {
    const wrong = (from: string) =>
      /^src\/(probe|serve|telemetry|operator)\//.test(from) && from !== "src/probe/question.ts";
    expect(offences(under("src/reconcile"), wrong)).toEqual([]);
  });
});

describe("pure code", () => {
  it.each(["src/hops", "src/reconcile", "src/webflow"])(
    "%s takes the clock and chance as arguments and reads no environment",
    (folder) => {
      const banned =
        /\b(Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|fetch)\b|\bprocess\.env(\.[A-Z]|\[)/;
      expect(under(folder).filter((file) => banned.test(text(file)))).toEqual([]);
    },
  );
});

describe("every file", () => {
  it("has no default export", () => {
    expect(all.filter((file) => /^export default/m.test(text(file)))).toEqual([]);
  });

  it("is short: one thing each; only tables may be long", () => {
    const tables = ["src/webflow/schema.ts", "src/webflow/class-schema.ts", "test/kernel/api-cases.ts"];
    const long = all.filter((file) => !isTest(file) && !tables.includes(file) && text(file).split("\n").length > 300);
    expect(long).toEqual([]);
  });

  it("of src opens with what it promises", () => {
    expect(sources.filter((file) => !text(file).startsWith("/**"))).toEqual([]);
  });
});
