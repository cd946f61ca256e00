import { expect, it } from "vitest";
import { aFlow } from "../../test/builders.ts";
import { anObject } from "../../test/object-builder.ts";
import type { KubeObject } from "../kernel/objects.ts";
import type { Listener } from "../kernel/read/cache.ts";
import * as kinds from "../webflow/kinds.ts";
import { Credentials } from "./credentials.ts";

it("credentials are remembered for as long as their flow is there", () => {
  const listeners: Listener[] = [];
  const objects = {
    // A StatefulSet without a claim: what was made counts while the claim is on its way.
    get: (kind: object): KubeObject | undefined =>
      kind === kinds.StatefulSet ? anObject(kinds.StatefulSet, "shop-db") : undefined,
    list: () => [],
    onChange: (listener: Listener) => {
      listeners.push(listener);
      return () => {};
    },
  };
  const credentials = new Credentials(objects);
  const flow = aFlow();
  expect(credentials.seenTo(flow)).toBe(false);
  credentials.made(flow);
  expect(credentials.seenTo(flow)).toBe(true);
  const gone = { apiVersion: "v1", kind: "Thing", metadata: { name: flow.name, uid: flow.uid } };
  for (const listener of listeners) listener({ kind: kinds.Service, before: gone });
  for (const listener of listeners) listener({ kind: kinds.WebFlowKind, before: gone, now: gone });
  expect(credentials.seenTo(flow)).toBe(true);
  for (const listener of listeners) listener({ kind: kinds.WebFlowKind, before: gone });
  expect(credentials.seenTo(flow)).toBe(false);
});
