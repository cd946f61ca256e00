/** What the tests of the API share: a control plane with our kinds in it, and objects sent as kubectl sends them. */
import { Agent, fetch } from "undici";
import { type KubeObject, pathOf } from "../../src/kernel/objects.ts";
import { webFlowClassDefinition, webFlowDefinition } from "../../src/webflow/crd.ts";
import { WebFlowClassKind, WebFlowKind } from "../../src/webflow/kinds.ts";
import type { WebFlow, WebFlowClass } from "../../src/webflow/types.ts";
import { type ControlPlane, startControlPlane } from "../harness/control-plane.ts";
import { waitFor } from "../harness/net.ts";

export interface Reply {
  status: number;
  message: string;
  body: Record<string, unknown>;
}

export interface Api {
  readonly kubeconfig: string;
  send(method: string, path: string, body?: object, contentType?: string): Promise<Reply>;
  /** Refused or taken as kubectl would see it: unknown fields are errors, and nothing is stored. */
  tryCreate(object: KubeObject): Promise<Reply>;
  stop(): Promise<void>;
}

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

export async function startApi(): Promise<Api> {
  const plane = await startControlPlane();
  try {
    return await withKinds(plane);
  } catch (error) {
    await plane.stop();
    throw error;
  }
}

async function withKinds(plane: ControlPlane): Promise<Api> {
  const dispatcher = new Agent({ connect: { ca: plane.ca } });
  const send = async (
    method: string,
    path: string,
    body?: object,
    contentType = "application/json",
  ): Promise<Reply> => {
    const response = await fetch(`${plane.url}${path}`, {
      dispatcher,
      method,
      headers: { authorization: `Bearer ${plane.token}`, "content-type": contentType },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    return { status: response.status, message: String(answer.message ?? ""), body: answer };
  };
  for (const definition of [webFlowDefinition(), webFlowClassDefinition()]) {
    const reply = await send("POST", definitions, definition);
    if (reply.status !== 201) throw new Error(`the API server refused ${definition.metadata.name}: ${reply.message}`);
    await established(send, definition.metadata.name);
  }
  const collection = (object: KubeObject) =>
    object.kind === "WebFlow" ? pathOf(WebFlowKind, "default") : pathOf(WebFlowClassKind);
  return {
    kubeconfig: plane.kubeconfig,
    send,
    tryCreate: (object) => send("POST", `${collection(object)}?dryRun=All&fieldValidation=Strict`, object),
    stop: async () => {
      await dispatcher.close();
      await plane.stop();
    },
  };
}

async function established(send: Api["send"], name: string): Promise<void> {
  await waitFor(`the kind ${name}`, 30_000, async () => {
    const { body } = await send("GET", `${definitions}/${name}`);
    const { conditions = [] } = (body.status ?? {}) as {
      conditions?: { type: string; status: string; message?: string }[];
    };
    const bad = conditions.find((each) => each.type === "NonStructuralSchema" && each.status === "True");
    if (bad !== undefined) throw new Error(`${name} is not structural: ${bad.message}`);
    if (!conditions.some((each) => each.type === "Established" && each.status === "True")) throw new Error("not yet");
  });
}

type Json = Record<string, unknown>;

/** The ten-line WebFlow, with fields of its spec replaced or added. */
export function flowWith(spec: Json = {}, name = "shop"): WebFlow {
  return {
    apiVersion: WebFlowKind.apiVersion,
    kind: WebFlowKind.kind,
    metadata: { name },
    spec: {
      host: "shop.example.test",
      process: { image: "shop:0.1.0", ports: [{ name: "http", port: 8080 }] },
      database: { engine: "Postgres" },
      ...spec,
    },
  };
}

/** The same with fields of its process replaced or added. */
export const processWith = (fields: Json) =>
  flowWith({ process: { image: "shop:0.1.0", ports: [{ name: "http", port: 8080 }], ...fields } });

export function classWith(spec: Json = {}, name = "standard"): WebFlowClass {
  return { apiVersion: WebFlowClassKind.apiVersion, kind: WebFlowClassKind.kind, metadata: { name }, spec };
}
