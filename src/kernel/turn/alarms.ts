/** Keys to be woken at a time: a binary heap, one entry that counts for each key, the earlier of two wins. */

export interface Alarm<Note> {
  key: string;
  at: number;
  note: Note;
}

export class Alarms<Note> {
  readonly #heap: Alarm<Note>[] = [];
  readonly #current = new Map<string, Alarm<Note>>();

  get size(): number {
    return this.#current.size;
  }

  set(key: string, at: number, note: Note): void {
    const known = this.#current.get(key);
    if (known !== undefined && known.at <= at) return;
    const alarm = { key, at, note };
    this.#current.set(key, alarm);
    this.#heap.push(alarm);
    this.#up(this.#heap.length - 1);
  }

  clear(): void {
    this.#heap.length = 0;
    this.#current.clear();
  }

  /** When the next alarm rings. */
  next(): number | undefined {
    this.#dropOutdated();
    return this.#heap[0]?.at;
  }

  /** The alarms that ring by now, earliest first. */
  due(now: number): Alarm<Note>[] {
    const rung: Alarm<Note>[] = [];
    for (let at = this.next(); at !== undefined && at <= now; at = this.next()) {
      const alarm = this.#pop();
      if (alarm === undefined) break;
      this.#current.delete(alarm.key);
      rung.push(alarm);
    }
    return rung;
  }

  /** Entries whose key has an earlier one are left in the heap until they come to the top. */
  #dropOutdated(): void {
    for (let top = this.#heap[0]; top !== undefined && this.#current.get(top.key) !== top; top = this.#heap[0])
      this.#pop();
  }

  #pop(): Alarm<Note> | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#down(0);
    }
    return top;
  }

  #up(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#at(parent) <= this.#at(index)) return;
      this.#swap(parent, index);
      index = parent;
    }
  }

  #down(start: number): void {
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      const smaller = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(smaller) >= this.#at(index)) return;
      this.#swap(smaller, index);
      index = smaller;
    }
  }

  #at(index: number): number {
    return this.#heap[index]?.at ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }
}
