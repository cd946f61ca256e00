/**
 * The webflow command. Exit code of trace: 0 the whole path is fine, 1 broken, 2 unknown; 3 the command itself failed.
 * A status counts only while it is of the object's generation and an operator is known to lead, which keeps it.
 */
import { KubeConfig } from "@kubernetes/client-node";
import { Command, Option } from "commander";
import { drawPath, exitCode } from "./cli/draw.ts";
import { type OpenForward, portForward } from "./cli/forward.ts";
import { type Found, findPath } from "./cli/reach.ts";
import { wordsOf } from "./cli/words.ts";

interface TraceOptions {
  namespace?: string;
  output: "text" | "json";
  kubeconfig?: string;
  context?: string;
  operatorNamespace: string;
}

export async function runCli(argv: readonly string[], forward: OpenForward = portForward): Promise<number> {
  let code = 0;
  const program = new Command("webflow").description("Draws and proves the path of a WebFlow.").exitOverride();
  program
    .command("trace")
    .description(
      "Draw the path of a WebFlow: a fresh round by the leader where it can be had, else the status with its age.",
    )
    .argument("<name>", "name of the WebFlow")
    .option("-n, --namespace <namespace>", "its namespace (default: the kubeconfig's)")
    .addOption(new Option("-o, --output <form>", "form of the answer").choices(["text", "json"]).default("text"))
    .option("--kubeconfig <file>", "kubeconfig to use (default: KUBECONFIG, else ~/.kube/config)")
    .option("--context <name>", "context of the kubeconfig")
    .option("--operator-namespace <namespace>", "where the operator runs", "webflow-system")
    .action(async (name: string, options: TraceOptions) => {
      code = await trace(name, options, forward);
    });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    return failure(error);
  }
}

async function trace(name: string, options: TraceOptions, forward: OpenForward): Promise<number> {
  const kube = new KubeConfig();
  if (options.kubeconfig === undefined) kube.loadFromDefault();
  else kube.loadFromFile(options.kubeconfig);
  if (options.context !== undefined) kube.setCurrentContext(options.context);
  const namespace = options.namespace ?? kube.getContextObject(kube.getCurrentContext())?.namespace ?? "default";
  const reach = { kube, operator: options.operatorNamespace, localPort: 8081, forward };
  const found = await findPath(reach, { namespace, name }, Date.now());
  process.stdout.write(options.output === "json" ? `${asJson(found)}\n` : asText(found));
  return exitCode(found.view);
}

/** Whether who reads our output sees colours, and wants them. */
export const inColour = (): boolean => process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

function asText({ view, fallback }: Found): string {
  const note =
    fallback === undefined ? "" : `The leader could not be asked (${fallback}); this is the object's last status.\n`;
  return `${note}${drawPath(view, { colour: inColour(), now: Date.now() })}`;
}

function asJson({ view, fallback }: Found): string {
  return JSON.stringify(fallback === undefined ? view : { ...view, fallback }, null, 2);
}

function failure(error: unknown): number {
  const told =
    typeof error === "object" && error !== null && "code" in error && String(error.code).startsWith("commander.");
  if (told) return "exitCode" in error && error.exitCode === 0 ? 0 : 3;
  process.stderr.write(`webflow: ${wordsOf(error)}\n`);
  return 3;
}
