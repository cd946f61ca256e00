/** What is due next: a binary heap, so that ten thousand questions need one timer. */
export class Heap<T> {
  readonly #items: { due: number; item: T }[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** When the first is due. */
  get due(): number | undefined {
    return this.#items[0]?.due;
  }

  push(due: number, item: T): void {
    this.#items.push({ due, item });
    let at = this.#items.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#at(parent) <= this.#at(at)) return;
      this.#swap(parent, at);
      at = parent;
    }
  }

  pop(): T | undefined {
    const first = this.#items[0];
    const last = this.#items.pop();
    if (first === undefined || last === undefined || first === last) return first?.item;
    this.#items[0] = last;
    this.#sink();
    return first.item;
  }

  #sink(): void {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const least = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(least) >= this.#at(at)) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #at(index: number): number {
    return this.#items[index]?.due ?? Number.POSITIVE_INFINITY;
  }

  #swap(one: number, other: number): void {
    const [first, second] = [this.#items[one], this.#items[other]];
    if (first === undefined || second === undefined) return;
    this.#items[one] = second;
    this.#items[other] = first;
  }
}
