/** What the caches say of classes and claims, worked out once for each state of theirs, and flows made complete by it. */
import type { Cache, KindChange } from "../kernel/read/cache.ts";
import { annotations, names } from "../webflow/address.ts";
import { type Claims, claimsOf } from "../webflow/claims.ts";
import { classFor } from "../webflow/classes.ts";
import { complete } from "../webflow/complete.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Flow, WebFlow, WebFlowClass } from "../webflow/types.ts";

export class Directory {
  readonly #cache: Cache;
  readonly #dnsMode: Flow["class"]["dns"];
  #claims: Claims | undefined;
  #classes: WebFlowClass[] | undefined;

  constructor(cache: Cache, dnsMode: Flow["class"]["dns"]) {
    this.#cache = cache;
    this.#dnsMode = dnsMode;
    cache.onChange((change) => this.#forget(change));
  }

  complete(raw: WebFlow): Flow {
    const { name, namespace } = raw.metadata;
    const claim = this.#cache.get(kinds.PersistentVolumeClaim, names.databaseClaim({ name }), namespace);
    const noted = claim?.metadata.annotations;
    const made = { madeWith: noted?.[annotations.engine], madeIn: noted?.[annotations.subnet] };
    return complete(raw, classFor(raw, this.classes()), this.claims(), { dnsMode: this.#dnsMode, ...made });
  }

  classes(): WebFlowClass[] {
    this.#classes ??= this.#cache.list(kinds.WebFlowClassKind) as WebFlowClass[];
    return this.#classes;
  }

  /** A flow on its way out claims nothing any more. */
  claims(): Claims {
    this.#claims ??= claimsOf(this.flows().filter((flow) => flow.metadata.deletionTimestamp === undefined));
    return this.#claims;
  }

  flows(): WebFlow[] {
    return this.#cache.list(kinds.WebFlowKind) as WebFlow[];
  }

  find(key: string): WebFlow | undefined {
    const [namespace = "", name = ""] = key.split("/");
    return this.#cache.get(kinds.WebFlowKind, name, namespace) as WebFlow | undefined;
  }

  /** Zones whose names we carry: those of every class that delegates to us. */
  zones(): string[] {
    const delegating = this.classes().filter((each) => (each.spec.dns?.mode ?? this.#dnsMode) === "Delegated");
    return [...new Set(delegating.flatMap((each) => each.spec.zones ?? []))].sort();
  }

  /** Our own status writes change no claim but by the hosts they record. */
  #forget({ kind, now, before }: KindChange): void {
    if (kind === kinds.WebFlowClassKind) this.#classes = undefined;
    if (kind !== kinds.WebFlowKind) return;
    const essence = (flow: WebFlow | undefined) =>
      JSON.stringify([
        flow?.metadata.uid,
        flow?.metadata.generation,
        flow?.metadata.deletionTimestamp,
        flow?.status?.hosts,
      ]);
    if (essence(now as WebFlow | undefined) !== essence(before as WebFlow | undefined)) this.#claims = undefined;
  }
}
