/** Bounded concurrency: so many at once in all, and so many in each lane, one from each lane in turn. */
export interface Work {
  lane: string;
  /** Most of this lane at once. */
  limit: number;
  /** Never rejects. */
  run: () => Promise<void>;
}

interface Lane {
  running: number;
  readonly waiting: Work[];
}

export class Lanes {
  readonly #most: number;
  readonly #lanes = new Map<string, Lane>();
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  put(work: Work, place: "first" | "last"): void {
    const lane = this.#lanes.get(work.lane) ?? { running: 0, waiting: [] };
    this.#lanes.set(work.lane, lane);
    if (place === "first") lane.waiting.unshift(work);
    else lane.waiting.push(work);
  }

  /** Starts what may start. In turn, so that a slow lane holds up no other. */
  start(): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const [name, lane] of this.#lanes) {
        if (this.#running >= this.#most) return;
        const [next] = lane.waiting;
        if (next === undefined) {
          if (lane.running === 0) this.#lanes.delete(name);
        } else if (lane.running < next.limit) {
          lane.waiting.shift();
          moved = true;
          void this.#run(next, lane);
        }
      }
    }
  }

  async #run(work: Work, lane: Lane): Promise<void> {
    this.#running += 1;
    lane.running += 1;
    await work.run();
    this.#running -= 1;
    lane.running -= 1;
    this.start();
  }
}
