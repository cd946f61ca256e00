/** Status by server-side apply on the status subresource, with a field manager of its own, and only when it says something else. */
import type { Client } from "../client.ts";
import type { Kind, KubeObject } from "../objects.ts";
import { sameMeaning, withoutNulls } from "./canonical.ts";

export interface StatusOptions {
  client: Pick<Client, "apply">;
  cache: { wrote(kind: Kind, object: KubeObject): void };
  manager: string;
  onWrite?: (kind: Kind) => void;
}

/** Throws an ApiError when the write fails: `notfound` or `conflict` when the object is gone or is another one now. */
export async function writeStatus(
  options: StatusOptions,
  kind: Kind,
  target: { object: KubeObject; status: object },
  signal?: AbortSignal,
): Promise<"none" | "applied"> {
  const { object, status } = target;
  if (sameMeaning(object.status, status)) return "none";
  const { name, namespace, uid } = object.metadata;
  const body: KubeObject = {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...(uid === undefined ? {} : { uid }) },
    status: withoutNulls(status),
  };
  const call = {
    fieldManager: options.manager,
    force: true,
    subresource: "status",
    ...(signal === undefined ? {} : { signal }),
  };
  const answer = await options.client.apply(kind, body, call);
  options.cache.wrote(kind, answer.object);
  options.onWrite?.(kind);
  return "applied";
}
