/**
 * What was there before a write of ours: an unforced apply that met an object has already put our owner reference on
 * it, so the answer cannot tell whose it was. The version just before the write can, and the server still has it.
 */
import type { Client } from "../client.ts";
import { isKind } from "../errors.ts";
import type { Kind, KubeObject } from "../objects.ts";

/** The object one revision before the answer's; undefined when that revision has none, or is no longer kept. */
export async function beforeWrite(
  client: Pick<Client, "list">,
  kind: Kind,
  answer: KubeObject,
  signal?: AbortSignal,
): Promise<KubeObject | undefined> {
  const { name, namespace, resourceVersion = "" } = answer.metadata;
  if (!/^[1-9][0-9]*$/.test(resourceVersion)) return undefined;
  try {
    const page = await client.list(kind, {
      ...(namespace === undefined ? {} : { namespace }),
      ...(signal === undefined ? {} : { signal }),
      fieldSelector: `metadata.name=${name}`,
      resourceVersion: String(BigInt(resourceVersion) - 1n),
      resourceVersionMatch: "Exact",
      limit: 1,
    });
    return page.items.find((item) => item.metadata.uid === answer.metadata.uid);
  } catch (error) {
    // So old a version was not written just now: the apply has changed nothing, so what it carries was there before.
    if (isKind(error, "gone")) return undefined;
    throw error;
  }
}
