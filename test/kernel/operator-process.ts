/** The operator as a process of its own against a control plane alone, and what a test asks of both. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { Client } from "../../src/kernel/client.ts";
import { defaultConnection } from "../../src/kernel/connection.ts";
import { isKind } from "../../src/kernel/errors.ts";
import type { Kind, KubeObject } from "../../src/kernel/objects.ts";
import * as kinds from "../../src/webflow/kinds.ts";
import { type AuditLine, type ControlPlane, startControlPlane } from "../harness/control-plane.ts";
import { freePorts } from "../harness/net.ts";

const root = join(import.meta.dirname, "..", "..");
export const operatorNamespace = "webflow-system";
const crd: Kind = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
};
const namespaceKind: Kind = { apiVersion: "v1", kind: "Namespace", plural: "namespaces", namespaced: false };

export interface Stage {
  plane: ControlPlane;
  client: Client;
  startOperator(): Promise<void>;
  stopOperator(signal?: "SIGTERM" | "SIGKILL"): Promise<number | null>;
  /** Writes of the operator since then, without its Lease and without dry runs, which write nothing. */
  writes(since: number): AuditLine[];
  end(): Promise<void>;
}

export async function setStage(): Promise<Stage> {
  const plane = await startControlPlane({ controllerManager: true, audit: true });
  const client = new Client({ connection: defaultConnection(plane.kubeconfig), userAgent: "test" });
  for (const file of ["webflows.yaml", "webflowclasses.yaml"]) {
    await client.create(crd, parse(readFileSync(join(root, "manifests", "crd", file), "utf8")) as KubeObject);
  }
  for (const name of [operatorNamespace, "rival"]) {
    await client.create(namespaceKind, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  await eventually(() => client.list(kinds.WebFlowKind, { limit: 1 }));
  const folder = mkdtempSync(join(tmpdir(), "webflow-operator-"));
  writeIdentity(folder);
  let child: ChildProcess | undefined;
  return {
    plane,
    client,
    startOperator: async () => {
      child = await startProcess(plane, folder);
    },
    stopOperator: async (signal = "SIGTERM") => (child === undefined ? null : ended(child, signal)),
    writes: (since) =>
      plane.auditLines().filter((line) => isWrite(line) && Date.parse(line.requestReceivedTimestamp ?? "") >= since),
    end: async () => {
      if (child !== undefined) await ended(child, "SIGKILL");
      await client.close();
      await plane.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeIdentity(folder: string): void {
  const subject = ["-subj", "/CN=webflow-prober", "-days", "2", "-nodes", "-newkey", "rsa:2048"];
  const files = ["-keyout", join(folder, "tls.key"), "-out", join(folder, "tls.crt")];
  execFileSync("openssl", ["req", "-x509", ...subject, ...files], { stdio: "ignore" });
  writeFileSync(join(folder, "token"), "a-token-of-this-test");
}

async function startProcess(plane: ControlPlane, folder: string): Promise<ChildProcess> {
  const [plain = 0, tls = 0, local = 0] = await freePorts(3);
  const env = {
    PATH: process.env.PATH,
    KUBECONFIG: plane.kubeconfig,
    POD_NAME: "webflow-operator-test",
    POD_NAMESPACE: operatorNamespace,
    POD_IP: "127.0.0.1",
    WEBFLOW_IMAGE: "webflow-operator:0.1.0",
    WEBFLOW_PROBER_DIR: folder,
    WEBFLOW_PLAIN_PORT: String(plain),
    WEBFLOW_TLS_PORT: String(tls),
    WEBFLOW_LOCAL_PORT: String(local),
  };
  const child = spawn(process.execPath, [join(root, "src", "main.ts"), "operator"], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (part: Buffer) => (said = `${said}${part.toString()}`.slice(-8000)));
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`the operator ended (${child.exitCode}): ${said}`);
    const answer = await fetch(`http://127.0.0.1:${plain}/metrics`);
    if (!(await answer.text()).includes("webflow_leader 1")) throw new Error(`the operator does not lead yet: ${said}`);
  }, 40_000);
  return child;
}

function ended(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.once("exit", (code) => resolve(code));
    child.kill(signal);
  });
}

function isWrite(line: AuditLine): boolean {
  const ours = line.userAgent?.startsWith("webflow-operator/") === true && line.stage === "ResponseComplete";
  const reads = ["get", "list", "watch"].includes(line.verb);
  return ours && !reads && line.objectRef?.resource !== "leases" && !line.requestURI.includes("dryRun=All");
}

/** Tries until it does not throw; resolves with what it gave. */
export async function eventually<T>(attempt: () => Promise<T> | T, millis = 20_000): Promise<T> {
  const end = performance.now() + millis;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

export async function find(
  client: Client,
  kind: Kind,
  name: string,
  namespace = "default",
): Promise<KubeObject | undefined> {
  try {
    return await client.get(kind, name, namespace);
  } catch (error) {
    if (isKind(error, "notfound")) return undefined;
    throw error;
  }
}
