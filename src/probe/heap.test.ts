import fc from "fast-check";
import { expect, it } from "vitest";
import { Heap } from "./heap.ts";

it("a heap gives back what is due first, whatever the order it was put in", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (dues) => {
      const heap = new Heap<number>();
      for (const due of dues) heap.push(due, due);
      const order: number[] = [];
      for (let next = heap.pop(); next !== undefined; next = heap.pop()) order.push(next);
      expect(order).toEqual(dues.toSorted((one, other) => one - other));
      expect(heap.size).toBe(0);
      expect(heap.due).toBeUndefined();
    }),
  );
});
