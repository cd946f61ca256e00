// The main job after the cluster stands: images, the prober outside, the operator, the sample, and the proof that a
// person's request gets through. Each step does nothing where nothing has changed.
import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import { drawPath, exitCode } from "../../src/cli/draw.ts";
import { portForward } from "../../src/cli/forward.ts";
import { type Found, findPath } from "../../src/cli/reach.ts";
import { inColour } from "../../src/cli.ts";
import { kubeconfigPath } from "../cluster/access.ts";
import { type Contents, images } from "./images.ts";
import { operator, operatorNamespace } from "./operator.ts";
import { proberOutside } from "./prober.ts";
import { proof } from "./proof.ts";
import { type FlowName, waitUntilReady } from "./ready.ts";
import { applySample, sampleShop } from "./sample.ts";
import { type Trust, trust } from "./trust.ts";

export interface Step {
  title: string;
  run(): Promise<void>;
}

const shop: FlowName = { namespace: "default", name: "shop" };
const patience = 300;

/** A round that ran out of time, or a leader that has just changed, is asked again twice. */
async function findFresh(find: () => Promise<Found>): Promise<Found> {
  for (let tries = 1; ; tries += 1) {
    const found = await find();
    if (tries === 3 || (found.fallback === undefined && found.view.source === "fresh")) return found;
    await sleep(1000);
  }
}

/** A status alone proves nothing now: the leader must have asked. */
async function drawFresh(flow: FlowName): Promise<void> {
  const kube = new KubeConfig();
  kube.loadFromFile(kubeconfigPath());
  const reach = { kube, operator: operatorNamespace, localPort: 8081, forward: portForward };
  const { view, fallback } = await findFresh(() => findPath(reach, flow, Date.now()));
  process.stdout.write(drawPath(view, { colour: inColour(), now: Date.now() }));
  const title = `the path of ${flow.namespace}/${flow.name}`;
  if (fallback !== undefined) throw new Error(`${title} could not be asked afresh by the leader: ${fallback}`);
  if (exitCode(view) !== 0) throw new Error(`${title} is not whole: its drawing above names the hop`);
}

function mainJob(): Step[] {
  let made: Promise<{ contents: Contents; own: Trust }> | undefined;
  const ready = () => {
    made ??= Promise.all([images(), trust()]).then(([contents, own]) => ({ contents, own }));
    return made;
  };
  const withMade = (work: (contents: Contents, own: Trust) => Promise<void>) => async () => {
    const { contents, own } = await ready();
    await work(contents, own);
  };
  const site = { url: `http://${sampleShop().spec.host}`, flow: `${shop.namespace}/${shop.name}` };
  return [
    { title: "images of the operator and the shop", run: async () => void (await ready()) },
    { title: "prober on the browser's host", run: withMade(proberOutside) },
    { title: "operator by its Helm chart", run: withMade(operator) },
    { title: "sample: the class and the WebFlow shop", run: withMade((_, own) => applySample(own)) },
    { title: "the WebFlow shop is Ready", run: async () => void (await waitUntilReady(shop, patience)) },
    { title: "the path, asked afresh", run: () => drawFresh(shop) },
    { title: "requests from the browser's host", run: () => proof(site) },
  ];
}

export const steps: readonly Step[] = mainJob();
