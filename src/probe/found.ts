/** What an ask found, before the time of the answer is put to it. */
import type { Answer } from "./question.ts";

export type Found = Omit<Answer, "at" | "millis">;
