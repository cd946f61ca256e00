// Traefik, the cluster's Ingress controller, on its fixed public address.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ingressAddress } from "../addresses.ts";
import { traefikImage } from "../baked.ts";
import { filesFolder } from "../paths.ts";
import { kubectl } from "./manifests.ts";

export async function installTraefik(): Promise<void> {
  const text = readFileSync(join(filesFolder, "traefik.yaml"), "utf8")
    .replace("INGRESS_ADDRESS", ingressAddress)
    .replace("TRAEFIK_IMAGE", traefikImage);
  await kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], text);
}
