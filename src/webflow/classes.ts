/** Which class a flow follows. */
import type { Fault, WebFlow, WebFlowClass } from "./types.ts";

/** The class; undefined: built-in values; or what the user must edit before there is one. */
export type ClassChoice = WebFlowClass | Fault | undefined;

export const isFault = (choice: ClassChoice): choice is Fault => choice !== undefined && "hop" in choice;

export function classFor(raw: WebFlow, classes: readonly WebFlowClass[]): ClassChoice {
  const names = (list: readonly WebFlowClass[]) =>
    list
      .map((each) => each.metadata.name)
      .sort()
      .join(", ");
  const wanted = raw.spec.className;
  if (wanted !== undefined) {
    const found = classes.find((each) => each.metadata.name === wanted);
    if (found !== undefined) return found;
    const offer = classes.length === 0 ? "there is none" : `there are ${names(classes)}`;
    const message = `spec.className names WebFlowClass ${wanted}, which does not exist (${offer}): create it, or name one that exists.`;
    return { hop: "dns", reason: "ClassNotFound", message };
  }
  const defaults = classes.filter((each) => each.spec.default === true);
  if (defaults.length < 2) return defaults[0];
  const message = `WebFlowClasses ${names(defaults)} are all marked default: name one in spec.className, or leave spec.default true on one class only.`;
  return { hop: "dns", reason: "TwoDefaultClasses", message };
}
