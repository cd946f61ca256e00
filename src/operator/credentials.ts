/**
 * Credentials are made once in a database's life: PostgreSQL takes a password only at its first start. A claim that is
 * there notes that they were; one that is not says that no data can depend on them yet. What this process remembers only
 * spares it the asking, and never speaks for a database that has neither claim nor StatefulSet.
 */
import { randomInt } from "node:crypto";
import type { KubeObject } from "../kernel/objects.ts";
import type { Cache } from "../kernel/read/cache.ts";
import type { Objects } from "../reconcile/observe.ts";
import { annotations, names } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Flow } from "../webflow/types.ts";

type Named = Pick<Flow, "name" | "namespace" | "uid">;

export class Credentials {
  readonly #objects: Objects;
  /** By uid of the flow, what was seen to, with the claim that notes it once that has been seen. */
  readonly #known = new Map<string, { claim: string | undefined }>();

  constructor(objects: Objects & Pick<Cache, "onChange">) {
    this.#objects = objects;
    objects.onChange(({ kind, before, now }) => {
      if (kind === kinds.WebFlowKind && now === undefined) this.#known.delete(before?.metadata.uid ?? "");
    });
  }

  /** Whether nothing is to be made, or asked for. */
  seenTo(flow: Named): boolean {
    const claim = this.#claim(flow);
    const known = this.#known.get(flow.uid);
    const noted = notedIn(claim);
    if (noted !== undefined) {
      // The claim it was noted on is gone, and its data with it: this one's note is only its template's.
      if (known?.claim !== undefined && known.claim !== noted) return false;
      this.#known.set(flow.uid, { claim: noted });
      return true;
    }
    if (known === undefined) return false;
    if (claim !== undefined) return true;
    return known.claim === undefined && this.#set(flow) !== undefined;
  }

  /** They are there: made just now, or met. */
  made(flow: Named): void {
    this.#known.set(flow.uid, { claim: notedIn(this.#claim(flow)) });
  }

  #claim({ name, namespace }: Named): KubeObject | undefined {
    return this.#objects.get(kinds.PersistentVolumeClaim, names.databaseClaim({ name }), namespace);
  }

  #set({ name, namespace }: Named): KubeObject | undefined {
    return this.#objects.get(kinds.StatefulSet, names.database({ name }), namespace);
  }
}

function notedIn(claim: KubeObject | undefined): string | undefined {
  return claim?.metadata.annotations?.[annotations.credentials] === undefined ? undefined : (claim.metadata.uid ?? "");
}

/** The one value that no desire can compute: letters and digits alone, so that it stands in a URL as it is. */
export function withPassword(secret: KubeObject): KubeObject {
  const { username = "", database = "", host = "", port = "" } = secret.stringData as Record<string, string>;
  const password = randomText(32);
  const url = `postgresql://${username}:${password}@${host}:${port}/${database}`;
  return { ...secret, stringData: { ...(secret.stringData as Record<string, string>), password, url } };
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

function randomText(length: number): string {
  return Array.from({ length }, () => letters[randomInt(letters.length)] ?? "a").join("");
}
